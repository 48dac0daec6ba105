"""The tracks: four pieces, each a few bars of harmony, rhythm and a tune, that begin again where they end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import imageio_ffmpeg
import numpy as np

from infra.music.sounds import (
    RATE,
    Loop,
    Wave,
    bass,
    bell,
    clap,
    electric,
    hat,
    kick,
    mixed,
    pad,
    piano,
    pluck,
    saw,
)

Chord = Sequence[int]
"""Keys as MIDI counts them, the lowest first."""


class Bars:
    """Where beats are, four to a bar."""

    def __init__(self, beats_a_minute: float, bars: int) -> None:
        self.beat = 60 / beats_a_minute
        self.bar = 4 * self.beat
        self.bars = bars
        self.seconds = bars * self.bar

    def loop(self) -> Loop:
        return Loop(self.seconds)

    def at(self, bar: int, beat: float) -> float:
        return bar * self.bar + beat * self.beat


def calm() -> Wave:
    """64 beats a minute, F major: slow strings, a felt piano in broken chords, a few bells above."""
    time = Bars(64, 12)
    chords: list[Chord] = [(53, 60, 64, 69), (57, 60, 64, 67), (50, 57, 60, 65), (46, 53, 57, 62)]
    tune = {0: 76, 1: 72, 2: 74, 3: 69, 4: 77, 5: 76, 6: 72, 7: 70, 8: 81, 9: 79, 10: 77, 11: 74}
    strings, keys, bells, low = (time.loop() for _ in range(4))
    for bar in range(time.bars):
        chord = chords[bar % 4]
        for key in chord[1:]:
            strings.play(pad(key, time.bar * 1.35), time.at(bar, -0.3))
        low.play(bass(chord[0] - 12, time.bar * 1.1, 0.2), time.at(bar, 0))
        order = (0, 2, 1, 3, 2, 1, 3, 2) if bar % 2 else (0, 1, 2, 3, 2, 3, 1, 2)
        for turn, place in enumerate(order):
            loud = (1.0, 0.55, 0.7, 0.5, 0.8, 0.5, 0.65, 0.45)[turn]
            keys.play(
                piano(chord[place] + (12 if place < 2 else 0), 2.6, 1.2, side=-0.3 + 0.15 * place),
                time.at(bar, turn / 2),
                loud,
            )
        bells.play(bell(tune[bar] + 12, 3.2, side=0.4 if bar % 2 else -0.1), time.at(bar, 1.0 if bar % 4 == 3 else 0.0))
        if bar % 4 == 2:
            bells.play(bell(tune[bar] + 10, 3.0, side=0.2), time.at(bar, 2.5), 0.7)
    keys.echo(time.beat * 1.5, 0.25)
    for loop, seconds, share in ((strings, 3.0, 0.6), (keys, 2.6, 0.5), (bells, 3.4, 0.9)):
        loop.room(seconds, share)
    strings.cut(120, 4200)
    return mixed([(strings, 0.5), (keys, 0.75), (bells, 0.22), (low, 0.45)], level=0.12)


def upbeat() -> Wave:
    """120 beats a minute, C major: kick and claps, strummed strings off the beat, a bouncing bass, a tune of bells."""
    time = Bars(120, 20)
    chords: list[Chord] = [(48, 60, 64, 67, 72), (43, 59, 62, 67, 71), (45, 60, 64, 69, 72), (41, 60, 65, 69, 72)]
    strums = ((0, 1.0), (1, 0.6), (1.5, 0.8), (2.5, 0.9), (3, 0.6), (3.5, 0.75))
    tunes = (
        ((0, 76), (0.5, 79), (1.5, 76), (2, 74), (3, 72)),
        ((0, 74), (1, 71), (1.5, 74), (2.5, 79)),
        ((0, 76), (0.5, 79), (1.5, 84), (2, 83), (3, 79)),
        ((0, 81), (1, 79), (1.5, 77), (2.5, 76), (3.5, 74)),
    )
    drums, strings, low, bells, air = (time.loop() for _ in range(5))
    for bar in range(time.bars):
        chord, section = chords[bar % 4], bar // 4
        quiet = section == 2
        for beat in range(4):
            if not quiet or beat == 0:
                drums.play(kick(), time.at(bar, beat), 0.9)
            if beat % 2:
                drums.play(clap(), time.at(bar, beat), 0.35 if quiet else 0.55)
            for half in (0, 0.5):
                drums.play(
                    hat(0.06 if half == 0 else 0.11, side=0.3), time.at(bar, beat + half), 0.16 if half else 0.09
                )
        for strum, loud in strums:
            for turn, key in enumerate(chord[1:]):
                strings.play(
                    pluck(key, 0.55, side=-0.35 + 0.2 * turn, bright=0.9), time.at(bar, strum) + 0.012 * turn, loud
                )
        for when, step in ((0, 0), (0.75, 0), (1.5, 7), (2, 0), (2.75, 12), (3.5, 7)):
            low.play(bass(chord[0] - 12 + step, time.beat * 0.6, 0.6), time.at(bar, when))
        if section in (1, 3, 4):
            for when, key in tunes[bar % 4]:
                bells.play(bell(key + (12 if section == 4 else 0), 0.9, side=0.25), time.at(bar, when))
                bells.play(piano(key, 0.8, 0.6, side=-0.2), time.at(bar, when), 0.7)
        for key in chord[1:4]:
            air.play(pad(key + 12, time.bar * 1.2, 1.9), time.at(bar, -0.2))
    bells.echo(time.beat * 0.75, 0.3)
    for loop, seconds, share in ((strings, 1.0, 0.25), (bells, 1.6, 0.4), (drums, 0.6, 0.12), (air, 2.0, 0.5)):
        loop.room(seconds, share)
    return mixed([(drums, 0.62), (strings, 0.5), (low, 0.5), (bells, 0.36), (air, 0.16)], level=0.15)


def warm() -> Wave:
    """90 beats a minute, D major: an electric piano, picked strings, a shaker and a soft kick."""
    time = Bars(90, 16)
    chords: list[Chord] = [(50, 57, 61, 66), (47, 57, 62, 66), (43, 59, 62, 66), (45, 57, 62, 64)]
    tune = (
        ((0, 78), (1.5, 76), (2, 74)),
        ((0.5, 73), (1.5, 74), (3, 76)),
        ((0, 78), (1.5, 81), (2.5, 78)),
        ((0, 76), (2, 74), (3, 73)),
    )
    keys, picked, low, drums, air, lead = (time.loop() for _ in range(6))
    for bar in range(time.bars):
        chord, section = chords[bar % 4], bar // 4
        for beat, loud in ((0, 1.0), (1.5, 0.6), (2.5, 0.75)):
            for turn, key in enumerate(chord[1:]):
                keys.play(
                    electric(key, time.beat * 1.8, side=0.12 * (turn - 1)), time.at(bar, beat) + 0.009 * turn, loud
                )
        for turn, place in enumerate((1, 2, 3, 2, 1, 3, 2, 3)):
            picked.play(
                pluck(chord[place] + 12, 1.1, side=-0.45, bright=1.2),
                time.at(bar, turn / 2),
                0.9 if turn % 4 == 0 else 0.6,
            )
        for beat, step, loud in ((0, 0, 1.0), (1.5, 0, 0.7), (2, 7, 0.8), (3.5, 12, 0.5)):
            low.play(bass(chord[0] - 12 + (step if step < 12 else 0), time.beat * 0.9, 0.35), time.at(bar, beat), loud)
        drums.play(kick(0.8), time.at(bar, 0), 0.9)
        drums.play(kick(0.8), time.at(bar, 2.5), 0.6)
        for turn in range(8):
            drums.play(hat(0.09, side=0.4, low=5000), time.at(bar, turn / 2), 0.12 if turn % 2 else 0.07)
        if section % 2:
            for beat, key in tune[bar % 4]:
                lead.play(piano(key, 2.2, 0.9, side=0.2), time.at(bar, beat))
        for key in chord[1:]:
            air.play(pad(key, time.bar * 1.3, 2.0), time.at(bar, -0.3))
    keys.cut(90, 5000)
    lead.echo(time.beat, 0.28)
    for loop, seconds, share in ((keys, 1.6, 0.3), (picked, 1.8, 0.35), (lead, 2.4, 0.5), (air, 2.4, 0.5)):
        loop.room(seconds, share)
    return mixed([(keys, 0.6), (picked, 0.34), (low, 0.5), (drums, 0.36), (air, 0.2), (lead, 0.28)], level=0.14)


def tech() -> Wave:
    """112.5 beats a minute, A minor: a running sequence whose filter opens and closes, a deep pulse, dry drums."""
    time = Bars(112.5, 20)
    chords: list[Chord] = [(45, 60, 64, 67, 69), (41, 60, 64, 65, 69), (50, 60, 62, 65, 69), (40, 59, 62, 64, 67)]
    order = (1, 2, 4, 3, 2, 4, 1, 3, 4, 2, 3, 1, 2, 4, 3, 4)
    run, low, drums, air, marks = (time.loop() for _ in range(5))
    for bar in range(time.bars):
        chord, section = chords[bar % 4], bar // 4
        for turn, place in enumerate(order):
            opened = round(0.35 + 0.3 * np.sin(2 * np.pi * (bar * 16 + turn) / (8 * 16) - 1.2), 1)
            high = 12 if (turn + bar) % 5 == 4 else 0
            run.play(
                saw(chord[place] + high, 0.3, opened, side=0.5 if turn % 2 else -0.5),
                time.at(bar, turn / 4),
                1.0 if turn % 4 == 0 else 0.65,
            )
        for beat in (0, 0.75, 1.5, 2.5, 3.25):
            low.play(bass(chord[0] - 12, time.beat * 0.55, 0.8), time.at(bar, beat))
        for beat in (0, 1.75, 2.5) if section != 2 else (0,):
            drums.play(kick(), time.at(bar, beat), 0.9)
        for beat in (1, 3):
            drums.play(clap(), time.at(bar, beat), 0.4)
        for turn in range(16):
            drums.play(
                hat(0.04, side=-0.3 if turn % 2 else 0.3, low=8000),
                time.at(bar, turn / 4),
                (0.13, 0.05, 0.09, 0.06)[turn % 4],
            )
        for key in chord[1:4]:
            air.play(pad(key, time.bar * 1.3, 1.4), time.at(bar, -0.3))
        if bar % 2 == 0:
            marks.play(bell(chord[4] + 12, 1.6, side=-0.5), time.at(bar, 0.5), 0.8)
            marks.play(bell(chord[2] + 24, 1.4, side=0.5), time.at(bar, 3.0), 0.5)
    run.echo(time.beat * 0.75, 0.3)
    marks.echo(time.beat * 0.75, 0.5, 4)
    for loop, seconds, share in ((run, 1.2, 0.2), (air, 2.6, 0.6), (marks, 2.6, 0.7), (drums, 0.4, 0.08)):
        loop.room(seconds, share)
    air.cut(150, 3600)
    return mixed([(run, 0.42), (low, 0.5), (drums, 0.55), (air, 0.3), (marks, 0.16)], level=0.14)


COMPOSED: Final[Mapping[str, Callable[[], Wave]]] = {"calm": calm, "upbeat": upbeat, "warm": warm, "tech": tech}


def write(track: str, to: Path) -> None:
    """As Opus: it comes out as long as it went in, to the sample."""
    samples = (_from_quiet(COMPOSED[track]()) * 32_767).astype("<i2").tobytes()
    given = ["-f", "s16le", "-ar", str(RATE), "-ac", "2", "-i", "pipe:0"]
    wanted = ["-c:a", "libopus", "-b:a", "64k", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "ogg", str(to)]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *given, *wanted]
    subprocess.run(command, input=samples, check=True)


def _from_quiet(loop: Wave) -> Wave:
    """Begun where it is quietest within 15 ms of its beginning: an encoder begins in silence, and what is not would click."""
    near = round(0.015 * RATE)
    around = np.abs(np.concatenate([loop[-near:], loop[:near]])).sum(axis=1)
    return np.roll(loop, near - int(np.argmin(around)), axis=0)
