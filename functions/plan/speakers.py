"""Who speaks a film's script, and tells when each word of it is heard: OpenAI, or Amazon Polly."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pydantic import BaseModel, TypeAdapter, ValidationError

from functions.studio.errors import (
    NotConfigured,
    ProviderBusy,
    ProviderFailed,
    ProviderRefused,
    ProviderUnknown,
    ReelayError,
)
from functions.studio.narration import Timed, Word
from functions.studio.openai_wire import OPENAI, Wire, silence
from functions.studio.services import Cast

MOST_SECONDS = 120
"""That Polly is waited for."""


class Speaker(Protocol):
    """Asked once a call, without tries of its own; raises our errors for providers, NotConfigured and ModelGone."""

    opened: Sequence[str]
    """How ffmpeg opens what is spoken, from a file."""

    timed: Timed

    def speak(self, text: str, cast: Cast, seconds: float) -> bytes:
        """The text as sound; it is silent for at most so many seconds."""
        ...

    def words(self, text: str, sound: bytes, cast: Cast, language: str, seconds: float) -> list[Word]:
        """When each word is heard in the sound of the text; roughly the words of the text."""
        ...


class OpenAiSpeaker:
    """Speaks as WAV, of 24 kHz, whose header claims no length; another service of theirs listens."""

    opened = ("-f", "wav")
    timed: Timed = "heard"

    def __init__(self, key: Callable[[], str], base_url: str) -> None:
        self._wire = Wire(OPENAI, key, base_url)

    def speak(self, text: str, cast: Cast, seconds: float) -> bytes:
        with self._wire.asking() as client:
            return client.audio.speech.create(
                model=cast.model.slug,
                voice=cast.voice.slug,
                input=text,
                response_format="wav",
                timeout=silence(seconds),
            ).content

    def words(self, text: str, sound: bytes, cast: Cast, language: str, seconds: float) -> list[Word]:
        if cast.listener is None:
            raise ProviderRefused("there is no service that times words")
        with self._wire.asking() as client:
            raw = client.audio.transcriptions.with_raw_response.create(
                model=cast.listener.slug,
                file=("speech.wav", sound, "audio/wav"),
                language=language,
                response_format="verbose_json",
                timestamp_granularities=["word"],
                timeout=silence(seconds),
            )
        try:
            heard = _Transcript.model_validate_json(raw.http_response.content)
        except ValidationError:
            raise ProviderUnknown("OpenAI's answer is no transcript with times") from None
        return [Word(text=one.word, start=one.start, end=one.end) for one in heard.words]


class _Heard(BaseModel):
    word: str
    start: float
    end: float


class _Transcript(BaseModel):
    words: list[_Heard]


class PollySpeaker:
    """Speaks as bare samples of 16 kHz, the most that it has of them; a second request gives its marks of words."""

    opened = ("-f", "s16le", "-ar", "16000", "-ac", "1")
    timed: Timed = "marked"

    def __init__(self) -> None:
        import boto3
        from botocore.config import Config

        # Whoever asks tries again; boto3 would do so on top.
        once = Config(connect_timeout=5, read_timeout=MOST_SECONDS, retries={"total_max_attempts": 1})
        self._client: Any = boto3.client("polly", config=once)

    def speak(self, text: str, cast: Cast, seconds: float) -> bytes:
        return self._asked(text, cast, OutputFormat="pcm", SampleRate="16000")

    def words(self, text: str, sound: bytes, cast: Cast, language: str, seconds: float) -> list[Word]:
        said = self._asked(text, cast, OutputFormat="json", SpeechMarkTypes=["word"])
        lasts = len(sound) / 2 / 16_000
        try:
            marks = TypeAdapter(list[_Mark]).validate_python([json.loads(line) for line in said.splitlines() if line])
        except (ValueError, ValidationError):
            raise ProviderUnknown("Amazon Polly's answer is no list of marks") from None
        starts = [mark.time / 1000 for mark in marks]
        ends = [*starts[1:], max([lasts, *starts])]
        return [
            Word(text=mark.value, start=start, end=end) for mark, start, end in zip(marks, starts, ends, strict=True)
        ]

    def _asked(self, text: str, cast: Cast, **form: Any) -> bytes:
        from botocore import exceptions

        request: dict[str, Any] = {"Text": text, "VoiceId": cast.voice.slug, "Engine": cast.model.slug, **form}
        if cast.voice.locale:
            request["LanguageCode"] = cast.voice.locale
        try:
            said: bytes = self._client.synthesize_speech(**request)["AudioStream"].read()
            return said
        except exceptions.ClientError as error:
            raise translated(error.response) from None
        except exceptions.NoCredentialsError:
            raise NotConfigured("Amazon Polly cannot be asked: there are no credentials") from None
        except (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError) as error:
            raise ProviderFailed(f"Amazon Polly did not answer: {type(error).__name__}") from None
        except (exceptions.BotoCoreError, exceptions.HTTPClientError) as error:
            raise ProviderUnknown(f"Amazon Polly did not answer: {type(error).__name__}") from None


class _Mark(BaseModel):
    time: int
    """Milliseconds."""
    value: str


def translated(response: Any) -> ReelayError:
    """Our error for one of Polly's, by its code and its status."""
    error, status = response.get("Error", {}), response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = str(error.get("Code", ""))
    said = f"Amazon Polly answered {status}: {code}: {error.get('Message', '')}"
    if "Throttl" in code or "TooManyRequests" in code or status == 429 or status == 503:
        return ProviderBusy(said)
    if "AccessDenied" in code or "UnrecognizedClient" in code or "Token" in code or status in (401, 403):
        return NotConfigured(f"Amazon Polly does not let this deployment speak ({code})")
    if status >= 500:
        return ProviderFailed(said)
    return ProviderRefused(said)
