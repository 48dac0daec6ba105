"""The one run of ffmpeg that finds out what a media file is, decodes everything, and how its words are read.

The parts that read ffmpeg's words are pure; `examine` runs it.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from functions.studio import ffmpeg, sound
from functions.studio.boxes import Movie, read_movie
from functions.studio.errors import BrokenMedia
from functions.studio.media import Picture, Probe, Sound
from functions.studio.visible import DETECT, read_visible

FIELD_ORDERS = ("progressive", "top first", "bottom first", "top coded first (swapped)", "bottom coded first (swapped)")


THUMBNAIL = 640
"""Pixels that a clip's is wide, at most."""

ENTRIES = frozenset({"avc1", "hvc1", "vp09"})
"""Sample entries that keep the decoder's configuration to themselves, out of the packets."""

PACKETS = ("-map", "0:V:0", "-c", "copy", "-f", "framehash", "-hash", "murmur3")
"""ffmpeg's arguments that write the packets of a picture as `read_packets` reads them."""


class Packet(NamedTuple):
    dts: int
    pts: int
    duration: int
    size: int
    hash: str


class Packets(NamedTuple):
    """A track as `PACKETS` has it written."""

    timescale: Fraction
    packets: Sequence[Packet]


def read_packets(text: str) -> Packets:
    timescale = Fraction(0)
    packets: list[Packet] = []
    for line in text.splitlines():
        if line.startswith("#tb 0:"):
            over, under = line.split(":")[1].split("/")
            timescale = Fraction(int(under), int(over))
        elif not line.startswith("#"):
            _, dts, pts, duration, size, digest = (part.strip() for part in line.split(",")[:6])
            packets.append(Packet(int(dts), int(pts), int(duration), int(size), digest))
    return Packets(timescale, packets)


def packets_digest(packets: Iterable[Packet]) -> str:
    digest = hashlib.sha256()
    for packet in packets:
        digest.update(f"{packet.size} {packet.hash}\n".encode())
    return digest.hexdigest()


def steady_ticks(packets: Sequence[Packet]) -> int | None:
    """Ticks a frame when the frames follow each other from zero without a gap, and each lasts as long; else None."""
    shown = sorted(packet.pts for packet in packets)
    ticks = shown[1] - shown[0] if len(shown) > 1 else packets[0].duration
    steady = ticks > 0 and all(pts == turn * ticks for turn, pts in enumerate(shown))
    return ticks if steady else None


def read_banner(words: str) -> tuple[dict[str, object], Sound | None]:
    """The picture's and the sound's fields from ffmpeg's description of its input; BrokenMedia without a picture."""
    described = words.partition("Stream mapping:")[0]
    picture = re.search(r"^ *Stream #0:(\d+).*?: Video: (?!.*\(attached pic\))(.+)$", described, re.MULTILINE)
    if picture is None:
        raise BrokenMedia("the file has no picture")
    heard = re.search(r"^ *Stream #0:\d+.*?: Audio: (.+)$", described, re.MULTILINE)
    turned = re.search(r"rotation of (-?\d+(?:\.\d+)?) degrees", described)
    fields = _picture_fields(picture[2]) | {"index": int(picture[1])}
    if turned:
        fields["rotation"] = round(float(turned[1])) % 360
    return fields, _sound_fields(heard[1]) if heard else None


def _picture_fields(line: str) -> dict[str, object]:
    parts = re.split(r", (?![^(\[]*[)\]])", line)
    codec, _, profile = parts[0].partition(" ")
    named = re.match(r"\(([^()/]+)\)", profile)
    fields: dict[str, object] = {"codec": codec, "profile": named[1] if named else ""}
    pixels = re.match(r"(\w+)(?:\((.*)\))?$", parts[1])
    if pixels:
        notes = [note for note in (pixels[2] or "").split(", ") if note]
        fields["pixel_format"] = pixels[1]
        fields["colour"] = ", ".join(note for note in notes if note not in FIELD_ORDERS)
        fields["field_order"] = next((note for note in notes if note in FIELD_ORDERS), "progressive")
    size = re.search(r", (\d+)x(\d+)(?: \[SAR (\d+:\d+))?", line)
    told = re.search(
        r", SAR (\d+:\d+) DAR ", line
    )  # by the container, where it differs from the picture's own: it prevails
    if size:
        aspect = told[1] if told else size[3]
        fields |= {"width": int(size[1]), "height": int(size[2]), "sample_aspect": aspect or "1:1"}
    return fields


def _sound_fields(line: str) -> Sound:
    parts = line.split(", ")
    return Sound(codec=parts[0].split(" ")[0], rate=int(parts[1].split(" ")[0]), layout=parts[2])


def describe(movie: Movie, words: str, packets: Packets, size: int) -> Probe:
    """The Probe of a file of `size` bytes, from its boxes, ffmpeg's words about it, and its packets."""
    fields, heard = read_banner(words)
    found = packets.packets
    if not found:
        raise BrokenMedia("the file has a picture track without frames")
    if packets.timescale.denominator != 1:
        raise BrokenMedia(f"the picture's time base is 1/{packets.timescale} s")
    track = movie.first("vide")
    whole = track is not None and track.descriptions == 1 and track.samples == len(found) and track.codec in ENTRIES
    first, last = min(one.pts for one in found), max(one.pts for one in found)
    end = max(one.pts + one.duration for one in found)
    black, still = read_visible(words, *(float(pts / packets.timescale) for pts in (first, last, end)))
    extradata = hashlib.sha256(track.configuration).hexdigest() if track and whole and track.configuration else ""
    picture = Picture.model_validate(
        {
            **fields,
            "timescale": int(packets.timescale),
            "ticks": steady_ticks(found),
            "frames": len(found),
            "lead": found[0].pts - found[0].dts,
            "span": end - first,
            "extradata": extradata,
            "packets": packets_digest(found),
            "black": black,
            "still": still,
        }
    )
    return Probe(bytes=size, picture=picture, sound=heard)


def sha256(path: Path) -> str:
    """Of the whole file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Stills:
    """Where two frames of a file go, as JPEGs: a small one of its middle, and its very last as large as it is shown."""

    thumbnail: Path
    last: Path

    def arguments(self, frames: int) -> list[str | Path]:
        """For a file of so many frames; nothing is written where it has fewer."""
        upright = "scale='trunc(iw*sar/2)*2':'trunc(ih/2)*2',setsar=1,format=yuvj420p"
        small = f"select='eq(n,{frames // 2})',scale='trunc(min({THUMBNAIL},iw*sar)/2)*2':-2,setsar=1,format=yuvj420p"
        jpeg = ["-frames:v", "1", "-q:v", "2", "-fflags", "+bitexact", "-f", "image2", "-update", "1"]
        last = f"select='eq(n,{frames - 1})',{upright}"
        each = ["-map", "0:V:0", "-fps_mode", "passthrough", "-vf"]
        return [*each, small, *jpeg, self.thumbnail, *each, last, *jpeg, self.last]


def examine(path: Path, *, pcm: Path | None = None, stills: Stills | None = None, seconds: float = 240) -> Probe:
    """Reads, hashes and decodes the whole file; BrokenMedia where anything is wrong with it.

    `pcm` is given the sound (see `sound`), exactly as long as the picture; silence where the file has none. `stills` are
    taken on the way.
    """
    movie = read_movie(path)
    track = movie.first("vide")
    if track is None:
        raise BrokenMedia("the file has no picture")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        copied, decoded = Path(folder, "copied"), Path(folder, "decoded")
        arguments: list[str | Path] = [*ffmpeg.media(path)]
        arguments += [*PACKETS, copied]
        arguments += ["-map", "0:V:0", "-fps_mode", "passthrough", "-vf", f"scale=320:-2:flags=fast_bilinear,{DETECT}"]
        arguments += ["-f", "framecrc", decoded]
        arguments += stills.arguments(track.samples) if stills else []
        if pcm and movie.first("soun"):
            chain = "aresample=48000:async=1:first_pts=0,aformat=sample_fmts=s16:channel_layouts=stereo"
            chain += f",atrim=end={track.ticks / track.timescale + 1:.3f}"
            arguments += ["-map", "0:a:0", "-af", chain, "-f", "s16le", pcm]
        words = ffmpeg.run(arguments, seconds=seconds)
        probe = describe(movie, words, read_packets(copied.read_text()), path.stat().st_size)
        frames = sum(not line.startswith("#") for line in decoded.read_text().splitlines())
    if frames != probe.picture.frames:
        raise BrokenMedia(f"only {frames} of {probe.picture.frames} frames can be decoded")
    if pcm:
        length = sound.samples(probe.picture.seconds)
        sound.cut_to(pcm, length)
        if probe.sound:
            heard = probe.sound.model_copy(update={"loudest": sound.loudest(sound.read(pcm, length))})
            probe = probe.model_copy(update={"sound": heard})
    return probe
