"""How much the tokens of a text belong together: where a row may end that has no space to end at. Pure.

By classes of characters alone, no dictionary: a word of Japanese begins with Han, katakana or a digit and ends in hiragana.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise

from functions.studio.writing import UNSPACED, Writing, is_letter, main_writing, parted, writing_of


class Bond(IntEnum):
    PHRASES = 0
    """Two words, or more than that lies between them."""
    PARTS = 1
    """Perhaps one word, perhaps two."""
    WORD = 2
    """One word, with what is attached to it."""


POLITE = "おご"
"""In front of Han they belong to it."""
OBJECT = "を"
"""Ends a word wherever it stands."""
PARTICLES = "はがにでともてのへ"
HAN_TRAILING = "的了们們吗嗎呢吧"
"""Chinese: of the word in front of them."""

NUMERALS = set("〇零一二两兩三四五六七八九十百千万萬亿億")


def bonds(words: Sequence[str], language: str) -> list[Bond]:
    """Of each token with the one behind it; one less than there are tokens."""
    japanese = language.split("-")[0].lower() == "ja" or main_writing("".join(words)) is Writing.KANA
    found = []
    for turn, (before, after) in enumerate(pairwise(words)):
        behind = words[turn + 2][:1] if turn + 2 < len(words) else ""
        found.append(_bond(before, after, behind, japanese=japanese))
    return found


def _bond(before: str, after: str, behind: str, *, japanese: bool) -> Bond:
    last = next((one for one in reversed(before) if is_letter(one)), "a")
    first = next((one for one in after if is_letter(one)), "a")
    if parted(before, after) or before.endswith(" ") or not {writing_of(last), writing_of(first)} & UNSPACED:
        return Bond.PHRASES
    if unicodedata.category(after[0]) in ("Ps", "Pi"):
        return Bond.PHRASES
    closed = not is_letter(before[-1]) and before[-1] not in "%°"
    return (_in_japanese if japanese else _elsewhere)(last, first, behind, closed=closed)


def _in_japanese(last: str, first: str, behind: str, *, closed: bool) -> Bond:
    if _hiragana(first):
        if closed:
            return Bond.WORD  # a particle, behind a bracket
        if last == OBJECT or (first in POLITE and _han(behind)):
            return Bond.PHRASES
        return Bond.PARTS if _hiragana(last) and last in PARTICLES else Bond.WORD
    if closed:
        return Bond.PHRASES
    if _hiragana(last):
        return Bond.WORD if last in POLITE and _han(first) else Bond.PHRASES
    if last.isdigit() and not first.isdigit():
        return Bond.WORD  # what is counted
    return Bond.WORD if writing_of(last) is writing_of(first) else Bond.PARTS


def _elsewhere(last: str, first: str, behind: str, *, closed: bool) -> Bond:
    if closed:
        return Bond.PHRASES
    if {last, first} <= NUMERALS or first in HAN_TRAILING or (last.isdigit() and _han(first)):
        return Bond.WORD
    return Bond.PHRASES if last in HAN_TRAILING or writing_of(last) is not writing_of(first) else Bond.PARTS


def _hiragana(character: str) -> bool:
    return "ぁ" <= character <= "ゖ"


def _han(character: str) -> bool:
    return bool(character) and writing_of(character) is Writing.HAN
