"""Sound as the film's pieces keep it: raw PCM (s16le, 48 kHz, stereo), counted in samples, so that nothing drifts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

RATE = 48_000
SAMPLE_BYTES = 4
CHUNK = 1 << 20


def samples(seconds: Fraction) -> int:
    return round(seconds * RATE)


def cut_to(path: Path, count: int) -> None:
    """Makes the file exactly `count` samples long: the end falls away, or silence (zeros) follows."""
    path.touch()
    os.truncate(path, count * SAMPLE_BYTES)


def read(path: Path, count: int, start: int = 0) -> Iterator[bytes]:
    """Exactly `count` samples of the file from sample `start` on, with silence behind its end."""
    left = count * SAMPLE_BYTES
    with path.open("rb") as file:
        file.seek(start * SAMPLE_BYTES)
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
    while left:
        chunk = bytes(min(CHUNK, left))
        left -= len(chunk)
        yield chunk
