"""What is read from a job and from its predictions."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from bench.film_job import (
    FPS,
    SECONDS,
    SERVED_SECONDS,
    Measured,
    NoBench,
    Prediction,
    draw_pictures,
    make_clip,
    most_at_once,
    prediction,
)
from bench.jobs import FEW, MANY, figures
from functions.keep_clip.judging import check
from functions.studio.probe import examine


def a_job(clips: int, wall: float, *, between: float = 0.01, seconds: float = 5.0) -> Measured:
    """Its creates come `between` seconds after each other."""
    starts = [100 + number * between for number in range(clips)]
    return Measured(wall, [Prediction(start, start + seconds) for start in starts])


def test_in_flight_at_once_are_those_that_overlap() -> None:
    assert most_at_once([Prediction(0, 3), Prediction(1, 4), Prediction(2, 5)]) == 3
    assert most_at_once([Prediction(0, 1), Prediction(2, 3)]) == 1
    assert most_at_once([]) == 0


def test_a_prediction_that_ends_as_another_begins_is_not_in_flight_with_it() -> None:
    assert most_at_once([Prediction(0, 1), Prediction(1, 2)]) == 1


def test_the_spread_is_from_the_first_create_to_the_last() -> None:
    assert a_job(50, 9, between=0.02).spread == pytest.approx(0.98)


def test_the_overhead_is_what_is_left_of_the_job_without_its_longest_prediction() -> None:
    job = Measured(9.0, [Prediction(100, 105), Prediction(101, 107)])
    assert job.overhead == pytest.approx(3.0)


def test_a_prediction_that_failed_is_no_measurement() -> None:
    with pytest.raises(NoBench, match="failed"):
        prediction({"status": "failed", "createdAt": 1.0, "endedAt": 2.0})


def test_seconds_are_medians_and_the_growth_is_that_of_the_overhead() -> None:
    at_once, spread, overhead, growth = figures(
        [a_job(50, 30)], [a_job(50, wall) for wall in (7, 9, 30)], a_job(500, 45)
    )
    assert (at_once.value, at_once.holds) == (50, True)
    assert spread.value == pytest.approx(0.49)
    assert overhead.value == pytest.approx(4.0)
    assert growth.value == pytest.approx(10.0)
    assert (FEW, MANY) == (50, 500)


def test_one_job_whose_clips_waited_for_each_other_is_enough_to_fail() -> None:
    [at_once, *_] = figures([a_job(50, 9), a_job(50, 9, between=0.2), a_job(50, 9)], [a_job(50, 9)], a_job(500, 45))
    assert at_once.value == 25
    assert not at_once.holds


@pytest.mark.usefixtures("ffmpeg_on_path")
def test_the_clip_that_is_served_would_be_kept(tmp_path: Path) -> None:
    probe = examine(make_clip(tmp_path / "clip.mp4"))
    check(probe, SECONDS)
    assert probe.picture.frames == SERVED_SECONDS * FPS
    assert probe.sound


def test_no_two_of_the_pictures_are_alike(tmp_path: Path) -> None:
    paths = draw_pictures(tmp_path, 34)
    assert len({path.read_bytes() for path in paths}) == 34
    with Image.open(paths[0]) as picture:
        assert (picture.format, picture.size) == ("JPEG", (320, 180))
