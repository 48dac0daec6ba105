"""Music of every form, made by the real ffmpeg when it is wanted; and how loud something is, in ffmpeg's own words."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.media import FFMPEG, Studio

ENCODERS: dict[str, list[str]] = {
    "mp3": ["-c:a", "libmp3lame", "-b:a", "64k"],
    "m4a": ["-c:a", "aac"],
    "aac": ["-c:a", "aac"],
    "wav": ["-c:a", "pcm_s16le"],
    "ogg": ["-c:a", "libvorbis"],
    "opus": ["-c:a", "libopus"],
    "flac": ["-c:a", "flac"],
}


def tune(studio: Studio, form: str = "mp3", seconds: float = 3, *, source: str = "", rate: int = 44_100) -> Path:
    """A tone of 330 Hz that swells and ebbs four times a second, or whatever `source` of ffmpeg's says."""
    heard = source or f"sine=f=330:r={rate}:d={seconds},tremolo=f=4:d=0.5"
    return studio.made(["-f", "lavfi", "-i", heard, "-ac", "2", *ENCODERS[form]], form)


def loudness(file: Path, *filters: str) -> tuple[float, float]:
    """LUFS and dBTP of a file, or of what filters leave of it."""
    chain = ",".join([*filters, "ebur128=peak=true:framelog=quiet"])
    done = subprocess.run(
        [FFMPEG, "-hide_banner", "-nostats", "-i", file, "-map", "0:a:0", "-af", chain, "-f", "null", "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    [loud] = re.findall(r"I: +(-?[\d.]+) LUFS", done)
    [peak] = re.findall(r"Peak: +(-?[\d.]+|-inf) dBFS", done)
    return float(loud), float(peak)


def level(file: Path, start: float, end: float, *filters: str) -> float:
    """The mean level between two seconds, in dB, of a file or of what filters leave of it."""
    chain = ",".join([f"atrim={start}:{end}", *filters, "astats=measure_perchannel=none"])
    done = subprocess.run(
        [FFMPEG, "-hide_banner", "-nostats", "-i", file, "-map", "0:a:0", "-af", chain, "-f", "null", "-"],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    return float(re.findall(r"RMS level dB: (-?[\d.]+|-inf)", done)[-1])
