"""Seed 000's troubleshooting, each entry by its number: what is wrong is said in the guide's words, by the job and its clips.

What a deployment lacks costs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.settings import Settings
from local.standins.xai import Xai
from tests.workflow.conftest import Film, Team

SECONDS, PRICE = 4, 0.60
"""Of a clip of veo3."""


def failed_job(team: Team, pictures: list[Path]) -> Any:
    """A job for one pair of two pictures, after it has failed."""
    job = team.wait(team.film(team.campaign(pictures[:2]), numPairs=1))
    assert job["status"] == "failed", job
    return job


def costs(job: Any) -> tuple[float, float]:
    """Settled and lost."""
    return job["actualCost"], job["lostCost"]


def test_issue_2_without_a_key_for_xai_the_job_fails_and_says_so(pictures: list[Path], tmp_path: Path) -> None:
    with LocalCloud(out=tmp_path, stand_ins=["replicate"]) as cloud:
        team = Team(cloud)
        job = failed_job(team, pictures)
        assert job["errorMessage"] == "XAI_API_KEY not configured"
        assert [clip["errorMessage"] for clip in team.clips(job["id"])] == ["XAI_API_KEY not configured"]
        assert team.log() == []
        assert costs(job) == (0, 0)


@pytest.fixture
def strict() -> Iterator[Xai]:
    """Takes no key but its own."""
    service = Xai(token="xai-its-own").start()
    yield service
    service.stop()


def test_issue_2_with_a_key_that_xai_refuses_the_job_fails_and_says_so(
    strict: Xai, pictures: list[Path], tmp_path: Path
) -> None:
    settings = Settings({"XAI_API_KEY": "xai-of-nobody", "XAI_BASE_URL": f"{strict.url}/v1"})
    with LocalCloud(out=tmp_path, settings=settings) as cloud:
        team = Team(cloud)
        job = failed_job(team, pictures)
        assert job["errorMessage"] == "XAI_API_KEY not configured: xAI does not accept the key"
        assert [clip["errorMessage"] for clip in team.clips(job["id"])] == [job["errorMessage"]]
        assert not [entry for entry in team.log() if entry["path"].endswith("/predictions")]
        assert costs(job) == (0, 0)


def test_without_a_key_for_replicate_each_clip_says_so_and_nothing_is_spent(
    pictures: list[Path], tmp_path: Path
) -> None:
    with LocalCloud(out=tmp_path, stand_ins=["xai"]) as cloud:
        team = Team(cloud)
        job = failed_job(team, pictures)
        assert [clip["errorMessage"] for clip in team.clips(job["id"])] == ["REPLICATE_API_KEY not configured"]
        assert "REPLICATE_API_KEY not configured" in job["errorMessage"]
        assert costs(job) == (0, 0)


def test_issue_1_without_ffmpeg_the_clip_says_so(pictures: list[Path], tmp_path: Path) -> None:
    with LocalCloud(out=tmp_path, ffmpeg=False) as cloud:
        team = Team(cloud)
        job = failed_job(team, pictures)
        [clip] = team.clips(job["id"])
        assert clip["errorMessage"] == "ffmpeg is not available"
        assert "ffmpeg is not available" in job["errorMessage"]


@pytest.fixture
def impatient(tmp_path: Path) -> Any:
    with LocalCloud(out=tmp_path, parameters={"ClipTimeoutSeconds": "10"}) as cloud:
        yield Team(cloud)


def test_issue_3_a_prediction_that_takes_too_long_has_timed_out(impatient: Team, pictures: list[Path]) -> None:
    impatient.script({"do": "slow", "seconds": 120})
    job = failed_job(impatient, pictures)
    [clip] = impatient.clips(job["id"])
    assert clip["errorMessage"] == "Prediction timed out"
    assert "Prediction timed out" in job["errorMessage"]


def test_issue_3_a_prediction_has_600_seconds_unless_told_otherwise(cloud: LocalCloud) -> None:
    [plan] = [one for one in cloud.deployment.functions.values() if one.handler == "functions.plan.handler.handler"]
    assert plan.environment["CLIP_TIMEOUT_SECONDS"] == "600"


def test_issue_4_one_picture_is_not_enough_and_the_answer_says_so(team: Team, pictures: list[Path]) -> None:
    campaign = team.campaign(pictures[:1])
    answer = team.http.post(f"{team.url}/jobs/from-image-pairs", json={"campaignId": campaign}, timeout=30)
    assert answer.status_code == 422
    assert answer.json()["error"]["detail"] == "Need at least 2 image assets, but campaign has 1"
    assert answer.json()["data"] is None


def test_issue_5_when_the_ffmpeg_command_failed_clip_and_job_say_with_what_words(
    team: Team, pictures: list[Path]
) -> None:
    team.script({"do": "corrupt_output", "times": 2})
    job = team.film(team.campaign(pictures[:2]), numPairs=1, clipDuration=SECONDS)
    state = team.wait(job)
    [clip] = team.clips(job)
    assert (state["status"], clip["status"], clip["errorClass"]) == ("failed", "failed", "broken")
    assert re.match(r"The clip is unusable: ffmpeg ended with \d+: .*(Invalid|[Ee]rror)", clip["errorMessage"])
    assert state["errorMessage"] == f"The only clip failed: {clip['errorMessage']}"


def test_issue_5_a_partial_file_is_never_part_of_the_film(team: Team, pictures: list[Path], tmp_path: Path) -> None:
    team.script({"match": {"webhook": "attempt=1.0002."}, "do": "truncate_output", "times": 2})
    job = team.film(team.campaign(pictures), numPairs=3, clipDuration=SECONDS)
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    assert state["progress"]["failed_clips"] == 1
    assert state["lostCost"] == pytest.approx(2 * PRICE)  # it was tried twice
    assert Film(team.download(f"/videos/{job}/combined", tmp_path / "film.mp4")).lasts(2 * SECONDS)
