"""Bodies as they come from the gateway."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from functions.studio import payload
from functions.studio.errors import FieldError, InvalidRequest, RequestError, TooLarge

JSON_LIMIT = 1_000_000
"""Bytes of a JSON body."""

MOST_DIGITS = 1000
"""Of a whole number; the table keeps 38, Python itself reads 4300."""


def raw_body(event: BaseProxyEvent) -> bytes:
    try:
        return payload.raw_body(event.body, bool(event.is_base64_encoded))
    except ValueError:
        raise at_fault(RequestError, "cannot be read", "Send it as it is, without a transfer encoding.") from None


def json_object(text: str) -> dict[str, Any]:
    """A JSON object: text that is Unicode throughout, no field twice.

    NaN, Infinity and what is beyond a double become floats that are not finite: only whoever reads the field they are
    in can refuse them by its name.
    """
    try:
        value = json.loads(text, parse_int=_whole, object_pairs_hook=_object)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        detail = r"has half of a surrogate pair, such as \ud800, which is no character"
        raise at_fault(InvalidRequest, detail, "Send text as UTF-8.") from None
    except ValueError as error:
        raise at_fault(RequestError, f"is not JSON: {error}", "Send one JSON object.") from None
    except RecursionError:
        raise at_fault(RequestError, "is nested too deeply", "Send a flatter object.") from None
    if not isinstance(value, dict):
        raise at_fault(InvalidRequest, "must be a JSON object", 'Such as {"name": "value"}.')
    return value


def require_json_size(body: bytes) -> None:
    if len(body) > JSON_LIMIT:
        raise at_fault(TooLarge, f"has {len(body)} bytes", f"At most {JSON_LIMIT} bytes of JSON are read.")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise at_fault(RequestError, f"has a number of {len(digits)} digits", f"At most {MOST_DIGITS} digits are read.")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in pairs:
        if name in read:
            raise at_fault(InvalidRequest, "is given twice", "Nobody could say which of the two counts.", name)
        read[name] = value
    return read


def at_fault(kind: type[RequestError], detail: str, hint: str, field: str = "body") -> RequestError:
    """A body that is at fault as a whole, or one of its fields wherever it is."""
    subject = "The body" if field == "body" else f"{field:.80}:"
    return kind(f"{subject} {detail}.", hint=hint, errors=(FieldError(field, detail),))
