"""The services beside the models of clips: who chooses pictures, and who writes, speaks and times what a film says. At what
price, and until when. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, model_validator

from functions.studio.data import Data, Dated, Said

MILLION = 1_000_000

Price = Annotated[Decimal, Field(ge=0, le=10_000)]


class Service(Dated):
    name: Said
    """The public one."""
    provider: Said
    slug: Said
    """By which the provider knows it."""
    source: Said
    date: dt.date


class ChatModel(Service):
    """Who answers in words; prices in USD for a million tokens. `fixed` goes into every request."""

    fixed: dict[str, Any] = {}
    usd_per_million_in: Price
    usd_per_million_out: Price

    def cost(self, tokens_in: int, tokens_out: int) -> Decimal:
        return (tokens_in * self.usd_per_million_in + tokens_out * self.usd_per_million_out) / MILLION


@dataclass(frozen=True)
class Seen:
    """What a chat model has answered, and so is paid for: what it says, why it stopped there, the tokens that it took."""

    text: str
    refusal: str | None
    stopped: str
    tokens_in: int
    tokens_out: int


class SpeechModel(Service):
    unit: Literal["million characters", "minute"]
    usd: Price
    limit: Annotated[int, Field(ge=1)]
    """Characters of one request."""
    marks: bool = False
    """Whether it tells itself when each word is heard, for a second request at the same price."""
    voices: Annotated[list[str], Field(min_length=1)]
    """Public names."""

    def cost(self, text: str, seconds: float) -> Decimal:
        """USD for text that takes so many seconds to say."""
        return usd(self.usd * (Decimal(len(text)) / MILLION if self.unit != "minute" else _minutes(seconds)))


class TimingModel(Service):
    """Who listens, and tells when each word is heard."""

    usd_per_minute: Price

    def cost(self, seconds: float) -> Decimal:
        return usd(self.usd_per_minute * _minutes(ceil(seconds)))


class Voice(Data):
    name: Said
    """The public one."""
    title: Said
    slug: Said
    sounds: Literal["female", "male", "neutral"]
    language: str | None = None
    """The only one that it speaks; None: any."""
    locale: str | None = None
    """As its provider wants the language told."""
    pace: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    """Against the language's rate."""

    def speaks(self, language: str) -> bool:
        return self.language in (None, language)


class Language(Data):
    name: Annotated[str, Field(pattern="^[a-z]{2,3}$")]
    """As ISO 639 has it."""
    title: Said
    unit: Literal["word", "character"]
    """What is counted of it: words between blanks, or letters where there are none."""
    rate: Annotated[Decimal, Field(gt=0)]
    """Of these a second, as a usual voice speaks."""

    def units(self, text: str) -> int:
        if self.unit == "word":
            return sum(any(letter.isalnum() for letter in word) for word in text.split())
        return sum(letter.isalnum() for letter in text)

    def seconds(self, text: str, pace: Decimal = Decimal(1)) -> float:
        """That it takes to say the text, roughly."""
        return float(round(self.units(text) / (self.rate * pace), 3))


S = TypeVar("S", bound=Service)


@dataclass(frozen=True)
class Cast:
    """Who speaks a film on a day, and who tells when each word is heard."""

    voice: Voice
    model: SpeechModel
    listener: TimingModel | None
    """None where the voice marks its words itself, or nobody can listen any more."""
    warnings: tuple[str, ...] = ()

    @property
    def timer(self) -> TimingModel | SpeechModel | None:
        """Who is asked when each word is heard."""
        return self.model if self.model.marks else self.listener

    @property
    def timed(self) -> bool:
        return self.timer is not None

    def timing_cost(self, text: str, seconds: float) -> Decimal:
        """USD of asking that, for text whose speech lasts so long."""
        match self.timer:
            case TimingModel() as listener:
                return listener.cost(seconds)
            case SpeechModel() as model:
                return model.cost(text, seconds)
        return Decimal(0)


class Narrators(Data):
    """Whoever comes first is asked first, as long as it is not retired."""

    writers: Annotated[list[ChatModel], Field(min_length=1)]
    speakers: Annotated[list[SpeechModel], Field(min_length=1)]
    listeners: list[TimingModel]
    voices: Annotated[list[Voice], Field(min_length=1)]
    languages: Annotated[list[Language], Field(min_length=1)]
    languages_source: Said

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        for named in (self.services, self.voices, self.languages):
            names = [one.name for one in named]
            if twice := [name for name in names if names.count(name) > 1]:
                raise ValueError(f"{twice[0]} is there twice")
        known, spoken = {one.name for one in self.voices}, {one.name for one in self.languages}
        for model in self.speakers:
            if strange := set(model.voices) - known:
                raise ValueError(f"{model.name}: there is no voice {min(strange)}")
        for voice in self.voices:
            if voice.language and voice.language not in spoken:
                raise ValueError(f"{voice.name}: there is no language {voice.language}")
        return self

    @property
    def services(self) -> list[Service]:
        return [*self.writers, *self.speakers, *self.listeners]

    def language(self, tag: str) -> Language | None:
        """Of a BCP 47 tag: "pt-BR" is Portuguese."""
        primary = re.split("[-_]", tag.strip().lower())[0]
        return next((one for one in self.languages if one.name == primary), None)

    def voice(self, name: str) -> Voice | None:
        return next((one for one in self.voices if one.name == name), None)

    def retired(self, name: str, on: dt.date) -> Self:
        """The same when a service has gone before its day."""
        gone = {"retired": on}
        return self.model_copy(
            update={
                kind: [one.model_copy(update=gone) if one.name == name else one for one in services]
                for kind, services in (
                    ("writers", self.writers),
                    ("speakers", self.speakers),
                    ("listeners", self.listeners),
                )
            }
        )

    def speakers_on(self, on: dt.date) -> list[SpeechModel]:
        return _in_force(self.speakers, on)

    def listeners_on(self, on: dt.date) -> list[TimingModel]:
        return _in_force(self.listeners, on)

    def writers_on(self, on: dt.date) -> list[ChatModel]:
        return _in_force(self.writers, on)

    def cast(self, voice: str, language: str, on: dt.date) -> Cast | None:
        """The voice itself, or the one that takes its place: whose words can be timed, of the same model, which sounds alike,
        and of these the first. None where nobody speaks the language any more."""
        wanted = self.voice(voice)
        listener = next(iter(self.listeners_on(on)), None)
        possible = [
            (Cast(one, model, None if model.marks else listener), place)
            for place, model in enumerate(self.speakers_on(on))
            for one in self.voices
            if one.name in model.voices and one.speaks(language)
        ]

        def apart(candidate: tuple[Cast, int]) -> tuple[bool, bool, bool, bool, int]:
            cast, place = candidate
            alike = wanted is not None and cast.voice.sounds == wanted.sounds
            return not cast.timed, cast.voice != wanted, voice not in cast.model.voices, not alike, place

        if not possible:
            return None
        best, _ = min(possible, key=apart)
        return Cast(best.voice, best.model, best.listener, tuple(self._told(voice, language, best, on)))

    def _told(self, asked: str, language: str, cast: Cast, on: dt.date) -> Iterable[str]:
        """What is not as it was asked for."""
        if cast.voice.name != asked:
            wanted = self.voice(asked)
            models = [one for one in self.speakers if asked in one.voices]
            why = f"it does not speak {language!r}"
            if wanted is None:
                why = "it is not known any more"
            elif wanted.speaks(language):
                gone = [_gone(one) for one in models if one.state(on) == "retired"]
                why = gone[0] if gone else "its words cannot be timed"
            yield f"voice {asked}: {why}. {cast.voice.title} ({cast.model.name}) speaks instead."
        if not cast.timed:
            left = "; ".join(_gone(one) for one in self.listeners) or "there is no service that times words"
            yield f"captions: {left}. Their times are estimated."


def _gone(one: Service) -> str:
    return f"{one.name} is retired since {one.retired}"


def _in_force(services: Sequence[S], on: dt.date) -> list[S]:
    return [one for one in services if one.state(on) != "retired"]


def _minutes(seconds: float) -> Decimal:
    return Decimal(str(seconds)) / 60


def usd(amount: Decimal) -> Decimal:
    """Rounded up to a millionth: sums stay what the table can keep."""
    return amount.quantize(Decimal("0.000001"), rounding="ROUND_UP")
