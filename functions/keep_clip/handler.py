"""KeepClip: copies and proves what the provider answered, settles its cost, and says whether the clip has more to do."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.keep_clip.keep import Keeper
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTask, KeepClip
from functions.studio.table import Table
from functions.studio.telemetry import entry


@cache
def _keeper() -> Keeper:
    table = Table(os.environ["TABLE_NAME"])
    origins = [origin.strip() for origin in os.environ["REPLICATE_OUTPUT_ORIGINS"].split(",")]
    return Keeper(JobStore(table), Ledger(table), MediaStore(os.environ["MEDIA_BUCKET"]), origins)


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    message = KeepClip.parse(event)
    task = ClipTask.model_validate(message.model_dump(exclude={"error"}))
    return _keeper().keep(task, message.error).wire()
