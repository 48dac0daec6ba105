"""Callback: where providers report. Verified over the raw body, recorded, then the token is released."""

from __future__ import annotations

from typing import Any

from functions.callback.receive import answer, receive
from functions.studio import wiring
from functions.studio.providers import open_provider
from functions.studio.telemetry import entry


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return answer(lambda: receive(event, wiring.jobs(), wiring.workflow(), open_provider, wiring.events()))
