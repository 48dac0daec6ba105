"""What the API shows of a job, from its rows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from functions.api.image_pairs import snapped
from functions.api.job_views import accepted_view, job_view, shown_status, sub_jobs_view
from functions.studio.catalogue import Model, catalogue
from functions.studio.clips import ClipStatus
from functions.studio.jobs import JobStatus
from functions.studio.rows import plain
from tests.scripted import a_clip, a_job, a_kept


def model(name: str) -> Model:
    found = catalogue().find(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (JobStatus.PLANNING, "image_pair_selection"),
        (JobStatus.PROCESSING, "sub_job_processing"),
        (JobStatus.COMBINING, "video_combining"),
        (JobStatus.COMPLETED, "completed"),
        (JobStatus.FAILED, "failed"),
    ],
)
def test_a_status_is_shown_in_the_seeds_words(status: JobStatus, word: str) -> None:
    assert shown_status(a_job(status=status)) == word


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (5, "Job created with 5 image pairs. Video generation started."),
        (1, "Job created with 1 image pair. Video generation started."),
        (None, "Job created. The image pairs are being selected, then video generation starts."),
    ],
)
def test_the_message_says_how_many_pairs_there_are(pairs: int | None, message: str) -> None:
    assert accepted_view(a_job(num_pairs=pairs)).message == message


def test_the_cost_of_a_running_job_is_that_of_its_clips_and_of_an_ended_one_its_own() -> None:
    job = a_job()
    clips = [a_clip(job, 1, actual_cost=Decimal("1.20")), a_clip(job, 2)]
    assert job_view(job, clips).actual_cost == Decimal("1.20")
    ended = job.model_copy(update={"status": JobStatus.COMPLETED, "actual_cost": Decimal("2.40")})
    assert job_view(ended, clips).progress.total_cost == Decimal("2.40")


def test_clips_keep_their_numbers_where_one_failed() -> None:
    job = a_job()
    kept = {"status": ClipStatus.COMPLETED, "kept": a_kept()}
    clips = [a_clip(job, 1, **kept), a_clip(job, 2, status=ClipStatus.FAILED), a_clip(job, 3, **kept)]
    urls = job_view(job, clips).progress.clip_urls
    assert [url.rsplit("/", 1)[1] for url in urls] == ["clip_001.mp4", "clip_003.mp4"]


@pytest.mark.parametrize("status", [ClipStatus.PROCESSING, ClipStatus.FAILED, ClipStatus.CANCELLED])
def test_what_was_kept_of_an_earlier_stage_is_not_the_clips_video(status: ClipStatus) -> None:
    job = a_job()
    clips = [a_clip(job, status=status, kept=a_kept(), attempt_id="1.0001.image.1")]
    [shown] = sub_jobs_view(job, clips, catalogue()).sub_jobs
    assert (shown.video_url, shown.video_blob_id, job_view(job, clips).progress.clip_urls) == (None, None, [])


def test_progress_never_goes_back_as_a_clip_moves_on() -> None:
    job = a_job()
    for end in (ClipStatus.COMPLETED, ClipStatus.FAILED, ClipStatus.CANCELLED):
        moves = [a_clip(job, status=status) for status in (ClipStatus.PENDING, ClipStatus.PROCESSING, end)]
        assert [one.progress for one in sub_jobs_view(job, moves, catalogue()).sub_jobs] == [0.0, 0.5, 1.0]


def test_money_and_metadata_are_shown_as_json_numbers() -> None:
    shown = job_view(a_job(metadata={"n": Decimal(7), "x": [Decimal("0.25")]}, estimated_cost=Decimal("4.80")), [])
    document = shown.model_dump(mode="json", by_alias=True)
    assert (document["estimatedCost"], document["metadata"]) == (4.8, {"n": 7, "x": [0.25]})


def test_a_whole_number_of_the_table_stays_one() -> None:
    assert repr(plain({"a": Decimal("1E+2"), "b": Decimal("1.5"), "c": None})) == "{'a': 100, 'b': 1.5, 'c': None}"


@pytest.mark.parametrize(
    ("name", "asked", "used", "words"),
    [
        ("veo3", 5.0, 4, "clipDuration 5 was changed to 4: veo3 makes clips of 4, 6, 8 seconds."),
        ("hailuo-2.0", 9.5, 10, "clipDuration 9.5 was changed to 10: hailuo-2.0 makes clips of 6, 10 seconds."),
    ],
)
def test_a_changed_duration_is_put_into_words(name: str, asked: float, used: int, words: str) -> None:
    assert snapped(model(name), asked, used) == [words]


@pytest.mark.parametrize("asked", [None, 6.0, 6])
def test_a_duration_that_was_kept_is_no_warning(asked: float | None) -> None:
    assert snapped(model("veo3"), asked, 6) == []
