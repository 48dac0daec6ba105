"""The models that can be asked, read from catalogue.json: a changed slug, rule or price is a change of data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from functions.studio.cut import Cut
from functions.studio.errors import NotFound

Mode = Literal["pair", "text", "image", "still"]
"""What a clip is made from: two pictures, a prompt alone, or one picture. A still is no clip but a picture, made from a
prompt and what it may be shown beside."""

Word = Literal[
    "prompt",
    "firstFrame",
    "lastFrame",
    "reference1",
    "reference2",
    "reference3",
    "duration",
    "aspectRatio",
    "resolution",
    "audio",
    "seed",
]
"""What can be asked of a model, in our words."""

REFERENCES: tuple[Word, ...] = ("reference1", "reference2", "reference3")
"""Pictures that a still is to look like, in this order and without a gap."""

NEEDED: Mapping[Mode, frozenset[Word]] = {
    "pair": frozenset({"prompt", "firstFrame", "lastFrame"}),
    "image": frozenset({"prompt", "firstFrame"}),
    "text": frozenset({"prompt"}),
    "still": frozenset({"prompt"}),
}

Ratio = Annotated[str, Field(pattern="^[1-9][0-9]?:[1-9][0-9]?$")]

State = Literal["current", "deprecated", "retired"]


class Data(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid", defer_build=True
    )


Usd = Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=6)]
"""Of a second or a clip; more digits would make sums that the table cannot keep."""

Seconds = Annotated[int, Field(ge=1, le=3600)]

Said = Annotated[str, Field(min_length=1)]


class Price(Data):
    unit: Literal["second", "clip", "picture"]
    usd: Usd
    usd_without_audio: Usd | None = None

    def cost(self, seconds: int, audio: bool) -> Decimal:
        """USD for one clip of `seconds`, or for one picture."""
        rate = self.usd if audio or self.usd_without_audio is None else self.usd_without_audio
        return rate * seconds if self.unit == "second" else rate


class Resolution(Data):
    """One that a model makes clips at, by the model's own name; `side` is the short one, in pixels."""

    name: Said
    side: Annotated[int, Field(ge=1)]
    seconds: list[Seconds] | None = None
    """The durations that are made at it, where not all are."""
    ratios: dict[str, str] = {}
    """The model's own words for our aspect ratios at this size, where it has others."""
    more: list[str] = []
    """Further words of its own for what it makes at this size."""
    price: Price

    def makes(self, words: str) -> bool:
        """Whether these are words of the model's own for something of this size."""
        return words in self.more or words in self.ratios.values()


@dataclass(frozen=True)
class Offer:
    """What a model is asked for one clip of a film, and the USD it takes for it."""

    resolution: Resolution
    audio: bool
    cost: Decimal


class Model(Data):
    """A model in one mode."""

    name: str
    """The public one, which an entry's modes share."""
    mode: Mode
    title: Said
    provider: str
    slug: Said
    """By which the provider knows it."""
    task_type: str | None = None
    """What is asked of it, where its provider has words for that."""
    deprecated: dt.date | None = None
    retired: dt.date | None = None
    """The days from which that holds."""
    successors: list[str] = []
    """Which models to ask instead, the nearest first."""
    quality: Annotated[int, Field(ge=0, le=100)]
    """Our own estimate, to rank models by."""
    typical_seconds: Annotated[int, Field(ge=1)]
    """That a clip takes at the provider."""
    prompt_limit: Annotated[int, Field(ge=1)] = 10_000
    """In UTF-16 units, which are never fewer than characters; ours, where the provider tells none."""
    durations: list[Seconds] = []
    """Seconds that it makes, ascending; a still has none."""
    default_duration: int | None = None
    least_references: Annotated[int, Field(ge=0, le=len(REFERENCES))] = 0
    """Pictures without which it makes no still."""
    aspect_ratios: list[Ratio]
    """The first is made where nothing is known to choose by; empty where the picture decides."""
    other_ratios: str | None = None
    """Of them, the one that is made in place of any other that is wished for; None: the nearest."""
    resolutions: Annotated[list[Resolution], Field(min_length=1)]
    """The first is the one that is asked for where nobody says otherwise."""
    audio: bool
    inputs: dict[Word, Said]
    """The model's own name for each of our words, or the path to it (`key_frames.frame0.url`)."""
    fixed: dict[str, Any] = {}
    source: str
    date: dt.date
    confirmed: bool
    """Whether the prices are the provider's own word, of that day."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if missing := NEEDED[self.mode] - self.inputs.keys():
            raise ValueError(f"mode {self.mode} needs inputs for {', '.join(sorted(missing))}")
        if self.durations != sorted(set(self.durations)):
            raise ValueError("durations must be ascending")
        if self.mode == "still":
            if self.durations or self.default_duration is not None:
                raise ValueError("mode still has no durations")
        elif self.default_duration not in self.durations:
            raise ValueError("defaultDuration must be one of durations")
        if self.least_references > self.references:
            raise ValueError("leastReferences must not be more than inputs has references")
        for seconds in self.durations:
            if not any(one.seconds is None or seconds in one.seconds for one in self.resolutions):
                raise ValueError(f"no resolution is made for {seconds} seconds")
        if self.other_ratios is not None and self.other_ratios not in self.aspect_ratios:
            raise ValueError("otherRatios must be one of aspectRatios")
        if len({one.name for one in self.resolutions}) < len(self.resolutions):
            raise ValueError("resolutions must have different names")
        if len(set(self.inputs.values())) < len(self.inputs):
            raise ValueError("inputs must be different: two words cannot be told in one place")
        if self.mode in ("text", "still") and not self.aspect_ratios:
            raise ValueError(f"mode {self.mode} needs aspectRatios: there is no picture to follow")
        try:
            self.request(dict.fromkeys(get_args(Word), ""))
        except (IndexError, TypeError, ValueError):
            raise ValueError("a path in inputs leads through something of fixed that is no object or list") from None
        return self

    @property
    def references(self) -> int:
        """Pictures that it can be shown at most."""
        return sum(word in self.inputs for word in REFERENCES)

    def state(self, on: dt.date) -> State:
        if self.retired and self.retired <= on:
            return "retired"
        return "deprecated" if self.deprecated and self.deprecated <= on else "current"

    def takes(self, prompt: str) -> bool:
        """Whether a prompt is within its limit."""
        return len(prompt.encode("utf-16-le")) // 2 <= self.prompt_limit

    def duration(self, asked: float | None) -> int:
        """The seconds that the model makes when `asked` seconds are wanted: the nearest, of two the fewer; of a still none."""
        if asked is None or not self.durations:
            return self.default_duration or 0
        return min(self.durations, key=lambda made: (abs(made - asked), made))

    def sounds(self, cut: Cut) -> bool:
        """Whether it is asked for sound in a film that is cut like this."""
        return self.audio and cut.clips_are_heard

    def offer(self, cut: Cut, seconds: int, ratio: str | None = None) -> Offer:
        """What is asked for a clip of a film that is cut like this, of `seconds` that the model makes.

        Premium is the largest, economy the cheapest that meets the film's resolution, balanced the smallest that meets it
        and is no smaller than usual; where none meets it, the largest. A `ratio` in words of the model's own is made at the
        size that has it.
        """
        exact = [one for one in self.resolutions if ratio and one.makes(ratio)]
        audio = self.sounds(cut)
        offers = [
            Offer(one, audio, one.price.cost(seconds, audio))
            for one in exact or self.resolutions
            if one.seconds is None or seconds in one.seconds
        ]
        usual = self.resolutions[0].side if cut.quality == "balanced" else 0
        meeting = [one for one in offers if one.resolution.side >= max(usual, cut.side or 0)]
        if cut.quality == "premium" or not meeting:
            return max(offers, key=lambda one: one.resolution.side)
        if cut.quality == "economy":
            return min(meeting, key=lambda one: (one.cost, -one.resolution.side))
        return min(meeting, key=lambda one: one.resolution.side)

    def aspect_ratio(self, picture: tuple[int, int] | None, wanted: str | None = None) -> str | None:
        """The offered ratio for the one wanted of the film, or else nearest to a picture's (width, height).

        None where the model takes it from the picture itself. Words of the model's own, such as "1104:832", stay as they are.
        """
        if not self.aspect_ratios:
            return None
        if wanted in self.aspect_ratios or any(wanted and one.makes(wanted) for one in self.resolutions):
            return wanted
        if wanted and self.other_ratios:
            return self.other_ratios
        film = _ratio(wanted) if wanted else None
        shown = Fraction(*picture) if picture else _ratio(self.aspect_ratios[0])

        def distance(offered: str) -> tuple[Fraction, Fraction]:
            ratio = _ratio(offered)
            stretched = max(ratio / film, film / ratio) if film else Fraction(1)
            return stretched, abs(ratio - shown)

        return min(self.aspect_ratios, key=distance)

    def request(self, words: Mapping[str, Any]) -> dict[str, Any]:
        """The provider's input from our words; those that it has no name for, or that are None, are left out."""
        made: dict[str, Any] = deepcopy(self.fixed)
        size = next((one for one in self.resolutions if one.name == words.get("resolution")), None)
        for word, path in self.inputs.items():
            value = words.get(word)
            if word == "aspectRatio" and size:
                value = size.ratios.get(str(value), value)
            if value is not None:
                _put(made, path.split("."), value)
        return made


class Entry(Data):
    """One public name, in every mode that it has. Written down, a mode says only what it has of its own."""

    modes: Annotated[dict[Mode, Model], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, said: Any) -> Any:
        if not isinstance(said, dict) or not isinstance(said.get("modes"), dict):
            raise ValueError("an entry is an object with modes")
        shared = {name: value for name, value in said.items() if name != "modes"}
        return {
            "modes": {
                mode: {**shared, **own, "mode": mode} if isinstance(own, dict) else own
                for mode, own in said["modes"].items()
            }
        }

    @property
    def model(self) -> Model:
        """In whichever mode it has, for what is the same in all."""
        return next(iter(self.modes.values()))

    @property
    def name(self) -> str:
        return self.model.name


def dearest(models: Sequence[Model], cut: Cut, seconds: int) -> Decimal:
    """USD for one clip, whichever of the models makes it."""
    return max(model.offer(cut, seconds).cost for model in models)


def _ratio(words: str) -> Fraction:
    across, down = words.split(":")
    return Fraction(int(across), int(down))


def _put(into: Any, path: list[str], value: Any) -> None:
    """At a path through objects and lists; what is not there is made, in a list at its end."""
    step: str | int = int(path[0]) if isinstance(into, list) else path[0]
    there = step < len(into) if isinstance(step, int) else step in into
    if len(path) > 1 and there:
        _put(into[step], path[1:], value)
        return
    made = value
    if len(path) > 1:
        made = [] if path[1].isdigit() else {}
        _put(made, path[1:], value)
    if isinstance(step, int) and not there:
        into.append(made)
    else:
        into[step] = made


class Supplier(Data):
    """A provider of models, as far as choosing goes."""

    missing: str | None = None
    """Why nothing can be asked of it, where that is so."""
    by_task: bool = False
    """Whether its models do nothing without a `taskType`."""


class VisionModel(Data):
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


class Catalogue(Data):
    default_prompt: str
    providers: dict[str, Supplier]
    vision_models: list[VisionModel]
    """In the order in which they are asked: the next one when one is gone."""
    models: list[Entry]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        names = [one.name for one in self.models]
        for entry in self.models:
            if names.count(entry.name) > 1:
                raise ValueError(f"{entry.name} is there twice")
            for model in entry.modes.values():
                if model.provider not in self.providers:
                    raise ValueError(f"{entry.name}: provider must be one of {', '.join(self.providers)}")
                if self.providers[model.provider].by_task and not model.task_type:
                    raise ValueError(f"{entry.name}: its provider wants a taskType for the mode {model.mode}")
                if strange := set(model.successors) - set(names) | {entry.name} & set(model.successors):
                    raise ValueError(f"{entry.name}: {min(strange)} cannot be its successor")
        return self

    def named(self) -> set[tuple[str, Mode]]:
        """Every model in every mode."""
        return {(entry.name, mode) for entry in self.models for mode in entry.modes}

    def entry(self, name: str) -> Entry | None:
        return next((entry for entry in self.models if entry.name == name), None)

    def find(self, name: str, mode: Mode) -> Model | None:
        entry = self.entry(name)
        return entry.modes.get(mode) if entry else None

    def model(self, name: str, mode: Mode) -> Model:
        """NotFound where a row names a model that the catalogue has lost."""
        model = self.find(name, mode)
        if model is None:
            raise NotFound(f"The catalogue has no model {name!r} for the mode {mode}.")
        return model

    def in_mode(self, mode: Mode) -> list[Model]:
        return [entry.modes[mode] for entry in self.models if mode in entry.modes]

    def missing(self, model: Model) -> str | None:
        """Why its provider cannot be asked; None where it can."""
        return self.providers[model.provider].missing

    def without(self, missing: Mapping[str, str]) -> Self:
        """The same where further providers cannot be asked, each with the reason."""
        off = {name: Supplier(missing=why) for name, why in missing.items()}
        return self.model_copy(update={"providers": {**self.providers, **off}})

    def successors(self, model: Model, on: dt.date) -> list[Model]:
        """Which models can be asked in its place on that day."""
        return [one for one in self.choosable(model.mode, on) if one.name in model.successors]

    def choosable(self, mode: Mode, on: dt.date) -> list[Model]:
        """Those that a job of that day can be made with."""
        return [one for one in self.in_mode(mode) if self.missing(one) is None and one.state(on) != "retired"]


def released() -> bytes:
    return Path(__file__).with_name("catalogue.json").read_bytes()


@cache
def catalogue() -> Catalogue:
    """The one that came with the release."""
    return Catalogue.model_validate_json(released())
