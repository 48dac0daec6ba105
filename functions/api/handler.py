"""Every call of the API but the providers' callbacks."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from functions.studio.telemetry import entry

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayHttpResolver


def _application() -> APIGatewayHttpResolver:
    """Nothing that is made while modules load is garbage: looking for it took a seventh of the start."""
    gc.disable()
    try:
        from functions.api.app import app
    finally:
        gc.freeze()
        gc.enable()
    return app


app = _application()


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    http = event["requestContext"]["http"]
    if http["method"] != "HEAD":
        return app.resolve(event, context)
    asked = {**event, "requestContext": {**event["requestContext"], "http": {**http, "method": "GET"}}}
    return {**app.resolve(asked, context), "body": ""}
