"""How well one picture leads over to another, measured, and which pairs make the calmest film."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]

_GRID = (16, 9)
_BINS = 6


@dataclass(frozen=True)
class Seen:
    """A picture as it was measured: which colours there are, and where light and colour lie."""

    id: str
    name: str
    picture: Image.Image

    @cached_property
    def palette(self) -> Floats:
        small = np.asarray(self.picture.resize((96, 54), Image.Resampling.BOX), float).reshape(-1, 3)
        counts, _ = np.histogramdd(small, bins=_BINS, range=[(0, 256)] * 3)
        # Neighbouring bins are nearly the same colour: a share of each belongs to the next ones.
        for axis in range(3):
            counts = 0.5 * counts + 0.25 * (_shifted(counts, axis, 1) + _shifted(counts, axis, -1))
        share: Floats = counts / counts.sum()
        return share

    @cached_property
    def layout(self) -> Floats:
        return np.asarray(self.picture.resize(_GRID, Image.Resampling.BOX), float) / 255

    @property
    def mood(self) -> str:
        red, green, blue = self.layout.mean(axis=(0, 1))
        light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        brightness = "dark" if light < 0.25 else "bright" if light > 0.6 else "mid-toned"
        tint = "warm" if red - blue > 0.06 else "cool" if blue - red > 0.06 else "neutral"
        return f"{tint} and {brightness}"


@dataclass(frozen=True)
class Pair:
    """`score` is 0..1."""

    first: Seen
    second: Seen
    score: float
    reason: str


def choose_pairs(seen: Sequence[Seen], least: int | None = None, most: int | None = None) -> list[Pair]:
    """A path through all the pictures, each step a pair; shortened to its calmest stretch, or lengthened by the best other pairs."""
    if len(seen) < 2:
        return []
    scores = _scores(seen)
    path = _calmest_path(scores)
    steps = list(pairwise(path))
    if most is not None and most < len(steps):
        starts = range(len(steps) - most + 1)
        start = max(starts, key=lambda s: sum(scores[step] for step in steps[s : s + most]))
        steps = steps[start : start + most]
    elif least is not None and least > len(steps):
        used = {frozenset(step) for step in steps}
        others = [(a, b) for a in range(len(seen)) for b in range(a + 1, len(seen)) if frozenset((a, b)) not in used]
        steps += sorted(others, key=lambda step: -scores[step])[: least - len(steps)]
    return [_pair(seen[a], seen[b], float(scores[a, b])) for a, b in steps]


def _pair(first: Seen, second: Seen, score: float) -> Pair:
    palette, layout = round(_palette_match(first, second) * 100), round(_layout_match(first, second) * 100)
    moods = f"both are {first.mood}" if first.mood == second.mood else f"{first.mood} turns {second.mood}"
    reason = (
        f"From {first.name} to {second.name} the palettes overlap by {palette} % "
        f"and light and colour lie alike by {layout} %: {moods}."
    )
    return Pair(first, second, round(score, 3), reason)


def _scores(seen: Sequence[Seen]) -> Floats:
    scores = np.zeros((len(seen), len(seen)))
    for a in range(len(seen)):
        for b in range(a + 1, len(seen)):
            match = 0.5 * _palette_match(seen[a], seen[b]) + 0.5 * _layout_match(seen[a], seen[b])
            scores[a, b] = scores[b, a] = match
    return scores


def _calmest_path(scores: Floats) -> list[int]:
    """From every picture always on to the likest one left; the best of these paths."""
    best: tuple[float, list[int]] = (-1.0, [])
    for start in range(len(scores)):
        path, left, total = [start], np.ones(len(scores), bool), 0.0
        left[start] = False
        while left.any():
            following = int(np.where(left, scores[path[-1]], -1).argmax())
            total += scores[path[-1], following]
            left[following] = False
            path.append(following)
        if total > best[0] + 1e-12:
            best = (total, path)
    return best[1]


def _palette_match(a: Seen, b: Seen) -> float:
    return float(np.minimum(a.palette, b.palette).sum())


def _layout_match(a: Seen, b: Seen) -> float:
    return max(0.0, 1 - 2 * float(np.abs(a.layout - b.layout).mean()))


def _shifted(counts: Floats, axis: int, by: int) -> Floats:
    moved = np.roll(counts, by, axis)
    edge = [slice(None)] * 3
    edge[axis] = slice(0, 1) if by > 0 else slice(-1, None)
    moved[tuple(edge)] = counts[tuple(edge)]
    return moved
