"""What cannot be asked of a prompted film: each refusal names the field and says what would do; nothing is created or spent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.studio.catalogue import catalogue
from functions.studio.media_store import MediaStore
from functions.studio.overrides import Overrides
from functions.studio.rows import today
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, uploaded
from tests.integration.prompt_stage import prompted

TEXT = ", ".join(model.name for model in catalogue().choosable("text", today()))
LONG = "x" * 2001


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


WRONG: list[tuple[dict[str, Any], list[str], str]] = [
    ({"mode": "image", "prompt": "A cat"}, ["imageAssetId"], "is required in the mode image"),
    ({"mode": "text", "imageAssetId": UNKNOWN, "prompt": "A cat"}, ["mode"], "must be image with imageAssetId"),
    (
        {"imageAssetId": UNKNOWN, "imageUrl": "https://x.example/a.png"},
        ["imageUrl"],
        "must be left out with imageAssetId",
    ),
    ({"mode": "video"}, ["mode"], "text"),
    ({"script": "A", "prompt": "B"}, ["prompt"], "must be left out with a script"),
    ({"prompt": ""}, ["prompt"], "at least 1"),
    ({"prompt": " \n "}, ["prompt"], "at least 1"),
    ({"script": ""}, ["script"], "at least 1"),
    ({"prompt": "x" * 10_001}, ["prompt"], "at most 10000"),
    ({"prompt": LONG, "model": "hailuo-2.0"}, ["prompt"], "takes prompts of 2000 characters, not of 2001"),
    ({"script": LONG, "model": "hailuo-2.0"}, ["script"], "takes prompts of 2000 characters"),
    ({"prompt": "\U0001f3ac" * 1001, "model": "hailuo-2.0"}, ["prompt"], "not of 2002"),
    ({"script": "A", "style": "gothic"}, ["style"], "must be one of marketing, educational, social"),
    ({"prompt": "A", "style": "social"}, ["style"], "must be left out with a prompt"),
    ({"aspectRatio": "2:1"}, ["aspectRatio"], "16:9"),
    ({"provider": "sora"}, ["provider"], "must be one of replicate"),
    ({"provider": "piapi", "model": "veo3"}, ["provider"], "replicate"),
    ({"model": "sora"}, ["model"], f"must be one of {TEXT}"),
    ({"model": "wan-2.5"}, ["model"], f"must be one of {TEXT}"),
    ({"model": "veo3", "policy": "best"}, ["policy"], "must be left out with a model"),
    ({"policy": "luckiest"}, ["policy"], "seed"),
    ({"durationSeconds": 0}, ["durationSeconds"], "greater than or equal to 1"),
    ({"durationSeconds": 3601, "fill": True}, ["durationSeconds"], "less than or equal to 3600"),
    (
        {"durationSeconds": 30},
        ["durationSeconds"],
        "must be at most 10: clips of 2, 3, 4, 5, 6, 7, 8, 9, 10 seconds can be made",
    ),
    ({"durationSeconds": 30, "model": "veo3"}, ["durationSeconds"], "must be at most 10"),
    ({"fill": True}, ["durationSeconds"], "is required with fill"),
    ({"count": 0}, ["count"], "greater than or equal to 1"),
    ({"count": 11}, ["count"], "less than or equal to 10"),
    (
        {"durationSeconds": 3600, "fill": True, "count": 3, "model": "veo3"},
        ["durationSeconds"],
        "clips: at most 333 shots",
    ),
    ({"compare": ["veo3"]}, ["compare"], "at least 2"),
    ({"compare": ["veo3", "veo3"]}, ["compare.1"], "must be another model"),
    ({"compare": ["veo3", "sora"]}, ["compare.1"], f"must be one of {TEXT}"),
    ({"compare": ["veo3", "hailuo-2.0"], "model": "veo3"}, ["model"], "must be left out with compare"),
    ({"compare": ["veo3", "hailuo-2.0"], "count": 2}, ["count"], "must be left out with compare"),
    (
        {"compare": ["veo3", "hailuo-2.0"], "durationSeconds": 30, "fill": True},
        ["compare.1"],
        "must be a model of clips of 6, 8 seconds, as veo3",
    ),
    ({"model": "veo3", "durationSeconds": 8, "fallbackModels": ["hailuo-2.0"]}, ["fallbackModels.0"], "of 8 seconds"),
    ({"model": "veo3", "onClipFailure": {"minClips": 2}}, ["onClipFailure.minClips"], "must be at most 1"),
    ({"model": "veo3", "transitions": [{"after": 1, "kind": "wipe"}]}, ["transitions.0.after"], "a single clip"),
    (
        {"continueFrom": {"jobId": UNKNOWN, "subJobNumber": 0}},
        ["continueFrom.subJobNumber"],
        "greater than or equal to 1",
    ),
    ({"colour": "red"}, ["colour"], "is not a field"),
]


def test_what_does_not_go_together_or_cannot_be_made_is_422_and_named(acme: Caller, everything: Everything) -> None:
    campaign = a_campaign(acme)
    for wishes, fields, words in WRONG:
        problem = everything.refused(lambda said=wishes: prompted(acme, campaign, **said), 422, *fields)
        assert words in problem["errors"][0]["detail"], problem


def test_a_duration_that_nothing_makes_is_answered_with_fill(acme: Caller, everything: Everything) -> None:
    campaign = a_campaign(acme)
    problem = everything.refused(lambda: prompted(acme, campaign, durationSeconds=90), 422, "durationSeconds")
    assert "fill: true" in problem["hint"]


@pytest.mark.parametrize("gone_too", [False, True])
def test_a_model_that_is_gone_names_its_successor_whether_that_can_be_had_or_not(
    acme: Caller, everything: Everything, media: MediaStore, gone_too: bool
) -> None:
    said = {"name": "hailuo-2.0", "retired": "2026-11-01", "successors": ["hailuo-2.3"]}
    heir = {"name": "hailuo-2.3", **({"retired": "2026-11-02"} if gone_too else {})}
    Overrides(media).put(json.dumps({"models": [said, heir]}).encode())
    campaign = a_campaign(acme)
    problem = everything.refused(lambda: prompted(acme, campaign, model="hailuo-2.0"), 422, "model")
    assert "is retired since 2026-11-01" in problem["detail"]
    heard = (
        "; its successor hailuo-2.3 cannot be had either; what would do: veo3"
        if gone_too
        else "; what would do: hailuo-2.3"
    )
    assert heard in problem["errors"][0]["detail"]


def test_neither_a_script_nor_a_prompt_is_422(acme: Caller, everything: Everything) -> None:
    campaign = a_campaign(acme)
    everything.refused(lambda: acme.post("/api/v3/jobs/from-prompt", {"campaignId": campaign}), 422, "script")


def test_what_is_not_there_is_404_and_music_is_no_picture(acme: Caller, other: Caller, everything: Everything) -> None:
    campaign = a_campaign(acme)
    theirs = uploaded(other, a_campaign(other)).data["id"]
    everything.refused(lambda: prompted(acme, UNKNOWN, model="veo3"), 404, "campaignId")
    everything.refused(lambda: prompted(acme, campaign, clientId=UNKNOWN, model="veo3"), 404, "clientId")
    for asset in (UNKNOWN, theirs):
        everything.refused(
            lambda one=asset: prompted(acme, campaign, imageAssetId=one, model="veo3"), 404, "imageAssetId"
        )
