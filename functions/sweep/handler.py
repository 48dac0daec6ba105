"""Sweep: every minute, jobs whose execution never began are started, and jobs that no execution owns are closed; which
providers have a key is written down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from functions.studio import wiring
from functions.studio.keyring import provider_key
from functions.studio.providers import PROVIDERS
from functions.studio.telemetry import entry
from functions.sweep.keys import note_keys
from functions.sweep.sweep import sweep


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    done = sweep(wiring.closing(), datetime.now(UTC))
    note_keys(PROVIDERS, provider_key, wiring.pulse())
    return done
