"""Sound as the film's pieces keep it: raw PCM (s16le, 48 kHz, stereo), counted in samples, so that nothing drifts."""

from __future__ import annotations

import math
import os
from array import array
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

from functions.studio.cut import TransitionKind

RATE = 48_000
SAMPLE_BYTES = 4
CHUNK = 1 << 20
LOUDEST = 32_767

AAC = ["-c:a", "aac", "-aac_coder", "fast", "-flags:a", "+bitexact"]
"""ffmpeg's arguments for sound at 128 kbit/s and more: there its quicker search is no worse than its own default (a tone comes
back at 51 dB above the error instead of 42, pink noise at 17.5 instead of 17.2), and takes half to two thirds of the time."""

HEARD = 33
"""Of 32,767: sound that never goes beyond is silence. At -60 dB nothing is heard of it, and what an AAC encoder makes of
zeros stays far below."""


def samples(seconds: Fraction) -> int:
    return round(seconds * RATE)


def cut_to(path: Path, count: int) -> None:
    """Makes the file exactly `count` samples long: the end falls away, or silence (zeros) follows."""
    path.touch()
    os.truncate(path, count * SAMPLE_BYTES)


def loudest(chunks: Iterable[bytes]) -> int:
    """The sample furthest from zero, 0 to 32,768; 0 where there is none."""
    peak = 0
    for chunk in chunks:
        levels = array("h", chunk)
        if levels:
            peak = max(peak, max(levels), -min(levels))
    return peak


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


def mixed(transition: TransitionKind, before: bytes, after: bytes) -> bytes:
    """Two sounds of one length, one into the other: through silence where the picture goes through black, else with
    equal power, as two takes that have nothing to do with each other keep their loudness."""
    one, other = array("h", before), array("h", after)
    count = len(one) // 2
    out = array("h", bytes(len(before)))
    for turn in range(count):
        first, second = gains(transition, (turn + 0.5) / count)
        for at in (2 * turn, 2 * turn + 1):
            level = round(first * one[at] + second * other[at])
            out[at] = max(-LOUDEST, min(LOUDEST, level))
    return out.tobytes()


def gains(transition: TransitionKind, passed: float) -> tuple[float, float]:
    """Of the clip that ends and the one that begins, when so much of the join (0 to 1) has passed."""
    if transition is TransitionKind.FADE_BLACK:
        return max(0.0, 1 - 2 * passed), max(0.0, 2 * passed - 1)
    return math.cos(passed * math.pi / 2), math.sin(passed * math.pi / 2)
