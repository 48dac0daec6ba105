from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from functions.plan.selection import SCHEMA, Pair, in_order, read
from functions.studio.errors import SelectionUnusable

IDS = {"a", "b", "c"}


def pair(first: str = "a", second: str = "b", **changes: Any) -> dict[str, Any]:
    return {"image1AssetId": first, "image2AssetId": second, "score": 0.9, "reason": "Both glow.", **changes}


def answer(*pairs: dict[str, Any]) -> str:
    return json.dumps({"pairs": pairs})


def chosen(pairs: Sequence[Pair]) -> list[str]:
    return [one.image1_asset_id + one.image2_asset_id for one in pairs]


def test_a_good_selection_keeps_the_models_order() -> None:
    assert chosen(read(answer(pair("b", "c", score=0.2), pair("a", "b", score=0.9)), IDS, 2)) == ["bc", "ab"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([pair("a", "b"), pair("a", "x"), pair("b", "c")], ["ab", "bc"]),
        ([pair("a", "a"), pair("b", "c")], ["bc"]),
        ([pair("a", "b"), pair("b", "a"), pair("a", "b"), pair("c", "a")], ["ab", "ca"]),
        ([pair("a", "b"), pair("b", "c"), pair("c", "a")], ["ab", "bc"]),
    ],
    ids=["unknown", "itself", "twice", "too many"],
)
def test_pairs_that_break_a_rule_are_left_out_and_the_others_keep_their_order(
    given: list[Any], kept: list[str]
) -> None:
    assert chosen(read(answer(*given), IDS, 2)) == kept


@pytest.mark.parametrize(("said", "meant"), [(1.2, 1.0), (-0.1, 0.0), (0.5, 0.5), (87, 1.0)])
def test_a_score_that_is_out_of_its_range_is_brought_into_it(said: float, meant: float) -> None:
    assert read(answer(pair(score=said)), IDS, 1)[0].score == meant


def test_a_reason_that_goes_on_for_ever_is_cut() -> None:
    assert len(read(answer(pair(reason="and " * 1000)), IDS, 1)[0].reason) == 500


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "schema"),
        ("not json", "schema"),
        ("[]", "schema"),
        (json.dumps({"selection": []}), "schema"),
        (answer(pair(score=None)), "schema"),
        (answer(pair(score="high")), "schema"),
        ('{"pairs": [{"image1AssetId": "a", "image2AssetId": "b", "score": NaN, "reason": ""}]}', "schema"),
        (answer({"image1AssetId": "a", "score": 1, "reason": ""}), "schema"),
        (answer(), "no pair"),
        (answer(pair("a", "x")), "'x'"),
        (answer(pair("a", "a")), "itself"),
    ],
)
def test_a_selection_of_which_nothing_can_be_used_says_which_rule_it_breaks(text: str, rule: str) -> None:
    with pytest.raises(SelectionUnusable, match=rule):
        read(text, IDS, 50)


def scored(*pairs: str) -> list[Pair]:
    """Pairs of an answer, told as `ab.9`: two pictures, and a score behind the point."""
    return [Pair(image1_asset_id=p[0], image2_asset_id=p[1], score=float(p[2:]), reason="") for p in pairs]


@pytest.mark.parametrize(
    ("answers", "film"),
    [
        ([], []),
        ([[]], []),
        ([["ab.1", "bc.9", "ca.5"]], ["ab", "bc", "ca"]),
        ([["ab.5"], ["cd.9"], ["ef.7"]], ["cd", "ef", "ab"]),
        ([["ab.5"], ["cd.5"], ["ef.5"]], ["ab", "cd", "ef"]),
        ([["ab.9", "bc.3"], ["cd.8", "de.7"]], ["ab", "cd", "de", "bc"]),
        ([["ab.2", "bc.9"], ["cd.3"]], ["cd", "ab", "bc"]),
        ([["ab.5"], [], ["cd.6"]], ["cd", "ab"]),
    ],
    ids=[
        "no question",
        "no pair",
        "one answer is in the model's order whatever its scores",
        "pairs that nobody has ordered go by score",
        "equal scores stay as given",
        "of two answers the higher score is next",
        "no answer loses its own order",
        "an empty answer changes nothing",
    ],
)
def test_the_order_of_the_film(answers: list[list[str]], film: list[str]) -> None:
    assert chosen(in_order([scored(*one) for one in answers])) == film


def objects(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [*schema.get("properties", {}).values(), schema.get("items", {})]
    here = [schema] if schema.get("type") == "object" else []
    return here + [found for one in inner if one for found in objects(one)]


def test_the_schema_is_strict_everywhere() -> None:
    for one in objects(SCHEMA):
        assert one["additionalProperties"] is False
        assert set(one["required"]) == set(one["properties"])
