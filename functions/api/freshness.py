"""Polling that costs little: a tag on what can be got, and 304 for whoever has it already."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route

from functions.api.envelope import ROOT

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def has_tag(route: Route) -> bool:
    """All that is got of v3 but assets: what is signed into them is new in every answer, and the old of use for an hour only."""
    return route.method == "GET" and route.path.startswith(ROOT) and not route.path.startswith(f"{ROOT}/assets")


def answer_if_changed(
    app: APIGatewayHttpResolver, next_middleware: Callable[[APIGatewayHttpResolver], Response[Any]]
) -> Response[Any]:
    """Of the data alone: the envelope carries the time of each answer. Hence a weak tag (RFC 9110, 8.8.1)."""
    tagged = has_tag(app.context["_route"])
    response = next_middleware(app)
    if not tagged or response.status_code != 200 or not isinstance(response.body, dict):
        return response
    tag = _tag(response.body["data"])
    response.headers |= {"ETag": f"W/{tag}", "Cache-Control": "private, no-cache"}
    if _has(app.current_event.headers.get("if-none-match", ""), tag):
        return Response(304, headers={name: said for name, said in response.headers.items() if name != "Content-Type"})
    return response


def _tag(data: Any) -> str:
    return f'"{sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:32]}"'


def _has(none_match: str, tag: str) -> bool:
    """Compared weakly, as `If-None-Match` is: `W/` makes no difference."""
    return none_match.strip() == "*" or tag in _TAG.findall(none_match)
