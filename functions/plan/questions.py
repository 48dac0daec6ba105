"""How many pictures are looked at, in how many questions, and how many pairs each of these asks for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, comb

from functions.plan.selection import MOST_CHOSEN

MOST_PICTURES = 200
"""Of a campaign; the newest ones."""

PICTURES_AT_ONCE = 40
PAIRS_AT_ONCE = 100
"""About 10,000 tokens of answer: more of them would not come within an answer's time."""

BYTES_AT_ONCE = 14_000_000
"""Of URLs; only those that hold their picture are long."""


@dataclass(frozen=True)
class Question:
    """`wanted` pairs of these pictures, or where it is None the model's choice of at most `most`."""

    pictures: tuple[str, ...]
    wanted: int | None
    most: int

    @property
    def expected(self) -> int:
        """The pairs that take its place when it is not answered: each picture once, where nobody named a number."""
        return self.wanted or min(self.most, len(self.pictures) // 2)


def questions(weights: Mapping[str, int], wanted: int | None, path: Callable[[], Sequence[str]]) -> list[Question]:
    """`weights` are the bytes of each picture's URL. One question where all fit into it.

    Else the `path` through the pictures, from each to one that is like it, is cut into stretches of equally many steps:
    alike pictures stay together, and as neighbours share the picture where they are cut, no step is torn apart. Each is
    asked for its share, rounded up: those of them that are too many lose against the better ones of another stretch.
    """
    steps = len(weights) - 1
    least = max(1, ceil(steps / (PICTURES_AT_ONCE - 1)))
    if least == 1 and sum(weights.values()) <= BYTES_AT_ONCE:
        return [_question(tuple(weights), wanted, 1)]
    way = path()
    for parts in range(least, steps + 1):
        cuts = [round(part * steps / parts) for part in range(parts + 1)]
        stretches = [tuple(way[start : end + 1]) for start, end in pairwise(cuts)]
        if all(sum(weights[picture] for picture in stretch) <= BYTES_AT_ONCE for stretch in stretches):
            break
    return [_question(stretch, wanted, len(stretches)) for stretch in stretches]


def _question(pictures: tuple[str, ...], wanted: int | None, parts: int) -> Question:
    room = min(comb(len(pictures), 2), PAIRS_AT_ONCE)
    if wanted is None:
        return Question(pictures, None, min(room, max(1, MOST_CHOSEN // parts)))
    share = min(room, ceil(wanted / parts))
    return Question(pictures, share, share)
