"""What Amazon Polly's stand-in says and marks, as boto3 has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import numpy as np
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from local.credentials import ACCESS_KEY, REGION, SECRET_KEY
from local.standins.polly import Polly
from local.standins.polly.api import VOICES
from tests.standins.asking_openai import decoded, samples

TEXT = "Größe lamp. It costs $18,500, and it's one of the best."


@pytest.fixture(scope="module")
def service() -> Iterator[Polly]:
    standin = Polly().start()
    yield standin
    standin.stop()


@pytest.fixture
def polly(service: Polly) -> Any:
    service.script.clear()
    return boto3.client(
        "polly",
        endpoint_url=service.url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(retries={"total_max_attempts": 1}),
    )


def asked(**more: Any) -> dict[str, Any]:
    return {"Text": TEXT, "VoiceId": "Joanna", "Engine": "neural", "OutputFormat": "pcm", **more}


def spoken(polly: Any, **more: Any) -> bytes:
    answer = polly.synthesize_speech(**asked(**more))
    assert answer["RequestCharacters"] == len(more.get("Text", TEXT))
    return answer["AudioStream"].read()


def marks(polly: Any, *kinds: str, **more: Any) -> list[dict[str, Any]]:
    answer = polly.synthesize_speech(**asked(OutputFormat="json", SpeechMarkTypes=list(kinds), **more))
    assert answer["ContentType"] == "application/x-json-stream"
    return [json.loads(line) for line in answer["AudioStream"].read().decode().splitlines()]


def test_samples_are_16_khz_or_8(polly: Any) -> None:
    sound = samples(spoken(polly))
    assert len(samples(spoken(polly, SampleRate="8000"))) == pytest.approx(len(sound) / 2, abs=10)
    assert np.sqrt((sound**2).mean()) > 0.03


@pytest.mark.parametrize("form", ["mp3", "ogg_opus", "ogg_vorbis"])
def test_every_form_holds_the_same_speech(polly: Any, form: str) -> None:
    sound = decoded(spoken(polly, OutputFormat=form), 16_000)
    assert len(sound) / 16_000 == pytest.approx(len(spoken(polly)) / 32_000, abs=0.1)


def test_the_marks_are_those_of_what_is_said(polly: Any) -> None:
    """Byte offsets, milliseconds; words begin where the sound does after the pause between the sentences."""
    told = marks(polly, "word")
    raw = TEXT.encode()
    assert [raw[mark["start"] : mark["end"]].decode() for mark in told] == [mark["value"] for mark in told]
    assert [mark["value"] for mark in told] == [
        "Größe", "lamp", "It", "costs", "$18,500", "and", "it's", "one", "of", "the", "best"
    ]  # fmt: skip
    times = [mark["time"] for mark in told]
    assert times == sorted(times)
    sound = samples(spoken(polly))
    it = times[2] * 16
    loud = np.convolve(np.abs(sound), np.ones(80) / 80, "same") > 0.01
    assert not loud[it - 1600 : it - 640].any()
    assert loud[it : it + 1600].mean() > 0.5
    assert times[-1] / 1000 < len(sound) / 16_000


def test_sentences_are_marked_with_their_words(polly: Any) -> None:
    told = marks(polly, "sentence", "word")
    assert [mark["value"] for mark in told if mark["type"] == "sentence"] == [
        "Größe lamp.", "It costs $18,500, and it's one of the best."
    ]  # fmt: skip
    assert [mark["type"] for mark in told[:4]] == ["sentence", "word", "word", "sentence"]


def test_a_voice_speaks_its_languages(polly: Any) -> None:
    words = {"Text": "Namaste, this is a test."}
    assert spoken(polly, VoiceId="Kajal", **words) != spoken(polly, VoiceId="Kajal", LanguageCode="hi-IN", **words)
    every = {
        name: spoken(polly, VoiceId=name, Engine=voice["engines"][0], Text="Hello") for name, voice in VOICES.items()
    }
    assert all(np.abs(samples(sound)).max() > 0.05 for sound in every.values())


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"VoiceId": "Zoe"}, "ValidationException"),
        ({"VoiceId": "Maxim"}, "EngineNotSupportedException"),
        ({"LanguageCode": "de-DE"}, "LanguageNotSupportedException"),
        ({"SampleRate": "24000"}, "InvalidSampleRateException"),
        ({"Text": "a" * 3001}, "TextLengthExceededException"),
        ({"Text": ""}, "ValidationException"),
        ({"TextType": "ssml"}, "InvalidSsmlException"),
        ({"SpeechMarkTypes": ["word"]}, "MarksNotSupportedForFormatException"),
        ({"OutputFormat": "json"}, "MarksNotSupportedForFormatException"),
        ({"OutputFormat": "json", "SpeechMarkTypes": ["ssml"]}, "SsmlMarksNotSupportedForTextTypeException"),
    ],
)
def test_what_cannot_be_said_is_refused_as_polly_refuses_it(polly: Any, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        polly.synthesize_speech(**asked(**wrong))
    error, status = refused.value.response["Error"], refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert (error["Code"], status) == (code, 400)
    assert error["Message"]


def test_3000_characters_are_said(polly: Any) -> None:
    assert len(spoken(polly, Text=("Word after word. " * 200)[:3000])) / 32_000 > 100


def test_nobody_speaks_who_has_not_signed(service: Polly) -> None:
    answer = requests.post(f"{service.url}/v1/speech", json=asked(), timeout=10)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")


def test_each_way_of_going_wrong(polly: Any, service: Polly) -> None:
    plain = spoken(polly)
    for verb, told in {
        "throttle": ("ThrottlingException", 400),
        "server_error": ("ServiceUnavailableException", 503),
        "fail": ("ServiceFailureException", 500),
        "refuse": ("AccessDeniedException", 403),
    }.items():
        service.script.append([{"do": verb, "match": {"VoiceId": "Joanna"}}])
        with pytest.raises(ClientError) as error:
            spoken(polly)
        response = error.value.response
        assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == told
    service.script.append([{"do": "lose_answer"}])
    with pytest.raises(HTTPClientError):
        spoken(polly)
    service.script.append([{"do": "truncate_output"}])
    assert len(spoken(polly)) < len(plain)
    assert spoken(polly) == plain
