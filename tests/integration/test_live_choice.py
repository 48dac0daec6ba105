"""A prompted film's model by what is so at the moment: models that rest, keys that are missing, tiers, budgets."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from functions.api.keys import issue_key
from functions.studio.budgets import Budgets
from functions.studio.catalogue import catalogue
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import Everything, a_campaign, a_campaign_of, asked
from tests.integration.choice_stage import Lately
from tests.integration.prompt_stage import prompted

RULED = "piapi_hunyuan_fast"


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


@pytest.fixture
def free(deployed: None, table: Table) -> Caller:
    return Caller(issue_key(table, "acme", "free"))


def choice(caller: Caller, reply: Reply) -> dict[str, Any]:
    assert reply.status == 202, reply.text
    made: dict[str, Any] = caller.get(reply.headers["location"]).data["choice"]
    return made


def passed_over(choice: dict[str, Any]) -> dict[str, str]:
    return {one["modelId"]: one["because"] for one in choice["passedOver"]}


def test_a_model_that_rests_is_passed_over_and_the_job_says_why(acme: Caller, lately: Lately) -> None:
    assert choice(acme, prompted(acme))["modelId"] == RULED
    lately.failed(RULED)
    made = choice(acme, prompted(acme))
    assert made["modelId"] == "piapi_hunyuan_normal", "the cheapest of the others"
    why = "failed 6 of its last 7 clips within 10 minutes; it is asked again from "
    assert passed_over(made)[RULED].startswith(why)
    assert why in made["because"]


def test_a_model_that_fails_in_one_mode_is_chosen_in_the_others(acme: Caller, lately: Lately) -> None:
    lately.failed(RULED, mode="image")
    assert choice(acme, prompted(acme))["modelId"] == RULED


def test_after_its_rest_one_job_tries_it_and_when_that_is_made_all_do(acme: Caller, lately: Lately) -> None:
    lately.failed(RULED)
    lately.clock.on(5)
    first, second = choice(acme, prompted(acme)), choice(acme, prompted(acme))
    assert first["modelId"] == RULED
    assert first["because"].endswith("and this job is to show whether it works again")
    assert second["modelId"] != RULED
    assert passed_over(second)[RULED].endswith("another job tries it already")
    lately.counted(RULED, "made", seconds=30)
    assert choice(acme, prompted(acme))["modelId"] == RULED


def test_a_job_that_is_refused_does_not_use_up_the_one_try(acme: Caller, lately: Lately, table: Table) -> None:
    lately.failed(RULED)
    lately.clock.on(5)
    Budgets(table).cap_tenant("acme", Decimal("0.01"))
    assert prompted(acme).status == 402
    Budgets(table).cap_tenant("acme", None)
    assert choice(acme, prompted(acme))["modelId"] == RULED


def test_a_model_that_is_named_is_asked_all_the_same_and_warned_of(acme: Caller, lately: Lately) -> None:
    for mode in ("text", "pair"):
        lately.failed("veo3", mode=mode)
    warned = "model veo3: it failed 6 of its last 7 clips within 10 minutes"
    for reply in (
        prompted(acme, model="veo3"),
        prompted(acme, model="hailuo-2.0", fallbackModels=["veo3"], durationSeconds=6),
        prompted(acme, compare=["hailuo-2.0", "veo3"], durationSeconds=6),
        asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1),
    ):
        assert reply.status == 202, reply.text
        (words,) = [one for one in reply.data["warnings"] if "failed" in one]
        assert words.startswith(warned)
        assert words.endswith("It is asked all the same.")


def test_where_every_model_rests_one_is_asked_all_the_same(acme: Caller, lately: Lately) -> None:
    lately.failed(*(model.name for model in catalogue().in_mode("text")))
    reply = prompted(acme, policy="cheapest")
    made = choice(acme, reply)
    (words,) = reply.data["warnings"]
    assert words.startswith(f"model {made['modelId']}: it failed 6 of its last 7")


def test_so_is_one_that_rests_where_no_other_fits_the_budget(acme: Caller, lately: Lately) -> None:
    lately.failed(RULED)
    reply = prompted(acme, budgetUsd=0.05)
    assert choice(acme, reply)["modelId"] == RULED
    assert reply.data["warnings"][-1].endswith("It is asked all the same.")


def test_a_fallback_that_rests_is_warned_of_beside_a_choice(acme: Caller, lately: Lately) -> None:
    lately.failed("veo3")
    reply = prompted(acme, policy="best", durationSeconds=6, fallbackModels=["veo3"])
    assert choice(acme, reply)["modelId"] == "veo-3.1"
    assert [words.split(":")[0] for words in reply.data["warnings"]] == ["model veo3"]


def test_the_fastest_is_the_one_that_is_fastest_now(acme: Caller, lately: Lately) -> None:
    lately.counted("hailuo-2.0", "made", 5, seconds=10.5)
    made = choice(acme, prompted(acme, policy="fastest"))
    assert made["modelId"] == "hailuo-2.0"
    assert made["because"].endswith("about 11 s for a clip"), "times are counted by classes"


def test_the_best_loses_what_it_fails_at(acme: Caller, lately: Lately) -> None:
    before = choice(acme, prompted(acme, policy="best"))["modelId"]
    lately.counted(before, "made", 6)
    lately.counted(before, "failed", 4)
    made = choice(acme, prompted(acme, policy="best"))
    assert made["modelId"] != before
    assert "less the 40% of its clips that failed" in passed_over(made)[before]


def test_a_provider_without_a_key_is_passed_over_and_warned_of_where_it_is_named(acme: Caller, lately: Lately) -> None:
    lately.pulse.note_keys({"piapi": "PIAPI_API_KEY not configured"})
    made = choice(acme, prompted(acme))
    assert catalogue().model(made["modelId"], "text").provider == "replicate"
    assert passed_over(made)[RULED] == "cannot be asked: PIAPI_API_KEY not configured"
    (words,) = prompted(acme, model=RULED).data["warnings"]
    assert "PIAPI_API_KEY not configured" in words


# budgets


@pytest.mark.parametrize("whose", ["tenant", "campaign", "job"])
def test_what_does_not_fit_a_budget_is_passed_over(acme: Caller, table: Table, whose: str) -> None:
    if whose == "tenant":
        Budgets(table).cap_tenant("acme", Decimal("0.50"))
    campaign = a_campaign(acme, **({"budgetUsd": 0.5} if whose == "campaign" else {}))
    made = choice(acme, prompted(acme, campaign, policy="best", **({"budgetUsd": 0.5} if whose == "job" else {})))
    assert made["modelId"] not in ("veo3", "veo-3.1")
    assert passed_over(made)["veo3"] == f"takes $1.20, and the {whose}'s budget has $0.50 left"


@pytest.mark.parametrize("policy", ["seed", "cheapest", "best"])
def test_where_none_fits_the_budget_says_what_is_left(acme: Caller, everything: Everything, policy: str) -> None:
    campaign = a_campaign(acme, budgetUsd=0.02)
    problem = everything.refused(lambda: prompted(acme, campaign, policy=policy), 402, "campaignId")
    assert problem["code"] == "over_budget"


# tiers


def test_a_tier_is_given_no_dearer_model_than_it_has(free: Caller) -> None:
    made = choice(free, prompted(free, policy="best"))
    assert passed_over(made)["veo3"] == "takes $1.20 for a usual clip, and the tier free has at most $0.30"


@pytest.mark.parametrize(
    ("wishes", "fields"),
    [
        ({"model": "veo3"}, ["model"]),
        ({"model": "hailuo-2.0", "fallbackModels": ["veo3"], "durationSeconds": 6}, ["fallbackModels.0"]),
        ({"compare": ["hailuo-2.0", "veo3", "veo-3.1"], "durationSeconds": 6}, ["compare.1", "compare.2"]),
        ({"model": "hailuo-2.0", "durationSeconds": 120, "fill": True}, ["durationSeconds"]),
    ],
)
def test_what_a_tier_does_not_have_is_refused_with_what_it_has(
    free: Caller, everything: Everything, wishes: dict[str, Any], fields: list[str]
) -> None:
    campaign = a_campaign(free)
    problem = everything.refused(lambda: prompted(free, campaign, **wishes), 403, *fields)
    assert problem["code"] == "not_of_tier"
    assert "hailuo-2.0" in problem["hint"]
    assert "veo3" not in problem["hint"]


@pytest.mark.parametrize(
    ("wishes", "fields"),
    [
        ({"numPairs": 1}, ["model"]),
        ({"model": "hailuo-2.0"}, ["numPairs"]),
        ({"model": "hailuo-2.0", "numPairs": 11}, ["numPairs"]),
    ],
)
def test_so_are_image_pairs(free: Caller, everything: Everything, wishes: dict[str, Any], fields: list[str]) -> None:
    campaign = a_campaign_of(free, 6)
    everything.refused(lambda: asked(free, campaignId=campaign, **wishes), 403, *fields)
    assert asked(free, campaignId=campaign, model="hailuo-2.0", numPairs=2).status == 202


def test_a_key_of_a_tier_that_nobody_knows_has_the_strictest(deployed: None, table: Table) -> None:
    caller = Caller(issue_key(table, "acme", "platinum"))
    me = caller.get("/api/v3/me").data
    assert (me["tier"], me["limits"]["clips"], me["limits"]["chosenClipUsd"], me["limits"]["namesDearerModels"]) == (
        "platinum",
        10,
        0.3,
        False,
    )
    assert prompted(caller, model="veo3").status == 403


def test_me_shows_the_limits_of_the_tier(acme: Caller) -> None:
    limits = acme.get("/api/v3/me").data["limits"]
    assert (limits["clips"], limits["chosenClipUsd"], limits["namesDearerModels"]) == (1000, 4.0, True)


# GET /models


def test_models_show_how_they_are(acme: Caller, lately: Lately) -> None:
    lately.failed("veo3")
    lately.counted("hailuo-2.0", "made", 3, seconds=50)
    lately.counted("hailuo-2.0", "refused")
    lately.pulse.note_keys({"piapi": "PIAPI_API_KEY not configured"})
    items = acme.get("/api/v3/models").data["items"]
    models = {one["id"]: {mode["mode"]: mode for mode in one["modes"]} for one in items}
    veo, hailuo = models["veo3"]["text"]["health"], models["hailuo-2.0"]["text"]["health"]
    assert (veo["state"], veo["failureRate"], veo["refusalRate"]) == ("open", 0.857, 0)
    assert veo["reason"].startswith("It failed 6 of its last 7 clips")
    assert veo["seconds"] == pytest.approx(30, rel=0.1)
    assert (hailuo["state"], hailuo["reason"], hailuo["failureRate"], hailuo["refusalRate"]) == (
        "closed",
        None,
        0,
        0.25,
    )
    assert models["veo-3.1"]["text"]["health"] is models["veo3"]["image"]["health"] is None
    shown = models[RULED]["text"]
    assert (shown["available"], shown["reason"]) == (False, "It cannot be asked: PIAPI_API_KEY not configured.")
    assert models["veo3"]["text"]["available"] is True
