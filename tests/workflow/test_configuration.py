"""What a deployment lacks is said in the words of seed 000's troubleshooting, by the job and its clips, and nothing is spent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud
from tests.workflow.conftest import Team


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
