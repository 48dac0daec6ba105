"""Plan: what the film is made of, decided once, and written down as a row for each clip."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.plan.choice import Editor
from functions.plan.plan import Board, plan
from functions.studio import wiring
from functions.studio.catalogue import catalogue
from functions.studio.chat import Chat
from functions.studio.check_queue import heartbeat_limit, read_delays
from functions.studio.keyring import provider_key
from functions.studio.messages import RunRef
from functions.studio.telemetry import entry


@cache
def _board() -> Board:
    timeout = int(os.environ["CLIP_TIMEOUT_SECONDS"])
    return Board(
        jobs=wiring.jobs(),
        ledger=wiring.ledger(),
        budgets=wiring.budgets(),
        library=wiring.library(),
        editor=Editor(
            media=wiring.media(),
            vision=Chat(lambda: provider_key("XAI_API_KEY"), os.environ["XAI_BASE_URL"]),
            models=catalogue().vision_models,
            handover="upload" if os.environ["MEDIA_HANDOVER"] == "upload" else "url",
        ),
        timeout_seconds=timeout,
        heartbeat_seconds=heartbeat_limit(read_delays(os.environ["CHECK_DELAYS"]), timeout),
        catalogue=wiring.catalogue,
    )


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    message = RunRef.parse(event)
    left = context.get_remaining_time_in_millis
    return plan(message.job_id, message.run, _board(), lambda: left() / 1000).wire()
