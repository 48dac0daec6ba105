from __future__ import annotations

import datetime as dt
from decimal import Decimal

import botocore.session
import pytest

from functions.studio.catalogue import catalogue
from functions.studio.overlay import overlaid
from functions.studio.services import Cast, Narrators

NARRATORS = catalogue().narrators
TODAY, NEW_YEAR, SPRING = dt.date(2026, 11, 21), dt.date(2027, 1, 6), dt.date(2027, 3, 1)
SIX = ("alloy", "echo", "fable", "onyx", "nova", "shimmer")


def cast(voice: str, language: str = "en", on: dt.date = TODAY, narrators: Narrators = NARRATORS) -> Cast:
    found = narrators.cast(voice, language, on)
    assert found is not None
    return found


@pytest.mark.parametrize("voice", SIX)
def test_the_seeds_voices_are_spoken_by_the_seeds_model_and_timed_by_its_listener(voice: str) -> None:
    found = cast(voice)
    assert (found.voice.name, found.model.name, found.warnings) == (voice, "tts-1-hd", ())
    assert found.timer is not None
    assert found.timer.name == "whisper-1"


def test_a_newer_voice_is_spoken_by_the_first_model_that_has_it() -> None:
    assert cast("marin").model.name == "gpt-4o-mini-tts"


def test_a_voice_of_polly_marks_its_own_words() -> None:
    found = cast("joanna")
    assert (found.model.provider, found.listener, found.timer) == ("polly", None, found.model)


@pytest.mark.parametrize(("voice", "instead"), [("alloy", "joanna"), ("onyx", "matthew")])
def test_from_the_day_on_which_speech_is_retired_polly_takes_over_and_a_warning_says_so(
    voice: str, instead: str
) -> None:
    before, after = cast(voice, on=NEW_YEAR - dt.timedelta(days=1)), cast(voice, on=NEW_YEAR)
    assert (before.voice.name, before.warnings) == (voice, ())
    assert (after.voice.name, after.model.name) == (instead, "polly-neural")
    [warning] = after.warnings
    assert warning.startswith(f"voice {voice}: tts-1-hd is retired since 2027-01-06. ")


def test_a_voice_that_takes_over_speaks_the_language() -> None:
    assert cast("onyx", "de", NEW_YEAR).voice.locale == "de-DE"


def test_a_voice_of_one_language_gives_way_to_one_of_the_same_model_in_another() -> None:
    found = cast("matthew", "es")
    assert (found.voice.name, found.model.name) == ("sergio", "polly-neural")
    assert found.warnings == ("voice matthew: it does not speak 'es'. Sergio (polly-neural) speaks instead.",)


def test_where_nobody_listens_any_more_a_voice_that_marks_its_words_goes_before_one_that_does_not() -> None:
    deaf = NARRATORS.retired("whisper-1", TODAY)
    assert cast("alloy", narrators=deaf).model.marks
    [warning] = cast("alloy", narrators=deaf).warnings
    assert "its words cannot be timed" in warning


def test_where_nobody_can_time_a_language_its_words_are_estimated_and_that_is_said() -> None:
    found = cast("alloy", "he", narrators=NARRATORS.retired("whisper-1", TODAY))
    assert (found.voice.name, found.timed) == ("alloy", False)
    assert found.warnings == ("captions: whisper-1 is retired since 2026-11-21. Their times are estimated.",)


def test_a_language_that_nobody_speaks_any_more_has_no_voice() -> None:
    assert NARRATORS.cast("alloy", "he", NEW_YEAR) is None


def test_the_next_writer_is_asked_when_the_first_is_retired() -> None:
    assert [one.name for one in NARRATORS.writers_on(TODAY)] == ["gpt-4o-mini", "gpt-6-luna"]
    assert [one.name for one in NARRATORS.writers_on(dt.date(2027, 1, 14))] == ["gpt-6-luna"]


@pytest.mark.parametrize(("tag", "name"), [("en", "en"), ("pt-BR", "pt"), ("zh-Hans-CN", "zh"), ("EN_us", "en")])
def test_a_language_is_known_by_its_tag(tag: str, name: str) -> None:
    found = NARRATORS.language(tag)
    assert found is not None
    assert found.name == name


def test_a_language_that_is_not_in_the_catalogue_is_not_known() -> None:
    assert NARRATORS.language("tlh") is None


def test_words_are_counted_and_letters_where_there_are_no_words() -> None:
    english, chinese = NARRATORS.language("en"), NARRATORS.language("zh")
    assert english is not None
    assert chinese is not None
    assert english.units("It's $18,500 – today only!") == 4
    assert chinese.units("这盏灯，很好。") == 5
    assert english.seconds("one two three", Decimal(2)) == pytest.approx(3 / 2.6 / 2, abs=0.001)


def test_services_are_paid_by_what_their_prices_are_for() -> None:
    found = cast("alloy")
    assert found.model.cost("x" * 100, 9.0) == Decimal("0.003")
    assert found.timing_cost("x" * 100, 29.2) == Decimal("0.003")
    assert cast("marin").model.cost("x" * 100, 12.0) == Decimal("0.003")
    assert cast("joanna").timing_cost("x" * 1000, 60.0) == Decimal("0.016")


def test_voices_of_polly_are_voices_that_it_has() -> None:
    shapes = botocore.session.get_session().get_service_model("polly")
    ids, codes = (set(shapes.shape_for(name).enum) for name in ("VoiceId", "LanguageCode"))
    [polly] = [one for one in NARRATORS.speakers if one.provider == "polly"]
    voices = [voice for voice in NARRATORS.voices if voice.name in polly.voices]
    assert len(voices) == len(polly.voices) > 30
    assert {voice.slug for voice in voices} <= ids
    assert {voice.locale for voice in voices} <= codes


def test_a_deployment_may_say_otherwise_of_a_service() -> None:
    later = overlaid(b'{"models": [], "services": [{"name": "tts-1-hd", "retired": "2028-01-06", "usd": "31"}]}')
    model = cast("alloy", on=SPRING, narrators=later.narrators).model
    assert (model.name, model.usd) == ("polly-neural", Decimal(16)), "whisper-1 is gone by then"
    heard = overlaid(
        b'{"models": [], "services": [{"name": "tts-1-hd", "retired": null, "usd": "31"}, {"name": "whisper-1", "retired": null}]}'
    )
    model = cast("alloy", on=SPRING, narrators=heard.narrators).model
    assert (model.name, model.usd) == ("tts-1-hd", Decimal(31))


def test_a_service_that_nobody_knows_cannot_be_said_otherwise_of() -> None:
    with pytest.raises(ValueError, match="there is no service tts-9"):
        overlaid(b'{"models": [], "services": [{"name": "tts-9", "usd": "1"}]}')
