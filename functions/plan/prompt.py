"""What the vision model is asked. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from functions.studio.library import Asset, Campaign, Client

SYSTEM = """You are the picture editor of an advertising film. Each pair of pictures that you choose becomes one clip \
of a few seconds, which begins on the first picture and ends on the second; the clips are joined in your order. \
Choose pairs whose pictures flow into each other (subject, composition, light, colour), that tell the campaign's \
story, and that respect the brand. Refer to pictures by their asset ids only. Never pair a picture with itself and \
never choose the same two pictures twice, in whichever order. Give each pair a score from 0 to 1 and one sentence \
that says why its pictures belong together. Where no other order tells the story better, the higher score goes first."""


def ask(
    pictures: Sequence[tuple[Asset, str]],
    campaign: Campaign,
    client: Client | None,
    *,
    wanted: int | None,
    most: int,
    of: int,
) -> list[dict[str, Any]]:
    """The messages of a chat completion; `pictures` are assets with URLs that the model can fetch.

    `wanted` pairs, or as many as the model likes up to `most`. `of` is how many pictures the campaign has in all.
    """
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": _brief(campaign, client, _wish(wanted, most), len(pictures), of)}
    ]
    for asset, url in pictures:
        parts.append({"type": "text", "text": f"asset {asset.id}: {asset.name}"})
        parts.append({"type": "image_url", "image_url": {"url": url, "detail": "auto"}})
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": parts}]


def _wish(wanted: int | None, most: int) -> str:
    if wanted is None:
        return f"as many pairs as make a good film, 1 to {most},"
    return f"exactly {wanted} pair{'s' * (wanted > 1)}"


def _brief(campaign: Campaign, client: Client | None, wish: str, pictures: int, of: int) -> str:
    told = {
        "Campaign": campaign.name,
        "Goal": campaign.goal,
        "Target audience": campaign.target_audience,
        "Product": campaign.product_url,
        "Brand": client and client.name,
        "Brand guidelines": client and client.brand_guidelines,
    }
    lines = [f"{word}: {value}" for word, value in told.items() if value]
    others = f" The campaign's other {of - pictures} are looked at apart." if of > pictures else ""
    return "\n".join([*lines, "", f"Choose {wish} from these {pictures} pictures.{others}"])
