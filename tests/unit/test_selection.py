from __future__ import annotations

import json
from typing import Any

import pytest

from functions.plan.selection import SCHEMA, ask, check
from functions.studio.errors import SelectionUnusable
from functions.studio.library import Asset, Campaign, Client

IDS = {"a", "b", "c"}


def pair(first: str = "a", second: str = "b", **changes: Any) -> dict[str, Any]:
    return {"image1AssetId": first, "image2AssetId": second, "score": 0.9, "reason": "Both glow.", **changes}


def answer(*pairs: dict[str, Any]) -> str:
    return json.dumps({"pairs": pairs})


def picture(asset_id: str, name: str = "Bottle") -> tuple[Asset, str]:
    asset = Asset(
        id=asset_id,
        tenant="acme",
        created_at="2026-11-20T00:00:00.000Z",
        updated_at="2026-11-20T00:00:00.000Z",
        campaign_id="k",
        name=name,
        key=f"acme/assets/{asset_id}/original.jpg",
        content_type="image/jpeg",
        bytes=1,
        sha256="",
        width=1280,
        height=720,
    )
    return asset, f"https://media.example/{asset_id}"


CAMPAIGN = Campaign(
    id="k",
    tenant="acme",
    created_at="2026-11-20T00:00:00.000Z",
    updated_at="2026-11-20T00:00:00.000Z",
    name="Autumn",
    goal="Sell bottles",
    target_audience="Hikers",
    product_url="https://example.com/bottle",
)
CLIENT = Client(
    id="c",
    tenant="acme",
    created_at="2026-11-20T00:00:00.000Z",
    updated_at="2026-11-20T00:00:00.000Z",
    name="Acme",
    brand_guidelines="Always calm, never neon",
)


def test_a_good_selection_keeps_the_models_order() -> None:
    pairs = check(answer(pair("b", "c", score=0.2), pair("a", "b", score=0.9)), IDS, 2)
    assert [(one.image1_asset_id, one.image2_asset_id) for one in pairs] == [("b", "c"), ("a", "b")]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("not json", "schema"),
        (json.dumps({"pairs": [], "more": 1}), "schema"),
        (answer(pair(score=1.5)), "schema"),
        (answer(pair(score=None)), "schema"),
        (answer(), "no pair"),
        (answer(pair("a", "x")), "'x'"),
        (answer(pair("a", "a")), "itself"),
        (answer(pair("a", "b"), pair("b", "a")), "twice"),
    ],
)
def test_a_selection_that_breaks_a_rule_is_unusable_and_says_which(text: str, rule: str) -> None:
    with pytest.raises(SelectionUnusable, match=rule):
        check(text, IDS, None)


def test_a_selection_of_another_number_of_pairs_is_unusable() -> None:
    with pytest.raises(SelectionUnusable, match="1 pairs instead of 2"):
        check(answer(pair()), IDS, 2)


def test_the_model_chooses_the_number_when_none_is_asked_for() -> None:
    assert len(check(answer(pair("a", "b"), pair("b", "c")), IDS, None)) == 2


def text_of(messages: list[dict[str, Any]]) -> str:
    return "\n".join(part.get("text", "") for part in messages[1]["content"])


def test_the_prompt_tells_goal_audience_product_and_brand_guidelines() -> None:
    text = text_of(ask([picture("a"), picture("b")], CAMPAIGN, CLIENT, 1))
    for told in ("Sell bottles", "Hikers", "https://example.com/bottle", "Always calm, never neon"):
        assert told in text
    assert "exactly 1 pair " in text


def test_each_picture_follows_the_text_that_names_its_asset() -> None:
    parts = ask([picture("a"), picture("b")], CAMPAIGN, None, None)[1]["content"][1:]
    assert [part["type"] for part in parts] == ["text", "image_url", "text", "image_url"]
    assert parts[2]["text"].startswith("asset b:")
    assert parts[3]["image_url"]["url"] == "https://media.example/b"


def objects(schema: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [*schema.get("properties", {}).values(), schema.get("items", {})]
    here = [schema] if schema.get("type") == "object" else []
    return here + [found for one in inner if one for found in objects(one)]


def test_the_schema_is_strict_everywhere() -> None:
    for one in objects(SCHEMA):
        assert one["additionalProperties"] is False
        assert set(one["required"]) == set(one["properties"])
