"""`?dryRun=true`: what a request would come to, with nothing made, kept or reserved."""

from __future__ import annotations

from typing import Any

import pytest

from functions.studio.job_store import JobStore
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import Everything, a_campaign, a_campaign_of
from tests.integration.prompt_stage import accepted
from tests.integration.scene_stage import a_scenario, endow, some_scenes
from tests.integration.test_prompt_pictures import a_picture_at_an_address

JOBS = "/api/v3/jobs"


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def dry(caller: Caller, kind: str, **wishes: Any) -> Reply:
    return caller.post(f"{JOBS}/{kind}?dryRun=true", wishes)


def test_it_tells_what_the_same_request_then_comes_to(acme: Caller, jobs: JobStore, everything: Everything) -> None:
    campaign = a_campaign(acme)
    wishes = {"campaignId": campaign, "script": "A cat. A dog. A bird.", "durationSeconds": 24, "fill": True}
    before = everything.now()
    told = dry(acme, "from-prompt", **wishes)
    assert (told.status, everything.now()) == (200, before)
    answer = acme.post(f"{JOBS}/from-prompt", wishes)
    _, clips = accepted(jobs, answer)
    assert told.data["dryRun"] is True
    for name in ("modelId", "estimatedCost", "warnings"):
        assert told.data[name] == answer.data[name]
    same = ("subJobNumber", "modelId", "durationSeconds", "prompt")
    assert [[one[name] for name in same] for one in told.data["clips"]] == [
        [clip.number, clip.model, clip.duration_seconds, clip.prompt] for clip in clips
    ]
    assert told.data["totalClips"] == len(clips) > 1
    assert told.data["choice"]["modelId"] == told.data["modelId"]


def test_pairs_that_are_not_counted_yet_have_no_price_yet(acme: Caller, everything: Everything) -> None:
    campaign = a_campaign_of(acme, 3)
    before = everything.now()
    open_ended = dry(acme, "from-image-pairs", campaignId=campaign).data
    counted = dry(acme, "from-image-pairs", campaignId=campaign, numPairs=2, clipDuration=4).data
    assert everything.now() == before
    assert (open_ended["totalClips"], open_ended["estimatedCost"], open_ended["clips"]) == (None, None, [])
    assert (counted["totalClips"], counted["estimatedCost"], len(counted["clips"])) == (2, 1.2, 2)


def test_scenes_tell_their_credits_too(acme: Caller, table: Table, everything: Everything) -> None:
    endow(table, "acme")
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 2)
    before = everything.now()
    told = dry(acme, "from-scenes", scenarioId=scenario, imageModel="nano-banana", model="veo3").data
    assert everything.now() == before
    assert (told["estimatedCredits"], told["imageModelId"]) == (2 * (8 + 25), "nano-banana")
    assert [clip["imagePrompt"] for clip in told["clips"]] == ["Picture 1", "Picture 2"]


def test_a_picture_is_fetched_and_looked_at_and_not_kept(acme: Caller, everything: Everything) -> None:
    campaign = a_campaign(acme)
    before = everything.now()
    with a_picture_at_an_address() as url:
        told = dry(acme, "from-prompt", campaignId=campaign, prompt="A lamp", imageUrl=url, model="veo3")
    assert (told.status, everything.now()) == (200, before)


@pytest.mark.parametrize(
    ("wishes", "status", "field"),
    [({"model": "sora"}, 422, "model"), ({"budgetUsd": 0.1}, 402, "budgetUsd"), ({"style": "noir"}, 422, "style")],
)
def test_what_would_be_refused_is_refused(
    acme: Caller, everything: Everything, wishes: dict[str, Any], status: int, field: str
) -> None:
    campaign = a_campaign(acme)
    usual = {"campaignId": campaign, "script": "A cat.", "model": "veo3"}
    everything.refused(lambda: dry(acme, "from-prompt", **usual | wishes), status, field)


def test_credits_that_do_not_do_are_said(acme: Caller, everything: Everything) -> None:
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 1)
    answer = dry(acme, "from-scenes", scenarioId=scenario, imageModel="nano-banana", model="veo3")
    assert (answer.status, answer.problem["code"]) == (402, "short_of_credits")
