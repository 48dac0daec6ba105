"""CheckClip: a delayed look at the provider, which finds the answers that no webhook brought and shows who still works."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.check_clip.check import Lookout, check_clip
from functions.studio.check_queue import CheckQueue, read_delays
from functions.studio.job_store import JobStore
from functions.studio.messages import CheckClip
from functions.studio.providers import open_provider
from functions.studio.table import Table
from functions.studio.telemetry import about, entry
from functions.studio.workflow import Workflow


@cache
def _lookout() -> Lookout:
    return Lookout(
        jobs=JobStore(Table(os.environ["TABLE_NAME"])),
        workflow=Workflow(),
        checks=CheckQueue(os.environ["CHECK_QUEUE_URL"], read_delays(os.environ["CHECK_DELAYS"])),
        provider=open_provider,
    )


@entry
def handler(event: dict[str, Any], context: Any) -> None:
    """One message an invocation: an error sends back just that one, until the dead-letter queue takes it."""
    for record in event["Records"]:
        message = CheckClip.model_validate_json(record["body"])
        about(job=message.job_id, run=message.run, clip=message.clip, attempt=message.attempt_id)
        check_clip(message, _lookout())
