"""The models that can be asked, read from catalogue.json: a changed slug, rule or price is a change of data."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

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
    audio: bool
    inputs: dict[str, str]
    fixed: dict[str, Any]
    price: Price
    source: str
    date: str

    def duration(self, asked: float | None) -> int:
        """The seconds that the model makes when `asked` seconds are wanted."""
        if asked is None:
            return self.default_duration
        return next(step.use for step in self.durations if step.up_to is None or asked <= step.up_to)

    def cost(self, seconds: int) -> Decimal:
        """USD for one clip of `seconds`, as this entry asks for it (with its audio)."""
        rate = self.price.usd
        if not self.audio and self.price.usd_without_audio is not None:
            rate = self.price.usd_without_audio
        return rate * seconds if self.price.unit == "second" else rate

    def aspect_ratio(self, width: int, height: int) -> str | None:
        """The offered ratio nearest to a picture's; None where the model takes it from the picture itself."""
        if not self.aspect_ratios:
            return None

        def distance(ratio: str) -> float:
            across, down = (int(side) for side in ratio.split(":"))
            return abs(across / down - width / height)

        return min(self.aspect_ratios, key=distance)

    def request(self, words: dict[str, Any]) -> dict[str, Any]:
        """The provider's input from our words (prompt, firstFrame, lastFrame, duration, aspectRatio)."""
        named = {self.inputs[word]: value for word, value in words.items() if word in self.inputs and value is not None}
        return {**self.fixed, **named}


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
