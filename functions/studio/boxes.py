"""The boxes of an MP4 or MOV file (ISO/IEC 14496-12), read in process and before any decoder sees the file.

A file that is cut short, claims more bytes than it has, or is something else in disguise ends here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from functions.studio.errors import BrokenMedia

MOST_MOOV = 64 * 1024 * 1024
"""Bytes: an hour of film needs about one megabyte."""

SAMPLE_ENTRY = {"vide": 78, "soun": 28}
"""Bytes of a sample entry in front of the boxes inside it, by kind of track."""

OF_QUICKTIME = {1: 16, 2: 36}
"""Bytes that a sound's entry has more of, by its version; only where the table of entries has none itself."""

CONFIGURATION = frozenset({"avcC", "hvcC", "vpcC", "av1C", "esds"})


@dataclass(frozen=True)
class Edit:
    duration: int
    """In the movie's time scale."""
    media_time: int
    """In the track's time scale; -1 for an empty edit."""


@dataclass(frozen=True)
class Track:
    kind: str
    """`vide`, `soun` or another handler."""
    timescale: int
    samples: int
    ticks: int
    """Sum of the samples' durations, in the track's time scale."""
    edits: tuple[Edit, ...]
    codec: str
    """The four characters of the sample entry."""
    configuration: bytes
    """What a decoder is set up with (avcC and the like): the extradata."""
    descriptions: int
    """Sample entries; more than one means that the configuration changes on the way."""


@dataclass(frozen=True)
class Movie:
    timescale: int
    tracks: tuple[Track, ...]
    moov_first: bool
    """A browser can play while it loads."""

    def first(self, kind: str) -> Track | None:
        return next((track for track in self.tracks if track.kind == kind), None)


def read_movie(path: Path) -> Movie:
    """Raises BrokenMedia, with the reason, for anything that is not a whole MP4 or MOV file."""
    size = path.stat().st_size
    if size == 0:
        raise BrokenMedia("the file is empty")
    with path.open("rb") as file:
        places = _top_level(file, size)
        if "moov" not in places:
            raise BrokenMedia("the file has no index (moov), as if cut short")
        if "mdat" not in places:
            raise BrokenMedia("the file holds no media (mdat)")
        start, end = places["moov"]
        if end - start > MOST_MOOV:
            raise BrokenMedia("the file's index (moov) is implausibly large")
        file.seek(start)
        moov = file.read(end - start)
    try:
        return _movie(moov, moov_first=start < places["mdat"][0])
    except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
        raise BrokenMedia(f"the file's index (moov) cannot be read: {error}") from error


def _top_level(file: IO[bytes], size: int) -> dict[str, tuple[int, int]]:
    """Where the content of each kind of box begins and ends; the first of its kind."""
    places: dict[str, tuple[int, int]] = {}
    for kind, _, body, end in _places(file, size):
        places.setdefault(kind, (body, end))
    return places


def _places(file: IO[bytes], size: int) -> Iterator[tuple[str, int, int, int]]:
    """Of each box: its kind, where it begins, where its content does, and where it ends."""
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:
            raise BrokenMedia("the file ends inside a box header")
        length, name = struct.unpack(">I4s", header[:8])
        body = 8
        if length == 1:
            if len(header) < 16:
                raise BrokenMedia("the file ends inside a box header")
            length, body = struct.unpack(">Q", header[8:])[0], 16
        elif length == 0:
            length = size - at
        kind = name.decode("latin-1")
        if at == 0 and kind != "ftyp":
            raise BrokenMedia("the file is not an MP4 file")
        if length < body or at + length > size:
            raise BrokenMedia(f"the file is cut short: its {kind} box claims {length} bytes, {size - at} are there")
        yield kind, at, at + body, at + length
        at += length


@dataclass(frozen=True)
class Fragments:
    """How a fragmented file divides into byte ranges."""

    initial: int
    """Bytes in front of the first fragment: what sets a decoder up."""
    ranges: tuple[tuple[int, int], ...]
    """Of each fragment: its bytes, and its samples of the track that the file names first."""


def read_fragments(path: Path) -> Fragments:
    """Raises BrokenMedia for a file that is not fragments from its index to its end."""
    size = path.stat().st_size
    ranges: list[tuple[int, int]] = []
    initial = 0
    with path.open("rb") as file:
        for kind, start, body, end in list(_places(file, size)):
            if kind == "moof":
                file.seek(body)
                ranges.append((end - start, _samples_in(file.read(end - body))))
            elif kind == "mdat" and ranges:
                length, count = ranges[-1]
                ranges[-1] = (length + end - start, count)
            elif not ranges:
                initial = end
            else:
                raise BrokenMedia(f"a box among the fragments is neither of them: {kind}")
    if not initial or not ranges:
        raise BrokenMedia("the file is not in fragments")
    return Fragments(initial, tuple(ranges))


def _samples_in(moof: bytes) -> int:
    """Of the first track: `tfhd` and `trun` say to which track samples belong, and how many there are."""
    tracks = [list(_boxes(content)) for name, content in _boxes(moof) if name == "traf"]
    return sum(
        struct.unpack_from(">I", content, 4)[0]
        for boxes in tracks
        if struct.unpack_from(">I", dict(boxes)["tfhd"], 4)[0] == 1
        for name, content in boxes
        if name == "trun"
    )


def _boxes(content: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        body = 8
        if length == 1:
            length, body = struct.unpack_from(">Q", content, at + 8)[0], 16
        elif length == 0:
            length = len(content) - at
        if length < body or at + length > len(content):
            raise BrokenMedia("a box of the file's index claims more bytes than there are")
        yield name.decode("latin-1"), content[at + body : at + length]
        at += length


def _movie(moov: bytes, *, moov_first: bool) -> Movie:
    boxes = list(_boxes(moov))
    header = dict(boxes)["mvhd"]
    tracks = tuple(_track(content) for name, content in boxes if name == "trak")
    return Movie(timescale=_timescale(header), tracks=tracks, moov_first=moov_first)


def _timescale(header: bytes) -> int:
    """Of mvhd and mdhd alike: behind two dates of 4 or 8 bytes."""
    timescale: int = struct.unpack_from(">I", header, 20 if header[0] == 1 else 12)[0]
    if timescale == 0:
        raise BrokenMedia("the file's time scale is zero")
    return timescale


def _track(content: bytes) -> Track:
    boxes = dict(_boxes(content))
    media = dict(_boxes(boxes["mdia"]))
    kind = media["hdlr"][8:12].decode("latin-1")
    inside = dict(_boxes(media["minf"]))
    _check_references(inside)
    table = dict(_boxes(inside["stbl"]))
    edits = dict(_boxes(boxes["edts"])).get("elst") if "edts" in boxes else None
    durations = _pairs(table["stts"])
    codec, configuration, descriptions = _description(table["stsd"], kind)
    return Track(
        kind=kind,
        timescale=_timescale(media["mdhd"]),
        samples=sum(count for count, _ in durations),
        ticks=sum(count * delta for count, delta in durations),
        edits=_edits(edits) if edits else (),
        codec=codec,
        configuration=configuration,
        descriptions=descriptions,
    )


def _check_references(inside: dict[str, bytes]) -> None:
    """A track may say that its samples lie in another file, or at an address: nothing of that is looked for."""
    named = dict(_boxes(inside["dinf"])).get("dref", b"") if "dinf" in inside else b""
    if any(not content[3:4] or not content[3] & 1 for _, content in _boxes(named[8:])):
        raise BrokenMedia("the file's media lies outside it")


def _pairs(content: bytes) -> list[tuple[int, int]]:
    count = struct.unpack_from(">I", content, 4)[0]
    if 8 + 8 * count > len(content):
        raise BrokenMedia("a table of the file's index is cut short")
    return list(struct.iter_unpack(">II", content[8 : 8 + 8 * count]))


def _edits(content: bytes) -> tuple[Edit, ...]:
    count = struct.unpack_from(">I", content, 4)[0]
    form, step = (">Qq", 20) if content[0] == 1 else (">Ii", 12)
    return tuple(Edit(*struct.unpack_from(form, content, 8 + step * turn)) for turn in range(min(count, 1000)))


def _description(content: bytes, kind: str) -> tuple[str, bytes, int]:
    descriptions = struct.unpack_from(">I", content, 4)[0]
    codec, entry = next(_boxes(content[8:]), ("", b""))
    begins = SAMPLE_ENTRY.get(kind, len(entry))
    if kind == "soun" and content[0] == 0:
        begins += OF_QUICKTIME.get(int.from_bytes(entry[8:10]), 0)
    inside = _boxes(entry[begins:])
    configuration = next((body for name, body in inside if name in CONFIGURATION), b"")
    return codec, configuration, descriptions
