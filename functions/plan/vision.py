"""The vision model, asked through the openai SDK at xAI's address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from functions.studio.errors import (
    NotConfigured,
    ProviderBusy,
    ProviderFailed,
    ProviderRefused,
    SelectionUnusable,
)

if TYPE_CHECKING:
    import openai
    from openai import OpenAI

SECONDS = 120.0
"""For one answer: pictures are fetched and looked at."""


@dataclass(frozen=True)
class Seen:
    """The answer's text, and the tokens that it took."""

    text: str
    tokens_in: int
    tokens_out: int


def _said(error: openai.APIStatusError) -> str:
    """The service's own words; the SDK's put the status and the whole body around them."""
    body = error.body
    told = body.get("message") if isinstance(body, dict) else None
    return str(told or error.message)


class Vision:
    def __init__(self, key: Callable[[], str], base_url: str) -> None:
        self._key = key
        self._base_url = base_url

    @cached_property
    def _client(self) -> OpenAI:
        import openai

        # The workflow retries, with its own back-off; the SDK would do so on top of it. The key may change meanwhile.
        return openai.OpenAI(
            api_key=self._key,
            base_url=self._base_url,
            max_retries=0,
            timeout=openai.Timeout(SECONDS, connect=5.0),
        )

    def answer(self, slug: str, messages: list[dict[str, Any]], schema: dict[str, Any]) -> Seen:
        """One completion that follows `schema` (strict). Our errors: busy, refused, failed, or an unusable answer."""
        import openai

        try:
            completion = self._client.chat.completions.create(
                model=slug,
                messages=cast(Any, messages),
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": "selection", "strict": True, "schema": schema},
                },
                store=False,
            )
        except openai.RateLimitError as error:
            raise ProviderBusy(f"xAI asks to wait: {error.message}") from None
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise NotConfigured(f"xAI does not accept XAI_API_KEY: {error.message}") from None
        except openai.APIStatusError as error:
            kind = ProviderRefused if error.status_code < 500 else ProviderFailed
            raise kind(f"xAI answered {error.status_code}: {_said(error)}") from None
        except openai.APIConnectionError as error:
            raise ProviderFailed(f"xAI did not answer: {type(error).__name__}") from None
        choice = completion.choices[0]
        if choice.message.refusal:
            raise ProviderRefused(f"xAI refused to choose: {choice.message.refusal}")
        if choice.finish_reason != "stop" or not choice.message.content:
            raise SelectionUnusable(f"xAI's answer is not whole: it stopped for {choice.finish_reason}.")
        usage = completion.usage
        return Seen(
            text=choice.message.content,
            tokens_in=usage.prompt_tokens if usage else 0,
            tokens_out=usage.completion_tokens if usage else 0,
        )
