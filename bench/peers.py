"""How others put the same clips together, each as a command that writes a film without sound."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import imageio_ffmpeg

from bench.film_job import NoBench
from local.checkout import ROOT

PYTHON: Final = ROOT / ".cache" / "peers" / "bin" / "python"
"""That has moviepy: `make bench` sees to it."""

MOVIEPY: Final = """\
import sys
from moviepy import VideoFileClip, concatenate_videoclips
*clips, film = sys.argv[1:]
together = concatenate_videoclips([VideoFileClip(clip, audio=False) for clip in clips])
together.write_videofile(film, codec="libx264", preset="veryfast", audio=False, threads=2, logger=None)
"""

MOVING: Final = """\
import sys
from moviepy import CompositeVideoClip, ImageClip, vfx
width, height, fps, length, fade, film, *pictures = sys.argv[1:]
size, fps, fade = (int(width), int(height)), int(fps), float(fade)
each = (float(length) + fade * (len(pictures) - 1)) / len(pictures)
shown = []
for turn, picture in enumerate(pictures):
    still = ImageClip(picture).resized(height=size[1]).with_duration(each)
    moving = still.resized(lambda t: 1 + 0.11 * t / each).with_position("center").with_start(turn * (each - fade))
    shown.append(moving.with_effects([vfx.CrossFadeIn(fade)]) if turn else moving)
together = CompositeVideoClip(shown, size=size).with_duration(float(length))
together.write_videofile(film, fps=fps, codec="libx264", preset="veryfast", audio=False, threads=2, logger=None)
"""

VERYFAST: Final = shlex.split("-an -c:v libx264 -preset veryfast -pix_fmt yuv420p")


def cat(clips: Sequence[Path], film: Path) -> float:
    """Seconds that it takes, as of all here."""
    film.unlink(missing_ok=True)
    began = time.perf_counter()
    with film.open("wb") as out:
        subprocess.run(["cat", *clips], stdout=out, check=True)
    return time.perf_counter() - began


def encoded_anew(clips: Sequence[Path], film: Path) -> float:
    listing = film.with_suffix(".ffconcat")
    listing.write_text("ffconcat version 1.0\n" + "".join(f"file '{clip}'\n" for clip in clips))
    return _ffmpeg(["-f", "concat", "-safe", "0", "-i", str(listing)], film)


def xfade_chain(clips: Sequence[Path], lengths: Sequence[Fraction], fade: Fraction, film: Path) -> float:
    """All clips open at once, each faded into what came of those before it; `lengths` and `fade` in seconds."""
    opened = [argument for clip in clips for argument in ("-i", str(clip))]
    return _ffmpeg([*opened, "-filter_complex", chain(lengths, fade), "-map", "[film]"], film)


def chain(lengths: Sequence[Fraction], fade: Fraction) -> str:
    steps, before, offset = [], "0:v", Fraction(0)
    for turn, length in enumerate(lengths[:-1], 1):
        offset += length - fade
        after = "film" if turn == len(lengths) - 1 else f"x{turn}"
        steps.append(f"[{before}][{turn}:v]xfade=duration={float(fade)}:offset={float(offset)}[{after}]")
        before = after
    return ";".join(steps)


def moviepy(clips: Sequence[Path], film: Path) -> float:
    return _by_moviepy(MOVIEPY, *clips, film)


def moving(pictures: Sequence[Path], size: tuple[int, int], fps: int, length: float, fade: float, film: Path) -> float:
    """A film of that length of pictures that come slowly nearer, each faded into the next; times in seconds."""
    return _by_moviepy(MOVING, *size, fps, length, fade, film, *pictures)


def _by_moviepy(program: str, *arguments: object) -> float:
    if not PYTHON.exists():
        raise NoBench("moviepy is not there; `make bench` fetches it")
    return _seconds(
        [str(PYTHON), "-c", program, *map(str, arguments)],
        {"IMAGEIO_FFMPEG_EXE": imageio_ffmpeg.get_ffmpeg_exe()},
    )


def _ffmpeg(arguments: Sequence[str], film: Path) -> float:
    return _seconds(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments, *VERYFAST, str(film)]
    )


def _seconds(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoBench(f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr[-400:]}")
    return time.perf_counter() - began
