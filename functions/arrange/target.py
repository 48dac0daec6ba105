"""The film's size and rate: what the caller asked for, and where they did not, what most of the clips have. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from functions.studio.cut import Cut
from functions.studio.media import Picture, Target

RATES = (24, 25, 30)
"""Frames a second that a film is conformed to. Each divides the sound's 48,000 samples."""

SAME_LOOK = 30
"""From here on a clip's rate is halved as often as it takes: 60 becomes 30, 50 becomes 25."""

LONG_SIDE = 1920
SHORT_SIDE = 1080
"""A conformed film is at most this large, whichever way it stands."""

SAME_SIDE = 2
"""Pixels by which a side may miss the asked one: 480p is 854 wide, and 852 and 856 to others."""

TOLD = (720, 1280)
TOLD_FPS = 30
"""A quarter more to encode than 24, and pictures glide half as smoothly again for it."""

SAME_SHAPE = Fraction(103, 100)
"""By which a shape may, where no size was asked for: 16:9 is 832 by 480 to models that count in blocks of 32, and nobody
asks for bars of 11 pixels."""


def film_target(pictures: Sequence[Picture], cut: Cut) -> Target:
    """What the film is conformed to, if it has to be.

    A resolution alone keeps the clips' shape, an aspect ratio alone their short side; a film that would be larger than
    full HD is made smaller in both ways. A size that the clips already have to the pixel or two, or a shape that they
    nearly have, is taken as theirs.
    """
    common = common_target(pictures)
    width, height = asked_size(common.width, common.height, cut)
    sized = abs(width - common.width) <= SAME_SIDE and abs(height - common.height) <= SAME_SIDE
    if sized or (cut.resolution is None and is_shaped((common.width, common.height), Fraction(width, height))):
        width, height = common.width, common.height
    return Target(width=width, height=height, fps=cut.fps or common.fps)


def told_target(cut: Cut) -> Target:
    """Of a narrated film: upright for telephones where nothing else was asked. What it shows has all kinds of shapes."""
    return Target(**dict(zip(("width", "height"), asked_size(*TOLD, cut), strict=True)), fps=cut.fps or TOLD_FPS)


def asked_size(width: int, height: int, cut: Cut) -> tuple[int, int]:
    shape = Fraction(width, height)
    short = Fraction(min(width, height))
    if cut.aspect_ratio:
        across, down = cut.aspect_ratio.split(":")
        shape = Fraction(int(across), int(down))
    if cut.side:
        short = Fraction(cut.side)
    return within(short * max(shape, Fraction(1)), short / min(shape, Fraction(1)))


def is_shaped(size: tuple[int, int], shape: Fraction) -> bool:
    stretched = Fraction(*size) / shape
    return max(stretched, 1 / stretched) <= SAME_SHAPE


def fits(picture: Picture, target: Target, cut: Cut) -> bool:
    """Whether a picture can stay as it is for all that the caller asked of size and rate."""
    sized = (picture.width, picture.height) == (target.width, target.height)
    return (sized or not (cut.resolution or cut.aspect_ratio)) and (cut.fps is None or picture.fps == cut.fps)


def common_target(pictures: Sequence[Picture]) -> Target:
    """The size and the rate that most seconds of the survivors have; the larger and the faster where two are level."""
    sizes: Counter[tuple[int, int]] = Counter()
    rates: Counter[int] = Counter()
    for picture in pictures:
        milliseconds = round(picture.seconds * 1000)
        sizes[within(*picture.shown)] += milliseconds
        rates[nearest_rate(picture.fps)] += milliseconds
    width, height = max(sizes, key=lambda size: (sizes[size], size[0] * size[1], size))
    return Target(width=width, height=height, fps=max(rates, key=lambda rate: (rates[rate], rate)))


def within(width: Fraction | int, height: Fraction | int) -> tuple[int, int]:
    """The size, made smaller where it exceeds the largest film, sides even."""
    long, short = max(width, height), min(width, height)
    scale = min(Fraction(1), Fraction(LONG_SIDE) / long, Fraction(SHORT_SIDE) / short)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def nearest_rate(fps: Fraction) -> int:
    while fps > SAME_LOOK + 1:
        fps /= 2
    return min(RATES, key=lambda rate: abs(rate - fps))


def frames(picture: Picture, target: Target) -> int:
    """A conformed clip's length: never none."""
    return max(1, round(picture.seconds * target.fps))
