"""Films of PiAPI's clips, through HTTP alone: image pairs by Luma, whose key frames lie deep in its input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.standins.conftest import wait_until
from tests.workflow.conftest import GIVE_UP, Film, Team


def of_clip(number: int, attempt: int = 1, **rule: Any) -> dict[str, Any]:
    """A rule for one clip's create."""
    return {"match": {"webhook": f"attempt=1.{number:04d}.video.{attempt}"}, **rule}


def test_a_film_is_made_whatever_becomes_of_webhooks_and_creates(
    team: Team, pictures: list[Path], film_of: Callable[[str], Film]
) -> None:
    team.script(
        of_clip(1, do="lose_webhook"),
        of_clip(2, do="forge_webhook"),
        of_clip(3, do="early_webhook"),
        of_clip(4, do="throttle", seconds=1),
        of_clip(5, do="fail"),
        service="piapi",
    )
    job = team.film(team.campaign(pictures), numPairs=5, model="piapi_luma")
    state, clips = team.wait(job), team.clips(job)
    assert (state["status"], state["errorMessage"]) == ("completed", None)
    assert [(clip["status"], clip["modelId"], clip["durationSeconds"]) for clip in clips] == [
        ("completed", "piapi_luma", 5)
    ] * 5
    assert [(clip["actualCost"], clip["providerReportedCost"], clip["retryCount"]) for clip in clips] == [
        (0.2, 0.2, 0)
    ] * 4 + [(0.2, 0.2, 1)]
    assert state["actualCost"] == 1.0
    assert film_of(job).frames == 5 * 5 * 24

    lines = team.get(f"/jobs/{job}/ledger")["lines"]
    assert sorted((line["state"], line["providerReportedCost"]) for line in lines) == [
        ("released", 0.0),
        *[("settled", 0.2)] * 5,
    ]
    creates = [entry["body"] for entry in team.log("piapi") if entry["method"] == "POST"]
    assert [one["model"] for one in creates] == ["luma"] * 7, "six tasks, and the one that was throttled"
    assert {one["config"]["webhook_config"]["endpoint"].split("?")[0] for one in creates} == {
        f"{team.url}/callbacks/piapi"
    }
    assert team.log("replicate") == []
    told = team.look("_webhooks", "piapi")
    assert {(one["forged"], one["answered"]) for one in told} >= {(True, 401), (False, 204)}


def test_what_is_refused_or_unpaid_says_why_and_the_film_is_made_of_the_others(
    team: Team, pictures: list[Path], film_of: Callable[[str], Film]
) -> None:
    team.script(of_clip(1, do="refuse"), of_clip(2, do="hide_error"), service="piapi")
    job = team.film(team.campaign(pictures), numPairs=3, model="piapi_luma")
    state, clips = team.wait(job), team.clips(job)
    assert (state["status"], [clip["errorClass"] for clip in clips]) == ("completed", ["refused", "unconfigured", None])
    assert "moderation" in clips[0]["errorMessage"]
    assert "PIAPI_API_KEY" in clips[1]["errorMessage"]
    assert (state["actualCost"], film_of(job).frames) == (0.2, 5 * 24)


def test_a_cancelled_job_pays_for_what_piapi_had_begun_and_not_for_what_waited(
    team: Team, pictures: list[Path]
) -> None:
    team.script(
        of_clip(1, do="queue", seconds=600),
        of_clip(2, do="slow", seconds=600),
        service="piapi",
    )
    job = team.film(team.campaign(pictures), numPairs=2, model="piapi_luma")
    begun = [False, True]
    wait_until(lambda: sorted(bool(one["startedAt"]) for one in team.look("_predictions", "piapi")) == begun, GIVE_UP)
    team.post(f"/jobs/{job}/cancel", {})
    state = team.wait(job)
    assert state["status"] == "cancelled"
    assert (state["spent"], state["saved"]) == (0.2, 0.2)
