"""Pieces to film: the picture copied packet by packet, the sound encoded once, and the proof that nothing was lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

from functions.assemble.music import Level, Mix
from functions.studio import ffmpeg, loudness, sound
from functions.studio.boxes import Movie, read_movie
from functions.studio.cut import Format
from functions.studio.errors import BrokenMedia
from functions.studio.media import Picture
from functions.studio.probe import PACKETS, Packets, packets_digest, read_packets, steady_ticks

MOST_SECONDS = 600
"""For joining; the function has 900, downloads and uploads included."""

PROOF_SECONDS = 120
"""For reading a film once."""

SYNCHRONOUS = 0.001
"""Seconds by which sound and picture of a film may differ in length."""

AS_IT_IS = Level(0.0)

SOUND: dict[Format, list[str]] = {
    "mp4": [*sound.AAC, "-b:a", "160k"],
    "hevc": [*sound.AAC, "-b:a", "160k"],
    "webm": ["-c:a", "libopus", "-b:a", "128k", "-flags:a", "+bitexact"],
}

UNSEEN = {"codec_whitelist": "none", "probesize": "4096"}
"""How a piece is opened: without a decoder. Else ffmpeg decodes the first picture of each, to know better what the copy does
not ask: 70 ms a piece in full HD, ten times what copying it takes. Not for WebM: VP9's header tells what only a decoder
knows."""

LIMITER = "alimiter=limit=0.97:level=0:latency=1"


@dataclass(frozen=True)
class Part:
    """A piece on disk."""

    name: str
    """In words, for messages."""
    film: Path
    pcm: Path | None
    """None where the film is to have no sound: then all are."""
    picture: Picture


def join(
    parts: Sequence[Part],
    film: Path,
    folder: Path,
    form: Format = "mp4",
    mix: Mix | None = None,
    level: Level = AS_IT_IS,
) -> float:
    """Writes the film as MP4, whatever its format; it is not one until `prove` has seen it. Its sound is the mix, or without one the clips' own.

    How loud the clips' own sound is at its loudest, in dB: minus infinity where the film has none of it.
    """
    picture = parts[0].picture
    listing = folder / "pieces.ffconcat"
    unseen = {} if form == "webm" else UNSEEN
    options = "".join(f"option {name} {value}\n" for name, value in unseen.items())
    listing.write_text("ffconcat version 1.0\n" + "".join(f"file '{part.film}'\n{options}" for part in parts))
    ticks, lead = picture.ticks, picture.lead
    heard: list[str | Path] = []
    encoded: list[str | Path] = []
    if mix or has_sound(parts):
        samples_are, filters = ("f32le", level.filters(mix.samples)) if mix else ("s16le", f"volumedetect,{LIMITER}")
        heard = ["-protocol_whitelist", "pipe", "-f", samples_are, "-ar", str(sound.RATE), "-ac", "2", "-i", "pipe:0"]
        encoded = ["-map", "1:a:0", "-af", filters, *SOUND[form]]
    words = ffmpeg.run(
        [
            *[*ffmpeg.STRICT, "-protocol_whitelist", "file", "-format_whitelist", "concat,mov"],
            *_options(unseen),
            *["-f", "concat", "-auto_convert", "0", "-safe", "0", "-i", str(listing)],
            *heard,
            *["-map", "0:V:0", "-c:v", "copy"],
            *["-bsf:v", f"setts=dts=N*{ticks}-{lead}:pts=N*{ticks}-{lead}+PTS-DTS:duration={ticks}"],
            *encoded,
            *["-movflags", "+faststart"],
            *["-video_track_timescale", str(picture.timescale), "-movie_timescale", str(sound.RATE)],
            *["-map_metadata", "-1", "-fflags", "+bitexact", "-f", "mp4", str(film)],
        ],
        seconds=MOST_SECONDS,
        stdin=mix.read() if mix else sound_track(parts),
    )
    return loudness.loudest(words)


def _options(options: Mapping[str, str]) -> list[str]:
    return [part for name, value in options.items() for part in (f"-{name}", value)]


def wrap(film: Path, wrapped: Path, folder: Path) -> None:
    """A film that was proved, packet by packet as WebM; BrokenMedia unless all of them are there."""
    copied = ["-map", "0", "-c", "copy", "-map_metadata", "-1", "-fflags", "+bitexact", "-f", "webm"]
    ffmpeg.run([*ffmpeg.media(film), *copied, wrapped], seconds=PROOF_SECONDS)
    of_webm = [*ffmpeg.STRICT, "-protocol_whitelist", "file", "-f", "matroska", "-i", str(wrapped)]
    for stream in ("v", "a?"):
        seen: list[str] = []
        for opened in (ffmpeg.media(film), of_webm):
            told = folder / f"wrapped_{len(seen)}.framehash"
            hashed = ["-map", f"0:{stream}", "-c", "copy", "-f", "framehash", "-hash", "murmur3"]
            ffmpeg.run([*opened, *hashed, told], seconds=PROOF_SECONDS)
            seen.append(packets_digest(read_packets(told.read_text()).packets))
        if seen[0] != seen[1]:
            raise BrokenMedia("The film is not what was planned: as WebM it has other packets.")


def sound_track(parts: Sequence[Part]) -> Iterator[bytes]:
    """The pieces' sound, each cut where its last frame ends: counted from the film's beginning, so nothing adds up."""
    fps = parts[0].picture.fps
    ends = accumulate((part.picture.frames for part in parts), initial=0)
    marks = [sound.samples(Fraction(frames) / fps) for frames in ends]
    for part, (start, end) in zip(parts, pairwise(marks), strict=True):
        if part.pcm:
            yield from sound.read(part.pcm, end - start)


def samples(parts: Sequence[Part]) -> int:
    """Of the whole film's sound."""
    return sound.samples(Fraction(sum(part.picture.frames for part in parts)) / parts[0].picture.fps)


def has_sound(parts: Sequence[Part]) -> bool:
    return all(part.pcm for part in parts)


def prove(film: Path, parts: Sequence[Part], folder: Path, *, mixed: bool = False) -> None:
    """BrokenMedia unless the film is exactly its pieces: every packet, one decoder configuration, every frame, all sound."""
    movie = read_movie(film)
    heard = mixed or has_sound(parts)
    copied = folder / "film.framehash"
    ffmpeg.run([*_options(UNSEEN), *ffmpeg.media(film), *PACKETS, copied], seconds=PROOF_SECONDS)
    for fault in [*picture_faults(movie, read_packets(copied.read_text()), parts), *length_faults(movie, parts, heard)]:
        raise BrokenMedia(f"The film is not what was planned: {fault}.")


def check_length(part: Part) -> None:
    """BrokenMedia where a piece's sound ends before its picture does: what is missing would be silence."""
    if part.pcm:
        there, planned = part.pcm.stat().st_size // sound.SAMPLE_BYTES, sound.samples(part.picture.seconds)
        if there < planned:
            raise BrokenMedia(f"its sound lasts {there / sound.RATE:.3f} s of {planned / sound.RATE:.3f} s")


def spoilt(parts: Sequence[Part], folder: Path) -> dict[int, str]:
    """By place, the pieces that are not what they were when their rows were written; asked when no film came of them."""
    faults = {}
    for turn, part in enumerate(parts):
        try:
            ffmpeg.run([*ffmpeg.media(part.film), *PACKETS, folder / "part.framehash"], seconds=PROOF_SECONDS)
            packets = read_packets((folder / "part.framehash").read_text()).packets
        except BrokenMedia as fault:
            faults[turn] = str(fault)
        else:
            if packets_digest(packets) != part.picture.packets:
                faults[turn] = "its file is not the one that was proved"
    return faults


def picture_faults(movie: Movie, packets: Packets, parts: Sequence[Part]) -> Iterator[str]:
    first = parts[0].picture
    planned = sum(part.picture.frames for part in parts)
    track = movie.first("vide")
    if len({part.picture.seam for part in parts}) != 1 or first.seam is None:
        yield "its pieces do not fit each other"
    if track is None or track.samples != planned or len(packets.packets) != planned:
        yield f"it has {len(packets.packets)} of {planned} frames"
        return
    if track.descriptions != 1 or hashlib.sha256(track.configuration).hexdigest() != first.extradata:
        yield "its decoder configuration is not its pieces'"
    if packets.timescale != first.timescale or steady_ticks(packets.packets) != first.ticks:
        yield "its frames do not follow each other evenly"
    if not movie.moov_first:
        yield "its index is not in front"
    start = 0
    for part in parts:
        end = start + part.picture.frames
        if packets_digest(packets.packets[start:end]) != part.picture.packets:
            yield f"its packets are not those of {part.name}"
        start = end


def length_faults(movie: Movie, parts: Sequence[Part], heard: bool) -> Iterator[str]:
    length = sum((part.picture.seconds for part in parts), Fraction(0))
    tracks = {"vide": "picture"} | ({"soun": "sound"} if heard else {})
    if len(movie.tracks) != len(tracks):
        yield f"it has {len(movie.tracks)} tracks instead of {len(tracks)}"
    for kind, name in tracks.items():
        track = movie.first(kind)
        if track is None or len(track.edits) != 1:
            yield f"its {name} has no exact length"
            continue
        edit = track.edits[0]
        shown = Fraction(edit.duration, movie.timescale)
        if abs(shown - length) > SYNCHRONOUS:
            yield f"its {name} lasts {float(shown):.4f} s instead of {float(length):.4f} s"
        if kind == "soun" and Fraction(track.ticks - edit.media_time, track.timescale) < length - SYNCHRONOUS:
            yield "its sound ends early"
