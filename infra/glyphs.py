"""Reads the bundled fonts for what they can show and how wide it is: functions/studio/glyphs.json (`python -m infra.glyphs`)."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import NamedTuple

from functions.studio.fonts import FACES, GLYPHS
from infra import bundles

WHOLE_EM = {"chinese", "japanese", "korean"}
"""Of these the widths are not written down: what is looked up in them is an em wide."""


class Font(NamedTuple):
    """What is read of a TrueType file."""

    rise: float
    depth: float
    """Of a row, above and below its baseline, in ems, as Windows counts it, and so libass."""
    widths: dict[int, float]
    """In ems, by code point: whatever the font has."""


def read(data: bytes) -> Font:
    [count] = struct.unpack_from(">H", data, 4)
    tables = {}
    for at in range(12, 12 + 16 * count, 16):
        tag, _, offset, _ = struct.unpack_from(">4sLLL", data, at)
        tables[tag.decode()] = offset
    [em] = struct.unpack_from(">H", data, tables["head"] + 18)
    above, below = struct.unpack_from(">HH", data, tables["OS/2"] + 74)
    [measured] = struct.unpack_from(">H", data, tables["hhea"] + 34)

    def advance(glyph: int) -> int:
        [units] = struct.unpack_from(">H", data, tables["hmtx"] + 4 * min(glyph, measured - 1))
        return int(units)

    return Font(
        above / em, below / em, {code: advance(glyph) / em for code, glyph in _mapped(data, tables["cmap"]).items()}
    )


def _mapped(data: bytes, cmap: int) -> dict[int, int]:
    """Glyphs by code point, from the fullest Unicode table."""
    [count] = struct.unpack_from(">H", data, cmap + 2)
    found = {}
    for at in range(cmap + 4, cmap + 4 + 8 * count, 8):
        platform, encoding, offset = struct.unpack_from(">HHL", data, at)
        found[platform, encoding] = cmap + offset
    if (3, 10) in found:
        return _long(data, found[3, 10])
    return _short(data, found[3, 1])


def _long(data: bytes, at: int) -> dict[int, int]:
    form, _, _, _, groups = struct.unpack_from(">HHLLL", data, at)
    assert form == 12
    glyphs = {}
    for turn in range(groups):
        first, last, glyph = struct.unpack_from(">LLL", data, at + 16 + 12 * turn)
        glyphs.update({code: glyph + code - first for code in range(first, last + 1)})
    return glyphs


def _short(data: bytes, at: int) -> dict[int, int]:
    form, _, _, twice = struct.unpack_from(">HHHH", data, at)
    assert form == 4
    lasts, firsts, deltas, jumps = (
        at + 14 + (twice + 2 if part else 0) + twice * max(0, part - 1) for part in range(4)
    )
    glyphs = {}
    for turn in range(0, twice, 2):
        [last], [first] = struct.unpack_from(">H", data, lasts + turn), struct.unpack_from(">H", data, firsts + turn)
        [delta], [jump] = struct.unpack_from(">H", data, deltas + turn), struct.unpack_from(">H", data, jumps + turn)
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if jump:
                [glyph] = struct.unpack_from(">H", data, jumps + turn + jump + 2 * (code - first))
            if glyph:
                glyphs[code] = (glyph + delta) & 0xFFFF
    return glyphs


def fonts() -> dict[str, Font]:
    with zipfile.ZipFile(bundles.fonts().path) as archive:
        return {name: read(archive.read(f"fonts/{name}/{Path(face.file).name}")) for name, face in FACES.items()}


def described(name: str, font: Font) -> dict[str, list[int]]:
    """`covers`: how many code points are skipped, how many follow, and so on; `widths`: of those, hundredths of an em."""
    covers: list[int] = []
    after = 0
    for code in sorted(font.widths):
        if covers and code == after:
            covers[-1] += 1
        else:
            covers += [code - after, 1]
        after = code + 1
    widths = [] if name in WHOLE_EM else [round(100 * font.widths[code]) for code in sorted(font.widths)]
    return {"covers": covers, "widths": widths}


def written() -> str:
    lines = [f'"{name}":{json.dumps(described(name, font), separators=(",", ":"))}' for name, font in fonts().items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    GLYPHS.write_text(written())
