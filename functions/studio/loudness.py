"""How loud sound is (ITU-R BS.1770, EBU R 128), as ffmpeg measures it, and how its words are read."""

from __future__ import annotations

import math
import re
from pathlib import Path

from functions.studio import ffmpeg
from functions.studio.errors import BrokenMedia
from functions.studio.media import Loudness

MEASURE = "ebur128=framelog=quiet:peak=true"
"""The filter whose words `read` understands; the sound passes through it."""

NOTHING = -70.0
"""LUFS: below the gate of the measure, which is what it says of silence and of less than 0.4 s."""


def read(words: str) -> Loudness:
    integrated = re.findall(r"\bI: +(-?[\d.]+|-?inf|-?nan) LUFS", words)
    peak = re.findall(r"\bPeak: +(-?[\d.]+|-?inf|-?nan) dBFS", words)
    if not integrated or not peak:
        raise BrokenMedia("the sound's loudness could not be measured")
    loud, top = float(integrated[-1]), float(peak[-1])
    return Loudness(
        integrated=loud if math.isfinite(loud) and loud > NOTHING else None, peak=top if math.isfinite(top) else None
    )


def loudest(words: str) -> float:
    """dB, as volumedetect found it; minus infinity where there was nothing."""
    return float((re.findall(r"max_volume: (-?[\d.]+|-inf) dB", words) or ["-inf"])[-1])


def samples(words: str) -> int:
    """That volumedetect saw, of two channels each."""
    return int((re.findall(r"n_samples: (\d+)", words) or ["0"])[-1]) // 2


def measured(film: Path, seconds: float) -> Loudness:
    """Of a film's sound, decoded whole."""
    return read(ffmpeg.run([*ffmpeg.media(film), "-map", "0:a:0", "-af", MEASURE, "-f", "null", "-"], seconds=seconds))
