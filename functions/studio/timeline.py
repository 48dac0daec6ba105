"""How the pictures of a film share the time of its narration: from seconds to frames that add up. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise

from functions.studio.cut import Transition, TransitionKind
from functions.studio.narration import Word

LEAD = Fraction(2, 5)
TITLE = Fraction(9, 5)
"""Seconds before the first word: a breath, or the time that a title stands over the first picture."""

TAIL = Fraction(3, 5)
PRICE = Fraction(12, 5)
"""Seconds behind the last word: a breath, and the card with the price behind it."""

LEAST = Fraction(1)
"""Seconds of a picture: less, and nobody knows what it was."""

NEAR = Fraction(7, 20)
"""Of the time that a picture has: so far its change may be moved to meet the beginning of a sentence."""

SHORTEST_JOIN = 2
"""Frames: of a single one nothing of the next picture would be seen."""

ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
CLOSING = "\"'”’»)]』」"


@dataclass(frozen=True)
class Timeline:
    """All in frames. The windows overlap by the joins: their sum without the joins is the film."""

    windows: list[int]
    """For how long each picture is seen, both of its joins included; the price card is the last one, if there is one."""
    joins: list[int]
    """Between each of them and the next; 0 is a hard cut."""
    narration: int
    """The first frame of the narration."""
    frames: int
    """Of the film: lead-in, narration and tail."""

    @property
    def starts(self) -> list[int]:
        """The film's frame in which each window begins."""
        lengths = (window - join for window, join in zip(self.windows, self.joins, strict=False))
        return list(accumulate(lengths, initial=0))


def most_pictures(seconds: float) -> int:
    """That so many seconds of narration have time for: what a caller is told before anything is spent."""
    return max(1, math.floor((Fraction(seconds) + TAIL) / LEAST))


def too_many(pictures: int, seconds: float) -> str | None:
    """In words, that the pictures need more time than a narration of so many seconds takes."""
    if pictures <= most_pictures(seconds):
        return None
    beyond = float(pictures * LEAST) - seconds
    return (
        f"{pictures} pictures need more time than the {seconds:.1f} s that are spoken: each is seen for"
        f" {float(LEAST):g} s, and the film goes on for {beyond:.1f} s behind the last word"
    )


def sentence_starts(words: Sequence[Word]) -> list[float]:
    """Seconds of the narration at which its sentences begin, without the first."""
    return [after.start for word, after in pairwise(words) if word.text.rstrip(CLOSING).endswith(ENDS)]


def timeline(
    seconds: float,
    sentences: Sequence[float],
    lasting: Sequence[int | None],
    transitions: Sequence[Transition],
    fps: int,
    *,
    title: bool = False,
    price: bool = False,
) -> Timeline:
    """`lasting` has the pictures in the order of the film: the frames of a video, None of a picture. `transitions` follow
    each of them, the last one's before the price card. `sentences` are from `sentence_starts`.

    Until the first word the first picture is seen, beside its share of the time that is told. A video has no more time
    than it lasts, while others can take it; where none can, each stands at its end for its share. Where the narration is
    too short for all of them, the film goes on behind it until each has had its second.
    """
    narration = round(_before(title=title) * fps)
    spoken = math.ceil(Fraction(seconds) * fps)
    card = round(PRICE * fps) if price else 0
    least = round(LEAST * fps)
    shown = max(spoken + round(TAIL * fps), len(lasting) * least)
    longest = [_asked(transition, fps) for transition in transitions]
    lasting = [_alone(length, longest, turn, narration) for turn, length in enumerate(lasting)]
    shares = shared(shown, lasting, least)
    first, *others = moved(shares, [round(start * fps) for start in sentences], lasting, least)
    shares = [narration + first, *others, *([card] if card else [])]
    joins = [
        length if (length := min(asked, before // 2, after // 2)) >= SHORTEST_JOIN else 0
        for asked, (before, after) in zip(longest, pairwise(shares), strict=False)
    ]
    windows = [
        share + (before + 1) // 2 + after // 2
        for share, before, after in zip(shares, [0, *joins], [*joins, 0], strict=True)
    ]
    return Timeline(windows, joins, narration, sum(shares))


def shared(total: int, lasting: Sequence[int | None], least: int) -> list[int]:
    """`total` frames among pictures (None) and videos (how long they last): as evenly as that goes, and all of them."""
    short: dict[int, int] = {}
    while True:
        rest = [turn for turn in range(len(lasting)) if turn not in short]
        left = total - sum(short.values())
        if not rest:
            return _spread(total, [short[turn] for turn in range(len(lasting))])
        even = left // len(rest)
        found = {
            turn: max(length, least)
            for turn in rest
            if (length := lasting[turn]) is not None and max(length, least) < even
        }
        if not found:
            shares = dict(zip(rest, _spread(left, [1] * len(rest)), strict=True)) | short
            return [shares[turn] for turn in range(len(lasting))]
        short |= found


def moved(shares: Sequence[int], starts: Sequence[int], lasting: Sequence[int | None], least: int) -> list[int]:
    """The shares, with each change of picture at the beginning of the sentence that is nearest, where one is near enough.

    A video that is shown to its end is not moved, and no other is for longer than it lasts. Nothing moves so far that two
    changes could meet, or a picture be seen for less than `least`.
    """
    marks = list(accumulate(shares, initial=0))
    spare = [
        None if length is None else max(Fraction(), Fraction(length - share, 2))
        for share, length in zip(shares, lasting, strict=True)
    ]

    def kept(turn: int) -> int:
        before, after = shares[turn - 1], shares[turn]
        if spare[turn - 1] == 0 or spare[turn] == 0:
            return marks[turn]
        room = min(min(before, after) * NEAR, Fraction(min(before, after) - least, 2))
        near = min(starts, key=lambda start: (abs(start - marks[turn]), start), default=marks[turn])
        grows = spare[turn - 1] if near > marks[turn] else spare[turn]
        return near if abs(near - marks[turn]) <= min(room, math.inf if grows is None else grows) else marks[turn]

    changes = [0, *(kept(turn) for turn in range(1, len(shares))), marks[-1]]
    return [after - before for before, after in pairwise(changes)]


def _before(*, title: bool) -> Fraction:
    return TITLE if title else LEAD


def _asked(transition: Transition, fps: int) -> int:
    return 0 if transition.kind is TransitionKind.CUT else round(transition.seconds * fps)


def _alone(length: int | None, joins: Sequence[int], turn: int, before_words: int) -> int | None:
    """Of a video's frames those that are its own: its joins take half of theirs from it, and the first one begins before
    the first word."""
    if length is None:
        return None
    length -= 0 if turn else before_words
    before, after = (joins[at] if 0 <= at < len(joins) else 0 for at in (turn - 1, turn))
    return max(1, length - (before + 1) // 2 - after // 2)


def _spread(total: int, weights: Sequence[int]) -> list[int]:
    """In proportion, to the frame."""
    sums = list(accumulate(weights, initial=0))
    return [after - before for before, after in pairwise(total * one // sums[-1] for one in sums)]
