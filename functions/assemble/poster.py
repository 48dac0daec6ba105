"""The film's poster: of its first keyframes, a sharp one that is neither dark nor blown out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from functions.studio import ffmpeg
from functions.studio.errors import BrokenMedia

PIECES = 3
"""Looked at, from the film's beginning: enough to get past a black opening, and cheap however long the film is."""

PLEASANT = (40.0, 215.0)
"""Mean luma."""


class Look(NamedTuple):
    film: Path
    at: str
    """Seconds, as ffmpeg wrote them."""
    luma: float
    blur: float
    """As blurdetect measures it: the less, the sharper."""


def make_poster(films: Sequence[Path], poster: Path) -> None:
    """Writes a JPEG of the film's own size."""
    looks = [look for film in films[:PIECES] for look in look_at(film)]
    if not looks:
        raise BrokenMedia("The film has no frame for a poster.")
    best = choose(looks)
    frame = ["-map", "0:V:0", "-frames:v", "1", "-q:v", "2", "-pix_fmt", "yuvj420p", "-fflags", "+bitexact"]
    ffmpeg.run(["-ss", best.at, *ffmpeg.media(best.film), *frame, "-f", "image2", "-update", "1", poster], seconds=60)


def look_at(film: Path) -> list[Look]:
    """The keyframes of a file."""
    measure = "scale=320:-2:flags=fast_bilinear,signalstats,blurdetect,metadata=print"
    words = ffmpeg.run(
        ["-skip_frame", "nokey", *ffmpeg.media(film), "-map", "0:V:0", "-vf", measure, "-f", "null", "-"], seconds=60
    )
    return read_looks(film, words)


def read_looks(film: Path, words: str) -> list[Look]:
    looks = []
    for block in re.split(r"frame:\d+ +pts:", words)[1:]:
        at, luma, blur = (
            re.search(pattern, block)
            for pattern in (r"pts_time:([\d.]+)", r"signalstats\.YAVG=([\d.]+)", r"lavfi\.blur=([\d.]+)")
        )
        if at and luma:
            looks.append(Look(film, at[1], float(luma[1]), float(blur[1]) if blur else float("inf")))
    return looks


def choose(looks: Sequence[Look]) -> Look:
    """The sharpest pleasant one; where none is, the one nearest to the middle grey."""
    low, high = PLEASANT
    pleasant = [look for look in looks if low <= look.luma <= high]
    if pleasant:
        return min(pleasant, key=lambda look: look.blur)
    return min(looks, key=lambda look: abs(look.luma - (low + high) / 2))
