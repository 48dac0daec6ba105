"""What is read from runs of ffmpeg and from films; small ones, and nothing is timed."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from bench import films, peers
from bench.drift import draw
from bench.film_job import NoBench
from bench.noted_ffmpeg import Run, noted
from functions.studio import ffmpeg
from functions.studio.errors import BrokenMedia
from functions.studio.probe import examine


def test_a_run_is_noted_with_its_arguments_and_the_memory_at_its_peak(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with noted(tmp_path / "bin") as runs:
        ffmpeg.run(["-f", "lavfi", "-i", "testsrc2=s=64x64:r=24:d=2", film], seconds=60)
        ffmpeg.run([*ffmpeg.media(film), "-c", "copy", tmp_path / "copy.mp4"], seconds=60)
        with pytest.raises(BrokenMedia):
            ffmpeg.run(["-i", tmp_path / "nothing.mp4", tmp_path / "none.mp4"], seconds=60)
    encoding, copying, failing = runs
    assert encoding.told[-1] == str(film)
    assert encoding.encoded == 2.0
    assert copying.encoded == 0.0
    assert "nothing.mp4" in " ".join(failing.told)
    assert all(5 < run.resident < 500 for run in runs)


def test_what_writes_no_film_encodes_none(tmp_path: Path) -> None:
    assert Run(("-i", "film.mp4", str(tmp_path / "film.framehash")), 30.0).encoded == 0.0


@pytest.mark.usefixtures("ffmpeg_on_path")
def test_with_crossfades_every_second_of_the_film_is_encoded_once(tmp_path: Path) -> None:
    clips = [draw(tmp_path / f"clip_{number}.mp4") for number in (1, 2, 3)]
    probe = examine(clips[0])
    parts, encoded = films.pieces(clips, probe, tmp_path)
    assert [part.name for part in parts] == ["clip 1", "the join of clips 1 and 2", "clip 2",
                                             "the join of clips 2 and 3", "clip 3"]  # fmt: skip
    assert encoded == pytest.approx(sum(part.picture.frames for part in parts) / 24)
    film = tmp_path / "film.mp4"
    with noted(tmp_path / "assembling") as runs:
        films.assembled(parts, film)
        assert film.exists()
    assert sum(run.encoded for run in runs) == 0.0


def test_frames_that_are_missing_and_broken_ones_are_counted(tmp_path: Path) -> None:
    clip = draw(tmp_path / "clip.mp4")
    assert films.decoded(clip, 78) == (0, 0)
    assert films.decoded(clip, 80) == (2, 0)
    clip.write_bytes(clip.read_bytes()[:-2000])
    missing, errors = films.decoded(clip, 78)
    assert missing + errors > 0


def test_the_fades_of_a_chain_begin_where_the_clips_before_them_end() -> None:
    assert peers.chain([Fraction(8)] * 3, Fraction(1, 2)) == (
        "[0:v][1:v]xfade=duration=0.5:offset=7.5[x1];[x1][2:v]xfade=duration=0.5:offset=15.0[film]"
    )


def test_a_peer_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(NoBench, match="ffmpeg"):
        peers.encoded_anew([tmp_path / "nothing.mp4"], tmp_path / "film.mp4")


def test_the_bytes_that_assembly_is_held_against_are_all_copied(tmp_path: Path) -> None:
    parts = [tmp_path / "a", tmp_path / "b"]
    for part in parts:
        part.write_bytes(part.name.encode() * 1000)
    assert peers.cat(parts, tmp_path / "both") > 0
    assert (tmp_path / "both").read_bytes() == b"a" * 1000 + b"b" * 1000
