"""Sweep: every minute, jobs whose execution never began are started, jobs that no execution owns are closed, and jobs that have
waited long enough for their callers go on or end; which providers have a key is written down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.studio import wiring
from functions.studio.keyring import provider_key
from functions.studio.providers import PROVIDERS
from functions.studio.telemetry import entry
from functions.sweep.keys import note_keys
from functions.sweep.pauses import Pauses
from functions.sweep.sweep import sweep


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    at, closing = datetime.now(UTC), wiring.closing()
    # Sweeping comes last: it waits for providers, who may take longer than there is.
    waited = Pauses(closing, wiring.budgets(), wiring.catalogue()).end(at)
    note_keys(PROVIDERS, provider_key, wiring.pulse())
    return sweep(closing, at) | {f"waited_{what}": times for what, times in waited.items()}
