"""What the API shows of a job, from its rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from functions.api.job_views import accepted_view, job_summary, job_view, polling, shown_status
from functions.api.named_model import snapped
from functions.api.progress import progress
from functions.api.sub_job_views import sub_jobs_view
from functions.studio.catalogue import Model, catalogue
from functions.studio.clips import ClipStatus, KeptPicture
from functions.studio.jobs import JobStatus
from functions.studio.rows import plain
from tests.scripted import a_clip, a_job, a_kept

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def model(name: str) -> Model:
    return catalogue().model(name, "pair")


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
    assert job_view(job, clips, [], str).actual_cost == Decimal("1.20")
    ended = job.model_copy(update={"status": JobStatus.COMPLETED, "actual_cost": Decimal("2.40")})
    assert job_view(ended, clips, [], str).progress.total_cost == Decimal("2.40")


def test_clips_keep_their_numbers_where_one_failed() -> None:
    job = a_job()
    kept = {"status": ClipStatus.COMPLETED, "kept": a_kept()}
    clips = [a_clip(job, 1, **kept), a_clip(job, 2, status=ClipStatus.FAILED), a_clip(job, 3, **kept)]
    urls = job_view(job, clips, [], str).progress.clip_urls
    assert [url.rsplit("/", 1)[1] for url in urls] == ["clip_001.mp4", "clip_003.mp4"]


@pytest.mark.parametrize("status", [ClipStatus.PROCESSING, ClipStatus.FAILED, ClipStatus.CANCELLED])
def test_what_was_kept_of_an_earlier_stage_is_not_the_clips_video(status: ClipStatus) -> None:
    job = a_job()
    clips = [a_clip(job, status=status, kept=a_kept(), attempt_id="1.0001.image.1")]
    [shown] = sub_jobs_view(job, clips, catalogue(), NOON, str).sub_jobs
    assert (shown.video_url, shown.video_blob_id, job_view(job, clips, [], str).progress.clip_urls) == (None, None, [])


def test_progress_is_that_of_the_clips_state_and_then_of_the_time_its_model_takes() -> None:
    begun = {"status": ClipStatus.PROCESSING, "started_at": "2026-11-21T12:00:00.000Z"}
    accepted = {**begun, "prediction_id": "pred1"}
    told = [
        progress(a_clip(a_job(), **fields), model("veo3"), NOON + timedelta(seconds=seconds))
        for fields, seconds in [
            ({}, 0),
            (begun, 1),
            (begun, 60),
            (accepted, 0),
            (accepted, 20),
            (accepted, 52.5),
            (accepted, 104.9),
            (accepted, 105),
            (accepted, 3000),
            ({**accepted, "status": ClipStatus.COMPLETED}, 130),
        ]
    ]
    assert told == [0.0, 0.05, 0.05, 0.1, 0.25, 0.5, 0.9, 0.95, 0.95, 1.0]


def test_a_clip_of_two_stages_has_a_third_of_its_progress_for_the_picture() -> None:
    picture = KeptPicture(key="1.png", sha256="0", width=1, height=1, format="png", bytes=1, predict_seconds=12)
    begun = {"status": ClipStatus.PROCESSING, "stage": "image", "started_at": "2026-11-21T12:00:00.000Z"}
    video = {**begun, "stage": "video", "picture": picture}
    still = catalogue().model("nano-banana", "still")
    told = [
        progress(a_clip(a_job(), **fields), model, NOON + timedelta(seconds=seconds))
        for fields, model, seconds in [
            ({"stage": "image"}, still, 0),
            (begun, still, 1),
            ({**begun, "prediction_id": "a"}, still, 1),
            ({**begun, "prediction_id": "a"}, still, 6),
            ({**begun, "prediction_id": "a"}, still, 600),
            ({**video, "status": ClipStatus.AWAITING_APPROVAL}, still, 600),
            ({**video, "status": ClipStatus.PENDING}, model("veo3"), 12),
            (video, model("veo3"), 12),
            ({**video, "prediction_id": "b"}, model("veo3"), 12),
            ({**video, "prediction_id": "b"}, model("veo3"), 12 + 52.5),
            ({**video, "prediction_id": "b"}, model("veo3"), 600),
            ({**video, "status": ClipStatus.COMPLETED}, model("veo3"), 600),
        ]
    ]
    assert told == [0.0, 0.05, 0.1, 0.2, 0.3, 0.3, 0.3, 0.35, 0.4, 0.65, 0.95, 1.0]


@pytest.mark.parametrize("end", [ClipStatus.COMPLETED, ClipStatus.FAILED, ClipStatus.CANCELLED])
def test_progress_is_one_only_when_the_clip_has_ended_and_never_goes_back(end: ClipStatus) -> None:
    begun = {"status": ClipStatus.PROCESSING, "started_at": "2026-11-21T12:00:00.000Z"}
    clips = [a_clip(a_job()), a_clip(a_job(), **begun)]
    clips += [a_clip(a_job(), **begun, prediction_id="pred1")] * 100
    ended = a_clip(a_job(), **{**begun, "status": end}, prediction_id="pred1")
    told = [progress(clip, model("hailuo-2.0"), NOON + timedelta(seconds=3 * n)) for n, clip in enumerate(clips)]
    assert told == sorted(told)
    assert (max(told), progress(ended, model("hailuo-2.0"), NOON)) == (0.95, 1.0)
    assert all(round(step * 20, 6).is_integer() for step in told)


def test_a_clock_that_is_behind_the_one_that_began_a_clip_takes_nothing_away() -> None:
    clip = a_clip(a_job(), status=ClipStatus.PROCESSING, started_at="2026-11-21T12:00:00.000Z", prediction_id="pred1")
    assert progress(clip, model("veo3"), NOON - timedelta(seconds=5)) == 0.1


def test_a_list_shows_of_a_running_job_only_what_its_row_knows() -> None:
    running = job_summary(a_job(total_clips=3))
    assert (running.total_clips, running.successful_clips, running.failed_clips) == (3, None, None)
    assert (running.actual_cost, running.lost_cost) == (None, None)
    ended = job_summary(a_job(status=JobStatus.FAILED, total_clips=3, successful_clips=0, failed_clips=3))
    assert (ended.successful_clips, ended.failed_clips, ended.actual_cost) == (0, 3, 0)


@pytest.mark.parametrize("status", JobStatus)
def test_a_job_that_goes_on_says_when_to_ask_again_and_one_that_rests_does_not(status: JobStatus) -> None:
    job = a_job(status=status)
    said = polling(job).get("Retry-After")
    assert (said is None) == job.rests
    assert said is None or 1 <= int(said) <= 10


def test_money_and_metadata_are_shown_as_json_numbers() -> None:
    shown = job_view(
        a_job(metadata={"n": Decimal(7), "x": [Decimal("0.25")]}, estimated_cost=Decimal("4.80")), [], [], str
    )
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
