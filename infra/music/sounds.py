"""Instruments and rooms, as numbers: notes of stereo samples, and what is done to a whole loop, all of it in a circle."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 48_000

Wave = NDArray[np.float32]
"""Samples by channels, of which there are two."""

CHANCE: Final = 20261121
"""Noise begins with it, so that it is the same each time."""


def hertz(key: float) -> float:
    """Of a key as MIDI counts them."""
    return float(440 * 2 ** ((key - 69) / 12))


def _time(seconds: float) -> NDArray[np.float32]:
    return (np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def _edges(time: NDArray[np.float32], attack: float, release: float) -> NDArray[np.float32]:
    """Rises and falls without a click."""
    ends = time[-1] + 1 / RATE
    shape: NDArray[np.float32] = np.minimum(1, time / attack) * np.minimum(1, (ends - time) / release)
    return shape * shape * (3 - 2 * shape)


def _stereo(left: NDArray[np.float32], right: NDArray[np.float32]) -> Wave:
    return np.stack([left, right], axis=1).astype(np.float32)


@lru_cache(maxsize=512)
def pad(key: int, seconds: float, bright: float = 1.6) -> Wave:
    """Three strings a little apart, which swell and sink slowly."""
    time = _time(seconds)
    sides = []
    for side in (-1, 1):
        tone = np.zeros_like(time)
        for turn, cents in enumerate((-6, 0, 7)):
            base = hertz(key + side * cents / 100)
            for overtone in range(1, 8):
                phase = 1.7 * turn + 0.9 * overtone + 0.5 * side
                tone += np.sin(2 * np.pi * base * overtone * time + phase) / overtone**bright
        sides.append(tone / 5 * (1 + 0.12 * np.sin(2 * np.pi * 0.21 * time + side)))
    return _stereo(*sides) * _edges(time, min(1.2, seconds / 3), min(1.6, seconds / 3))[:, None]


@lru_cache(maxsize=512)
def piano(key: int, seconds: float, soft: float = 1.0, side: float = 0.0) -> Wave:
    """Felt: overtones fade the sooner the higher they are, slightly sharp as those of strings."""
    time = _time(seconds)
    tone = np.zeros_like(time)
    for overtone in range(1, 9):
        pitch = hertz(key) * overtone * (1 + 0.0004 * overtone * overtone)
        if pitch < 9000:
            fading = (0.9 + 0.5 * overtone) * (hertz(key) / 260) ** 0.4
            tone += np.sin(2 * np.pi * pitch * time) * np.exp(-fading * time) / overtone ** (1.1 + soft)
    return _placed(tone * _edges(time, 0.006, min(0.12, seconds / 2)), side)


@lru_cache(maxsize=512)
def electric(key: int, seconds: float, side: float = 0.0) -> Wave:
    """A tine, struck: one sine bends another, less and less, and trembles between the sides."""
    time = _time(seconds)
    base = 2 * np.pi * hertz(key) * time
    tone = np.sin(base + 1.1 * np.exp(-5 * time) * np.sin(base)) + 0.12 * np.exp(-9 * time) * np.sin(14 * base)
    tone = tone * np.exp(-1.1 * time) * _edges(time, 0.004, min(0.15, seconds / 2))
    tremble = 0.25 * np.sin(2 * np.pi * 4.5 * time)
    return _placed(tone, side) * np.stack([1 + tremble, 1 - tremble], axis=1).astype(np.float32)


@lru_cache(maxsize=512)
def pluck(key: int, seconds: float, side: float = 0.0, bright: float = 1.0) -> Wave:
    """A nylon string."""
    time = _time(seconds)
    tone = np.zeros_like(time)
    for overtone in range(1, 11):
        pitch = hertz(key) * overtone
        if pitch < 10_000:
            where = abs(np.sin(np.pi * overtone * 0.23))
            tone += where * np.sin(2 * np.pi * pitch * time) * np.exp(-(2.2 + 1.1 * overtone) * time) / overtone**bright
    return _placed(tone * _edges(time, 0.003, min(0.06, seconds / 2)), side)


@lru_cache(maxsize=512)
def bell(key: int, seconds: float, side: float = 0.0) -> Wave:
    time = _time(seconds)
    tone = np.zeros_like(time)
    for ratio, loud, fading in ((1, 1, 1.8), (2.0, 0.5, 2.6), (3.01, 0.25, 4), (4.2, 0.16, 6), (5.4, 0.08, 8)):
        tone += loud * np.sin(2 * np.pi * hertz(key) * ratio * time) * np.exp(-fading * time)
    return _placed(tone * _edges(time, 0.004, min(0.2, seconds / 2)), side)


@lru_cache(maxsize=512)
def saw(key: int, seconds: float, opened: float = 1.0, side: float = 0.0) -> Wave:
    """Through a filter that closes: `opened` is how far it stood open, from 0 to 1."""
    time = _time(seconds)
    tone = np.zeros_like(time)
    for overtone in range(1, 25):
        pitch = hertz(key) * overtone
        if pitch < 12_000:
            fading = 3 + overtone * (3.2 - 2.4 * opened)
            tone += np.sin(2 * np.pi * pitch * time + overtone) * np.exp(-fading * time) / overtone
    return _placed(tone * _edges(time, 0.003, min(0.04, seconds / 2)), side)


@lru_cache(maxsize=512)
def bass(key: int, seconds: float, drive: float = 0.4) -> Wave:
    time = _time(seconds)
    base = 2 * np.pi * hertz(key) * time
    tone = (
        np.sin(base) + drive * np.exp(-4 * time) * np.sin(2 * base) + 0.3 * drive * np.exp(-8 * time) * np.sin(3 * base)
    )
    return _placed(tone * np.exp(-0.7 * time) * _edges(time, 0.008, min(0.08, seconds / 2)), 0.0)


@lru_cache(maxsize=8)
def kick(soft: float = 0.0) -> Wave:
    time = _time(0.32)
    sweep = 2 * np.pi * (47 * time + (95 - 40 * soft) / 30 * (1 - np.exp(-30 * time)))
    tone = np.sin(sweep) * np.exp(-9 * time) + (1 - soft) * 0.15 * _noise(len(time), 1) * np.exp(-300 * time)
    return _placed(tone * _edges(time, 0.001, 0.05), 0.0)


@lru_cache(maxsize=8)
def clap() -> Wave:
    time = _time(0.25)
    bursts = sum(np.exp(-90 * np.maximum(0, time - at)) * (time >= at) for at in (0.0, 0.011, 0.023))
    tone = _band(_noise(len(time), 2), 900, 4500) * (0.5 * bursts + np.exp(-16 * time)) * _edges(time, 0.001, 0.05)
    return _placed(tone, 0.0)


@lru_cache(maxsize=32)
def hat(seconds: float, side: float = 0.0, low: float = 6500) -> Wave:
    time = _time(seconds)
    tone = _band(_noise(len(time), 3), low, 15_000) * np.exp(-5 / seconds * time) * _edges(time, 0.002, seconds / 4)
    return _placed(tone, side)


def _noise(samples: int, turn: int) -> NDArray[np.float32]:
    return np.random.default_rng(CHANCE + turn).normal(0, 0.5, samples).astype(np.float32)


def _band(tone: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    spectrum = np.fft.rfft(tone)
    pitches = np.fft.rfftfreq(len(tone), 1 / RATE)
    shape = 1 / np.sqrt((1 + (low / np.maximum(pitches, 1)) ** 6) * (1 + (pitches / high) ** 6))
    return np.fft.irfft(spectrum * shape, len(tone)).astype(np.float32)


def _placed(tone: NDArray[np.float32], side: float) -> Wave:
    """From -1, left, to 1, right, as loud everywhere."""
    angle = (side + 1) * np.pi / 4
    return _stereo(tone * np.cos(angle), tone * np.sin(angle))


class Loop:
    """So many samples in a circle: what rings on beyond its end is heard at its beginning."""

    def __init__(self, seconds: float) -> None:
        self.wave: Wave = np.zeros((round(seconds * RATE), 2), np.float32)

    def play(self, note: Wave, at: float, loud: float = 1.0) -> None:
        """`at` seconds, which may lie beyond the end, or before the beginning."""
        start, length = round(at * RATE) % len(self.wave), len(self.wave)
        first = note[: length - start]
        self.wave[start : start + len(first)] += loud * first
        if rest := len(note) - len(first):
            self.wave[:rest] += loud * note[len(first) :]

    def echo(self, seconds: float, share: float, times: int = 3) -> None:
        """From side to side, quieter each time."""
        dry = self.wave.copy()
        for turn in range(1, times + 1):
            repeated = np.roll(dry, round(seconds * turn * RATE), axis=0)
            self.wave += share**turn * (repeated[:, ::-1] if turn % 2 else repeated)

    def room(self, seconds: float, share: float) -> None:
        """As in a room in which sound takes so long to fade."""
        time = _time(min(seconds * 1.3, len(self.wave) / RATE))
        fading = np.exp(-6.9 / seconds * time) * np.minimum(1, time / 0.012)
        self._convolve([_noise(len(time), 10 + side) * fading for side in (0, 1)], share)

    def _convolve(self, answers: Sequence[NDArray[np.float32]], share: float) -> None:
        for side, answer in enumerate(answers):
            tail = _band(answer, 180, 5200)
            tail /= np.sqrt((tail**2).sum())
            dry = self.wave[:, side]
            wet = np.fft.irfft(np.fft.rfft(dry) * np.fft.rfft(tail, len(dry)), len(dry))
            self.wave[:, side] += share * wet.astype(np.float32)

    def cut(self, low: float, high: float) -> None:
        """Leaves what lies between two pitches."""
        for side in (0, 1):
            self.wave[:, side] = _band(self.wave[:, side], low, high)


def mixed(loops: Sequence[tuple[Loop, float]], level: float = 0.14, peak: float = 0.7) -> Wave:
    """All of them, each as loud as is said, at one level; whatever would go beyond the peak is bent, never cut."""
    whole = np.sum(
        [loop.wave * (loud / max(float(np.sqrt((loop.wave**2).mean())), 1e-6)) for loop, loud in loops], axis=0
    )
    whole *= level / np.sqrt((whole**2).mean())
    bent: Wave = (peak * np.tanh(whole / peak)).astype(np.float32)
    return bent
