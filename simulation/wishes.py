"""What somebody may wish for: the kinds of films, of which models, in how many shots and variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from functions.api.image_pairs import ImagePairsRequest
from functions.api.listing_request import ListingRequest
from functions.api.prompt_request import PromptRequest
from functions.api.scenes_request import ScenesRequest
from functions.studio.catalogue import Mode, catalogue
from functions.studio.cut import Cut
from functions.studio.library import Asset, Campaign
from functions.studio.scenes import Scenario

Choice = tuple[dict[str, Any], Sequence[str]]

PAIRS: tuple[Choice, ...] = (
    ({"clipDuration": 6}, ("hailuo-2.0",)),
    ({"clipDuration": 6}, ("hailuo-2.0",)),
    ({"clipDuration": 5, "model": "piapi_luma"}, ("wan-2.2-fast", "ray-flash-2")),
    ({"clipDuration": 6, "compare": ["veo3", "hailuo-2.0"]}, ()),
    ({"clipDuration": 5, "compare": ["wan-2.2-fast", "piapi_luma"]}, ()),
)
"""Films of pairs, and what they may fall back to: models whose clips are as long."""

PROMPTED: tuple[Choice, ...] = (
    ({"model": "piapi_hunyuan_fast"}, ("piapi_wanx_1.3b", "ray-flash-2")),
    ({"model": "piapi_wanx_14b"}, ("kling-2.5-turbo-pro",)),
    ({"model": "ray-flash-2"}, ("piapi_hunyuan_fast",)),
    ({"model": "veo3", "durationSeconds": 6}, ("hailuo-2.0",)),
    ({"compare": ["piapi_luma", "ray-flash-2"]}, ()),
    ({"compare": ["veo3", "piapi_wanx_14b"]}, ()),
    ({}, ()),
    ({"policy": "cheapest"}, ()),
    ({"policy": "best"}, ()),
    ({"policy": "fastest"}, ()),
)
"""Films of a prompt. Where no model is named one is chosen."""

SCENES: tuple[Choice, ...] = (
    ({}, ("gen4.5", "wan-2.2-fast")),
    ({}, ("gen4.5",)),
    ({"imageModel": "nano-banana", "model": "ray-flash-2"}, ("gen4_turbo",)),
    ({"imageModel": "flux-schnell", "model": "gen4_turbo"}, ("piapi_luma",)),
    ({"imageModel": "gen4_image", "model": "piapi_wanx_14b"}, ("ray-flash-2",)),
)
"""Films of scenes: who makes their pictures, and who their videos."""

STILL, MOTION = "gen4_image", "gen4_turbo"
"""What they are made with where nothing is named."""

LAMP = {"title": "A desk lamp", "description": "A lamp of brass with warm light.", "category": "home", "price": 79}
LISTINGS: tuple[Choice, ...] = (
    ({}, ()),
    ({}, ()),
    ({"script": "Look here. A lamp of brass with warm light for you. Come and see it."}, ()),
    ({"voice": "none", "titleCard": True}, ()),
    ({"captionsRequired": False, "priceCard": True}, ()),
    ({"motion": "ray-flash-2"}, ("piapi_wanx_14b",)),
)
"""Films of listings: whose script is written, or given; spoken or not; moved by ourselves or by a model."""

NARRATED = Decimal("0.01")
"""USD that a narration comes to, about, for each picture."""

FILLED = (7, 10, 14, 14)
LONG = 50
"""Seconds of films that several clips cover; now and then of more clips than have one digit. What fills in with clips of two
lengths falls back to nothing that makes one of them."""


@dataclass(frozen=True)
class Sketch:
    """A film before it has a campaign."""

    mode: Mode
    """Of a film of scenes `still`."""
    given: dict[str, Any]
    clips: int
    """As many at most."""
    price: Decimal
    """USD of one of them, about."""
    shots: int
    others: Sequence[str] = field(default=())
    """Models that a clip of it may be made anew with."""
    listing: bool = False

    @property
    def pictures(self) -> int:
        if self.listing:
            return self.shots
        return self.shots + 1 if self.mode == "pair" else int(self.mode != "text")

    @property
    def pauses(self) -> bool:
        return "pauseAfter" in self.given

    def request(
        self, campaign: Campaign, pictures: Sequence[Asset], scenario: Scenario | None, more: dict[str, Any]
    ) -> Any:
        given = {"campaignId": campaign.id, **self.given, **more}
        if self.listing:
            return ListingRequest.model_validate({**given, "assetIds": [one.id for one in pictures]})
        if self.mode == "pair":
            return ImagePairsRequest.model_validate(given)
        if scenario is not None:
            return ScenesRequest.model_validate({**given, "scenarioId": scenario.id})
        image = {"imageAssetId": pictures[0].id} if self.mode == "image" and "continueFrom" not in given else {}
        return PromptRequest.model_validate({**given, **image})


def sketch(chance: Random, *, chooses: bool) -> Sketch:
    """With `chooses` mostly one whose model is not named."""
    if chooses and chance.random() < 0.8:
        return prompted(chance, [one for one in PROMPTED if not one[0] or "policy" in one[0]])
    if chance.random() < 0.2:
        return _of_a_listing(chance)
    if chance.random() < 0.35:
        return _of_scenes(chance)
    return _of_pairs(chance) if chance.random() < 0.55 else prompted(chance)


def _of_pairs(chance: Random) -> Sketch:
    choice, others = chance.choice(PAIRS[:1] * 3 + PAIRS)
    variants, pairs = len(choice.get("compare", "1")), chance.choice((1, 1, 2, 2, 3))
    given = {**choice, **({"numPairs": pairs} if chance.random() < 0.7 else {})}
    if others and chance.random() < 0.25:
        given["fallbackModels"] = [chance.choice(others)]
    return Sketch("pair", given, pairs * variants, _price(given, "pair"), pairs, others)


def prompted(chance: Random, choices: Sequence[Choice] = PROMPTED) -> Sketch:
    mode: Mode = "image" if chance.random() < 0.3 else "text"
    choice, others = chance.choice(choices)
    given: dict[str, Any] = {"durationSeconds": 5, **choice}
    variants, shots = len(choice.get("compare", "1")), 1
    if "model" in choice or not choice:
        if chance.random() < 0.35 and given["durationSeconds"] == 5:
            given["durationSeconds"] = LONG if chance.random() < 0.05 else chance.choice(FILLED)
            given["fill"] = True
            shots = -(-given["durationSeconds"] // 5)
        if chance.random() < 0.35 and shots < 4:
            given["count"] = variants = 2
        if others and chance.random() < 0.3 and not (shots > 1 and given["model"] == "ray-flash-2"):
            given["fallbackModels"] = [chance.choice(others)]
    given |= {"script": "One thing. Another thing. The end."} if chance.random() < 0.5 else {"prompt": "A slow turn"}
    return Sketch(mode, given, shots * variants, _price(given, mode), shots, others)


def _of_scenes(chance: Random) -> Sketch:
    choice, others = chance.choice(SCENES)
    given, scenes = dict(choice), chance.choice((1, 1, 2, 2, 3))
    if chance.random() < 0.5:
        given["pauseAfter"] = "image"
    if chance.random() < 0.3:
        given["fallbackModels"] = [chance.choice(others)]
    still = catalogue().model(given.get("imageModel", STILL), "still").offer(Cut(), 0).cost
    video = {**given, "model": given.get("model", MOTION)}
    return Sketch("still", given, scenes, still + _price(video, "image"), scenes, others)


def _of_a_listing(chance: Random) -> Sketch:
    choice, others = chance.choice(LISTINGS)
    given, pictures = {**LAMP, "durationSeconds": 5, "resolution": "480p", **choice}, chance.choice((1, 2, 2, 3))
    clip = NARRATED
    if "motion" in choice:
        clip += _price({"model": choice["motion"]}, "image")
        if chance.random() < 0.3:
            given["fallbackModels"] = [chance.choice(others)]
    return Sketch("image", given, pictures, clip, pictures, others, listing=True)


def _price(given: dict[str, Any], mode: Mode) -> Decimal:
    names = [given.get("model") or ("veo3" if mode == "pair" else "piapi_hunyuan_fast")]
    models = [
        catalogue().model(name, mode) for name in [*given.get("compare", names), *given.get("fallbackModels", ())]
    ]
    seconds = given.get("clipDuration", given.get("durationSeconds", 5))
    return max(model.offer(Cut(), model.duration(seconds)).cost for model in models)
