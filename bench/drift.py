"""Sound against picture, seen and heard in a film of clips that flash and beep in the same moment."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import imageio_ffmpeg

from functions.assemble.film import Part, join, prove
from functions.studio.probe import examine

if TYPE_CHECKING:
    import numpy

FPS: Final = 24
FRAMES: Final = 78
"""Of a clip: its sound is no whole number of AAC's packets, so that clips which bring their own would drift."""

FLASH: Final = 30
"""The frame that is white; the beep begins with it."""

RATE: Final = 48_000
BEEP: Final = 4800
"""Samples, rising from 500 to 1500 Hz: a tone that stays would look alike a period later."""

SEARCH: Final = RATE
"""Samples before and behind a flash in which its beep is looked for."""

WIDTH, HEIGHT = 32, 18
CLIPS: Final = 50


def measure(folder: Path) -> float:
    """Milliseconds between flash and beep of the last clip, in a film that Assemble makes."""
    film = folder / "film.mp4"
    clip, pcm = draw(folder / "clip.mp4"), folder / "clip.pcm"
    picture = examine(clip, pcm=pcm).picture
    parts = [Part(f"clip {number}", clip, pcm, picture) for number in range(1, CLIPS + 1)]
    join(parts, film, folder)
    prove(film, parts, folder)
    return abs(offsets(film)[CLIPS - 1]) * 1000 / RATE


def draw(path: Path) -> Path:
    start, end = FLASH * RATE // FPS, FLASH * RATE // FPS + BEEP
    white = f"drawbox=color=white:t=fill:enable='eq(n,{FLASH})'"
    picture = f"color=c=black:s=320x180:r={FPS}:d={FRAMES / FPS},{white}"
    phase = f"2*PI*(500+5000*(n-{start})/{RATE})*(n-{start})/{RATE}"
    sound = f"aevalsrc='if(between(n,{start},{end}),0.5*sin({phase}),0)':s={RATE}:c=stereo:d={FRAMES / FPS}"
    command = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    command += shlex.split("-c:v libx264 -preset veryfast -pix_fmt yuv420p -c:a aac -b:a 128k -f mp4")
    ffmpeg(*command, str(path))
    return path


def offsets(film: Path) -> list[int]:
    """Samples by which each flash's beep comes late (or early: below zero), for a player that counts frames and samples."""
    import numpy

    raw = ffmpeg("-i", str(film), "-map", "0:v:0", "-fps_mode", "passthrough", "-vf", f"scale={WIDTH}:{HEIGHT}",
                 "-pix_fmt", "gray", "-f", "rawvideo", "-")  # fmt: skip
    light = numpy.frombuffer(raw, numpy.uint8).reshape(-1, WIDTH * HEIGHT).mean(axis=1)
    heard = ffmpeg("-i", str(film), "-map", "0:a:0", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-")
    sound = numpy.frombuffer(heard, "<i2").astype(numpy.float64)
    return [beep(sound, int(frame) * RATE // FPS) for frame in numpy.flatnonzero(light > 128)]


def beep(sound: numpy.ndarray, flash: int) -> int:
    """Where the beep is most like itself, from `flash` on; both in samples."""
    import numpy

    turn = numpy.arange(BEEP)
    model = numpy.sin(2 * numpy.pi * (500 + 5000 * turn / RATE) * turn / RATE)
    start = max(0, flash - SEARCH)
    stretch = sound[start : flash + SEARCH + BEEP]
    size = 1 << (len(stretch) + BEEP).bit_length()
    product = numpy.fft.rfft(stretch, size) * numpy.conj(numpy.fft.rfft(model, size))
    likeness = numpy.fft.irfft(product, size)[: len(stretch)]
    return start + int(numpy.argmax(likeness)) - flash


def ffmpeg(*arguments: str) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout
