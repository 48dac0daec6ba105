"""What a viewer gets of a film: decoded pictures and samples."""

from __future__ import annotations

import subprocess
from array import array
from collections.abc import Sequence
from pathlib import Path

from tests.media import FFMPEG

Colour = tuple[int, int, int]


def decoded(film: Path, *arguments: str) -> bytes:
    command = [FFMPEG, "-v", "error", "-nostdin", "-xerror", "-i", str(film), *arguments, "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def pixels(film: Path, frame: int, points: Sequence[tuple[int, int]], size: tuple[int, int]) -> list[Colour]:
    """The colours at some points (x, y) of one frame."""
    picked = ["-vf", f"select='eq(n,{frame})'", "-fps_mode", "passthrough", "-frames:v", "1"]
    raw = decoded(film, *picked, "-f", "rawvideo", "-pix_fmt", "rgb24")
    width, height = size
    assert len(raw) == width * height * 3
    places = ((y * width + x) * 3 for x, y in points)
    return [(raw[at], raw[at + 1], raw[at + 2]) for at in places]


def frames_of(film: Path) -> int:
    """Counted by decoding."""
    return len(
        decoded(
            film, "-map", "0:v", "-vf", "scale=1:1", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray"
        )
    )


def heard(film: Path) -> array[int]:
    """Samples, left and right in turn."""
    return array("h", decoded(film, "-map", "0:a", "-f", "s16le", "-ac", "2"))


def loudest(samples: array[int]) -> int:
    return max(map(abs, samples), default=0)


def near(one: Sequence[int], other: Sequence[int], within: int = 16) -> bool:
    return all(abs(a - b) <= within for a, b in zip(one, other, strict=True))
