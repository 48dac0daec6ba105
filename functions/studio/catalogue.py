"""The models that can be asked, read from catalogue.json: a changed slug, rule or price is a change of data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from functions.studio.cut import Cut
from functions.studio.errors import NotFound


class Entry(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid", defer_build=True
    )


class DurationStep(Entry):
    """Asked for up to `up_to` seconds, the model makes `use` seconds; the last step has no bound."""

    up_to: float | None = None
    use: int


class Price(Entry):
    unit: Literal["second", "clip"]
    usd: Decimal
    usd_without_audio: Decimal | None = None

    def cost(self, seconds: int, audio: bool) -> Decimal:
        """USD for one clip of `seconds`."""
        rate = self.usd if audio or self.usd_without_audio is None else self.usd_without_audio
        return rate * seconds if self.unit == "second" else rate


class Resolution(Entry):
    """One that a model makes clips at, by the model's own name; `side` is the short one, in pixels."""

    name: str
    side: int
    seconds: list[int] | None = None
    """The durations that are made at it, where not all are."""
    price: Price


@dataclass(frozen=True)
class Offer:
    """What a model is asked for one clip of a film, and the USD it takes for it."""

    resolution: Resolution
    audio: bool
    cost: Decimal


class Model(Entry):
    name: str
    title: str
    provider: str
    slug: str
    modes: list[Literal["pair"]]
    default_duration: int
    typical_seconds: int
    """That a clip takes at the provider: the middle of what seed 000 expects."""
    durations: list[DurationStep]
    aspect_ratios: list[str]
    resolutions: list[Resolution]
    """The first is the one that is asked for where nobody says otherwise."""
    audio: bool
    inputs: dict[str, str]
    fixed: dict[str, Any]
    source: str
    date: str

    def duration(self, asked: float | None) -> int:
        """The seconds that the model makes when `asked` seconds are wanted."""
        if asked is None:
            return self.default_duration
        return next(step.use for step in self.durations if step.up_to is None or asked <= step.up_to)

    def sounds(self, cut: Cut) -> bool:
        """Whether it is asked for sound in a film that is cut like this."""
        return self.audio and cut.clips_are_heard

    def offer(self, cut: Cut, seconds: int) -> Offer:
        """What is asked for a clip of a film that is cut like this, of `seconds` that the model makes.

        Premium is the largest, economy the cheapest that meets the film's resolution, balanced the smallest that meets it
        and is no smaller than usual; where none meets it, the largest.
        """
        audio = self.sounds(cut)
        offers = [
            Offer(one, audio, one.price.cost(seconds, audio))
            for one in self.resolutions
            if one.seconds is None or seconds in one.seconds
        ]
        usual = self.resolutions[0].side if cut.quality == "balanced" else 0
        meeting = [one for one in offers if one.resolution.side >= max(usual, cut.side or 0)]
        if cut.quality == "premium" or not meeting:
            return max(offers, key=lambda one: one.resolution.side)
        if cut.quality == "economy":
            return min(meeting, key=lambda one: (one.cost, -one.resolution.side))
        return min(meeting, key=lambda one: one.resolution.side)

    def aspect_ratio(self, width: int, height: int, wanted: str | None = None) -> str | None:
        """The offered ratio nearest to the one wanted of the film, or else to a picture's.

        None where the model takes it from the picture itself.
        """
        if not self.aspect_ratios:
            return None
        picture, film = Fraction(width, height), _ratio(wanted) if wanted else None

        def distance(offered: str) -> tuple[Fraction, Fraction]:
            ratio = _ratio(offered)
            stretched = max(ratio / film, film / ratio) if film else Fraction(1)
            return stretched, abs(ratio - picture)

        return min(self.aspect_ratios, key=distance)

    def request(self, words: dict[str, Any]) -> dict[str, Any]:
        """The provider's input from our words (prompt, firstFrame, lastFrame, duration, aspectRatio, resolution, audio, seed)."""
        named = {self.inputs[word]: value for word, value in words.items() if word in self.inputs and value is not None}
        return {**self.fixed, **named}


def dearest(models: Sequence[Model], cut: Cut, seconds: int) -> Decimal:
    """USD for one clip, whichever of the models makes it."""
    return max(model.offer(cut, seconds).cost for model in models)


def _ratio(words: str) -> Fraction:
    across, down = words.split(":")
    return Fraction(int(across), int(down))


class VisionModel(Entry):
    """Who looks at the pictures; prices in USD for a million tokens. `fixed` goes into every request."""

    name: str
    provider: str
    slug: str
    fixed: dict[str, Any] = {}
    usd_per_million_in: Decimal
    usd_per_million_out: Decimal
    source: str
    date: str

    def cost(self, tokens_in: int, tokens_out: int) -> Decimal:
        return (tokens_in * self.usd_per_million_in + tokens_out * self.usd_per_million_out) / 1_000_000


class Catalogue(Entry):
    default_prompt: str
    vision_models: list[VisionModel]
    """In the order in which they are asked: the next one when one is gone."""
    models: list[Model]

    def find(self, name: str) -> Model | None:
        return next((model for model in self.models if model.name == name), None)

    def model(self, name: str) -> Model:
        """NotFound where a row names a model that the catalogue has lost."""
        model = self.find(name)
        if model is None:
            raise NotFound(f"The catalogue has no model {name!r}.")
        return model


@cache
def catalogue() -> Catalogue:
    return Catalogue.model_validate_json(Path(__file__).with_name("catalogue.json").read_bytes())
