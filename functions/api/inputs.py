"""The kinds of values that callers send, and how strictly they are read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

METADATA_LIMIT = 16_384
"""Bytes of JSON."""
DEEPEST = 16
"""Levels of JSON; the table takes 32."""

MOST_DOLLARS = 1e9
DECIMALS = 4
"""Of a sum in USD: hundredths of a cent."""

T = TypeVar("T")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


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


def _fits(number: Decimal) -> bool:
    """Into the table: 38 significant digits, magnitudes from 1E-130 to 9.99E+125. (`normalize` would round to 28.)"""
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return not digits or (len(digits) <= 38 and -130 <= number.adjusted() <= 125)


def _storable(value: T) -> T:
    for number in _numbers(value):
        if isinstance(number, float) and not math.isfinite(number):
            raise ValueError("must not have NaN or Infinity, which are no numbers of JSON")
        exact = Decimal(repr(number))
        if not _fits(exact):
            raise ValueError(f"has the number {exact:.6g}, which cannot be kept exactly")
    if len(json.dumps(value, ensure_ascii=False).encode()) > METADATA_LIMIT:
        raise ValueError(f"must be at most {METADATA_LIMIT} bytes of JSON")
    return value


def _text_or_object(value: Any) -> Any:
    if isinstance(value, str | dict):
        return _storable(value)
    raise ValueError("must be a string or a JSON object")


def without_controls(text: str) -> str:
    """For a name that nobody typed, such as a file's."""
    return _CONTROL.sub("", text)


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must not have control characters")
    return text


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets that hold no address, a port beyond 65535
        usable = False
    if not usable or " " in text or _CONTROL.search(text):
        raise ValueError("must be an http or https URL")
    return text


def exactly(amount: float) -> Decimal:
    """As it was written."""
    return Decimal(repr(amount))


def _dollars(amount: float) -> float:
    exact = exactly(amount)
    if exact != round(exact, DECIMALS):
        raise ValueError(f"must have at most {DECIMALS} decimals")
    return amount


def _not_null(value: T | None) -> T:
    if value is None:
        raise ValueError("may be left out, but not be null")
    return value


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_one_line)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_one_line)]
Text = Annotated[str, StringConstraints(max_length=10_000)]
WebAddress = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_web_address)]
Dollars = Annotated[float, Field(ge=0, le=MOST_DOLLARS), AfterValidator(_dollars)]
Metadata = Annotated[dict[str, Any], AfterValidator(_storable)]
TextOrObject = Annotated[
    Any, AfterValidator(_text_or_object), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]})
]
NotNull = AfterValidator(_not_null)
"""For a field of PATCH that has to stay a value."""
