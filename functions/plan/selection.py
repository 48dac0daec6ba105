"""Which pictures follow which: what the vision model is asked, and the rules that its answer must keep. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from functions.studio.errors import SelectionUnusable
from functions.studio.library import Asset, Campaign, Client

SYSTEM = """You are the picture editor of an advertising film. Each pair of pictures that you choose becomes one clip \
of a few seconds, which begins on the first picture and ends on the second; the clips are joined in your order. \
Choose pairs whose pictures flow into each other (subject, composition, light, colour), that tell the campaign's \
story, and that respect the brand. Refer to pictures by their asset ids only. Never pair a picture with itself and \
never choose the same two pictures twice, in whichever order. Give each pair a score from 0 to 1 and one sentence \
that says why its pictures belong together."""

MOST_CHOSEN = 50
"""Pairs that the model may choose by itself: each of them is paid for."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "pairs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "image1AssetId": {"type": "string"},
                    "image2AssetId": {"type": "string"},
                    "score": {"type": "number"},
                    "reason": {"type": "string"},
                },
                "required": ["image1AssetId", "image2AssetId", "score", "reason"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["pairs"],
    "additionalProperties": False,
}
"""Strict, and without lengths of arrays: xAI takes no minItems or maxItems, so the text asks and `check` insists."""


class Pair(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")

    image1_asset_id: str
    image2_asset_id: str
    score: float = Field(ge=0, le=1, allow_inf_nan=False)
    reason: str = Field(max_length=2000)


class Selection(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pairs: list[Pair]


def ask(
    pictures: list[tuple[Asset, str]], campaign: Campaign, client: Client | None, num_pairs: int | None
) -> list[dict[str, Any]]:
    """The messages of a chat completion; `pictures` are assets with URLs that the model can fetch."""
    parts: list[dict[str, Any]] = [{"type": "text", "text": _brief(campaign, client, num_pairs, len(pictures))}]
    for asset, url in pictures:
        parts.append({"type": "text", "text": f"asset {asset.id}: {asset.name}"})
        parts.append({"type": "image_url", "image_url": {"url": url, "detail": "auto"}})
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": parts}]


def _brief(campaign: Campaign, client: Client | None, num_pairs: int | None, pictures: int) -> str:
    told = {
        "Campaign": campaign.name,
        "Goal": campaign.goal,
        "Target audience": campaign.target_audience,
        "Product": campaign.product_url,
        "Brand": client and client.name,
        "Brand guidelines": client and client.brand_guidelines,
    }
    lines = [f"{word}: {value}" for word, value in told.items() if value]
    wanted = (
        f"exactly {num_pairs} pair{'s' * (num_pairs > 1)}"
        if num_pairs
        else f"as many pairs as make a good film, 1 to {MOST_CHOSEN},"
    )
    return "\n".join([*lines, "", f"Choose {wanted} from these {pictures} pictures."])


def check(text: str, ids: set[str], num_pairs: int | None) -> list[Pair]:
    """The pairs of an answer, in the model's order, or SelectionUnusable with the rule that it breaks."""
    try:
        pairs = Selection.model_validate_json(text).pairs
    except ValidationError as error:
        raise SelectionUnusable(f"The selection does not follow its schema: {error.errors()[0]['msg']}") from None
    if not pairs:
        raise SelectionUnusable("The selection holds no pair.")
    if num_pairs is None and len(pairs) > MOST_CHOSEN:
        raise SelectionUnusable(
            f"The selection holds {len(pairs)} pairs; {MOST_CHOSEN} are the most that a model may order."
        )
    if num_pairs is not None and len(pairs) != num_pairs:
        raise SelectionUnusable(f"The selection holds {len(pairs)} pairs instead of {num_pairs}.")
    seen: set[frozenset[str]] = set()
    for pair in pairs:
        chosen = frozenset({pair.image1_asset_id, pair.image2_asset_id})
        if unknown := chosen - ids:
            raise SelectionUnusable(f"The selection names {sorted(unknown)[0]!r}, which is no picture of the campaign.")
        if len(chosen) == 1:
            raise SelectionUnusable(f"The selection pairs {pair.image1_asset_id!r} with itself.")
        if chosen in seen:
            raise SelectionUnusable("The selection holds the same two pictures twice.")
        seen.add(chosen)
    return pairs
