"""Words into the lines that are seen at once: short, whole in what they say, long enough to read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from functions.studio.bonds import Bond, bonds
from functions.studio.captions import CLOSING, PAUSES, CaptionStyle
from functions.studio.fonts import NARROW, runs, width
from functions.studio.media import Target
from functions.studio.narration import Word
from functions.studio.rows import Row
from functions.studio.writing import UNSPACED, joined, main_writing, parted

SIZES = {"small": 0.046, "medium": 0.062, "large": 0.082}
"""An em, as a share of the short side."""

HOLD = 0.8
"""Seconds: a line stays until the next one where the gap between them is no longer."""
LINGER = 0.4
"""And otherwise so long after its last word."""
LEAST, MOST = 0.8, 4.0
"""Seconds that a line is seen, where its words allow it; the second gives way where a word would be torn."""
SILENCE = 0.6
"""A pause so long ends a line."""
SIGNS_A_WORD = 3
"""Where no spaces are written, of what counts as a word elsewhere."""


class Line(Row):
    words: list[Word]
    rows: list[int]
    """How many of the words stand in each row, from the top."""
    start: float
    end: float

    @property
    def text(self) -> str:
        return joined(word.text for word in self.words)

    @property
    def in_rows(self) -> list[list[Word]]:
        found, at = [], 0
        for count in self.rows:
            found.append(self.words[at : at + count])
            at += count
        return found

    def later(self, seconds: float) -> Line:
        """The same, in a film in which the narration begins so late."""
        words = [
            word.model_copy(update={"start": word.start + seconds, "end": word.end + seconds}) for word in self.words
        ]
        return self.model_copy(update={"words": words, "start": self.start + seconds, "end": self.end + seconds})


class SafeArea(NamedTuple):
    """Shares of the frame that stay free: at each side, above, below."""

    side: float
    above: float
    below: float


UPRIGHT = SafeArea(0.12, 0.14, 0.22)
"""Below lie the buttons and texts of the apps in which such films are watched, and some of them at the right edge."""
SQUARE = SafeArea(0.08, 0.08, 0.10)
BROAD = SafeArea(0.18, 0.08, 0.09)
"""Rows over the whole breadth of a broad picture are hard to read."""


def safe_area(target: Target) -> SafeArea:
    if target.height >= 1.5 * target.width:
        return UPRIGHT
    return BROAD if target.width >= 1.5 * target.height else SQUARE


def em(style: CaptionStyle, target: Target) -> float:
    """Pixels."""
    return min(target.width, target.height) * SIZES[style.size]


def room(style: CaptionStyle, target: Target) -> float:
    """The most that a row is wide, in ems."""
    return target.width * (1 - 2 * safe_area(target).side) / em(style, target)


def shown(text: str, style: CaptionStyle, language: str) -> str:
    """As it is written on the screen: without what no font can show."""
    said = "".join(run.text for run in runs(text, style.font, language))
    if not style.upper_case:
        return said
    if language.split("-")[0].lower() in ("tr", "az"):
        said = said.replace("i", "İ")
    return said.upper()


def grouped(words: Sequence[Word], style: CaptionStyle, language: str, target: Target) -> list[Line]:
    """Lines of at most two rows that stay within the film's safe area; a word that is too long for it has a line of its own.

    The same for the film and for the files beside it, which say as well what no font of ours can show.
    """
    return _lines(Measured.of(words, _measure(style, language), room(style, target), language), style.words_at_once)


def burnable(lines: Sequence[Line], style: CaptionStyle, language: str) -> list[Line]:
    """What of the lines can be shown."""
    found = []
    for line in lines:
        rows = [[word for word in row if shown(word.text, style, language).strip()] for row in line.in_rows]
        if any(rows):
            words = [word for row in rows for word in row]
            counts = [len(row) for row in rows if row]
            found.append(line.model_copy(update={"words": words, "rows": counts}))
    return found


def row_width(row: Sequence[Word], style: CaptionStyle, language: str) -> float:
    """In ems."""
    return Measured.of(row, _measure(style, language), 0, language).between(0, len(row))


def _measure(style: CaptionStyle, language: str) -> Callable[[str], float]:
    def measured(text: str) -> float:
        said = shown(text, style, language)
        return NARROW * len(text) if text.strip() and not said.strip() else width(said, style.font, language)

    return measured


class Measured(NamedTuple):
    words: Sequence[Word]
    lefts: list[float]
    rights: list[float]
    """Where each word would begin and end, were all of them in one row of any length."""
    room: float
    """Of a row."""
    bonds: list[Bond]
    unspaced: bool

    @classmethod
    def of(cls, words: Sequence[Word], measured: Callable[[str], float], room: float, language: str) -> Measured:
        lefts: list[float] = []
        rights: list[float] = []
        for turn, word in enumerate(words):
            space = measured(" ") if turn and parted(words[turn - 1].text, word.text) else 0.0
            lefts.append((rights[-1] if rights else 0.0) + space)
            rights.append(lefts[-1] + measured(word.text))
        texts = [word.text for word in words]
        return cls(words, lefts, rights, room, bonds(texts, language), main_writing(joined(texts)) in UNSPACED)

    def between(self, first: int, last: int) -> float:
        """How wide the words from `first` until before `last` are."""
        return self.rights[last - 1] - self.lefts[first]


# What is wrong with a line; the lines of a script are those with which least is wrong together.
A_LINE = 10.0
EMPTY = 6.0
MID_CLAUSE = 4.0
TORN = {Bond.PHRASES: MID_CLAUSE, Bond.PARTS: 8.0, Bond.WORD: 30.0}
LONE = 6.0
LASTING = 3.0
"""For each second that it is seen for longer than it should be."""
HASTY = 12.0
UNLIKE = 10.0
TWO_SENTENCES, OVER_SILENCE = 60.0, 60.0


def _lines(measured: Measured, words_at_once: int | None) -> list[Line]:
    """The best way to cut the words, by what is wrong with each line, from the front."""
    words = measured.words
    most = words_at_once or len(words)
    if words_at_once and measured.unspaced:
        most *= SIGNS_A_WORD
    best: list[tuple[float, int, list[int]]] = [(0.0, 0, [])]
    for last in range(1, len(words) + 1):
        found: tuple[float, int, list[int]] | None = None
        for first in range(last - 1, max(-1, last - 1 - most), -1):
            rows = _rows(measured, first, last)
            if last - first > 1 and not rows:
                break
            faults = best[first][0] + _faults(measured, first, last)
            if len(rows) == 2:
                faults += max(0.0, _torn(measured, first + rows[0]) - MID_CLAUSE)
            if found is None or faults < found[0]:
                found = (faults, first, rows or [1])
        assert found
        best.append(found)
    lines: list[Line] = []
    at = len(words)
    while at:
        _, first, rows = best[at]
        lines.append(Line(words=list(words[first:at]), rows=rows, start=words[first].start, end=words[at - 1].end))
        at = first
    return _held(lines[::-1])


def _faults(measured: Measured, first: int, last: int) -> float:
    part = measured.words[first:last]
    filled = min(1.0, measured.between(first, last) / (2 * measured.room))
    faults = A_LINE + EMPTY * (1 - filled) ** 2
    for before, behind in pairwise(part):
        faults += TWO_SENTENCES * _ends_sentence(before.text) + OVER_SILENCE * (behind.start - before.end > SILENCE)
    if last < len(measured.words):
        after = measured.words[last]
        faults += _torn(measured, last)
        faults += HASTY * max(0.0, 1 - (after.start - part[0].start) / LEAST)
    faults += LASTING * max(0.0, part[-1].end - part[0].start - MOST)
    few = SIGNS_A_WORD if measured.unspaced else 1
    if len(part) <= few and not _ends_sentence(part[-1].text):
        faults += LONE
    return faults


def _torn(measured: Measured, at: int) -> float:
    """What it costs to begin a new row or line with the word at this place."""
    before, after = measured.words[at - 1 : at + 1]
    if _ends_sentence(before.text) or after.start - before.end > SILENCE:
        return 0.0
    if before.text.rstrip().rstrip(CLOSING)[-1:] in PAUSES:
        return 1.0
    return TORN[measured.bonds[at - 1]]


def _ends_sentence(text: str) -> bool:
    return PAUSES.get(text.rstrip().rstrip(CLOSING)[-1:], 0) >= 7


def _rows(measured: Measured, first: int, last: int) -> list[int]:
    """One row, or the two that look best; none where two are not enough."""
    if measured.between(first, last) <= measured.room:
        return [last - first]
    found: tuple[float, list[int]] | None = None
    for cut in range(first + 1, last):
        above, below = measured.between(first, cut), measured.between(cut, last)
        if max(above, below) <= measured.room:
            unlike = abs(above - below) / measured.room
            faults = UNLIKE * unlike + _torn(measured, cut)
            if found is None or faults < found[0]:
                found = (faults, [cut - first, last - cut])
    return found[1] if found else []


def _held(lines: list[Line]) -> list[Line]:
    """Each stays long enough to be read, and none into the next."""
    held = []
    for turn, line in enumerate(lines):
        following = lines[turn + 1].start if turn + 1 < len(lines) else None
        end = max(line.end + LINGER, line.start + LEAST)
        if following is not None:
            end = following if following - line.end <= HOLD else min(end, following)
        held.append(line.model_copy(update={"end": round(end, 3)}))
    return held
