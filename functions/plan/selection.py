"""Which pictures follow which: what the vision model is asked, the rules that its answer must keep, the film's order. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heappush
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from functions.studio.errors import SelectionUnusable
from functions.studio.library import Asset, Campaign, Client

SYSTEM = """You are the picture editor of an advertising film. Each pair of pictures that you choose becomes one clip \
of a few seconds, which begins on the first picture and ends on the second; the clips are joined in your order. \
Choose pairs whose pictures flow into each other (subject, composition, light, colour), that tell the campaign's \
story, and that respect the brand. Refer to pictures by their asset ids only. Never pair a picture with itself and \
never choose the same two pictures twice, in whichever order. Give each pair a score from 0 to 1 and one sentence \
that says why its pictures belong together. Where no other order tells the story better, the higher score goes first."""

MOST_CHOSEN = 50
"""Pairs that the model may choose by itself: each of them is paid for."""

LONGEST_REASON = 500

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
"""Strict, and without lengths of arrays: xAI takes no minItems or maxItems, so the text asks and `read` insists."""


def _from_0_to_1(score: float) -> float:
    return min(1.0, max(0.0, score))


class Pair(BaseModel):
    """A score out of its range and a reason that is too long are brought into bounds: the pair is as good as before."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    image1_asset_id: str
    image2_asset_id: str
    score: Annotated[float, Field(allow_inf_nan=False), AfterValidator(_from_0_to_1)]
    reason: Annotated[str, AfterValidator(lambda words: words[:LONGEST_REASON])]

    @property
    def pictures(self) -> frozenset[str]:
        return frozenset({self.image1_asset_id, self.image2_asset_id})


class Selection(BaseModel):
    pairs: list[Pair]


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


def read(text: str, ids: Collection[str], most: int) -> list[Pair]:
    """The pairs of an answer that keep the rules, in the model's order, the first `most` of them.

    Left out is a pair that names a picture which is not there, pairs one with itself, or comes a second time, in
    whichever order. SelectionUnusable, with the rule, when the answer is none or nothing of it is left.
    """
    try:
        given = Selection.model_validate_json(text).pairs
    except ValidationError as error:
        raise SelectionUnusable(f"The selection does not follow its schema: {error.errors()[0]['msg']}") from None
    kept: dict[frozenset[str], Pair] = {}
    rule = "holds no pair"
    for pair in given:
        if unknown := pair.pictures - set(ids):
            rule = f"names {min(unknown)[:80]!r}, which is no picture of the campaign"
        elif len(pair.pictures) == 1:
            rule = f"pairs {pair.image1_asset_id!r} with itself"
        else:
            kept.setdefault(pair.pictures, pair)
    if not kept:
        raise SelectionUnusable(f"The selection {rule}.")
    return list(kept.values())[:most]


def in_order(answers: Sequence[Sequence[Pair]]) -> list[Pair]:
    """The order of the film. Within an answer it is the model's; between answers, where nobody has given one, the
    higher score goes first, and of equal ones that of the earlier answer.

    So one answer stays as it is, whatever its scores; pairs that no model has ordered, each an answer of its own, go
    by score, highest first; and of several answers none loses its own order.
    """
    heads = [(-answer[0].score, number, 0) for number, answer in enumerate(answers) if answer]
    heapify(heads)
    ordered = []
    while heads:
        _, number, place = heappop(heads)
        ordered.append(answers[number][place])
        if place + 1 < len(answers[number]):
            heappush(heads, (-answers[number][place + 1].score, number, place + 1))
    return ordered
