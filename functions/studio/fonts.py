"""The fonts that captions and cards are set in, and what each of them can show. Pure.

What they can show, and how wide, is read from the fonts themselves by `python -m infra.glyphs`.
"""

from __future__ import annotations

import json
import unicodedata
from bisect import bisect_right
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from functions.studio.writing import Writing, main_writing, writing_of


class Face(NamedTuple):
    family: str
    """As the font calls itself."""
    package: str
    """At npm, of @expo-google-fonts."""
    file: str
    """Within the package."""
    rise: float
    depth: float
    """Of a row, above and below its baseline, in ems."""

    @property
    def height(self) -> float:
        """What libass counts a font's size by."""
        return self.rise + self.depth


FACES: Final = {
    "inter": Face("Inter", "inter", "700Bold/Inter_700Bold.ttf", 1.10791015625, 0.322265625),
    "inter-black": Face("Inter Black", "inter", "900Black/Inter_900Black.ttf", 1.10791015625, 0.322265625),
    "noto-sans": Face("Noto Sans", "noto-sans", "700Bold/NotoSans_700Bold.ttf", 1.124, 0.395),
    "arabic": Face("Noto Sans Arabic", "noto-sans-arabic", "700Bold/NotoSansArabic_700Bold.ttf", 1.431, 0.738),
    "hebrew": Face("Noto Sans Hebrew", "noto-sans-hebrew", "700Bold/NotoSansHebrew_700Bold.ttf", 1.068, 0.292),
    "devanagari": Face(
        "Noto Sans Devanagari", "noto-sans-devanagari", "700Bold/NotoSansDevanagari_700Bold.ttf", 1.348, 0.558
    ),
    "thai": Face("Noto Sans Thai", "noto-sans-thai", "700Bold/NotoSansThai_700Bold.ttf", 1.061, 0.45),
    "chinese": Face("Noto Sans SC", "noto-sans-sc", "700Bold/NotoSansSC_700Bold.ttf", 1.16, 0.288),
    "japanese": Face("Noto Sans JP", "noto-sans-jp", "700Bold/NotoSansJP_700Bold.ttf", 1.16, 0.288),
    "korean": Face("Noto Sans KR", "noto-sans-kr", "700Bold/NotoSansKR_700Bold.ttf", 1.16, 0.288),
}
"""By name; a folder of the layer is named like it."""

OF_WRITING: Final = {
    Writing.ARABIC: "arabic",
    Writing.HEBREW: "hebrew",
    Writing.DEVANAGARI: "devanagari",
    Writing.THAI: "thai",
    Writing.HAN: "chinese",
    Writing.KANA: "japanese",
    Writing.HANGUL: "korean",
}
"""Latin, Greek and Cyrillic are set in the font of the style."""
OF_HAN: Final = {"ja": "japanese", "ko": "korean"}
"""The same sign is drawn otherwise in each country."""

WIDE, NARROW = 1.0, 0.6
"""Ems, of signs whose own width is not written down."""
GLYPHS = Path(__file__).with_name("glyphs.json")


class Glyphs(NamedTuple):
    starts: list[int]
    """First code points of the stretches that the font has."""
    lengths: list[int]
    widths: dict[int, float]
    """Ems."""

    def has(self, character: str) -> bool:
        at = bisect_right(self.starts, ord(character)) - 1
        return at >= 0 and ord(character) < self.starts[at] + self.lengths[at]


@cache
def glyphs(face: str) -> Glyphs:
    known = _known()[face]
    starts, lengths, at = [], [], 0
    for skipped, length in zip(known["covers"][::2], known["covers"][1::2], strict=True):
        starts.append(at + skipped)
        lengths.append(length)
        at += skipped + length
    codes = (start + turn for start, length in zip(starts, lengths, strict=True) for turn in range(length))
    return Glyphs(starts, lengths, {code: width / 100 for code, width in zip(codes, known["widths"], strict=False)})


@cache
def _known() -> dict[str, dict[str, list[int]]]:
    known: dict[str, dict[str, list[int]]] = json.loads(GLYPHS.read_text())
    return known


class Run(NamedTuple):
    """What is set in one font."""

    face: str
    text: str


def runs(text: str, font: str, language: str) -> list[Run]:
    """The text, font by font; what no font can show is left out."""
    found: list[Run] = []
    main = main_face(text, font, language)
    for one in text:
        face = _face(one, found[-1].face if found else main, font, language)
        if face is None:
            continue
        if found and found[-1].face == face:
            found[-1] = Run(face, found[-1].text + one)
        else:
            found.append(Run(face, one))
    return found


def main_face(text: str, font: str, language: str) -> str:
    return _preferred(main_writing(text), font, language)


def unshowable(text: str) -> list[str]:
    """The characters for which no font has a glyph, each once."""
    return list(dict.fromkeys(one for one in text if not _invisible(one) and _any_face(one) is None))


def width(text: str, font: str, language: str) -> float:
    """In ems; a little more than it takes where letters join."""
    return sum(_width(run.face, one) for run in runs(text, font, language) for one in run.text)


def _width(face: str, character: str) -> float:
    usual = WIDE if unicodedata.east_asian_width(character) in "WF" else NARROW
    return glyphs(face).widths.get(ord(character), usual)


def _face(character: str, current: str, font: str, language: str) -> str | None:
    """Signs that belong to no writing, and whatever else joins it, stay in the font of what stands before them."""
    if _invisible(character):
        return current if character == "\u200d" else None
    neutral = unicodedata.category(character)[0] not in "L" and writing_of(character) is Writing.LATIN
    wanted = current if neutral else _preferred(writing_of(character), font, language)
    for face in (wanted, font):
        if glyphs(face).has(character):
            return face
    return _any_face(character)


def _preferred(writing: Writing, font: str, language: str) -> str:
    if writing is Writing.HAN:
        return OF_HAN.get(language.split("-")[0].lower(), OF_WRITING[writing])
    return OF_WRITING.get(writing, font)


@cache
def _any_face(character: str) -> str | None:
    return next((face for face in FACES if glyphs(face).has(character)), None)


def _invisible(character: str) -> bool:
    """Joiners, marks of direction, selectors of a variant: nobody sees them, so no font need have them."""
    return unicodedata.category(character) in ("Cf", "Cc") or 0xFE00 <= ord(character) <= 0xFE0F
