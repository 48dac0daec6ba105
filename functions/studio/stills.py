"""Pictures that we move ourselves: where the detail of one lies, and how the film's frame goes over it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

from functions.studio.rows import Row

SLICES = 16
"""Into which a picture is divided, from left to right and from top to bottom, to say where its detail lies."""

WHOLE = 1_000_000
"""Parts of a picture's width or height that the sides of a box are counted in."""

SAME_SHAPE = 0.12
"""Of a picture: what may be cut off by the film's shape before the frame goes along it."""

PAN = 0.18
"""Frames a second that the film's frame goes along a picture: faster, and nobody can look at it."""

SEEN = 0.78
"""Of a picture's detail: if less of it comes into the frame on its way, the whole picture stands before a blurred one."""

KEPT = 0.9
"""Of the detail that the frame can hold at once it holds at either end of its way: what is photographed stays in sight."""

LEAST_WAY = 0.08
"""Frames: the frame comes nearer instead of going along for less."""

LOPSIDED = 0.04
"""Of the detail: so much more at one end, and the way ends there."""

FURTHEST = 4.0
"""Frames that it goes along at most: of a panorama it shows a part."""

STEPS = 64
"""Places that are tried for a way along a picture."""

RAMP = 0.3
"""Of a slide: as long it gathers speed, and loses it."""

Look = Literal["filled", "backed", "veiled"]
"""A picture that fills the film's frame; one that stands whole before a blurred copy of itself; and one that is only the
ground for words: blurred, dark and still."""


class Place(NamedTuple):
    """Of a box: its sides from left and top, 0 to 1 of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float


class Box(Row):
    """What is seen of a picture, in millionths of its width and height."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def place(self) -> Place:
        return Place(self.left / WHOLE, self.top / WHOLE, self.right / WHOLE, self.bottom / WHOLE)


class Still(Row):
    """A picture of a film, upright, in the media bucket: a JPEG or PNG."""

    key: str
    sha256: str
    width: int
    height: int
    across: list[int] = []
    down: list[int] = []
    """How its detail is spread over slices of its width and its height, on any scale; none where nobody looked."""


class Slide(Row):
    """A still on its way: as many frames as it is seen, joins included, from one box to another."""

    key: str
    start: Box
    end: Box
    frames: int
    look: Look = "filled"

    def at(self, frame: int) -> Place:
        """What is seen of the picture in that frame of the slide, counted from 0."""
        passed = eased(frame / (self.frames - 1)) if self.frames > 1 else 0.0
        start, end = self.start.place, self.end.place
        return Place(*(one + (other - one) * passed for one, other in zip(start, end, strict=True)))


def eased(passed: float) -> float:
    """From 0 to 1 with speed gathered and lost evenly: no jerk where a slide begins and ends."""
    if passed < RAMP:
        return passed * passed / (2 * RAMP * (1 - RAMP))
    if passed > 1 - RAMP:
        return 1 - eased(1 - passed)
    return (passed - RAMP / 2) / (1 - RAMP)


def slide(still: Still, size: tuple[int, int], seconds: float, frames: int, turn: int) -> Slide:
    """How a film of that size shows the picture for so long; `turn` is its place in the film.

    The frame goes along a picture of another shape, and towards a picture of its own, or away from it: where the detail
    does not decide the way, one picture goes one way and the next the other.
    """
    across, down = filling(still, size)
    along, profile = (across, still.across) if across < down else (down, still.down)
    if 1 - along > SAME_SHAPE:
        begins, travel = _way(profile, along, min(1 - along, along * min(PAN * seconds, FURTHEST)))
        if _held(profile, begins, begins + along + travel) < SEEN:
            start, end = _zoom(still, (1.0, 1.0), seconds, turn)
            return Slide(key=still.key, start=start, end=end, frames=frames, look="backed")
        if travel >= along * LEAST_WAY:
            start, end = (_strip(across < down, at, along) for at in (begins, begins + travel))
            start, end = (end, start) if _backwards(profile, begins, along + travel, turn) else (start, end)
            return Slide(key=still.key, start=start, end=end, frames=frames)
    start, end = _zoom(still, (across, down), seconds, turn)
    return Slide(key=still.key, start=start, end=end, frames=frames)


def veil(still: Still, size: tuple[int, int], frames: int) -> Slide:
    """The picture as the ground for words."""
    box = _box(*_around(still, filling(still, size)))
    return Slide(key=still.key, start=box, end=box, frames=frames, look="veiled")


def filling(still: Still, size: tuple[int, int]) -> tuple[float, float]:
    """Of its width and of its height: the most that a frame of that shape can show of it without a gap."""
    width, height = size[0] / still.width, size[1] / still.height
    largest = max(width, height)
    return width / largest, height / largest


def _way(profile: Sequence[int], along: float, most: float) -> tuple[float, float]:
    """Where the frame begins to go along the picture, and how far it goes: the furthest that keeps what is to be seen."""
    enough = KEPT * fullest(profile, along)[1]
    for step in range(STEPS, 0, -1):
        travel = most * step / STEPS
        begins, _ = fullest(profile, along + travel)
        if min(_held(profile, at, at + along) for at in (begins, begins + travel)) >= enough:
            return begins, travel
    return fullest(profile, along)[0], 0.0


def fullest(profile: Sequence[int], length: float) -> tuple[float, float]:
    """Where a stretch of the profile (0 to 1) begins that holds most of it, and how much it holds; of several such, the one
    nearest to the middle."""
    free = max(0.0, 1 - length)
    places = [free * step / STEPS for step in range(STEPS + 1)]
    best = max(places, key=lambda at: (round(_held(profile, at, at + length), 4), -abs(at - free / 2)))
    return best, _held(profile, best, best + length)


def _held(profile: Sequence[int], start: float, end: float) -> float:
    """Of the whole profile."""
    sums = [0, *accumulate(profile)]
    if not sums[-1]:
        return min(1.0, end) - max(0.0, start)

    def until(at: float) -> float:
        slot = min(max(at, 0.0), 1.0) * len(profile)
        whole = min(int(slot), len(profile) - 1)
        return sums[whole] + (slot - whole) * profile[whole]

    return (until(end) - until(start)) / sums[-1]


def _middle(profile: Sequence[int]) -> float:
    """Where half of it lies on either side, roughly: its centre of mass."""
    total = sum(profile)
    return sum((at + 0.5) * one for at, one in enumerate(profile)) / len(profile) / total if total else 0.5


def _backwards(profile: Sequence[int], begins: float, length: float, turn: int) -> bool:
    half = begins + length / 2
    first, second = _held(profile, begins, half), _held(profile, half, begins + length)
    return first > second if abs(first - second) > LOPSIDED else turn % 2 == 1


def _around(still: Still, size: tuple[float, float]) -> Place:
    """A box of that size where the detail is."""
    left, top = (fullest(profile, side)[0] for profile, side in zip((still.across, still.down), size, strict=True))
    return Place(left, top, left + size[0], top + size[1])


def _zoom(still: Still, size: tuple[float, float], seconds: float, turn: int) -> tuple[Box, Box]:
    """Towards the middle of the detail, or away from it: further where there is more time, and never far."""
    wide = _around(still, size)
    part = 1 / (1.05 + min(0.12, 0.025 * seconds))

    def tight(profile: Sequence[int], low: float, high: float) -> tuple[float, float]:
        length = (high - low) * part
        begins = min(max(_middle(profile) - length / 2, low), high - length)
        return begins, begins + length

    (left, right), (top, bottom) = (
        tight(still.across, wide.left, wide.right),
        tight(still.down, wide.top, wide.bottom),
    )
    boxes = _box(*wide), _box(left, top, right, bottom)
    return boxes if turn % 2 == 0 else boxes[::-1]


def _strip(is_across: bool, at: float, length: float) -> Box:
    return _box(at, 0.0, at + length, 1.0) if is_across else _box(0.0, at, 1.0, at + length)


def _box(*sides: float) -> Box:
    left, top, right, bottom = (min(WHOLE, max(0, round(side * WHOLE))) for side in sides)
    return Box(left=left, top=top, right=right, bottom=bottom)
