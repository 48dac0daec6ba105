"""The music of our own, measured: how long, how loud, whether it ends where it begins, and what is played."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from functions.studio.tracks import TRACKS, Track, file_of
from functions.studio.tunes import OGG, walk
from infra.music.tracks import COMPOSED, write
from local.layers import tracks_folder

RATE = 48_000
NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
BEGINS_WITH: dict[Track, set[str]] = {
    "calm": {"F", "C", "E", "A"},
    "upbeat": {"C", "E", "G"},
    "warm": {"D", "A", "C#", "F#"},
    "tech": {"A", "C", "E", "G"},
}
"""The notes of each track's first chord."""
BAR = {"calm": 3.75, "upbeat": 2.0, "warm": 4 * 60 / 90, "tech": 4 * 60 / 112.5}


def file(track: Track) -> Path:
    return tracks_folder() / file_of(track)


def heard(track: Track) -> NDArray[np.float64]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", file(track), "-f", "s16le", "pipe:1"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, "<i2").reshape(-1, 2) / 32_768


def notes(sound: NDArray[np.float64], many: int) -> set[str]:
    """The loudest of the twelve, of whatever octave."""
    power = np.abs(np.fft.rfft(sound.mean(axis=1) * np.hanning(len(sound)))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    of_a_key = (hertz > 120) & (hertz < 1100)
    keys = np.round(69 + 12 * np.log2(hertz[of_a_key] / 440)).astype(int) % 12
    sums = np.bincount(keys, power[of_a_key], 12)
    return {NAMES[key] for key in np.argsort(sums)[-many:]}


def test_every_track_is_composed() -> None:
    assert COMPOSED.keys() == set(TRACKS) == BEGINS_WITH.keys()


@pytest.mark.parametrize("track", TRACKS)
def test_a_track_is_a_loop_without_a_seam(track: Track) -> None:
    sound = heard(track)
    bars = len(sound) / RATE / BAR[track]
    assert 33 <= len(sound) / RATE <= 58
    assert bars == pytest.approx(round(bars), abs=1e-6), "whole bars, to the sample"
    around = np.concatenate([sound[-RATE // 2 :], sound[: RATE // 2]])
    steps = np.abs(np.diff(around, axis=0)).max(axis=1)
    assert steps[RATE // 2 - 1] <= steps.max() / 1.5, "no click: others near it are larger"
    assert np.sqrt((around**2).mean()) > 0.03, "it does not breathe in there"


@pytest.mark.parametrize("track", TRACKS)
def test_a_track_is_as_loud_as_the_others_all_the_way_and_clips_nothing(track: Track) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", file(track), "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr.rpartition("Summary:")[2]
    loud, span, peak = (float(re.findall(rf"{word}: +(-?[\d.]+)", said)[0]) for word in ("I", "LRA", "Peak"))
    assert -18 < loud < -14
    assert peak < -2
    assert span < 6
    sound = heard(track)
    seconds = sound[: len(sound) // RATE * RATE].reshape(-1, RATE * 2)
    assert np.sqrt((seconds**2).mean(axis=1)).min() > 0.05


@pytest.mark.parametrize("track", TRACKS)
def test_a_track_begins_with_its_own_chord(track: Track) -> None:
    assert len(notes(heard(track)[: round(BAR[track] * RATE)], 3) & BEGINS_WITH[track]) == 3


@pytest.mark.parametrize("track", TRACKS)
def test_a_track_is_small_and_of_a_form_that_music_may_have(track: Track) -> None:
    assert walk(file(track)) == OGG
    assert file(track).stat().st_size < 600_000


def test_a_track_is_the_same_each_time_that_it_is_made(tmp_path: Path) -> None:
    write("upbeat", tmp_path / "again.ogg")
    assert (tmp_path / "again.ogg").read_bytes() == file("upbeat").read_bytes()
