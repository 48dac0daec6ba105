"""What a provider of video is to Reelay: five calls and a webhook, in our words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from functions.studio.clips import Answer

UNIQUE = "unique:"
ALIKE = "alike:"
"""How the fingerprint of an input begins: of one that no other attempt has, or that another may have too."""


def fingerprint(asked: Mapping[str, Any], *, unique: bool) -> str:
    """Of a prediction's input: what an attempt is recognised by that gives the provider no picture."""
    digest = sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return (UNIQUE if unique else ALIKE) + digest


class Order(BaseModel):
    """One attempt, as it is sent; the URLs of its pictures are its own."""

    model_config = ConfigDict(frozen=True)

    slug: str
    task_type: str | None = None
    input: dict[str, Any] = Field(repr=False)
    webhook: str | None = Field(default=None, repr=False)


class Prediction(BaseModel):
    """What a provider knows of one attempt; without an answer it is still at work."""

    model_config = ConfigDict(frozen=True)

    id: str
    answer: Answer | None = None
    input: dict[str, Any] = Field(default_factory=dict, repr=False)
    webhook: str | None = Field(default=None, repr=False)
    """Where it reports to, as its provider shows it."""

    def carries(self, mark: str) -> bool:
        """Whether this was asked for by the attempt with that mark: its pictures' addresses say so, or its whole input."""
        if mark.startswith((UNIQUE, ALIKE)):
            return mark == fingerprint(self.input, unique=mark.startswith(UNIQUE))
        return any(mark in text for text in _texts(self.input))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


class Provider(Protocol):
    """SDK errors become ours at this border: busy, refused, failed, unknown."""

    name: str
    answers_by: Literal["webhook", "poll"]

    def start(self, order: Order) -> Prediction:
        """Sent once, never retried here. ProviderUnknown when nobody can say whether it was accepted."""
        ...

    def upload(self, content: bytes, name: str) -> str:
        """The address of a copy at the provider's own, to be named in an order's input."""
        ...

    def look(self, prediction_id: str) -> Prediction: ...

    def find(self, mark: str, asked_at: str) -> Prediction | None:
        """The prediction of an attempt whose create was not answered; `asked_at` bounds how far back to look.

        None only where it is certain that there is none; ProviderUnknown where the provider does not show all, or one that
        another attempt may have asked for: the mark begins with ALIKE.
        """
        ...

    def cancel(self, prediction_id: str) -> Prediction:
        """As it is then: one that had ended before, or does not end at once, is no error."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Prediction:
        """Verified and parsed in one step: WebhookRejected, or an event that can be believed."""
        ...
