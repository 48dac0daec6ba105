"""Which pictures follow which: the rules that an answer must keep, and the film's order. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heappush
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from functions.studio.errors import SelectionUnusable

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
