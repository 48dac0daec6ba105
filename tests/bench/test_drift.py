"""Beeps held against flashes: the measure finds what is wrong, and nothing where nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import drift
from bench.drift import RATE, offsets


@pytest.mark.usefixtures("ffmpeg_on_path")
def test_assemble_keeps_every_beep_with_its_flash(tmp_path: Path) -> None:
    assert drift.measure(tmp_path) <= 1
    found = offsets(tmp_path / "film.mp4")
    assert len(found) == drift.CLIPS
    assert max(map(abs, found)) <= RATE / 1000


def test_clips_that_bring_their_own_sound_are_seen_to_drift(tmp_path: Path) -> None:
    clip, listing, film = drift.draw(tmp_path / "clip.mp4"), tmp_path / "list.ffconcat", tmp_path / "film.mp4"
    listing.write_text("ffconcat version 1.0\n" + f"file '{clip}'\n" * 5)
    drift.ffmpeg("-f", "concat", "-safe", "0", "-i", str(listing), "-c", "copy", str(film))
    found = offsets(film)
    assert len(found) == 5
    assert found == sorted(found)
    assert found[-1] > 5 * RATE / 1000


def test_sound_that_comes_early_is_told_from_sound_that_comes_late(tmp_path: Path) -> None:
    clip = drift.draw(tmp_path / "clip.mp4")
    for shift, chain in ((-480, "atrim=start_sample=480,asetpts=N/SR/TB"), (480, "adelay=480S:all=1")):
        film = tmp_path / f"{shift}.mp4"
        drift.ffmpeg("-i", str(clip), "-c:v", "copy", "-af", chain, "-c:a", "aac", str(film))
        assert offsets(film) == [pytest.approx(shift, abs=2)]
