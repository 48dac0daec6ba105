"""A picture's file without what is not the picture: where it was taken, by whom and with what, comments, other files behind it.

Nothing is decoded or encoded: segments of a JPEG (ITU-T T.81, annex B) and chunks of a PNG (W3C, PNG) are kept or left out.
"""

from __future__ import annotations

import re

EOI, SOS, COMMENT = 0xD9, 0xDA, 0xFE
STANDALONE = {0x01, *range(0xD0, 0xD9)}
APPLICATION = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Of the sixteen kinds of application segments, those that say how colours are meant, by how they begin."""

_BEHIND_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

CHUNKS = {
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"iCCP",
    b"cICP",
    b"sBIT",
    b"bKGD",
    b"pHYs",
}


def bare(body: bytes, form: str) -> bytes | None:
    """None when the file is not built as it should be, though it can be decoded."""
    try:
        return _jpeg(body) if form == "JPEG" else _png(body)
    except IndexError:
        return None


def _jpeg(body: bytes) -> bytes | None:
    kept = [body[:2]]
    at = 2
    while True:
        if body[at] != 0xFF:
            return None
        marker = body[at + 1]
        if marker == 0xFF:  # any marker may be preceded by fill bytes
            at += 1
            continue
        if marker == EOI:
            return b"".join([*kept, body[at : at + 2]])
        if marker in STANDALONE:
            return None
        end = at + 2 + int.from_bytes(body[at + 2 : at + 4])
        content = body[at + 4 : at + 16]
        if marker == SOS:
            behind = _BEHIND_SCAN.search(body, end)
            if behind is None:
                return None
            end = behind.start()
        if _of_the_picture(marker, content):
            kept.append(body[at:end])
        at = end


def _of_the_picture(marker: int, content: bytes) -> bool:
    if 0xE0 <= marker <= 0xEF:
        return marker in APPLICATION and content.startswith(APPLICATION[marker])
    return marker != COMMENT


def _png(body: bytes) -> bytes | None:
    kept = [body[:8]]
    at = 8
    while at < len(body):
        kind = body[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(body[at : at + 4])
        if kind in CHUNKS:
            kept.append(body[at:end])
        if kind == b"IEND":
            return b"".join(kept)
        at = end
    return None
