"""Videos of the caller's own among the pictures of a listing, as Plan keeps them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
import requests

from functions.studio.clips import ClipStatus
from functions.studio.errors import NoClipSurvived
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus, OnClipFailure
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from local.standins.openai import OpenAi
from tests.integration.narration_stage import Stage
from tests.integration.test_narration_crashes import Crash, Fuse
from tests.media import Studio


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, openai_service: OpenAi) -> Stage:
    requests.post(f"{openai_service.url}/_reset", timeout=5).raise_for_status()
    return Stage(jobs, ledger, library, media, openai_service.url)


SAID = "Meet the car. It is quiet."


def shows(stage: Stage, file: Path, seconds: float = 2) -> list[str]:
    """A picture, the video, a picture."""
    first, last = (picture.id for picture in stage.pictures)
    return [first, stage.video(file, seconds).id, last]


def test_a_video_is_kept_in_its_place_and_nobody_is_paid_for_it(stage: Stage, studio: Studio) -> None:
    job = stage.planned(stage.listing(script=SAID, asset_ids=shows(stage, studio.clip(seconds=2, fps="30"))))
    before, video, after = stage.jobs.clips(job.id)
    assert [one.still is not None for one in (before, video, after)] == [True, False, True]
    assert video.video is not None
    assert (video.own, video.video.probe.picture.frames, video.duration_seconds, video.actual_cost) == (True, 60, 2, 0)
    assert stage.media.find(video.video.pcm_key)
    assert {line.stage for line in stage.lines(job)} == {"voice", "captions"}


def test_planning_it_again_changes_nothing(stage: Stage, studio: Studio) -> None:
    job = stage.planned(stage.listing(script=SAID, asset_ids=shows(stage, studio.clip(seconds=2))))
    before = stage.jobs.job(job.id), stage.jobs.clips(job.id)
    stage.plan(job)
    assert (stage.jobs.job(job.id), stage.jobs.clips(job.id)) == before


def test_where_a_model_moves_the_pictures_it_makes_none_of_a_video(stage: Stage, studio: Studio) -> None:
    listing = stage.listing(script=SAID, motion="veo3", asset_ids=shows(stage, studio.clip(seconds=2)))
    job = stage.job(listing)
    assert [task.clip for task in stage.plan(job).tasks] == [1, 3]
    clips = stage.jobs.clips(job.id)
    assert [clip.status for clip in clips] == [ClipStatus.PENDING, ClipStatus.COMPLETED, ClipStatus.PENDING]


def test_a_video_that_cannot_be_shown_ends_the_job_before_anything_is_paid_for(stage: Stage, studio: Studio) -> None:
    shown = shows(stage, studio.clip(colour="black", seconds=2))
    with pytest.raises(NoClipSurvived, match="'A video' cannot be shown: it is black"):
        stage.planned(stage.listing(script=SAID, asset_ids=shown), on_clip_failure=OnClipFailure(kind="fail_fast"))
    assert sum(stage.asked().values()) == 0


def test_a_film_may_do_without_a_video_that_cannot_be_shown(stage: Stage, studio: Studio) -> None:
    shown = shows(stage, studio.clip(colour="black", seconds=2))
    job = stage.planned(stage.listing(script=SAID, asset_ids=shown))
    lost = stage.jobs.clips(job.id)[1]
    assert (lost.status, lost.error_class, lost.own) == (ClipStatus.FAILED, "broken", True)
    assert job.status is JobStatus.PROCESSING


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", [1, 4])
def test_a_crash_while_it_is_kept_changes_nothing_of_what_comes_of_it(
    stage: Stage, studio: Studio, at: int, when: Literal["before", "after"]
) -> None:
    """Of its file, its sound and its two stills the first, or the last."""
    job = stage.job(stage.listing(script=SAID, voice="none", asset_ids=shows(stage, studio.clip(seconds=2))))
    bucket = stage.media.client
    stage.media.client = Fuse(at, when).on(bucket)  # type: ignore[assignment]  # as boto3's
    with pytest.raises(Crash):
        stage.plan(job)
    stage.media.client = bucket
    assert stage.jobs.clips(job.id) == []
    stage.plan(job)
    video = stage.jobs.clips(job.id)[1].video
    assert video is not None
    there = [video.key, video.pcm_key, video.thumbnail_key, video.last_frame_key]
    assert all(stage.media.find(key or "") for key in there)
    assert stage.jobs.job(job.id).status is JobStatus.PROCESSING
