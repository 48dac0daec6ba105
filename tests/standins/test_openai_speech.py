"""What OpenAI's stand-in says aloud, as OpenAI's SDK has it."""

from __future__ import annotations

import struct
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import openai
import pytest

from local.standins.openai import OpenAi
from local.standins.openai.api import VOICES
from local.standins.speaking import speak
from tests.standins.asking_openai import SPEECH, Wave, client_of, decoded, samples, script, spoken

TEXT = "Meet the Aurora lamp. It costs twenty dollars."


def loud(sound: Wave) -> float:
    return float(np.sqrt((sound**2).mean()))


def shift(one: Wave, other: Wave) -> int:
    """Samples by which the other one comes later."""
    size = 1 << (len(one) + len(other)).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(other, size) * np.conj(np.fft.rfft(one, size)), size)
    best = int(np.argmax(likeness))
    return best if best < size // 2 else best - size


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("wav", "audio/wav"),
        ("flac", "audio/flac"),
        ("opus", "audio/opus"),
        ("mp3", "audio/mpeg"),
        ("aac", "audio/aac"),
    ],
)
def test_every_form_holds_the_same_speech(
    openai_service: OpenAi, form: Literal["wav", "flac", "opus", "mp3", "aac"], kind: str
) -> None:
    plain = samples(spoken(openai_service, TEXT))
    answer = client_of(openai_service).audio.speech.create(
        model=SPEECH, voice="alloy", input=TEXT, response_format=form
    )
    assert answer.response.headers["content-type"] == kind
    other = decoded(answer.read())
    late = 1024 if form == "aac" else 0  # ADTS has no place to tell of the encoder's own beginning
    assert abs(shift(plain, other) - late) <= 240
    assert len(other) / 24_000 == pytest.approx(len(plain) / 24_000, abs=0.1)
    assert loud(other) == pytest.approx(loud(plain), rel=0.15)


def test_a_wav_does_not_know_its_length_as_from_the_real_service(openai_service: OpenAi) -> None:
    sound = spoken(openai_service, TEXT, "wav")
    assert (sound[:4], sound[8:12], sound[36:40]) == (b"RIFF", b"WAVE", b"data")
    assert {struct.unpack("<I", sound[at : at + 4])[0] for at in (4, 40)} == {0xFFFFFFFF}
    assert sound[44:] == spoken(openai_service, TEXT)


def test_the_same_words_are_the_same_bytes_and_each_voice_has_its_own(openai_service: OpenAi) -> None:
    assert spoken(openai_service, TEXT) == spoken(openai_service, TEXT)
    every = {voice: spoken(openai_service, TEXT, voice=voice, model="gpt-4o-mini-tts") for voice in VOICES}
    assert len(set(every.values())) == len(VOICES)
    assert all(loud(samples(sound)) > 0.03 for sound in every.values())


def test_speed_makes_it_shorter_or_longer(openai_service: OpenAi) -> None:
    usual = len(spoken(openai_service, TEXT))
    assert len(spoken(openai_service, TEXT, speed=2.0)) == pytest.approx(usual / 2, rel=0.1)
    assert len(spoken(openai_service, TEXT, speed=0.25)) == pytest.approx(usual * 4, rel=0.1)
    assert len(spoken(openai_service, TEXT, speed=4.0)) == pytest.approx(usual / 4, rel=0.15)


@pytest.mark.parametrize(
    "text", ["Das ist eine schöne Uhr für dich.", "Это красивые часы.", "这是一款漂亮的手表。", "هذه ساعة جميلة."]
)
def test_a_text_is_spoken_in_its_own_language(openai_service: OpenAi, text: str) -> None:
    in_english = speak(text, f"en-us+{VOICES['alloy']['variant']}", pitch=VOICES["alloy"]["pitch"])
    assert len(spoken(openai_service, text)) / 48_000 != pytest.approx(in_english.seconds, abs=0.05)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"voice": "zoe"}, "'loc': ('body', 'voice'), 'msg': \"Input should be 'alloy', 'ash', 'coral'"),
        ({"voice": "verse"}, "'loc': ('body', 'voice')"),
        ({"input": "a" * 4097}, "String should have at most 4096 characters"),
        ({"input": " "}, "String should have at least 1 character"),
        ({"speed": 5.0}, "less than or equal to 4"),
        ({"response_format": "midi"}, "'loc': ('body', 'response_format')"),
    ],
)
def test_what_cannot_be_said_is_400_in_the_services_own_words(
    openai_service: OpenAi, wrong: dict[str, Any], told: str
) -> None:
    asked: dict[str, Any] = {"model": SPEECH, "voice": "alloy", "input": TEXT, **wrong}
    with pytest.raises(openai.BadRequestError) as refused:
        client_of(openai_service).audio.speech.create(**asked)
    assert told in refused.value.message
    assert refused.value.type == "invalid_request_error"


def test_a_model_for_something_else_does_not_speak(openai_service: OpenAi) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        spoken(openai_service, TEXT, model="whisper-1")
    assert refused.value.code == "model_not_found"


def test_4096_characters_are_said(openai_service: OpenAi) -> None:
    text = ("Word after word after word. " * 200)[:4096]
    assert len(spoken(openai_service, text)) / 48_000 > 120


def test_each_way_of_going_wrong(openai_service: OpenAi, tmp_path: Path) -> None:
    plain = spoken(openai_service, TEXT)
    for verb, error in (
        ("throttle", openai.RateLimitError),
        ("server_error", openai.InternalServerError),
        ("fail", openai.InternalServerError),
        ("refuse", openai.BadRequestError),
        ("lose_answer", openai.APIConnectionError),
    ):
        script(openai_service, {"do": verb, "match": {"voice": "alloy", "input": "Aurora"}})
        with pytest.raises(error):
            spoken(openai_service, TEXT)
    script(openai_service, {"do": "truncate_output"}, {"do": "slow", "seconds": 1})
    began = time.monotonic()
    assert plain.startswith(spoken(openai_service, TEXT))
    assert time.monotonic() - began >= 1
    script(openai_service, {"do": "corrupt_output"})
    assert spoken(openai_service, TEXT) != plain
    (tmp_path / "other").write_bytes(b"something else")
    script(openai_service, {"do": "serve", "file": str(tmp_path / "other")})
    assert spoken(openai_service, TEXT) == b"something else"
    assert spoken(openai_service, TEXT) == plain
