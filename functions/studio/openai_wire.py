"""Services that speak OpenAI's protocol, asked through its SDK: what they say becomes an answer or one of our errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from functions.studio.errors import (
    ModelGone,
    NotConfigured,
    ProviderBusy,
    ProviderFailed,
    ProviderRefused,
    ProviderUnknown,
    ReelayError,
)
from functions.studio.retry_after import seconds_told

if TYPE_CHECKING:
    import openai
    from openai import OpenAI, Timeout

AGAIN = {408, 409, 425}
"""Statuses below 500 that say nothing against the request."""

LONGEST_WORDS = 300

NOT_TO_BE_TOLD = (
    (re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*"), r"\1"),
    (re.compile(r"data:[^\s\"']+"), "a data URI"),
    (re.compile(r"\b(?:Team|API key ID): [^\s,]+,? ?"), ""),
    (re.compile(r"\b(?:organization|project) (?:org|proj)-[\w-]+ ?"), ""),
    (re.compile(r"\b(?:xai|sk)-[\w*-]+"), "…"),
)
"""What a service's words may repeat and a job's must not: signatures, pictures, whose account it is, keys."""


@dataclass(frozen=True)
class Owner:
    """Whose service it is, and what its key is called."""

    name: str
    key: str


XAI = Owner("xAI", "XAI_API_KEY")
OPENAI = Owner("OpenAI", "OPENAI_API_KEY")


class Wire:
    def __init__(self, owner: Owner, key: Callable[[], str], base_url: str) -> None:
        self.owner = owner
        self._key = key
        self._base_url = base_url

    @cached_property
    def _client(self) -> OpenAI:
        import openai

        # Whoever asks tries again, as the service tells it; the SDK would do so on top. The key may change meanwhile.
        return openai.OpenAI(api_key=self._key, base_url=self._base_url, max_retries=0)

    @contextmanager
    def asking(self) -> Iterator[OpenAI]:
        """ModelGone, NotConfigured, ProviderBusy, ProviderRefused or ProviderFailed where there is no answer and nothing is
        to be paid; ProviderUnknown where nobody can say."""
        import openai

        try:
            yield self._client
        except openai.APIStatusError as error:
            raise translated(error.status_code, _words(error), error.response.headers, self.owner, error.code) from None
        except openai.APIConnectionError as error:
            said = f"{self.owner.name} did not answer: {type(error).__name__}"
            raise (ProviderFailed if _never_sent(error) else ProviderUnknown)(said) from None


def silence(seconds: float) -> Timeout:
    """Bounds what a service may keep silent for; not its answer as a whole."""
    import openai

    return openai.Timeout(seconds, connect=min(5.0, seconds))


def translated(
    status: int, words: str, headers: Mapping[str, str], owner: Owner = XAI, code: str | None = None
) -> ReelayError:
    """Our error for a status. Of the words only those count that tell two meanings of one status apart."""
    said = f"{owner.name} answered {status}: {words}"
    if status == 401 or (status == 400 and "incorrect api key" in words.lower()):
        return NotConfigured(f"{owner.key} not configured: {owner.name} does not accept the key")
    unpaid = status == 402 or (status == 429 and code == "insufficient_quota")
    if unpaid or (status == 403 and "usage guidelines" not in words.lower()):
        return NotConfigured(f"{owner.key} not configured: {owner.name} does not let this key ask ({words})")
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


def _never_sent(error: openai.APIConnectionError) -> bool:
    return type(error.__cause__).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout")


def fit_to_be_told(words: str) -> str:
    for pattern, instead in NOT_TO_BE_TOLD:
        words = pattern.sub(instead, words)
    return words if len(words) <= LONGEST_WORDS else words[:LONGEST_WORDS] + "…"
