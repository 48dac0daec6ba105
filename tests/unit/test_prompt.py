from __future__ import annotations

from typing import Any

import pytest

from functions.plan.prompt import ask
from functions.studio.library import Asset, Campaign, Client


def picture(asset_id: str, name: str = "Bottle") -> tuple[Asset, str]:
    asset = Asset(
        id=asset_id,
        tenant="acme",
        created_at="2026-11-20T00:00:00.000Z",
        updated_at="2026-11-20T00:00:00.000Z",
        campaign_id="k",
        name=name,
        key=f"acme/assets/{asset_id}/original.jpg",
        thumbnail_key=f"acme/assets/{asset_id}/thumbnail.jpg",
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


def text_of(messages: list[dict[str, Any]]) -> str:
    return "\n".join(part.get("text", "") for part in messages[1]["content"])


def test_the_prompt_tells_goal_audience_product_and_brand_guidelines() -> None:
    text = text_of(ask([picture("a"), picture("b")], CAMPAIGN, CLIENT, wanted=1, most=1, of=2))
    for told in ("Sell bottles", "Hikers", "https://example.com/bottle", "Always calm, never neon"):
        assert told in text
    assert "exactly 1 pair " in text


@pytest.mark.parametrize(
    ("wanted", "most", "of", "words"),
    [
        (3, 3, 2, "Choose exactly 3 pairs from these 2 pictures."),
        (None, 50, 2, "Choose as many pairs as make a good film, 1 to 50, from these 2 pictures."),
        (None, 8, 90, "1 to 8, from these 2 pictures. The campaign's other 88 are looked at apart."),
    ],
)
def test_the_prompt_tells_how_many_pairs_of_how_many_pictures(
    wanted: int | None, most: int, of: int, words: str
) -> None:
    pictures = [picture("a"), picture("b")]
    assert words in text_of(ask(pictures, CAMPAIGN, CLIENT, wanted=wanted, most=most, of=of))


def test_each_picture_follows_the_text_that_names_its_asset() -> None:
    parts = ask([picture("a"), picture("b")], CAMPAIGN, None, wanted=None, most=50, of=2)[1]["content"][1:]
    assert [part["type"] for part in parts] == ["text", "image_url", "text", "image_url"]
    assert parts[2]["text"].startswith("asset b:")
    assert parts[3]["image_url"]["url"] == "https://media.example/b"
