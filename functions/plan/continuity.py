"""How well one picture leads over to another, measured: the same pictures give the same pairs, always."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import sub

from functions.plan.selection import Pair
from functions.studio.errors import BrokenMedia

NAME = "visual-continuity"
"""The `planningModel` of pairs that are chosen here."""

SHARES = 32
GRID = 8
SMALL = 64
"""Pixels of a side, of what is measured: shape and detail of a picture do not matter, where things lie does."""


@dataclass(frozen=True)
class Look:
    """A picture, measured in steps of 0 to 255."""

    colours: bytes
    """For lightness and both colour differences (YCbCr) the values at 32 equal shares of the pixels, darkest first."""
    layout: bytes
    """The mean lightness and colour of each field of an 8 × 8 grid."""
    outlines: bytes
    """How much edge there is in each of these fields."""


@dataclass(frozen=True)
class Likeness:
    """From 0 to 1, 1 for the same picture."""

    colours: float
    layout: float
    outlines: float

    @property
    def score(self) -> float:
        return round(0.4 * self.colours + 0.4 * self.layout + 0.2 * self.outlines, 4)

    @property
    def reason(self) -> str:
        colours, layout, outlines = (round(100 * part) for part in (self.colours, self.layout, self.outlines))
        return f"Colours agree by {colours} %, light and composition by {layout} %, outlines by {outlines} %."


FAR = {"colours": 64, "layout": 96, "outlines": 48}
"""A mean difference of so many steps, or more, is no likeness at all."""


def measure(picture: bytes, name: str) -> Look:
    """BrokenMedia, with the `name`, when it cannot be decoded."""
    from PIL import Image, ImageFilter

    try:
        with Image.open(io.BytesIO(picture)) as opened:
            opened.draft("RGB", (SMALL, SMALL))
            small = opened.convert("RGB").resize((SMALL, SMALL), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError) as error:
        raise BrokenMedia(f"The picture {name} cannot be read: delete it and upload it again") from error
    ycbcr = small.convert("YCbCr")
    edges = ycbcr.getchannel("Y").filter(ImageFilter.FIND_EDGES).crop((1, 1, SMALL - 1, SMALL - 1))
    step = SMALL * SMALL // SHARES
    return Look(
        colours=b"".join(bytes(sorted(channel.tobytes())[step // 2 :: step]) for channel in ycbcr.split()),
        layout=ycbcr.resize((GRID, GRID), Image.Resampling.BOX).tobytes(),
        outlines=edges.resize((GRID, GRID), Image.Resampling.BOX).tobytes(),
    )


def likeness(one: Look, other: Look) -> Likeness:
    def alike(part: str) -> float:
        ours: bytes = getattr(one, part)
        apart: int = sum(map(abs, map(sub, ours, getattr(other, part))))
        return max(0.0, 1 - apart / len(ours) / FAR[part])

    return Likeness(alike("colours"), alike("layout"), alike("outlines"))


Alike = Mapping[frozenset[str], Likeness]
"""Of every two pictures, by their ids."""


def compare(looks: Mapping[str, Look]) -> Alike:
    return {frozenset({a, b}): likeness(looks[a], looks[b]) for a, b in combinations(looks, 2)}


def path(ids: Sequence[str], alike: Alike) -> list[str]:
    """Through all the pictures from the first one, always on to the likest of those that are left."""
    walked, left = list(ids[:1]), list(ids[1:])
    while left:
        here = walked[-1]
        following = max(left, key=lambda there: alike[frozenset({here, there})].score)
        left.remove(following)
        walked.append(following)
    return walked


def by_continuity(ids: Sequence[str], alike: Alike, wanted: int, besides: Sequence[Pair] = ()) -> list[Pair]:
    """The `wanted` likest pairs that are not among `besides`, as far as there are so many; the picture that comes first
    in `ids` opens each.

    No picture is used a second time while two that were used less are left: a film goes through all of its campaign.
    """
    place = {picture: number for number, picture in enumerate(ids)}
    taken = {pair.pictures for pair in besides}
    used = Counter(picture for pair in besides for picture in pair.pictures)
    left = sorted(
        (-alike[frozenset(two)].score, place[two[0]], place[two[1]], two)
        for two in combinations(ids, 2)
        if frozenset(two) not in taken
    )
    chosen: list[Pair] = []
    turn = 1
    while left and len(chosen) < wanted:
        later = []
        for candidate in left:
            two = candidate[-1]
            if len(chosen) < wanted and all(used[picture] < turn for picture in two):
                used.update(two)
                like = alike[frozenset(two)]
                chosen.append(
                    Pair(image1_asset_id=two[0], image2_asset_id=two[1], score=like.score, reason=like.reason)
                )
            else:
                later.append(candidate)
        left, turn = later, turn + 1
    return chosen
