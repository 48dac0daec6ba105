"""A sample tune, drawn: four chords and a melody, plucked, eight seconds that can begin again."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 44_100
BEAT = 0.5
"""Seconds."""

CHORDS = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))
"""Four beats each, as MIDI counts keys: A minor, F, C, G."""
MELODY = (76, 72, 69, 72, 77, 72, 69, 65, 76, 72, 67, 72, 74, 71, 67, 71)
"""A note a beat."""

Wave = NDArray[np.float64]


def draw_tune(path: Path) -> Path:
    """Writes a WAV of 16 bits, stereo: chords a little to the left, melody to the right."""
    beats = len(MELODY)
    tune: Wave = np.zeros((round(beats * BEAT * RATE), 2))
    for bar, chord in enumerate(CHORDS):
        for turn, key in enumerate(chord):
            _play(tune, bar * 4 * BEAT + turn * 0.02, _plucked(key, 4 * BEAT, fading=1.2), (0.12, 0.08))
        _play(tune, bar * 4 * BEAT, _plucked(chord[0] - 12, 4 * BEAT, fading=1.5), (0.14, 0.14))
    for beat, key in enumerate(MELODY):
        _play(tune, beat * BEAT, _plucked(key, 2 * BEAT, fading=3.5), (0.07, 0.13))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(tune, -1, 1) * 32_767).astype("<i2").tobytes())
    return path


def _plucked(key: int, seconds: float, fading: float) -> Wave:
    """A string: its overtones fade the sooner the higher they are."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone: Wave = np.zeros_like(time)
    for overtone in range(1, 7):
        hertz = 440 * 2 ** ((key - 69) / 12) * overtone
        tone += np.sin(2 * np.pi * hertz * time) * np.exp(-fading * overtone**0.7 * time) / overtone**1.3
    tone *= np.minimum(1, time / 0.004) * np.minimum(1, (seconds - time) / 0.02)
    return tone


def _play(tune: Wave, at: float, tone: Wave, sides: tuple[float, float]) -> None:
    """What rings on beyond the end is heard at the beginning: so it can begin again."""
    places = (round(at * RATE) + np.arange(len(tone))) % len(tune)
    np.add.at(tune, places, tone[:, None] * np.array(sides))
