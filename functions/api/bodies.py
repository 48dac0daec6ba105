"""Bodies as they come from the gateway."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from functions.studio import payload
from functions.studio.errors import InvalidRequest, RequestError

MOST_DIGITS = 1000
"""Of a whole number; the table keeps 38, Python itself reads 4300."""


def raw_body(event: BaseProxyEvent) -> bytes:
    try:
        return payload.raw_body(event.body, bool(event.is_base64_encoded))
    except ValueError:
        raise RequestError("The body cannot be read.") from None


def json_object(text: str) -> dict[str, Any]:
    """JSON as RFC 8259 has it: no NaN, no Infinity, nothing beyond a double; and text that is Unicode throughout."""

    def refuse(number: str) -> NoReturn:
        raise RequestError(f"The body is not JSON: {number:.40} is not a number of JSON.")

    def finite(number: str) -> float:
        value = float(number)
        return value if math.isfinite(value) else refuse(number)

    def whole(number: str) -> int:
        if len(number) > MOST_DIGITS:
            raise RequestError(
                f"The body has a number of {len(number)} digits.", hint=f"At most {MOST_DIGITS} are read."
            )
        return int(number)

    try:
        value = json.loads(text, parse_constant=refuse, parse_float=finite, parse_int=whole)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidRequest(r"The body has half of a surrogate pair, such as \ud800, which is no character.") from None
    except ValueError as error:
        raise RequestError(f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise RequestError("The body is nested too deeply.") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return value
