"""The vision model, asked through the openai SDK at xAI's address. What it answers becomes an answer or one of our errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ValidationError

from functions.studio.errors import (
    ModelGone,
    NotConfigured,
    ProviderBusy,
    ProviderFailed,
    ProviderRefused,
    ReelayError,
)
from functions.studio.retry_after import seconds_told
from functions.studio.services import ChatModel

if TYPE_CHECKING:
    import openai
    from openai import OpenAI

SECONDS = 120.0
"""For one answer: pictures are fetched and looked at."""

AGAIN = {408, 409, 425}
"""Statuses below 500 that say nothing against the request."""

LONGEST_WORDS = 300

NOT_TO_BE_TOLD = (
    (re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*"), r"\1"),
    (re.compile(r"data:[^\s\"']+"), "a data URI"),
    (re.compile(r"\b(?:Team|API key ID): [^\s,]+,? ?"), ""),
    (re.compile(r"\b(?:xai|sk)-[\w*-]+"), "…"),
)
"""What a service's words may repeat and a job's must not: signatures, pictures, whose account it is, keys."""


@dataclass(frozen=True)
class Seen:
    """An answer, and so paid for: what it says, why it stopped there, the tokens that it took."""

    text: str
    refusal: str | None
    stopped: str
    tokens_in: int
    tokens_out: int


class Vision:
    def __init__(self, key: Callable[[], str], base_url: str) -> None:
        self._key = key
        self._base_url = base_url

    @cached_property
    def _client(self) -> OpenAI:
        import openai

        # `asking` tries again, as the service tells it; the SDK would do so on top. The key may change meanwhile.
        return openai.OpenAI(api_key=self._key, base_url=self._base_url, max_retries=0)

    def answer(
        self, model: ChatModel, messages: list[dict[str, Any]], schema: dict[str, Any], seconds: float = SECONDS
    ) -> Seen:
        """One completion that is asked to follow `schema` (strict); `seconds` bound its silence.

        ModelGone, NotConfigured, ProviderBusy, ProviderRefused or ProviderFailed when there is none.
        """
        import openai

        try:
            raw = self._client.chat.completions.with_raw_response.create(
                model=model.slug,
                messages=cast(Any, messages),
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": "selection", "strict": True, "schema": schema},
                },
                store=False,
                extra_body=model.fixed,
                timeout=openai.Timeout(seconds, connect=min(5.0, seconds)),
            )
        except openai.APIStatusError as error:
            raise translated(error.status_code, _words(error), error.response.headers) from None
        except openai.APIConnectionError as error:
            raise ProviderFailed(f"xAI did not answer: {type(error).__name__}") from None
        return _read(raw.http_response.content)


def translated(status: int, words: str, headers: Mapping[str, str]) -> ReelayError:
    """Our error for a status of xAI's. Of its words only those count that tell two meanings of one status apart."""
    said = f"xAI answered {status}: {words}"
    if status == 401 or (status == 400 and "incorrect api key" in words.lower()):
        return NotConfigured("XAI_API_KEY not configured: xAI does not accept the key")
    if status in (402, 403) and "usage guidelines" not in words.lower():
        return NotConfigured(f"XAI_API_KEY not configured: xAI does not let this key ask ({words})")
    if status in (404, 410):
        return ModelGone(said)
    if status == 429 or (status >= 500 and "retry-after" in headers):
        return ProviderBusy(said, seconds_told(headers.get("retry-after")))
    if status >= 500 or status in AGAIN:
        return ProviderFailed(said)
    return ProviderRefused(said)


def _words(error: openai.APIStatusError) -> str:
    """The service's own, from `{"error": {"message"}}` or `{"code", "error"}`; the SDK's have the whole body in them."""
    body = error.body
    told = body.get("message") if isinstance(body, dict) else body
    return fit_to_be_told(str(told or error.message))


def fit_to_be_told(words: str) -> str:
    for pattern, instead in NOT_TO_BE_TOLD:
        words = pattern.sub(instead, words)
    return words if len(words) <= LONGEST_WORDS else words[:LONGEST_WORDS] + "…"


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(BaseModel):
    """As much of a chat completion as is read here: the SDK would take any JSON, or none, for one."""

    choices: list[_Choice]
    usage: _Usage | None = None


def _read(body: bytes) -> Seen:
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError:
        raise ProviderFailed("xAI's answer is no chat completion") from None
    usage = completion.usage or _Usage()
    choice = completion.choices[0] if completion.choices else _Choice(message=_Message())
    return Seen(
        text=choice.message.content or "",
        refusal=choice.message.refusal and fit_to_be_told(choice.message.refusal),
        stopped=choice.finish_reason or "no reason",
        tokens_in=usage.prompt_tokens,
        tokens_out=usage.completion_tokens,
    )
