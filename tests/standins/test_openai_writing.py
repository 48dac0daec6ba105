"""What OpenAI's stand-in writes, as OpenAI's SDK has it."""

from __future__ import annotations

from datetime import date
from typing import Any

import openai
import pytest
import requests

from functions.studio.catalogue import catalogue
from local.standins.languages import guess
from local.standins.openai import OpenAi
from tests.standins.asking_openai import CAR, CHAT, Parts, client_of, script, written

HELLO: list[Any] = [{"role": "user", "content": "hello"}]


def strict(schema: dict[str, Any]) -> Any:
    return {"type": "json_schema", "json_schema": {"name": "script", "strict": True, "schema": schema}}


def hello(service: OpenAi, **more: Any) -> Any:
    return client_of(service).chat.completions.create(model=CHAT, messages=HELLO, **more).choices[0]


@pytest.mark.parametrize("words", [15, 38, 80, 200])
def test_a_script_is_as_long_as_it_was_asked_to_be(openai_service: OpenAi, words: int) -> None:
    parts = written(openai_service, CAR, f"Write a hook, a body and a call to action, about {words} words in all.")
    assert all((parts.hook, parts.body, parts.callToAction))
    assert len(parts.text.split()) == pytest.approx(words, abs=max(2, words * 0.05))


def test_a_script_tells_what_is_offered_and_what_it_costs(openai_service: OpenAi) -> None:
    parts = written(openai_service, CAR)
    assert "One owner, full service history." in parts.body
    assert "$18,500" in parts.callToAction
    other = written(openai_service, CAR.replace("Toyota Camry", "Ford Focus").replace("$18,500", "$900"))
    assert (other.text == parts.text, "$900" in other.callToAction) == (False, True)
    assert written(openai_service, CAR) == parts, "the same question has the same answer"


def test_facts_are_read_from_json_too(openai_service: OpenAi) -> None:
    facts = '{"title": "Lamp", "description": "A lamp for your desk.", "price": 20, "currency": "EUR"}'
    parts = written(openai_service, f"Listing: {facts}")
    assert "A lamp for your desk." in parts.body
    assert "20 EUR" in parts.callToAction


@pytest.mark.parametrize(
    "language", ["es", "de", "fr", "pt-BR", "it", "nl", "ru", "ar", "he", "hi", "ko", "zh", "ja", "th"]
)
def test_a_script_is_in_the_language_asked_for(openai_service: OpenAi, language: str) -> None:
    parts = written(openai_service, "Title: X\nDescription: A nice thing for you and the home.\nPrice: 20\n"
                    f"Language: {language}")  # fmt: skip
    assert guess(parts.text) == language[:2]


def test_whatever_language_a_film_may_have_is_written(openai_service: OpenAi) -> None:
    asked = "Title: X\nDescription: A nice thing for you.\nPrice: 20\nLanguage: "
    scripts = {one.name: written(openai_service, asked + one.name).text for one in catalogue().narrators.languages}
    assert len(set(scripts.values())) == len(scripts) > 20, "each in words of its own"


def test_a_language_may_be_named_in_words(openai_service: OpenAi) -> None:
    assert guess(written(openai_service, CAR, "Write it in Spanish, about 30 words.").text) == "es"


def test_a_language_without_spaces_is_measured_in_characters(openai_service: OpenAi) -> None:
    parts = written(openai_service, "Title: 手表\nDescription: 漂亮的手表。\nLanguage: zh", "Use about 60 characters.")
    assert sum(map(str.isalnum, parts.text)) == pytest.approx(60, abs=6)


def test_whatever_strict_schema_is_sent_is_followed(openai_service: OpenAi) -> None:
    schema = {
        "type": "object",
        "properties": {
            "script": {"type": "string"},
            "mood": {"type": "string", "enum": ["calm", "loud"]},
            "scenes": {"type": "array", "minItems": 2, "items": {"type": "string"}},
            "words": {"type": "integer"},
        },
        "required": ["script", "mood", "scenes", "words"],
        "additionalProperties": False,
    }
    messages: list[Any] = [{"role": "user", "content": CAR}]
    answer = client_of(openai_service).chat.completions.create(
        model=CHAT, messages=messages, response_format=strict(schema)
    )
    content = answer.choices[0].message.content or ""
    assert "One owner" in content
    assert '"mood": "calm"' in content


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"properties": {"hook": {"type": "string"}}, "required": ["hook"]}, "'additionalProperties' is required"),
        ({"properties": {"hook": {"type": "string"}}, "additionalProperties": False}, "Missing 'hook'"),
    ],
)
def test_a_strict_schema_that_leaves_something_open_is_refused(
    openai_service: OpenAi, rules: dict[str, Any], told: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=told) as refused:
        hello(openai_service, response_format=strict({"type": "object", **rules}))
    assert refused.value.code == "invalid_json_schema"


def test_models_are_gone_from_their_day_on() -> None:
    for day, there in ((date(2027, 1, 13), True), (date(2027, 1, 14), False)):
        service = OpenAi(day=day).start()
        assert (CHAT in {model.id for model in client_of(service).models.list()}) == there
        if not there:
            with pytest.raises(openai.NotFoundError, match="has been deprecated") as gone:
                hello(service)
            assert gone.value.code == "model_not_found"
        service.stop()


def test_a_model_that_never_was_is_404(openai_service: OpenAi) -> None:
    with pytest.raises(openai.NotFoundError, match="does not exist or you do not have access to it") as unknown:
        client_of(openai_service).chat.completions.create(model="gpt-0", messages=HELLO)
    assert unknown.value.code == "model_not_found"


def test_a_missing_or_wrong_key_is_401() -> None:
    service = OpenAi(token="sk-right").start()
    answer = requests.post(f"{service.url}/v1/chat/completions", json={}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, None)
    with pytest.raises(openai.AuthenticationError) as wrong:
        client_of(service, "sk-wrong").models.list()
    assert wrong.value.code == "invalid_api_key"
    service.stop()


def test_what_goes_wrong_on_purpose_has_the_real_services_shape(openai_service: OpenAi) -> None:
    script(openai_service, {"do": "throttle", "seconds": 20})
    with pytest.raises(openai.RateLimitError) as throttled:
        hello(openai_service)
    assert throttled.value.response.headers["retry-after"] == "20"
    assert (throttled.value.code, throttled.value.type) == ("rate_limit_exceeded", "requests")

    script(openai_service, {"do": "server_error"})
    with pytest.raises(openai.InternalServerError) as down:
        hello(openai_service)
    assert down.value.status_code == 503

    script(openai_service, {"do": "lose_answer"})
    with pytest.raises(openai.APIConnectionError):
        hello(openai_service)

    script(openai_service, {"do": "refuse"})
    refused = hello(openai_service)
    assert (refused.message.content, bool(refused.message.refusal)) == (None, True)

    script(openai_service, {"do": "truncate_output"})
    with pytest.raises(openai.LengthFinishReasonError):
        client_of(openai_service).chat.completions.parse(model=CHAT, messages=HELLO, response_format=Parts)


def test_an_answer_ends_at_the_tokens_that_it_may_have(openai_service: OpenAi) -> None:
    choice = hello(openai_service, max_completion_tokens=5)
    assert (choice.finish_reason, len(choice.message.content)) == ("length", 20)
