"""A model that is asked in words for JSON of a strict schema: xAI's that look at pictures, OpenAI's that write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from functions.studio.errors import ProviderUnknown
from functions.studio.openai_wire import XAI, Owner, Wire, fit_to_be_told, silence
from functions.studio.services import ChatModel, Seen

SECONDS = 120.0
"""For one answer: pictures are fetched and looked at."""


class Chat:
    def __init__(self, key: Callable[[], str], base_url: str, owner: Owner = XAI) -> None:
        self.owner = owner
        self._wire = Wire(owner, key, base_url)

    def answer(
        self,
        model: ChatModel,
        messages: list[dict[str, Any]],
        schema: dict[str, Any],
        seconds: float = SECONDS,
        *,
        called: str = "selection",
        most_tokens: int | None = None,
    ) -> Seen:
        """One completion that is asked to follow `schema` (strict), which is `called` so; `seconds` bound its silence.

        Errors as of `Wire.asking`.
        """
        limit = {"max_completion_tokens": most_tokens} if most_tokens else {}
        with self._wire.asking() as client:
            raw = client.chat.completions.with_raw_response.create(
                model=model.slug,
                messages=cast(Any, messages),
                response_format={
                    "type": "json_schema",
                    "json_schema": {"name": called, "strict": True, "schema": schema},
                },
                store=False,
                extra_body={**model.fixed, **limit},
                timeout=silence(seconds),
            )
        return self._read(raw.http_response.content)

    def _read(self, body: bytes) -> Seen:
        try:
            completion = _Completion.model_validate_json(body)
        except ValidationError:
            raise ProviderUnknown(f"{self.owner.name}'s answer is no chat completion") from None
        usage = completion.usage or _Usage()
        choice = completion.choices[0] if completion.choices else _Choice(message=_Message())
        return Seen(
            text=choice.message.content or "",
            refusal=choice.message.refusal and fit_to_be_told(choice.message.refusal),
            stopped=choice.finish_reason or "no reason",
            tokens_in=usage.prompt_tokens,
            tokens_out=usage.completion_tokens,
        )


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
