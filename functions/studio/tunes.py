"""Files of music, walked from their first byte to their last before any decoder sees them (cf. `boxes` for MP4).

A file that is cut short, or is something else in front, behind or altogether, ends here. What each form looks like: ISO/IEC
11172-3 (MP3), 13818-7 (ADTS), RFC 9639 (FLAC), RFC 3533 (Ogg), the RIFF of WAV, id3.org.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from functions.studio.boxes import read_movie
from functions.studio.errors import BrokenMedia


class Form(NamedTuple):
    name: str
    demuxer: str
    """ffmpeg's name of what reads it."""
    content_type: str
    extension: str


MP3 = Form("MP3", "mp3", "audio/mpeg", "mp3")
AAC = Form("AAC", "aac", "audio/aac", "aac")
M4A = Form("M4A", "mov", "audio/mp4", "m4a")
WAV = Form("WAV", "wav", "audio/wav", "wav")
FLAC = Form("FLAC", "flac", "audio/flac", "flac")
OGG = Form("Ogg", "ogg", "audio/ogg", "ogg")

BEGINNINGS: tuple[tuple[re.Pattern[bytes], Form], ...] = (
    (re.compile(rb"ID3"), MP3),
    (re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), MP3),
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), AAC),
    (re.compile(rb"fLaC"), FLAC),
    (re.compile(rb"OggS"), OGG),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), WAV),
    (re.compile(rb"....ftyp", re.DOTALL), M4A),
)
"""By the first bytes: no two forms share them, nor with a picture."""

_KBITS = {
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)
_BEHIND_FRAMES = re.compile(rb"TAG|APETAGEX|LYRICSBEGIN|\0*\Z")
"""What may follow the last frame of an MP3: its tags, or padding."""
_WAVE_SAMPLES = {1: "PCM", 3: "floating point", 0xFFFE: "extensible"}
_OGG_CODECS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC")
_M4A_CODECS = ("mp4a", "alac")


def form_of(beginning: bytes) -> Form | None:
    return next((form for pattern, form in BEGINNINGS if pattern.match(beginning)), None)


def walk(path: Path) -> Form:
    """The file's form; BrokenMedia, with the reason, for what is not music from its first byte to its last."""
    with path.open("rb") as file:
        form = form_of(file.read(16))
    if form is None:
        raise BrokenMedia("the file is neither MP3, AAC, M4A, WAV, FLAC nor Ogg")
    if form is M4A:
        _m4a(path)
        return form
    try:
        _WALKS[form](path.read_bytes())
    except (IndexError, struct.error):
        raise BrokenMedia(f"the {form.name} is cut short") from None
    return form


def _m4a(path: Path) -> None:
    tracks = read_movie(path).tracks
    if any(track.kind == "vide" for track in tracks):
        raise BrokenMedia("the file is a video: send its sound alone")
    heard = [track.codec for track in tracks if track.kind == "soun"]
    if len(heard) != 1 or heard[0] not in _M4A_CODECS:
        raise BrokenMedia("the M4A does not hold one track of AAC or Apple Lossless")


def _mp3(body: bytes) -> None:
    at = _behind_id3(body)
    first, count = at, 0
    while (length := _mp3_frame(body, at)) is not None:
        if at + length > len(body):
            raise BrokenMedia("the MP3 is cut short: its last frame is not whole")
        at, count = at + length, count + 1
    if count == 0:
        raise BrokenMedia("the MP3 has no sound where it should begin")
    if not _BEHIND_FRAMES.match(body, at):
        raise BrokenMedia(f"the MP3 has something else in it, at byte {at}")
    promised = _promised_frames(body[first : first + 200])
    if promised is not None and count - 1 < promised:
        raise BrokenMedia(f"the MP3 is cut short: it has {count - 1} of {promised} frames")


def _behind_id3(body: bytes) -> int:
    """Where the sound begins: behind tags, and the zeros that may pad them."""
    at = 0
    while body[at : at + 3] == b"ID3":
        size = 0
        for part in body[at + 6 : at + 10]:
            size = size << 7 | part & 0x7F
        at += 10 + size + (10 if body[at + 5] & 0x10 else 0)
    while at and body[at : at + 1] == b"\0":
        at += 1
    return at


def _mp3_frame(body: bytes, at: int) -> int | None:
    """Its bytes; None where no frame begins."""
    if body[at : at + 1] != b"\xff" or len(body) < at + 4:
        return None
    second, third = body[at + 1], body[at + 2]
    version, layer = second >> 3 & 3, second >> 1 & 3
    bitrate, rate = third >> 4, third >> 2 & 3
    if second & 0xE0 != 0xE0 or version == 1 or layer != 1 or bitrate in (0, 15) or rate == 3:
        return None
    kbits = _KBITS[1 if version == 3 else 2][bitrate - 1]
    hertz = _RATES[rate] >> {3: 0, 2: 1, 0: 2}[version]
    return (144 if version == 3 else 72) * kbits * 1000 // hertz + (third >> 1 & 1)


def _promised_frames(frame: bytes) -> int | None:
    """What the first frame says of those behind it, where it is one that says so (Xing, Info)."""
    said = re.search(rb"Xing|Info", frame[4:44])
    if said is None:
        return None
    flags, count = struct.unpack_from(">II", frame, 4 + said.end())
    return count if flags & 1 else None


def _adts(body: bytes) -> None:
    at = 0
    while at < len(body):
        head = body[at : at + 7]
        if head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            raise BrokenMedia(f"the AAC has something else in it, at byte {at}")
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        if length < 7 or at + length > len(body):
            raise BrokenMedia("the AAC is cut short: its last frame is not whole")
        at += length


def _wav(body: bytes) -> None:
    at, kinds = 12, set()
    while at < len(body) - 1:
        kind, length = struct.unpack_from("<4sI", body, at)
        if at + 8 + length > len(body):
            raise BrokenMedia(f"the WAV is cut short: a part claims {length} bytes, {len(body) - at - 8} are there")
        if kind == b"fmt " and struct.unpack_from("<H", body, at + 8)[0] not in _WAVE_SAMPLES:
            raise BrokenMedia("the WAV holds something else than plain samples")
        kinds.add(kind)
        at += 8 + length + length % 2
    if not {b"fmt ", b"data"} <= kinds:
        raise BrokenMedia("the WAV has no samples")


def _flac(body: bytes) -> None:
    """Its frames have no length: whether all are there is found out by decoding (`promised_samples`)."""
    at, last = 4, False
    while not last:
        last, length = bool(body[at] & 0x80), int.from_bytes(body[at + 1 : at + 4])
        at += 4 + length
    if body[at] != 0xFF or body[at + 1] & 0xFE != 0xF8:
        raise BrokenMedia("the FLAC has no sound where it should begin")


def promised_seconds(path: Path, form: Form) -> float | None:
    """How long a FLAC says that it is; others have been counted to their end."""
    if form is not FLAC:
        return None
    with path.open("rb") as file:
        described = int.from_bytes(file.read(42)[18:26])
    rate, count = described >> 44, described & (1 << 36) - 1
    return count / rate if rate and count else None


class _Page(NamedTuple):
    flags: int
    serial: int
    number: int
    content: bytes


def _pages(body: bytes) -> Iterator[_Page]:
    at = 0
    while at < len(body):
        mark, flags, _, serial, number, _, parts = struct.unpack_from("<5sBqIIIB", body, at)
        if mark != b"OggS\0":
            raise BrokenMedia(f"the Ogg has something else in it, at byte {at}")
        start = at + 27 + parts
        at = start + sum(body[at + 27 : start])
        if at > len(body):
            raise BrokenMedia("the Ogg is cut short: its last page is not whole")
        yield _Page(flags, serial, number, body[start:at])


def _ogg(body: bytes) -> None:
    pages = list(_pages(body))
    if not pages[0].content.startswith(_OGG_CODECS):
        raise BrokenMedia("the Ogg holds neither Vorbis nor Opus nor FLAC")
    if len({page.serial for page in pages}) != 1:
        raise BrokenMedia("the Ogg holds more than one track")
    if [page.number for page in pages] != list(range(pages[0].number, pages[0].number + len(pages))):
        raise BrokenMedia("the Ogg has lost some of its pages")
    if not pages[-1].flags & 4:
        raise BrokenMedia("the Ogg is cut short: its last page does not end it")


_WALKS: dict[Form, Callable[[bytes], None]] = {MP3: _mp3, AAC: _adts, WAV: _wav, FLAC: _flac, OGG: _ogg}
