"""How a long film is covered by several clips: how long each is, and what of the script it tells. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate, pairwise
from math import ceil

SENTENCES = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?![a-z])|(?<=[。！？])|\s*\n+\s*")
CLAUSES = re.compile(r"(?<=[.!?…,;:])[\"'”’)\]]*\s+|(?<=[。！？，、；])|\s+[–—-]+\s+|\s*\n+\s*")
WORDS = re.compile(r"\s+")


def lengths(seconds: Decimal, offered: Sequence[int], overlap: Decimal = Decimal(0)) -> list[int]:
    """Of clips that cover `seconds` with the least to spare, and of those the fewest; the longest first.

    `overlap` is what each join takes of its two clips, half of the shortest at most: a film of n clips is n - 1 of them
    shorter than their sum.
    """
    base, longest = min(offered), max(offered)
    overlap = min(overlap, Decimal(base) / 2)
    fewest = ceil((seconds - overlap) / (longest - overlap))
    most = ceil((seconds - overlap) / (base - overlap))
    more = _fewest(sorted({one - base for one in offered} - {0}), (longest - base) * max(1, most))
    spare: dict[tuple[Decimal, int], int] = {}
    for clips in range(max(1, fewest), max(1, most) + 1):
        needed = seconds + overlap * (clips - 1) - base * clips
        possible = range(max(0, ceil(needed)), (longest - base) * clips + 1)
        extra = next((one for one in possible if one in more and more[one][0] <= clips), None)
        if extra is not None:
            spare[extra - needed, clips] = extra
    (_, clips), extra = min(spare.items())
    parts = [base] * clips
    while extra:
        clips, step = clips - 1, more[extra][1]
        parts[clips] += step
        extra -= step
    return sorted(parts, reverse=True)


def _fewest(steps: Sequence[int], most: int) -> dict[int, tuple[int, int]]:
    """By sum, how few steps make it, and the last of them; without the sums that none make."""
    made = {0: (0, 0)}
    for total in range(1, most + 1):
        found = [(made[total - step][0] + 1, step) for step in steps if total - step in made]
        if found:
            made[total] = min(found)
    return made


def parted(script: str, weights: Sequence[int]) -> list[str]:
    """The script in as many parts as there are weights, in its order, each about as long as its weight says.

    It is divided between sentences; where there are too few, between clauses, then words. A script of fewer words than
    parts is told as a whole in every part: none is ever empty.
    """
    for ends in (SENTENCES, CLAUSES, WORDS):
        units = divided(script, ends)
        if len(units) >= len(weights):
            return ["".join(units[start:end]).strip() for start, end in pairwise(_marks(units, weights))]
    return [script.strip()] * len(weights)


def divided(script: str, ends: re.Pattern[str] = SENTENCES) -> list[str]:
    """Nothing but blanks is left out: each unit ends with what divides it from the next."""
    marks = [0, *(match.end() for match in ends.finditer(script)), len(script)]
    return [unit for start, end in pairwise(marks) if (unit := script[start:end]).strip()]


def _marks(units: Sequence[str], weights: Sequence[int]) -> list[int]:
    """Where the parts begin and end: each mark as near to its share of the characters as can be, no part empty."""
    behind = list(accumulate((len(unit) for unit in units), initial=0))
    shares = list(accumulate(weights))
    marks = [0]
    for turn, share in enumerate(shares[:-1], 1):
        wanted = behind[-1] * share / shares[-1]
        possible = range(marks[-1] + 1, len(units) - (len(weights) - turn) + 1)
        marks.append(min(possible, key=lambda mark: abs(behind[mark] - wanted)))
    return [*marks, len(units)]
