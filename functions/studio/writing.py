"""How texts are written: where their words begin and end, in which direction they run, how long they take to say. Pure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import StrEnum


class Writing(StrEnum):
    """A writing system, as far as anything here differs by it."""

    LATIN = "latin"
    """And whatever else stands in words with spaces between them, from left to right: Greek, Cyrillic, …"""
    HEBREW = "hebrew"
    ARABIC = "arabic"
    DEVANAGARI = "devanagari"
    THAI = "thai"
    KANA = "kana"
    HAN = "han"
    HANGUL = "hangul"


BLOCKS: list[tuple[int, int, Writing]] = [
    (0x0590, 0x05FF, Writing.HEBREW),
    (0x0600, 0x077F, Writing.ARABIC),
    (0x08A0, 0x08FF, Writing.ARABIC),
    (0x0900, 0x097F, Writing.DEVANAGARI),
    (0x0E00, 0x0E7F, Writing.THAI),
    (0x1100, 0x11FF, Writing.HANGUL),
    (0x2E80, 0x2FDF, Writing.HAN),
    (0x3005, 0x3007, Writing.HAN),
    (0x3040, 0x30FF, Writing.KANA),
    (0x3130, 0x318F, Writing.HANGUL),
    (0x31F0, 0x31FF, Writing.KANA),
    (0x3400, 0x4DBF, Writing.HAN),
    (0x4E00, 0x9FFF, Writing.HAN),
    (0xA8E0, 0xA8FF, Writing.DEVANAGARI),
    (0xAC00, 0xD7FF, Writing.HANGUL),
    (0xF900, 0xFAFF, Writing.HAN),
    (0xFB1D, 0xFB4F, Writing.HEBREW),
    (0xFB50, 0xFDFF, Writing.ARABIC),
    (0xFE70, 0xFEFF, Writing.ARABIC),
    (0xFF66, 0xFF9F, Writing.KANA),
    (0x20000, 0x323AF, Writing.HAN),
]
STARTS = [first for first, _, _ in BLOCKS]

UNSPACED = {Writing.HAN, Writing.KANA, Writing.THAI}
LEFTWARD = {Writing.HEBREW, Writing.ARABIC}
LEFTWARD_LANGUAGES = {"ar", "fa", "he", "ur"}
LEFT_TO_RIGHT, RIGHT_TO_LEFT = "\u200e", "\u200f"
STRONG = {"L": LEFT_TO_RIGHT, "R": RIGHT_TO_LEFT, "AL": RIGHT_TO_LEFT}
"""By the kinds of UAX #9."""
NUMBER = re.compile(r"(?<![0-9.,/-])(?:\+[0-9]|[0-9]+-[0-9])")

CLINGING = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶーヽヾゝゞ々ๆฯๅ")
"""Never the first of a line: they belong to what stands before them."""
THAI_LEADING = frozenset("เแโใไ")
"""Vowels that are written before the consonant behind which they are spoken."""
THAI_TRAILING = frozenset("ะาำ")
"""And those that follow it without being marks."""
THAI_UNCLOSED = ("อ", "ีย", "ัว")
"""Consonants that stand for a vowel here: a syllable goes on after them."""

SAID = {"&": 3, "%": 7, "‰": 8, "@": 2, "#": 4, "°": 6, "§": 7}
"""Signs that have a name, and the weight of it; currencies and mathematical signs have one too."""
DIGIT, CURRENCY, SIGN, SYLLABLE, LETTER, MARK = 5.0, 6.0, 4.0, 2.5, 1.0, 0.5
"""How long it takes to say one, in letters."""


def writing_of(character: str) -> Writing:
    code = ord(character)
    at = bisect_right(STARTS, code) - 1
    return BLOCKS[at][2] if at >= 0 and code <= BLOCKS[at][1] else Writing.LATIN


def is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"


def is_said(character: str) -> bool:
    """Whether a voice says it: letters, digits, and the signs that have a name."""
    return is_letter(character) or character in SAID or unicodedata.category(character) in ("Sc", "Sm")


def runs_leftward(text: str, language: str) -> bool:
    """Whether the text runs from right to left: by its first letter, where the language does not say it."""
    leftward = [writing_of(one) in LEFTWARD for one in text if unicodedata.category(one)[0] == "L"]
    if language.split("-")[0].lower() in LEFTWARD_LANGUAGES:
        return not leftward or any(leftward)
    return leftward[:1] == [True]


def directed(text: str) -> str:
    """With its telephone numbers held together: behind an Arabic letter their parts would run from right to left."""
    return NUMBER.sub(rf"{LEFT_TO_RIGHT}\g<0>", text)


def framed(rows: Sequence[str], language: str) -> list[tuple[str, str]]:
    """Marks to stand before and behind each row of a text, that each by itself is laid out as within the whole of it.

    Whoever lays it out goes by its first letter. As UAX #9: what stands in no direction of its own takes that of its
    neighbours, and they may be in the row above or below.
    """
    leftward = runs_leftward(" ".join(rows), language)
    rows = [directed(row) if leftward else row for row in rows]
    base = RIGHT_TO_LEFT if leftward else LEFT_TO_RIGHT
    found = []
    for turn, row in enumerate(rows):
        if not leftward and not any(writing_of(one) in LEFTWARD for one in row):
            found.append(("", ""))
            continue
        before, behind = " ".join(rows[:turn]), " ".join(rows[turn + 1 :])
        above = _last_direction(before) or base
        front = base if _direction(row) != base else ""
        if above != base and unicodedata.bidirectional(row[:1] or " ") not in STRONG:
            front = base + above
        last = _last_direction(f"{before} {row}") or base
        open_end = unicodedata.bidirectional(row[-1:] or " ") not in (*STRONG, "EN", "AN")
        below = last if _number_first(behind) else _direction(behind)
        found.append((front, last if open_end and below == last != base else ""))
    return found


def _direction(text: Iterable[str]) -> str | None:
    """The mark of the first sign that has a direction of its own."""
    return next((STRONG[kind] for kind in map(unicodedata.bidirectional, text) if kind in STRONG), None)


def _last_direction(text: str) -> str | None:
    return _direction(reversed(text))


def _number_first(text: str) -> bool:
    kinds = map(unicodedata.bidirectional, text)
    return next((kind == "EN" for kind in kinds if kind in STRONG or kind == "EN"), False)


def main_writing(text: str) -> Writing:
    """What most of its letters are written in; kana, where there is any of it beside Han."""
    found = [writing_of(one) for one in text if unicodedata.category(one)[0] == "L"]
    if Writing.KANA in found and Writing.HAN in found:
        found = [Writing.KANA if one is Writing.HAN else one for one in found]
    return max(sorted(set(found)), key=found.count, default=Writing.LATIN)


def weight(text: str) -> float:
    """How long it takes to say, in letters."""
    return sum(map(_weight, text))


def _weight(character: str) -> float:
    category = unicodedata.category(character)
    if category[0] == "N":
        return DIGIT
    if category[0] == "L":
        syllabic = writing_of(character) in (Writing.HAN, Writing.KANA, Writing.HANGUL)
        return SYLLABLE if syllabic else LETTER
    if character in SAID:
        return SAID[character]
    return {"Sc": CURRENCY, "Sm": SIGN, "Mc": MARK, "Mn": MARK if writing_of(character) is Writing.THAI else 0}.get(
        category, 0
    )


def normal(text: str) -> str:
    """What two spellings of a word have in common: its letters and digits, whatever their case and width; of a sign, the sign."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(is_letter, folded)) or "".join(filter(is_said, folded))


def tokens(text: str) -> list[str]:
    """The words of a text, each with its punctuation; where no spaces are written, what can stand by itself.

    `joined` makes the text of them again, with single spaces.
    """
    found: list[str] = []
    for chunk in text.split():
        for turn, part in enumerate(_parts(chunk)):
            gap = " " if found and turn == 0 else ""
            # A dash between spaces or a picture of a face is nobody's word: it belongs to the one before it.
            if found and not (any(map(is_said, part)) and any(map(is_said, found[-1]))):
                found[-1] += gap + part
            elif gap and not parted(found[-1], part):
                found[-1] += gap
                found.append(part)
            else:
                found.append(part)
    return found if any(map(is_said, text)) else []


def joined(words: Iterable[str]) -> str:
    text, last = "", ""
    for word in words:
        text += f" {word}" if text and parted(last, word) else word
        last = word
    return text.strip()


def parted(before: str, after: str) -> bool:
    """Whether a space belongs between two tokens, beside what `before` itself ends with."""
    if before.endswith(" ") or _is_wide_sign(before[-1]):
        return False
    last = next((one for one in reversed(before) if is_letter(one)), "")
    first = next((one for one in after if is_letter(one)), "")
    return not any(one and writing_of(one) in UNSPACED for one in (last, first))


def _is_wide_sign(character: str) -> bool:
    """A comma or a bracket that brings its own space along."""
    return unicodedata.east_asian_width(character) in "WF" and not is_letter(character)


def _parts(chunk: str) -> list[str]:
    """Of what stands between two spaces."""
    if not any(writing_of(one) in UNSPACED for one in chunk):
        return [chunk]
    parts = [""]
    for cluster in clusters(chunk):
        if parts[-1] and _may_part(parts[-1], cluster):
            parts.append("")
        parts[-1] += cluster
    whole = parts[:1]
    for part in parts[1:]:
        if parted(whole[-1], part):  # a space between them would be none of the text's
            whole[-1] += part
        else:
            whole.append(part)
    return whole


def _may_part(part: str, cluster: str) -> bool:
    """Whether a word may end between the two."""
    opens = unicodedata.category(cluster[0]) in ("Ps", "Pi")
    if not opens and not any(map(is_letter, cluster)) and unicodedata.category(cluster[0]) != "Sc":
        return False
    letters = [one for one in part if is_letter(one)]
    if not letters:
        return False
    last, first = writing_of(letters[-1]), writing_of(next((one for one in cluster if is_letter(one)), cluster[0]))
    return opens or last in UNSPACED or first in UNSPACED or _is_wide_sign(part[-1])


def clusters(chunk: str) -> list[str]:
    """What the eye takes for one sign, small kana and the vowels of Thai with what they belong to."""
    found: list[str] = []
    leading = False
    for one in chunk:
        mark = unicodedata.category(one)[0] == "M" or one == "\u200d" or (found and found[-1].endswith("\u200d"))
        if found and (leading or mark or one in CLINGING or one in THAI_TRAILING):
            found[-1] += one
        else:
            found.append(one)
        leading = one in THAI_LEADING
    return _thai_syllables(found)


def _thai_syllables(clusters: list[str]) -> list[str]:
    """A consonant that bears no vowel mostly ends the syllable before it: near enough, without a dictionary."""
    found: list[str] = []
    closed = True
    for cluster in clusters:
        thai = writing_of(cluster[0]) is Writing.THAI and is_letter(cluster[0])
        ends = thai and len(cluster) == 1 and not closed
        if ends:
            found[-1] += cluster
        else:
            found.append(cluster)
        closed = not thai or (ends and not found[-1].endswith(THAI_UNCLOSED))
    return found
