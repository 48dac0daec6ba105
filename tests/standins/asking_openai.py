"""What tests ask of OpenAI's stand-in, through OpenAI's own SDK."""

from __future__ import annotations

import io
import subprocess
import wave
from typing import Any, Literal

import imageio_ffmpeg
import numpy as np
import requests
from numpy.typing import NDArray
from openai import OpenAI
from pydantic import BaseModel, ConfigDict

from local.standins.openai import OpenAi

CHAT, SPEECH, HEARING = "gpt-4o-mini", "tts-1-hd", "whisper-1"
CAR = (
    "Title: Toyota Camry\nDescription: One owner, full service history. Leather seats and a backup camera. "
    "No accidents.\nCategory: automotive\nPrice: $18,500"
)

Wave = NDArray[np.float64]


class Parts(BaseModel):
    model_config = ConfigDict(extra="forbid")
    hook: str
    body: str
    callToAction: str  # noqa: N815  # the wire's own name

    @property
    def text(self) -> str:
        return f"{self.hook} {self.body} {self.callToAction}"


def client_of(openai: OpenAi, key: str = "sk-any") -> OpenAI:
    return OpenAI(api_key=key, base_url=f"{openai.url}/v1", max_retries=0)


def script(openai: OpenAi, *rules: dict[str, Any]) -> requests.Response:
    return requests.post(f"{openai.url}/_script", json=list(rules), timeout=10)


def written(openai: OpenAi, facts: str, wish: str = "Use about 38 words.") -> Parts:
    messages: list[Any] = [
        {"role": "system", "content": f"You write scripts. {wish}"},
        {"role": "user", "content": facts},
    ]
    answer = client_of(openai).chat.completions.parse(model=CHAT, messages=messages, response_format=Parts)
    parts = answer.choices[0].message.parsed
    assert parts is not None
    return parts


def spoken(
    openai: OpenAi,
    text: str,
    form: Literal["wav", "pcm", "flac", "opus", "mp3", "aac"] = "pcm",
    **more: Any,
) -> bytes:
    asked = {"model": SPEECH, "voice": "alloy", **more}
    return client_of(openai).audio.speech.create(input=text, response_format=form, **asked).read()


def decoded(sound: bytes, rate: int = 24_000) -> Wave:
    """Of any form that names itself: mono, from -1 to 1."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "pipe:0", "-ac", "1", "-ar", str(rate)]
    raw = subprocess.run([*command, "-f", "s16le", "pipe:1"], input=sound, check=True, capture_output=True).stdout
    return samples(raw)


def samples(pcm: bytes) -> Wave:
    return np.frombuffer(pcm, "<i2").astype(float) / 32_768


def boxed(wave_: Wave, rate: int = 24_000) -> bytes:
    """As a WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(wave_, -1, 1) * 32_767).astype("<i2").tobytes())
    return out.getvalue()
