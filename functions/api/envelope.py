"""What every answer of the API looks like: the envelope, the page of a list, and how values are shown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from functions.studio.rows import now, plain

VERSION: Literal["v3"] = "v3"
ROOT = f"/api/{VERSION}"
JSON = "application/json"

T = TypeVar("T")


class View(BaseModel):
    """What a caller sees of something, camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)


Money = Annotated[Decimal, PlainSerializer(float, return_type=float)]
"""USD, a JSON number."""

Metadata = Annotated[dict[str, Any], PlainSerializer(plain, return_type=dict[str, Any])]


class FieldProblem(View):
    field: str
    detail: str


class BudgetProblem(View):
    """USD."""

    of: Literal["tenant", "campaign", "job"]
    budget: Money
    left: Money
    needed: Money


class CreditProblem(View):
    balance: int
    needed: int


class Problem(View):
    """RFC 9457, with a stable `code`, a `hint` at what would do, and the fields at fault."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    hint: str | None = None
    errors: list[FieldProblem] = Field(default_factory=list)
    budget: BudgetProblem | None = None
    """Of 402 alone, and left out elsewhere: which one does not suffice, and by how much."""
    credits: CreditProblem | None = None
    """The same, where credits do not suffice."""


class Meta(View):
    timestamp: str
    version: Literal["v3"] = VERSION


class Envelope(View, Generic[T]):
    data: T | None = None
    error: Problem | None = None
    meta: Meta


class Listed(View, Generic[T]):
    items: list[T]
    next_cursor: str | None = None
    """Opaque; `?cursor=` with it brings the next page."""


def answer(data: T) -> Envelope[T]:
    return Envelope(data=data, meta=Meta(timestamp=now()))


def shown(data: T, headers: Mapping[str, str]) -> Response[Envelope[T]]:
    return Response(200, JSON, answer(data), headers)


def created(
    data: T, location: str, status: int = 201, headers: Mapping[str, str] | None = None
) -> Response[Envelope[T]]:
    return Response(status, JSON, answer(data), {"Location": location, **(headers or {})})


def gone() -> Response[None]:
    return Response(204)


def elsewhere(url: str) -> Response[None]:
    """Never kept by a cache: the URL is signed, and expires."""
    return Response(302, headers={"Location": url, "Cache-Control": "no-store"})
