"""Plan: what the film is made of, decided once, and written down as a row for each clip."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.plan.plan import Board, plan
from functions.plan.vision import Vision
from functions.studio.check_queue import heartbeat_limit, read_delays
from functions.studio.job_store import JobStore
from functions.studio.keyring import provider_key
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.messages import RunRef
from functions.studio.table import Table
from functions.studio.telemetry import entry


@cache
def _board() -> Board:
    table = Table(os.environ["TABLE_NAME"])
    return Board(
        jobs=JobStore(table),
        ledger=Ledger(table),
        library=Library(table),
        media=MediaStore(os.environ["MEDIA_BUCKET"]),
        vision=Vision(lambda: provider_key("XAI"), os.environ["XAI_BASE_URL"]),
        timeout_seconds=int(os.environ["CLIP_TIMEOUT_SECONDS"]),
        heartbeat_seconds=heartbeat_limit(read_delays(os.environ["CHECK_DELAYS"])),
    )


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    message = RunRef.parse(event)
    return plan(message.job_id, message.run, _board()).wire()
