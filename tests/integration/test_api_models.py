"""GET /models, and what becomes of jobs whose model is about to go, or has gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.studio.catalogue import catalogue
from functions.studio.media_store import MediaStore
from functions.studio.overrides import Overrides
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import Everything, a_campaign_of, asked

GONE, STAYS = "2026-11-01", "2999-01-01"


def listed(caller: Caller, query: str = "") -> dict[str, dict[str, Any]]:
    """By name, and there by mode."""
    page = caller.get(f"/api/v3/models{query}").data
    assert page["nextCursor"] is None
    return {one["id"]: {mode["mode"]: mode for mode in one["modes"]} for one in page["items"]}


def says(media: MediaStore, name: str, **said: Any) -> None:
    Overrides(media).put(json.dumps({"models": [{"name": name, **said}]}).encode())


def test_every_model_is_listed_with_all_that_a_caller_needs(acme: Caller) -> None:
    models = listed(acme)
    assert models.keys() == {entry.name for entry in catalogue().models}
    veo = models["veo3"]["pair"]
    assert veo["resolutions"] == [
        {"name": "720p", "side": 720, "durations": [4, 6, 8], "price": {"unit": "second", "usd": 0.15, "usdWithoutAudio": 0.1}},
        {"name": "1080p", "side": 1080, "durations": [4, 6, 8], "price": {"unit": "second", "usd": 0.15, "usdWithoutAudio": 0.12}},
    ]  # fmt: skip
    assert (veo["durations"], veo["defaultDuration"], veo["aspectRatios"]) == ([4, 6, 8], 8, ["16:9", "9:16"])
    assert (veo["audio"], veo["seed"], veo["available"], veo["reason"], veo["state"]) == (
        True,
        True,
        True,
        None,
        "current",
    )
    assert models["hailuo-2.0"]["pair"]["resolutions"][1]["durations"] == [6]
    wanx = models["piapi_wanx_1.3b"]
    assert (wanx["text"]["confirmed"], wanx["image"]["confirmed"]) == (True, False)
    assert wanx["image"]["successors"] == ["piapi_wanx_14b"]
    assert (wanx["image"]["otherRatios"], wanx["image"]["resolutions"][0]["price"]["usd"]) == ("16:9", 0.12)


def test_what_cannot_be_asked_is_listed_with_the_reason(acme: Caller) -> None:
    models = listed(acme)
    assert (models["gen4_turbo"]["image"]["available"], models["gen4_turbo"]["image"]["reason"]) == (True, None)
    assert models["gen3a_turbo"]["pair"]["reason"] == "It is retired since 2026-11-20."


def test_models_of_stills_are_listed_with_the_pictures_that_they_can_be_shown(acme: Caller) -> None:
    stills = {name: modes["still"] for name, modes in listed(acme, "?mode=still").items()}
    assert {name: (one["leastReferences"], one["references"]) for name, one in stills.items()} == {
        "gen4_image": (0, 3),
        "gen4_image_turbo": (1, 3),
        "flux-schnell": (0, 0),
        "flux-1.1-pro": (0, 1),
        "nano-banana": (0, 3),
    }
    still = stills["gen4_image"]
    assert (still["durations"], still["defaultDuration"], still["resolutions"][0]["durations"]) == ([], None, [])
    assert [one["price"] for one in still["resolutions"]] == [
        {"unit": "picture", "usd": 0.08, "usdWithoutAudio": None},
        {"unit": "picture", "usd": 0.05, "usdWithoutAudio": None},
    ]


def test_where_runway_is_switched_off_its_models_are_listed_so_and_a_job_that_names_one_is_refused(
    acme: Caller, media: MediaStore, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNWAYML_ENABLED", "false")
    campaign = a_campaign_of(acme, 2)
    models = listed(acme)
    told = "It cannot be asked: Runway is switched off here (RUNWAYML_ENABLED)."
    for name, mode in (("gen4_turbo", "image"), ("runway_veo3.1", "pair"), ("gen4_image", "still")):
        assert (models[name][mode]["available"], models[name][mode]["reason"]) == (False, told)
    assert models["veo3"]["pair"]["available"] is True
    before = Everything(table, media).now()
    problem = asked(acme, campaignId=campaign, model="runway_veo3.1").problem
    assert (problem["status"], problem["code"]) == (422, "invalid_request")
    assert "RUNWAYML_ENABLED" in problem["detail"]
    assert "runway" not in problem["hint"]
    assert Everything(table, media).now() == before


@pytest.mark.parametrize(
    ("query", "there", "not_there", "modes"),
    [
        ("?mode=pair", "veo3", "hailuo-2.3", {"pair"}),
        ("?provider=replicate", "veo3", "piapi_luma", {"pair", "image", "text", "still"}),
        ("?mode=still&provider=runway", "gen4_image", "nano-banana", {"still"}),
        ("?state=deprecated", "veo-3", "veo3", {"image", "text"}),
        ("?state=retired&mode=pair", "gen3a_turbo", "runway_veo3", {"pair"}),
        ("?provider=piapi&mode=pair&state=current", "piapi_luma", "piapi_wanx_14b", {"pair"}),
    ],
)
def test_the_filters_choose_among_the_modes(
    acme: Caller, query: str, there: str, not_there: str, modes: set[str]
) -> None:
    models = listed(acme, query)
    assert there in models
    assert not_there not in models
    assert {mode for one in models.values() for mode in one} == modes


def test_a_provider_that_nobody_knows_has_no_models_and_a_mode_that_is_none_is_refused(acme: Caller) -> None:
    assert listed(acme, "?provider=nobody") == {}
    assert acme.get("/api/v3/models?mode=triple").status == 422


def test_a_job_that_names_a_retired_model_is_refused_with_its_successor(
    acme: Caller, media: MediaStore, table: Table
) -> None:
    says(media, "hailuo-2.0", retired=GONE, successors=["veo3", "hailuo-2.3"])
    campaign = a_campaign_of(acme, 2)
    before = Everything(table, media).now()
    problem = asked(acme, campaignId=campaign, model="hailuo-2.0").problem
    assert (problem["status"], problem["code"]) == (422, "invalid_request")
    assert problem["hint"] == "Ask for veo3.", "the other one makes no pairs"
    assert problem["errors"] == [{"field": "model", "detail": f"is retired since {GONE}; what would do: veo3"}]
    assert Everything(table, media).now() == before


def test_one_that_falls_back_to_a_retired_model_is_refused_too(acme: Caller, media: MediaStore) -> None:
    says(media, "hailuo-2.0", retired=GONE)
    wish = {"model": "veo3", "clipDuration": 6, "fallbackModels": ["hailuo-2.0"]}
    problem = asked(acme, campaignId=a_campaign_of(acme, 2), **wish).problem
    [fault] = problem["errors"]
    assert fault["field"] == "fallbackModels.0"
    assert fault["detail"] == f"must be another model: hailuo-2.0 is retired since {GONE}"


def test_a_deprecated_model_is_accepted_with_a_warning(acme: Caller, media: MediaStore) -> None:
    says(media, "veo3", deprecated=GONE, retired=STAYS)
    accepted = asked(acme, campaignId=a_campaign_of(acme, 2), model="veo3")
    assert accepted.status == 202
    told = f"model veo3: it is deprecated since {GONE} and goes on {STAYS}; veo-3.1 is to take its place."
    assert accepted.data["warnings"] == [told]


@pytest.mark.parametrize("name", ["gen4_turbo", "hailuo-2.3"])
def test_a_model_of_another_mode_is_refused_with_those_that_make_pairs(acme: Caller, name: str) -> None:
    problem = asked(acme, campaignId=a_campaign_of(acme, 2), model=name).problem
    assert problem["detail"] == f"There is no model {name!r} for image pairs."
    assert "veo3, veo-3.1, hailuo-2.0" in problem["hint"]


def test_a_model_whose_provider_cannot_be_asked_is_refused_with_those_that_can(
    acme: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNWAYML_ENABLED", "false")
    problem = asked(acme, campaignId=a_campaign_of(acme, 2), model="runway_veo3.1").problem
    assert problem["detail"].startswith("The model 'runway_veo3.1' cannot be asked: ")
    assert problem["hint"].startswith("Ask for veo3, ")


def test_who_writes_speaks_and_listens_is_shown_with_price_state_and_last_day(acme: Caller) -> None:
    told = acme.get("/api/v3/models?mode=still").data["narrators"]
    speech = {one["id"]: one for one in told["speech"]}
    assert told["scripts"][0]["usdPerMillionIn"] > 0
    assert speech["tts-1-hd"]["retired"] == "2027-01-06"
    assert {one["id"]: one["retired"] for one in told["timing"]}["whisper-1"] == "2027-02-26"
    for one in (*told["scripts"], *told["speech"], *told["timing"]):
        assert one["state"] in ("current", "deprecated", "retired")
        assert one["source"]
        assert one["date"]
    voices = {one["id"]: one for one in told["voices"]}
    assert {"alloy", "nova", "shimmer", "onyx", "echo", "fable"} <= voices.keys()
    assert "tts-1-hd" in voices["alloy"]["models"]
    assert "en" in {one["id"] for one in told["languages"]}
