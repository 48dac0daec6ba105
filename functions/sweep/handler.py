"""Sweep: every minute, jobs whose execution never began are started, and jobs that no execution owns are closed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.studio import wiring
from functions.studio.telemetry import entry
from functions.sweep.sweep import sweep


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    return sweep(wiring.closing(), datetime.now(UTC))
