"""Who writes, speaks and listens for listings' films, as callers see it: at what price, and until when."""

from __future__ import annotations

import datetime as dt
from typing import Any

from functions.api.envelope import Money, View
from functions.studio.data import State
from functions.studio.listings import SILENT
from functions.studio.services import Narrators, Service


class ServiceView(View):
    id: str
    provider: str
    provider_model: str
    state: State
    deprecated: dt.date | None
    retired: dt.date | None
    """The days from which that holds: from `retired` on the next of the list takes over."""
    source: str
    """Of the prices."""
    date: dt.date


class ScriptModelView(ServiceView):
    usd_per_million_in: Money
    usd_per_million_out: Money
    """Tokens."""


class SpeechModelView(ServiceView):
    unit: str
    usd: Money
    marks: bool
    """Whether it tells itself when each word is heard."""
    voices: list[str]


class TimingModelView(ServiceView):
    usd_per_minute: Money


class VoiceView(View):
    id: str
    title: str
    sounds: str
    language: str | None
    """The only one that it speaks; null: any of `languages`."""
    models: list[str]
    """That speak with it, as things stand; none: another voice takes its place."""
    available: bool


class LanguageView(View):
    id: str
    title: str


class NarratorsView(View):
    scripts: list[ScriptModelView]
    speech: list[SpeechModelView]
    timing: list[TimingModelView]
    voices: list[VoiceView]
    """Beside `none`, with which nobody speaks."""
    languages: list[LanguageView]


def narrators_view(narrators: Narrators, on: dt.date) -> NarratorsView:
    speakers = narrators.speakers_on(on)
    by_voice = {one.name: [model.name for model in speakers if one.name in model.voices] for one in narrators.voices}
    return NarratorsView(
        scripts=[ScriptModelView(**_service(one, on), **one.model_dump(include=USD)) for one in narrators.writers],
        speech=[
            SpeechModelView(**_service(one, on), unit=one.unit, usd=one.usd, marks=one.marks, voices=one.voices)
            for one in narrators.speakers
        ],
        timing=[TimingModelView(**_service(one, on), usd_per_minute=one.usd_per_minute) for one in narrators.listeners],
        voices=[
            VoiceView(
                id=one.name,
                title=one.title,
                sounds=one.sounds,
                language=one.language,
                models=by_voice[one.name],
                available=bool(by_voice[one.name]),
            )
            for one in narrators.voices
            if one.name != SILENT
        ],
        languages=[LanguageView(id=one.name, title=one.title) for one in narrators.languages],
    )


USD = {"usd_per_million_in", "usd_per_million_out"}


def _service(one: Service, on: dt.date) -> dict[str, Any]:
    return {
        "id": one.name,
        "provider": one.provider,
        "provider_model": one.slug,
        "state": one.state(on),
        "deprecated": one.deprecated,
        "retired": one.retired,
        "source": one.source,
        "date": one.date,
    }
