"""Cancelling, what a job does when clips fail, and further attempts, through the whole cloud: what is stopped where it runs
cannot be seen from a single function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.media import Studio
from tests.standins.conftest import wait_until
from tests.workflow.conftest import Team

SECONDS = 4
PRICE = SECONDS * 0.15
LONG = 600
"""Seconds that nothing here may wait for."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Ready-made, so that nothing has to be drawn."""
    web = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    return str(Studio(tmp_path_factory.mktemp("ready")).clip(seconds=SECONDS, encoder=web))


@pytest.fixture
def ready(team: Team, clip: str, pictures: list[Path]) -> tuple[Team, str]:
    """A team with a campaign; every clip that nothing else is scripted for is there at once."""
    return team, team.campaign(pictures[:4])


def film(team: Team, campaign: str, clip: str, *rules: dict[str, Any], **wishes: Any) -> str:
    team.script(*rules, {"do": "serve", "file": clip, "times": 1000})
    return team.film(campaign, **{"numPairs": 3, "clipDuration": SECONDS, **wishes})


def of_clip(number: int, do: str, **more: Any) -> dict[str, Any]:
    return {"match": {"webhook": f"attempt=1.{number:04}."}, "do": do, **more}


def predictions(team: Team, job: str) -> list[Any]:
    return [one for one in team.look("_predictions") if job in one["webhook"]]


def test_cancelling_stops_what_runs_keeps_what_is_there_and_says_what_was_spent_and_saved(
    ready: tuple[Team, str], clip: str
) -> None:
    team, campaign = ready
    throttled = of_clip(3, "throttle", seconds=LONG, times=100)
    job = film(team, campaign, clip, of_clip(2, "slow", seconds=LONG), throttled)
    wait_until(lambda: [one["status"] for one in team.clips(job)].count("completed") == 1, 240)
    wait_until(lambda: any(one["startedAt"] and not one["endedAt"] for one in predictions(team, job)), 240)

    first = team.post(f"/jobs/{job}/cancel", {})
    assert first["status"] in ("cancelling", "cancelled")
    again = team.post(f"/jobs/{job}/cancel", {})
    assert again["status"] in ("cancelling", "cancelled")

    state = team.wait(job)
    assert (state["status"], state["errorMessage"]) == ("cancelled", None)
    assert [one["status"] for one in team.clips(job)] == ["completed", "cancelled", "cancelled"]
    assert state["spent"] == pytest.approx(2 * PRICE), "the kept clip, and the one that was running"
    assert (state["actualCost"], state["lostCost"]) == (pytest.approx(PRICE), pytest.approx(PRICE))
    assert state["saved"] == pytest.approx(PRICE), "of the clip that its provider had no time for"
    assert sorted(one["status"] for one in predictions(team, job)) == ["canceled", "succeeded"]
    execution = team.cloud.client("stepfunctions").describe_execution(executionArn=_execution(team, job))
    assert execution["status"] == "ABORTED"


def _execution(team: Team, job: str) -> str:
    machine = team.cloud.client("stepfunctions").list_state_machines()["stateMachines"][0]["stateMachineArn"]
    return f"{machine.replace(':stateMachine:', ':execution:')}:{job}-1"


def test_a_job_that_is_cancelled_at_once_makes_nothing(ready: tuple[Team, str], clip: str) -> None:
    team, campaign = ready
    job = film(team, campaign, clip)
    team.post(f"/jobs/{job}/cancel", {})
    state = team.wait(job)
    assert state["status"] == "cancelled"
    assert state["spent"] + state["saved"] == pytest.approx(3 * PRICE)
    assert {one["status"] for one in team.clips(job)} <= {"cancelled", "completed"}


def test_fail_fast_stops_the_others_at_the_first_clip_that_is_lost(ready: tuple[Team, str], clip: str) -> None:
    team, campaign = ready
    slow = [of_clip(number, "slow", seconds=LONG) for number in (1, 3)]
    job = film(team, campaign, clip, *slow, of_clip(2, "refuse"), onClipFailure="fail_fast")
    state = team.wait(job)
    assert state["status"] == "failed"
    assert state["errorMessage"].startswith("Clip 2 failed, and the job was to stop at the first: ")
    assert "flagged as sensitive" in state["errorMessage"]
    assert [one["status"] for one in team.clips(job)] == ["cancelled", "failed", "cancelled"]
    assert team.clips(job)[0]["errorMessage"] == state["errorMessage"]
    assert {one["status"] for one in predictions(team, job)} == {"canceled", "failed"}


def test_a_refused_clip_is_not_sent_again_and_a_job_that_has_enough_others_is_completed(
    ready: tuple[Team, str], clip: str
) -> None:
    team, campaign = ready
    wish = {"minClips": 2}
    job = film(team, campaign, clip, of_clip(2, "refuse"), onClipFailure=wish, fallbackModels=[])
    state = team.wait(job)
    assert (state["status"], state["onClipFailure"]) == ("completed", wish)
    [refused] = [one for one in team.clips(job) if one["status"] == "failed"]
    assert (refused["subJobNumber"], refused["errorClass"], refused["retryCount"]) == (2, "refused", 0)
    assert len(predictions(team, job)) == 3


def test_a_clip_that_one_model_fails_twice_is_made_by_the_next(ready: tuple[Team, str], pictures: list[Path]) -> None:
    team, campaign = ready
    team.script(of_clip(1, "fail", times=2))
    wishes = {"numPairs": 1, "clipDuration": 6, "model": "veo3", "fallbackModels": ["hailuo-2.0"]}
    job = team.film(campaign, **wishes)
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    [made] = team.clips(job)
    assert (made["modelId"], made["retryCount"], made["errorMessage"]) == ("hailuo-2.0", 2, None)
    asked = [(one["model"], one["status"]) for one in predictions(team, job)]
    veo, hailuo = "google/veo-3.1-fast", "minimax/hailuo-02"
    assert sorted(asked) == [(veo, "failed"), (veo, "failed"), (hailuo, "succeeded")]
    assert state["estimatedCost"] == pytest.approx(0.9), "at the dearest"
    assert (state["actualCost"], state["lostCost"]) == (pytest.approx(0.2), 0)
