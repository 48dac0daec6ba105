"""A provider that fails, through HTTP alone: the next job is made by another model, and says why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.cloud import LocalCloud
from tests.workflow.conftest import Team

RULED = "piapi_hunyuan_fast"


@pytest.fixture
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Of its own: what fails here would be remembered where other tests have a model chosen."""
    with LocalCloud(out=tmp_path_factory.mktemp("cloud")) as running:
        yield running


def test_the_job_after_a_model_has_failed_is_made_by_another_and_says_why(team: Team) -> None:
    team.script({"match": {"model": "Qubico/hunyuan"}, "times": 12, "do": "fail"}, service="piapi")
    campaign = team.campaign([])
    wish = {"campaignId": campaign, "prompt": "A slow turn", "durationSeconds": 4}
    failing = team.wait(team.post("/jobs/from-prompt", {**wish, "model": RULED, "count": 6})["jobId"])
    assert (failing["status"], failing["actualCost"]) == ("failed", 0)

    (shown,) = [one for one in team.get("/models?mode=text&provider=piapi")["items"] if one["id"] == RULED]
    (mode,) = shown["modes"]
    assert (mode["health"]["state"], mode["health"]["failureRate"]) == ("open", 1)

    job = team.wait(team.post("/jobs/from-prompt", {**wish, "policy": "seed"})["jobId"])
    assert job["status"] == "completed", job["errorMessage"]
    (clip,) = team.clips(job["id"])
    assert clip["modelId"] == job["choice"]["modelId"] != RULED
    said = {one["modelId"]: one["because"] for one in job["choice"]["passedOver"]}
    assert said[RULED].startswith("failed ")
    assert "within 10 minutes; it is asked again from " in said[RULED]
    assert job["choice"]["because"].startswith(f"{RULED} failed ")
