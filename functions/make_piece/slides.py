"""Pictures in motion, frame by frame, as ffmpeg takes them from a pipe: planes of Y, U and V, a quarter of the colours.

A box of fractions of a pixel is what makes it smooth: Pillow weighs the pixels at its edges by how much of them is inside,
where a filter that crops and scales jumps from pixel to pixel.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from functions.studio.media import Shot, Target
from functions.studio.stills import Place, Slide

if TYPE_CHECKING:
    from PIL.Image import Image

THREADS = 2
"""As on Lambda; Pillow's work leaves Python's lock alone."""

AHEAD = 3
"""Frames that are drawn before they are asked for: 3 MB each in full HD."""

# ITU-R BT.709 from RGB of 0 to 255 to Y of 16 to 235 and U, V of 16 to 240.
BT709 = (
    *(0.182586, 0.614231, 0.062007, 16.0),
    *(-0.100644, -0.338572, 0.439216, 128.0),
    *(0.439216, -0.398942, -0.040274, 128.0),
)

BLUR = 8
"""The ground is blurred at an eighth of the film's size."""
SIGMA = 3
VEIL = 0.42
"""Of its brightness is left of a picture that words stand on."""

Planes = tuple["Image", "Image", "Image"]
Draw = Callable[[int], Planes]
"""A slide's frame, counted from its first."""


def drawn(shots: Sequence[Shot], pictures: Sequence[Image], target: Target) -> Iterator[bytes]:
    """Every frame of shots that last equally long; of two shots one above the other."""
    draws = [drawing(shot.slide, picture, target) for shot, picture in zip(shots, pictures, strict=True) if shot.slide]
    starts = [shot.start for shot in shots]

    def frame(turn: int) -> bytes:
        seen = [draw(start + turn) for draw, start in zip(draws, starts, strict=True)]
        return b"".join(plane.tobytes() for planes in zip(*seen, strict=True) for plane in planes)

    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[Future[bytes]] = deque()
        for turn in range(shots[0].frames):
            waiting.append(pool.submit(frame, turn))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def drawing(slide: Slide, picture: Image, target: Target) -> Draw:
    """`picture` is upright and RGB, at any size."""
    size = target.width, target.height
    if slide.look == "filled":
        return _moving(slide, picture, size)
    blurred = _blurred(picture, size)
    if slide.look == "veiled":
        veiled = in_planes(blurred.point(lambda level: level * VEIL))
        return lambda frame: veiled
    ground = in_planes(blurred)
    part = min(size[0] / picture.width, size[1] / picture.height)
    whole = _even(picture.width * part), _even(picture.height * part)
    corner = (size[0] - whole[0]) // 4 * 2, (size[1] - whole[1]) // 4 * 2
    move = _moving(slide, picture, whole)

    def standing(frame: int) -> Planes:
        planes = tuple(plane.copy() for plane in ground)
        for turn, (plane, part) in enumerate(zip(planes, move(frame), strict=True)):
            plane.paste(part, corner if turn == 0 else (corner[0] // 2, corner[1] // 2))
        return planes[0], planes[1], planes[2]

    return standing


def _moving(slide: Slide, picture: Image, size: tuple[int, int]) -> Draw:
    """Through the part of the picture that the slide ever sees, at a size where the closest box has about a pixel for each
    of the film's."""
    from PIL.Image import Resampling

    ends = slide.start.place, slide.end.place
    seen = Place(*map(min, *(end[:2] for end in ends)), *map(max, *(end[2:] for end in ends)))
    wide, high = seen.right - seen.left, seen.bottom - seen.top
    closest = min(end.right - end.left for end in ends), min(end.bottom - end.top for end in ends)
    large = _even(size[0] * wide / closest[0]), _even(size[1] * high / closest[1])
    inside = (
        seen.left * picture.width,
        seen.top * picture.height,
        seen.right * picture.width,
        seen.bottom * picture.height,
    )
    planes = in_planes(picture.resize(large, Resampling.LANCZOS, box=inside))

    def move(frame: int) -> Planes:
        at = slide.at(frame)
        box = (
            max(0.0, (at.left - seen.left) / wide),
            max(0.0, (at.top - seen.top) / high),
            min(1.0, (at.right - seen.left) / wide),
            min(1.0, (at.bottom - seen.top) / high),
        )

        def part(plane: Image, of: tuple[int, int]) -> Image:
            sides = (box[0] * plane.width, box[1] * plane.height, box[2] * plane.width, box[3] * plane.height)
            return plane.resize(of, Resampling.BILINEAR, box=sides)

        half = size[0] // 2, size[1] // 2
        return part(planes[0], size), part(planes[1], half), part(planes[2], half)

    return move


def in_planes(picture: Image) -> Planes:
    """Of an RGB picture with even sides."""
    from PIL.Image import Resampling

    brightness, blue, red = picture.convert("RGB", BT709).split()
    half = picture.width // 2, picture.height // 2
    return brightness, blue.resize(half, Resampling.BOX), red.resize(half, Resampling.BOX)


def _blurred(picture: Image, size: tuple[int, int]) -> Image:
    """Filling the frame, its middle."""
    from PIL import ImageFilter
    from PIL.Image import Resampling

    fits = max(size[0] / picture.width, size[1] / picture.height)
    wide, high = size[0] / fits, size[1] / fits
    wide, high = min(wide, picture.width), min(high, picture.height)
    left, top = (picture.width - wide) / 2, (picture.height - high) / 2
    small = max(2, size[0] // BLUR), max(2, size[1] // BLUR)
    ground = picture.resize(small, Resampling.BOX, box=(left, top, left + wide, top + high))
    return ground.filter(ImageFilter.GaussianBlur(SIGMA)).resize(size, Resampling.BICUBIC)


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)
