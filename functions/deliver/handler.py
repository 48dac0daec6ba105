"""Deliver: the film is proved and stored; the job takes it, is completed, and says so."""

from __future__ import annotations

from typing import Any

from functions.studio import wiring
from functions.studio.closing import deliver
from functions.studio.messages import RunRef
from functions.studio.telemetry import entry


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    message = RunRef.parse(event)
    deliver(message.job_id, message.run, wiring.closing())
    return {}
