"""Captions: the script's own words at the times at which they are heard, and how they are to look. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from functions.studio.narration import Word
from functions.studio.rows import Row
from functions.studio.writing import LETTER, is_said, normal, tokens, weight

Font = Literal["inter", "inter-black", "noto-sans"]
"""What Latin, Greek and Cyrillic are set in; other writing systems have a font of their own."""
Size = Literal["small", "medium", "large"]
Position = Literal["bottom", "middle", "top"]
Backing = Literal["outline", "box", "shadow", "none"]

MOST_WORDS = 10


def _colour(said: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", said):
        raise ValueError("a colour is written as # and six hexadecimal digits, like #FFD400")
    return said.upper()


Colour = Annotated[str, AfterValidator(_colour)]
NO_HIGHLIGHT = "none"
"""A row does not keep what is None, and would come back with the usual colour."""
Highlight = Annotated[Literal["none"] | Colour, BeforeValidator(lambda said: NO_HIGHLIGHT if said is None else said)]


class CaptionStyle(Row):
    font: Font = "inter"
    size: Size = "medium"
    colour: Colour = "#FFFFFF"
    highlight: Highlight = "#FFD400"
    """Of the word that is spoken; "none", or None when it is made: it looks as the others do."""
    backing: Backing = "outline"
    """What keeps letters readable over any picture."""
    backing_colour: Colour = "#000000"
    position: Position = "bottom"
    upper_case: bool = False
    words_at_once: Annotated[int, Field(ge=1, le=MOST_WORDS)] | None = None
    """None: as many as two rows take."""

    @property
    def highlighted(self) -> str | None:
        """The colour of the word that is spoken, where it has one of its own."""
        return None if self.highlight == NO_HIGHLIGHT else self.highlight


# When each word is heard.

PAUSES: dict[str, float] = {
    **dict.fromkeys(",،、，—–", 3.0),
    **dict.fromkeys(";:；：", 4.0),
    **dict.fromkeys(".!?…。！？؟।॥", 7.0),
}
"""After a word that ends like this, in letters."""
CLOSING = "\"'”’»)]}」』】）》"
PACE: dict[str, float] = {"ar": 11, "he": 11, "hi": 12, "ja": 15, "ko": 12, "ru": 13, "th": 12, "zh": 11}
"""Letters a second of somebody who reads at ease, by language."""
USUAL_PACE = 14.0
LEAST_WORD = 0.06
"""Seconds; of less than that for each word, a gap borrows from the word before it."""


class Span(NamedTuple):
    """What was heard: a normal form, and when."""

    text: str
    start: float
    end: float


def aligned(script: str, heard: Sequence[Word], seconds: float) -> list[Word]:
    """The script's words at the times of a transcript's, whose own words are never shown.

    Where nothing was heard, the times are estimated.
    """
    said = tokens(script)
    spans = _heard(heard, seconds)
    if not said or not spans:
        return estimated(script, seconds)
    times = _times(said, spans, seconds)
    return _in_order(said, times, seconds)


def estimated(script: str, seconds: float) -> list[Word]:
    """The script's words as somebody would say them who takes just so long."""
    said = tokens(script)
    shares = [(max(weight(one), LETTER), _pause(one)) for one in said]
    if shares:
        shares[-1] = (shares[-1][0], 0)
    each = seconds / (sum(map(sum, shares)) or 1)
    words, at = [], 0.0
    for text, (sounding, silent) in zip(said, shares, strict=True):
        words.append(_word(text, at, at + sounding * each))
        at += (sounding + silent) * each
    return words


def reading_seconds(script: str, language: str) -> float:
    """How long a script takes that nobody speaks."""
    letters = sum(max(weight(one), LETTER) + _pause(one) for one in tokens(script))
    return letters / PACE.get(language.split("-")[0].lower(), USUAL_PACE)


def _pause(text: str) -> float:
    return PAUSES.get(text.rstrip().rstrip(CLOSING)[-1:], 0)


def _word(text: str, start: float, end: float) -> Word:
    return Word(text=text, start=round(start, 3), end=round(end, 3))


def _heard(words: Sequence[Word], seconds: float) -> list[Span]:
    """In order, within the narration; where a transcript's word is several of ours, its time is shared."""
    spans: list[Span] = []
    within = [word for word in words if math.isfinite(word.start) and math.isfinite(word.end)]
    for word in sorted(within, key=lambda word: word.start):
        start = min(max(word.start, 0.0), seconds)
        end = min(max(word.end, start), seconds)
        parts = tokens(word.text)
        for text, (begins, ends) in zip(parts, _shared(parts, start, end), strict=True):
            if normal(text):
                spans.append(Span(normal(text), begins, ends))
    return spans


def _shared(texts: Sequence[str], start: float, end: float) -> list[tuple[float, float]]:
    """A stretch of time, shared by weight."""
    weights = [max(weight(text), LETTER) for text in texts]
    each = (end - start) / (sum(weights) or 1)
    marks = [start]
    for one in weights:
        marks.append(marks[-1] + one * each)
    return list(pairwise(marks))


def _times(said: list[str], spans: list[Span], seconds: float) -> list[tuple[float, float]]:
    """Start and end of each of the script's words."""
    ours = [normal(one) for one in said]
    matcher = SequenceMatcher(None, ours, [span.text for span in spans], autojunk=False)
    times: list[tuple[float, float]] = []
    for kind, first, last, begin, finish in matcher.get_opcodes():
        if kind == "equal":
            times += [(span.start, span.end) for span in spans[begin:finish]]
        elif last > first and finish > begin:
            times += _gap(said[first:last], spans[begin:finish])
        elif last > first:
            before = spans[begin - 1].end if begin else 0.0
            after = spans[begin].start if begin < len(spans) else seconds
            times = _squeezed(said[:last], times, before, after)
    return times


def _squeezed(
    said: list[str], times: list[tuple[float, float]], before: float, after: float
) -> list[tuple[float, float]]:
    """Of words that nobody heard: between their neighbours, or in the time of the one before where that leaves too little."""
    missing = len(said) - len(times)
    if times and after - before < missing * LEAST_WORD:
        before = times[-1][0]
        times = times[:-1]
    return times + _shared(said[len(times) :], before, max(before, after))


def _gap(said: list[str], spans: list[Span]) -> list[tuple[float, float]]:
    """Of words that were heard as others."""
    start, end = spans[0].start, spans[-1].end
    ours, theirs = "".join(map(normal, said)), "".join(span.text for span in spans)
    if any(is_said(one) and not one.isalpha() for one in "".join(said) + theirs):  # digits, and signs that have a name
        return _shared(said, start, end)
    if len(said) == len(spans):
        return [(span.start, span.end) for span in spans]
    return _by_letters(said, spans, ours, theirs)


def _by_letters(said: list[str], spans: list[Span], ours: str, theirs: str) -> list[tuple[float, float]]:
    """Each letter of ours lies where the letters lie that both have; between those, evenly."""
    anchors = [(0, 0)]
    for block in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
        anchors += [(block.a, block.b), (block.a + block.size, block.b + block.size)]
    anchors.append((len(ours), len(theirs)))
    anchors = sorted(set(anchors))

    def place(at: int) -> float:
        for (left, low), (right, high) in pairwise(anchors):
            if left <= at <= right and right > left:
                return low + (high - low) * (at - left) / (right - left)
        return float(len(theirs))

    times, at = [], 0
    for text in said:
        begins = place(at)
        at += len(normal(text))
        times.append((_when(spans, begins, starts=True), _when(spans, place(at), starts=False)))
    return times


def _when(spans: list[Span], place: float, *, starts: bool) -> float:
    """The time of a place among the letters that were heard; on a border between words, of the one that it starts or ends."""
    for turn, span in enumerate(spans):
        if place < len(span.text) or turn == len(spans) - 1 or (not starts and place == len(span.text)):
            return span.start + (span.end - span.start) * min(1.0, place / len(span.text))
        place -= len(span.text)
    raise AssertionError(spans)


def _in_order(said: list[str], times: list[tuple[float, float]], seconds: float) -> list[Word]:
    """No word begins before the one in front of it, and none lasts into the next one."""
    words: list[Word] = []
    starts, latest = [], 0.0
    for start, _ in times:
        latest = min(max(latest, start), seconds)
        starts.append(latest)
    for turn, (text, (_, end)) in enumerate(zip(said, times, strict=True)):
        most = starts[turn + 1] if turn + 1 < len(starts) else seconds
        words.append(_word(text, starts[turn], max(starts[turn], min(end, most))))
    return words
