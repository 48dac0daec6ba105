"""What OpenAI's stand-in hears, as OpenAI's SDK has it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import openai
import pytest

from local.standins.openai import OpenAi
from local.standins.openai.hearing import WRONG, misheard
from tests.standins.asking_openai import CAR, HEARING, Wave, boxed, client_of, samples, script, spoken, written

LAMP = "Meet the Aurora lamp. It costs $18,500, and it's one of the best."
OTHER = "Meet the Aurora bottle. It costs $18,700, and it's one of the rest."
CALL = "Order one now, while it lasts!"
RATE = 24_000


def heard(service: OpenAi, recording: bytes, name: str = "speech.wav", **more: Any) -> Any:
    asked: dict[str, Any] = {"response_format": "verbose_json", "timestamp_granularities": ["word"], **more}
    return client_of(service).audio.transcriptions.create(**{"model": HEARING, "file": (name, recording), **asked})


def said(service: OpenAi, text: str) -> Wave:
    return samples(spoken(service, text))


def silence(seconds: float) -> Wave:
    return np.zeros(round(seconds * RATE))


def words_of(text: str) -> list[str]:
    return [word.strip(".,!") for word in text.split()]


def test_speech_is_heard_with_the_time_of_each_word(openai_service: OpenAi) -> None:
    sound = said(openai_service, LAMP)
    answer = heard(openai_service, boxed(sound))
    assert [word.word for word in answer.words] == words_of(LAMP)
    assert answer.duration == pytest.approx(len(sound) / RATE, abs=0.01)
    assert (answer.usage.type, answer.usage.seconds) == ("duration", int(len(sound) / RATE) + 1)
    assert (answer.language, answer.task) == ("english", "transcribe")
    assert answer.text == LAMP
    times = [time for word in answer.words for time in (word.start, word.end)]
    assert times == sorted(times)


def test_the_times_are_those_of_the_sound(openai_service: OpenAi) -> None:
    """Where a word begins after silence, sound begins; where a pause follows, it ends."""
    text = "Lamp. Bottle. Zebra. Garden. Mirror."
    sound = np.concatenate([silence(0.4), said(openai_service, text)])
    loud = np.convolve(np.abs(sound), np.ones(120) / 120, "same") > 0.01
    for word in heard(openai_service, boxed(sound)).words:
        start, end = round(word.start * RATE), round(word.end * RATE)
        before, within = loud[: start + 1200], loud[start:end]
        assert not before[-4800:-2400].any(), "silence until shortly before"
        assert within.mean() > 0.6
        assert abs(int(np.argmax(loud[start - 1200 :])) - 1200) <= 1200, "50 ms"


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("speech.flac", "-ar 48000 -ac 2"),
        ("speech.wav", "-ar 48000 -ac 2"),
        ("speech.ogg", "-c:a libopus -b:a 32k"),
        ("speech.mp3", "-b:a 64k"),
        ("speech.m4a", "-c:a aac -ar 44100"),
    ],
)
def test_a_recording_is_known_in_any_form_and_at_any_rate(
    openai_service: OpenAi, tmp_path: Path, name: str, how: str
) -> None:
    sound = np.concatenate([silence(0.25), said(openai_service, LAMP), silence(0.5), said(openai_service, CALL)])
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "pipe:0", *how.split(), str(tmp_path / name)]
    subprocess.run(command, input=boxed(sound), check=True)
    answer = heard(openai_service, (tmp_path / name).read_bytes(), name)
    plain = heard(openai_service, boxed(sound))
    assert [word.word for word in answer.words] == words_of(f"{LAMP} {CALL}")
    assert [word.start for word in answer.words] == pytest.approx([word.start for word in plain.words], abs=0.03)
    assert plain.words[0].start == pytest.approx(0.25, abs=0.02)


def test_of_much_that_was_said_each_part_is_found_where_it_is(openai_service: OpenAi) -> None:
    parts = {text: said(openai_service, text) for text in (OTHER, CALL, LAMP, "Every detail has been thought through.")}
    sound = np.concatenate([parts[CALL], parts[LAMP], silence(0.3), parts[CALL]]) * 0.2
    noise = np.random.default_rng(1).normal(0, 0.001, len(sound))
    answer = heard(openai_service, boxed(sound + noise))
    assert [word.word for word in answer.words] == words_of(f"{CALL} {LAMP} {CALL}")
    second = (len(parts[CALL]) + len(parts[LAMP])) / RATE + 0.3
    assert answer.words[-6].start - answer.words[0].start == pytest.approx(second, abs=0.02)


def test_what_nobody_said_here_is_not_made_up(openai_service: OpenAi) -> None:
    hum = np.sin(np.arange(3 * RATE) / RATE * 2 * np.pi * 220) * 0.3
    answer = heard(openai_service, boxed(hum))
    assert (answer.text, answer.words) == ("", [])


def test_about_one_word_in_fifty_is_misheard_and_the_same_one_each_time(openai_service: OpenAi) -> None:
    total = wrong = 0
    for number in range(5):
        text = written(openai_service, f"{CAR} {number}\nCar number {number} of many.", "Use about 150 words.").text
        text = f"Number {number}. {text}"
        sound = boxed(said(openai_service, text))
        answer = heard(openai_service, sound)
        assert answer == heard(openai_service, sound)
        assert len(answer.words) == len(text.split())
        total += len(answer.words)
        wrong += sum(one.word != other for one, other in zip(answer.words, words_of(text), strict=True))
    assert total / WRONG / 2.5 < wrong < total / WRONG * 2.5
    assert misheard("for") == "four"
    assert misheard("lamp.") != "lamp."
    assert misheard("lamp.").endswith(".")


def test_a_language_without_white_space_is_heard_in_parts(openai_service: OpenAi) -> None:
    text = "这是一款漂亮的手表。"
    answer = heard(openai_service, boxed(said(openai_service, text)), language="zh")
    assert answer.text == text
    assert len(answer.words) >= 5
    assert "".join(word.word for word in answer.words) == text.rstrip("。")


def test_plainer_forms(openai_service: OpenAi) -> None:
    sound = boxed(said(openai_service, LAMP))
    ask = client_of(openai_service).audio.transcriptions.create
    assert ask(model=HEARING, file=("a.wav", sound)).text == LAMP
    assert ask(model=HEARING, file=("a.wav", sound), response_format="text") == f"{LAMP}\n"
    segments = ask(model=HEARING, file=("a.wav", sound), response_format="verbose_json").segments
    assert [one.text for one in segments or []] == [
        " Meet the Aurora lamp.", " It costs $18,500, and it's one of the best."
    ]  # fmt: skip
    assert ask(model="gpt-transcribe", file=("a.wav", sound), response_format="json").usage.type == "tokens"  # type: ignore[union-attr]  # a usage there is


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"response_format": "json"}, "`response_format` must be `verbose_json` if `timestamp_granularities"),
        ({"timestamp_granularities": ["letter"]}, "Supported values are: 'word', 'segment'"),
        ({"model": "gpt-4o-transcribe"}, "response_format 'verbose_json' is not compatible with model"),
        ({"file": ("speech.pdf", b"%PDF")}, "Unrecognized file format"),
        ({"file": ("speech.wav", b"RIFF of nothing")}, "could not be decoded"),
        ({"file": ("speech.wav", boxed(np.zeros(1200)))}, "Minimum audio length is 0.1 seconds"),
    ],
)
def test_what_cannot_be_heard_is_400_in_the_services_own_words(
    openai_service: OpenAi, wrong: dict[str, Any], told: str
) -> None:
    asked: dict[str, Any] = {
        "model": HEARING, "file": ("speech.wav", boxed(np.zeros(RATE))), "response_format": "verbose_json",
        "timestamp_granularities": ["word"],
    }  # fmt: skip
    with pytest.raises(openai.BadRequestError) as refused:
        client_of(openai_service).audio.transcriptions.create(**{**asked, **wrong})
    assert told in refused.value.message


def test_more_than_25_mb_are_413(openai_service: OpenAi) -> None:
    with pytest.raises(openai.APIStatusError, match="Maximum content size limit") as refused:
        heard(openai_service, bytes(25 * 2**20 + 1))
    assert refused.value.status_code == 413


def test_each_way_of_going_wrong(openai_service: OpenAi) -> None:
    sound = boxed(said(openai_service, CALL))
    for verb, error in (
        ("throttle", openai.RateLimitError),
        ("server_error", openai.InternalServerError),
        ("fail", openai.InternalServerError),
        ("refuse", openai.BadRequestError),
        ("lose_answer", openai.APIConnectionError),
        ("corrupt_output", Exception),
    ):
        script(openai_service, {"do": verb, "match": {"model": HEARING}})
        with pytest.raises(error):
            heard(openai_service, sound)
    assert heard(openai_service, sound).text == CALL
