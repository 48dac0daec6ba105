"""Bodies as they come from the gateway."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any, NoReturn

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from functions.studio.errors import InvalidRequest, RequestError


def raw_body(event: BaseProxyEvent) -> bytes:
    body = event.body or ""
    if not event.is_base64_encoded:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise RequestError("The body cannot be read.") from None


def json_object(text: str) -> dict[str, Any]:
    """JSON as RFC 8259 has it: no NaN, no Infinity, nothing beyond a double."""

    def refuse(number: str) -> NoReturn:
        raise RequestError(f"The body is not JSON: {number:.40} is not a number of JSON.")

    def finite(number: str) -> float:
        value = float(number)
        return value if math.isfinite(value) else refuse(number)

    try:
        value = json.loads(text, parse_constant=refuse, parse_float=finite)
    except ValueError as error:
        raise RequestError(f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise RequestError("The body is nested too deeply.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return value
