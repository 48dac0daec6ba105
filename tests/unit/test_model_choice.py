"""Which model makes a film whose caller named none: each policy over candidates, and what is said of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from functions.studio.catalogue import Model, catalogue
from functions.studio.choice import Candidate, Facts, Policy, Wish, choose

TEXT = {model.name: model for model in catalogue().in_mode("text")}
RULED = ("piapi_hunyuan_fast", "piapi_wanx_1.3b", "piapi_wanx_14b")


def candidate(name: str, cost: str = "1", **changes: Any) -> Candidate:
    return Candidate(TEXT[name], Decimal(cost), **changes)


THREE = [candidate("veo3", "1.20"), candidate("hailuo-2.0", "0.20"), candidate("ray-flash-2", "0.27")]


@pytest.mark.parametrize(
    ("seconds", "named"), [(None, 0), ("5", 0), ("10", 0), ("10.1", 1), ("60", 1), ("60.1", 2), ("90", 2)]
)
def test_the_seeds_rule_goes_by_the_films_seconds(seconds: str | None, named: int) -> None:
    short = "makes clips of 5 seconds at most"
    candidates = [*THREE, *(candidate(name, "0.03", short=short) for name in RULED)]
    choice = choose(Wish("seed", seconds and Decimal(seconds)), candidates)
    assert choice
    assert (choice.policy, choice.model) == ("seed", RULED[named])
    assert {one.model for one in choice.passed_over} == {one.model.name for one in candidates} - {choice.model}


@pytest.mark.parametrize("unfit", ["is retired since 2026-01-01", None])
def test_where_the_rules_model_cannot_be_had_the_cheapest_that_is_long_enough_takes_its_place(
    unfit: str | None,
) -> None:
    ruled = [candidate(RULED[0], "0.03", unfit=unfit)] if unfit else []
    candidates = [*THREE, *ruled, candidate(RULED[1], "0.12", short="makes clips of 5 seconds at most")]
    choice = choose(Wish("seed", Decimal(8)), candidates)
    assert choice
    assert choice.model == "hailuo-2.0"
    assert choice.because.startswith(f"{RULED[0]} {unfit or 'is not among'}")
    assert "$0.20" in choice.because
    said = {one.model: one.because for one in choice.passed_over}
    assert said[RULED[1]] == "makes clips of 5 seconds at most"


def quickest(model: Model) -> float:
    return model.typical_seconds


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        ("cheapest", "hailuo-2.0"),
        ("fastest", min((one.model for one in THREE), key=quickest).name),
        ("best", max((one.model for one in THREE), key=lambda model: model.quality).name),
    ],
)
def test_the_other_policies_go_by_the_catalogue_and_say_what_they_went_by(policy: Policy, named: str) -> None:
    choice = choose(Wish(policy), THREE)
    assert choice
    assert choice.model == named
    assert policy in choice.because
    assert len(choice.passed_over) == 2
    assert all(one.because for one in choice.passed_over)


def test_what_is_known_of_the_last_hour_outweighs_the_catalogue() -> None:
    slow = Facts(seconds={"ray-flash-2": 900.0, "veo3": 20.0})
    choice = choose(Wish("fastest"), THREE, slow)
    assert choice
    assert choice.model == "veo3"
    out = Facts(unfit={"hailuo-2.0": "has failed 9 times of 10 in the last hour"})
    choice = choose(Wish("cheapest"), THREE, out)
    assert choice
    assert choice.model == "ray-flash-2"
    assert ("hailuo-2.0", out.unfit["hailuo-2.0"]) in [(one.model, one.because) for one in choice.passed_over]


def test_the_best_is_measured_by_what_it_keeps_of_its_quality() -> None:
    failing = Facts(failing={"veo3": 0.5})
    choice = choose(Wish("best"), THREE, failing)
    assert choice
    assert choice.model == "hailuo-2.0"
    said = {one.model: one.because for one in choice.passed_over}
    assert said["veo3"].endswith("less the 50% of its clips that failed in the last hour")


def test_a_provider_without_a_key_is_passed_over_with_its_models() -> None:
    facts = Facts(keyless={"piapi": "PIAPI_API_KEY not configured"})
    choice = choose(Wish("seed"), [*THREE, candidate(RULED[0], "0.03")], facts)
    assert choice
    assert choice.model == "hailuo-2.0"
    assert choice.because.startswith(f"{RULED[0]} cannot be asked: PIAPI_API_KEY not configured; ")


def test_a_model_that_has_rested_is_tried_by_one_job_and_passed_over_by_the_others() -> None:
    rested = Facts(tried={"hailuo-2.0": "failed 5 of its last 5 clips"})
    choice = choose(Wish("cheapest"), THREE, rested)
    assert choice
    assert choice.model == "hailuo-2.0"
    assert choice.because.endswith("it failed 5 of its last 5 clips, and this job is to show whether it works again")
    other = choose(Wish("cheapest"), THREE, rested.taken("hailuo-2.0"))
    assert other
    assert other.model == "ray-flash-2"
    said = {one.model: one.because for one in other.passed_over}
    assert said["hailuo-2.0"] == "failed 5 of its last 5 clips; another job tries it already"


def test_models_that_are_named_are_warned_of_whether_they_rest_or_lack_a_key() -> None:
    facts = Facts(unfit={"veo3": "failed 5 of 5"}, tried={"ray-flash-2": "failed 6 of 6"}, keyless={"piapi": "no key"})
    warned = facts.warnings([*(one.model for one in THREE), TEXT[RULED[0]]])
    assert [words.split(":")[0] for words in warned] == [f"model {name}" for name in ("veo3", "ray-flash-2", RULED[0])]
    assert warned[0] == "model veo3: it failed 5 of 5. It is asked all the same."


def test_nothing_is_chosen_where_nothing_can_make_the_film() -> None:
    assert (
        choose(Wish("best"), [candidate("veo3", unfit="is retired"), candidate("hailuo-2.0", short="too short")])
        is None
    )
