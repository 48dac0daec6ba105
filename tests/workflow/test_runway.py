"""Films of Runway's clips, through HTTP alone: it is asked again and again, for it calls nobody back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.standins.conftest import wait_until
from tests.workflow.conftest import GIVE_UP, Film, Team


def of_clip(number: int, attempt: int = 1, **rule: Any) -> dict[str, Any]:
    """A rule for one clip's create, which its picture's address tells."""
    return {"match": {"promptImage": f"1.{number:04d}.video.{attempt}."}, **rule}


def prompted(team: Team, picture: Path, **wishes: Any) -> str:
    campaign = team.campaign([])
    asset = team.upload(campaign, picture)
    asked = {"campaignId": campaign, "imageAssetId": asset, "model": "gen4_turbo", "prompt": "A slow turn", **wishes}
    return str(team.post("/jobs/from-prompt", asked)["jobId"])


def creates(team: Team) -> list[Any]:
    return [entry["body"] for entry in team.log("runway") if entry["path"] == "/v1/image_to_video"]


def test_a_picture_is_animated_whatever_becomes_of_creates_tasks_and_addresses(
    team: Team, pictures: list[Path], film_of: Callable[[str], Film]
) -> None:
    team.script(
        of_clip(1, do="expire_output"),
        of_clip(2, do="queue", seconds=2),
        of_clip(3, do="throttle", seconds=1),
        of_clip(4, do="fail"),
        service="runway",
    )
    job = prompted(team, pictures[0], durationSeconds=3, count=4, aspectRatio="4:3")
    state, clips = team.wait(job), team.clips(job)
    assert (state["status"], state["errorMessage"]) == ("completed", None)
    assert [(clip["status"], clip["modelId"], clip["durationSeconds"], clip["retryCount"]) for clip in clips] == [
        ("completed", "gen4_turbo", 3, 0)
    ] * 3 + [("completed", "gen4_turbo", 3, 1)]
    assert [(clip["actualCost"], clip["providerReportedCost"]) for clip in clips] == [(0.15, 0.15)] * 4
    assert state["actualCost"] == 0.6
    assert film_of(job).frames == 3 * 24

    asked = creates(team)
    assert len(asked) == 6, "four clips, one that was throttled, one that was tried again"
    assert {(one["model"], one["ratio"], one["duration"], one["promptText"]) for one in asked} == {
        ("gen4_turbo", "1104:832", 3, "A slow turn")
    }
    assert team.log("replicate") == team.log("piapi") == []


def test_a_refused_input_is_not_tried_again_and_what_runway_keeps_for_it_is_lost(
    team: Team, pictures: list[Path]
) -> None:
    team.script({"match": {}, "do": "refuse"}, service="runway")
    job = prompted(team, pictures[0], durationSeconds=2)
    state, (clip,) = team.wait(job), team.clips(job)
    assert (state["status"], clip["errorClass"], clip["errorInput"]) == ("failed", "refused", "prompt")
    assert "SAFETY.INPUT.TEXT" in clip["errorMessage"]
    assert (state["actualCost"], state["spent"], len(creates(team))) == (0, 0.1, 1)


def test_a_cancelled_job_pays_for_what_runway_had_begun_and_not_for_what_waited(
    team: Team, pictures: list[Path]
) -> None:
    team.script(of_clip(1, do="queue", seconds=600), of_clip(2, do="slow", seconds=600), service="runway")
    job = prompted(team, pictures[0], durationSeconds=2, count=2)
    begun = [False, True]
    wait_until(lambda: sorted(bool(one["startedAt"]) for one in team.look("_predictions", "runway")) == begun, GIVE_UP)
    team.post(f"/jobs/{job}/cancel", {})
    state = team.wait(job)
    assert state["status"] == "cancelled"
    assert (state["spent"], state["saved"]) == (0.1, 0.1)
    assert [one["status"] for one in team.look("_predictions", "runway")] == ["canceled"] * 2
