"""From what a voice has spoken, part by part, to a narration's sound: 48 kHz, 16 bits, stereo, counted in samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

from functions.studio import ffmpeg, sound
from functions.studio.errors import BrokenMedia
from functions.studio.filling import parted
from functions.studio.narration import Word

FAINT = 104
"""Of 32,767: at -50 dB and below nobody speaks."""

BLOCK = sound.RATE // 100
"""Samples that are looked at together."""

BREATH = 2 * BLOCK, 6 * BLOCK
"""Samples that stay in front of the first sound and behind the last."""

PAUSE = sound.RATE // 4
"""Samples of silence between two parts."""

DECODING_SECONDS = 60


def parts_of(script: str, most: int) -> list[str]:
    """The script in as few parts as there must be, of at most so many characters: between sentences where that goes."""
    for many in range(ceil(len(script) / most), len(script) + 1):
        parts = parted(script, [1] * many)
        if max(map(len, parts)) <= most and (many == 1 or len(set(parts)) > 1):
            return parts
    return [script[start : start + most] for start in range(0, len(script), most)]


@dataclass(frozen=True)
class Take:
    """A part, decoded: a file of PCM, and the stretch of it in which something is heard."""

    pcm: Path
    first: int
    last: int

    @property
    def samples(self) -> int:
        return self.last - self.first

    @property
    def seconds(self) -> float:
        return self.samples / sound.RATE


def taken(spoken: bytes, opened: Sequence[str], to: Path) -> Take:
    """BrokenMedia where nothing is heard, or it is no sound; `opened` are ffmpeg's arguments for its form."""
    file = to.with_suffix(".spoken")
    file.write_bytes(spoken)
    chain = "aresample=48000,aformat=sample_fmts=s16:channel_layouts=stereo"
    ffmpeg.run(
        [*ffmpeg.STRICT, "-protocol_whitelist", "file", *opened, "-i", file, "-af", chain, "-f", "s16le", to],
        seconds=DECODING_SECONDS,
    )
    file.unlink()
    loud = [turn for turn, block in enumerate(_blocks(to)) if sound.loudest([block]) >= FAINT]
    if not loud:
        raise BrokenMedia("nothing is heard of what was spoken")
    whole = to.stat().st_size // sound.SAMPLE_BYTES
    before, behind = BREATH
    return Take(to, max(0, loud[0] * BLOCK - before), min(whole, (loud[-1] + 1) * BLOCK + behind))


def _blocks(pcm: Path) -> Iterator[bytes]:
    with pcm.open("rb") as file:
        while block := file.read(BLOCK * sound.SAMPLE_BYTES):
            yield block


@dataclass(frozen=True)
class Speech:
    """All parts in a row, with a pause between them."""

    pcm: Path
    samples: int
    starts: list[int]
    """Of the parts, in samples."""

    @property
    def seconds(self) -> float:
        return float(Fraction(self.samples, sound.RATE))


def joined(takes: Sequence[Take], to: Path) -> Speech:
    starts: list[int] = []
    written = 0
    with to.open("wb") as file:
        for take in takes:
            if starts:
                file.write(bytes(PAUSE * sound.SAMPLE_BYTES))
                written += PAUSE
            starts.append(written)
            for chunk in sound.read(take.pcm, take.samples, take.first):
                file.write(chunk)
            written += take.samples
    return Speech(to, written, starts)


def in_the_whole(words: Sequence[Word], take: Take, start: int) -> list[Word]:
    """Words at the times of a part as it was spoken, at those of the narration."""
    moved = (start - take.first) / sound.RATE
    return [Word(text=word.text, start=word.start + moved, end=word.end + moved) for word in words]


def as_flac(pcm: Path, to: Path) -> None:
    """One channel, as both are the same; the same samples are the same file."""
    opened: list[str | Path] = ["-protocol_whitelist", "file", "-f", "s16le", "-ar", "48000", "-ac", "2", "-i", pcm]
    encoded: list[str | Path] = ["-ac", "1", "-c:a", "flac", "-map_metadata", "-1", "-fflags", "+bitexact"]
    ffmpeg.run([*opened, *encoded, "-flags:a", "+bitexact", "-f", "flac", to], seconds=DECODING_SECONDS)
