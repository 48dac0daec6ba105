"""Whoever the catalogue has to write, speak and listen, the stand-ins have: under the same names, in the same languages."""

from __future__ import annotations

import pytest

from functions.studio.catalogue import catalogue
from functions.studio.services import SpeechModel
from local.standins.openai.api import VOICES as AT_OPENAI
from local.standins.openai.api import OpenAi
from local.standins.polly.api import VOICES as AT_POLLY

NARRATORS = catalogue().narrators
SLUGS = {voice.name: voice for voice in NARRATORS.voices}


@pytest.mark.parametrize("model", NARRATORS.speakers, ids=lambda one: one.name)
def test_every_voice_of_a_model_is_one_that_speaks_with_it(model: SpeechModel) -> None:
    for voice in (SLUGS[name] for name in model.voices):
        if model.provider == "polly":
            there = AT_POLLY[voice.slug]
            assert model.slug in there["engines"]
            assert voice.locale in there["languages"]
        else:
            assert model.slug in OpenAi.models["speech"]
            assert model.slug not in AT_OPENAI[voice.slug].get("not_with", ())


def test_who_writes_and_who_listens_is_there_and_ends_on_the_same_day() -> None:
    for one in [*NARRATORS.writers, *NARRATORS.listeners, *NARRATORS.speakers]:
        if one.provider == "openai":
            days = {slug: day for models in OpenAi.models.values() for slug, day in models.items()}
            assert days[one.slug] == (one.retired.isoformat() if one.retired else None)
