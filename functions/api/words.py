"""The kinds of values that callers send, and how strictly they are read."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

from functions.studio.errors import FieldError, InvalidRequest
from functions.studio.library import is_id

METADATA_LIMIT = 16_384
"""Bytes of JSON."""
DEEPEST = 16
"""Levels of JSON; the table takes 32."""

T = TypeVar("T")


class Input(BaseModel):
    """A JSON body: no field is guessed, converted or passed over."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True
    )


def _numbers(value: Any, depth: int = 0) -> Iterator[int | float]:
    if depth > DEEPEST:
        raise ValueError(f"must not be nested more than {DEEPEST} levels deep")
    match value:
        case bool():
            return
        case int() | float():
            yield value
        case dict():
            if "" in value:
                raise ValueError("must not have an empty key")
            for entry in value.values():
                yield from _numbers(entry, depth + 1)
        case list():
            for entry in value:
                yield from _numbers(entry, depth + 1)


def _storable(value: T) -> T:
    """What the table can keep: it has 38 digits, and exponents from -130 to 125."""
    for number in _numbers(value):
        digits = Decimal(repr(number)).normalize()
        if digits and (len(digits.as_tuple().digits) > 38 or not -130 <= digits.adjusted() <= 125):
            raise ValueError(f"has the number {number!r:.20}, which cannot be kept exactly")
    if len(json.dumps(value, ensure_ascii=False).encode()) > METADATA_LIMIT:
        raise ValueError(f"must be at most {METADATA_LIMIT} bytes of JSON")
    return value


def _text_or_object(value: Any) -> Any:
    if isinstance(value, str | dict):
        return _storable(value)
    raise ValueError("must be a string or a JSON object")


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(one <= " " for one in text):
        raise ValueError("must be an http or https URL")
    return text


def _not_null(value: T | None) -> T:
    if value is None:
        raise ValueError("may be left out, but not be null")
    return value


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=10_000)]
WebAddress = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_web_address)]
Metadata = Annotated[dict[str, Any], AfterValidator(_storable)]
TextOrObject = Annotated[
    Any, AfterValidator(_text_or_object), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]})
]
NotNull = AfterValidator(_not_null)
"""For a field of PATCH that has to stay a value."""

Limit = Annotated[int, Query(ge=1, le=200)]
"""Entries of a page."""
Cursor = Annotated[str | None, Query()]


def cursor(entry_id: str | None) -> str | None:
    """Opaque to callers, so that what it holds may change."""
    return base64.urlsafe_b64encode(entry_id.encode()).decode() if entry_id else None


def position(cursor: str | None) -> str | None:
    """The id that a list goes on from."""
    if cursor is None:
        return None
    try:
        entry_id = base64.urlsafe_b64decode(cursor).decode()
    except (binascii.Error, ValueError):
        entry_id = ""
    if not is_id(entry_id):
        raise InvalidRequest(
            "The cursor is none of ours.",
            hint="Take it from `nextCursor` of the page before.",
            errors=(FieldError("cursor", "must be the nextCursor of a list"),),
        )
    return entry_id
