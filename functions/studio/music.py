"""Music as it comes: what a file must be to be taken, and how it is decoded."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from functions.studio import ffmpeg, loudness, sound, tunes
from functions.studio.errors import BrokenMedia
from functions.studio.media import Loudness

MOST_BYTES = 50_000_000
"""Five minutes of a WAV, half an hour of an MP3."""
LEAST_SECONDS = 1
MOST_SECONDS = 900
SILENT = -60.0
"""dB: music that is never louder is none."""
SAME_LENGTH = 0.05
"""Seconds by which a file may be shorter than it says."""


class Tune(NamedTuple):
    form: tunes.Form
    seconds: Fraction
    loudness: Loudness


def listen(
    path: Path, *, pcm: Path | None = None, most_seconds: float = MOST_SECONDS, within: float = 60, loop: bool = False
) -> Tune:
    """Decodes the file; BrokenMedia, in words for whoever sent it, unless it is whole, and music.

    `pcm` is given the music (see `sound`) from where it is heard first, `most_seconds` of it (of a `loop` every sample, or it
    would not fit itself); without it, a file that is longer is refused.
    """
    form = tunes.walk(path)
    promised = tunes.promised_seconds(path, form)
    if pcm is None and promised is not None and promised > most_seconds:
        raise BrokenMedia(_too_long(most_seconds))
    opened = [*ffmpeg.STRICT, "-protocol_whitelist", "file", "-f", form.demuxer, "-i", str(path)]
    chain = "aresample=48000,aformat=sample_fmts=s16:channel_layouts=stereo"
    if pcm and not loop:
        chain += f",silenceremove=start_periods=1:start_threshold={SILENT}dB:start_silence=0.02"
    chain += f",atrim=end_sample={sound.samples(Fraction(most_seconds)) + (0 if pcm else 1)},volumedetect"
    heard: list[str | Path] = ["-f", "s16le", pcm] if pcm else ["-f", "null", "-"]
    measured = f"[0:a:0]{chain},asplit[out][level];[level]{loudness.MEASURE}[measured]"
    try:
        words = ffmpeg.run(
            [*opened, "-filter_complex", measured, "-map", "[out]", *heard, "-map", "[measured]", "-f", "null", "-"],
            seconds=within,
        )
    except BrokenMedia as fault:
        raise BrokenMedia(f"the {form.name} cannot be decoded: {fault}") from None
    tune = Tune(form, Fraction(loudness.samples(words), sound.RATE), loudness.read(words))
    if pcm is None:
        _check(tune, promised, loudness.loudest(words), most_seconds)
    return tune


def _too_long(most_seconds: float) -> str:
    return f"the music lasts more than {most_seconds / 60:g} minutes"


def _check(tune: Tune, promised: float | None, loudest: float, most_seconds: float) -> None:
    if tune.seconds > most_seconds:
        raise BrokenMedia(_too_long(most_seconds))
    if promised is not None and tune.seconds < promised - SAME_LENGTH:
        raise BrokenMedia(
            f"the {tune.form.name} is not whole: {float(tune.seconds):.1f} of {promised:.1f} s can be decoded"
        )
    if tune.seconds < LEAST_SECONDS:
        raise BrokenMedia(f"the music lasts {float(tune.seconds):.2f} s; {LEAST_SECONDS} s is the least")
    if loudest < SILENT:
        raise BrokenMedia("the music is silent")
