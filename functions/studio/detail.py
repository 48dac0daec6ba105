"""Where there is something to see on a picture: its edges, counted at a low resolution."""

from __future__ import annotations

from statistics import quantiles

from functions.studio.pictures import upright
from functions.studio.stills import SLICES, Still

SMALL = 192
"""Pixels of the longer side that edges are looked for at: what is seen from afar."""

GROUND = 0.25
"""Of the mean: so much is anywhere, and a picture that is alike everywhere is so here."""

SIDES = 0.5
"""Of its weight is what lies in a corner: things are photographed in the middle."""


def still_of(key: str, sha256: str, width: int, height: int, shown: bytes) -> Still:
    """The row of a picture; `shown` is the picture itself or, quicker, its thumbnail. BrokenMedia for what is neither."""
    from PIL import ImageFilter
    from PIL.Image import Resampling

    image = upright(shown).convert("L")
    image.thumbnail((SMALL, SMALL))
    image = image.resize((max(SLICES + 2, image.width), max(SLICES + 2, image.height)))
    # The filter leaves the outermost pixels as they are.
    edges = image.filter(ImageFilter.FIND_EDGES).crop((1, 1, image.width - 1, image.height - 1))
    cells = [float(level) for level in edges.resize((SLICES, SLICES), Resampling.BOX).tobytes()]
    least, mean = quantiles(cells)[0], sum(cells) / len(cells)
    weighed = [
        (max(0.0, cell - least) + GROUND * mean) * _weight(place % SLICES, place // SLICES)
        for place, cell in enumerate(cells)
    ]
    rows = [weighed[start : start + SLICES] for start in range(0, len(weighed), SLICES)]
    across, down = [sum(column) for column in zip(*rows, strict=True)], [sum(row) for row in rows]
    return Still(
        key=key, sha256=sha256, width=width, height=height, across=_thousandths(across), down=_thousandths(down)
    )


def _weight(*place: int) -> float:
    away = sum((2 * (one + 0.5) / SLICES - 1) ** 2 for one in place) / 2
    return 1 - (1 - SIDES) * away


def _thousandths(profile: list[float]) -> list[int]:
    total = sum(profile)
    return [round(1000 * one / total) for one in profile] if total else []
