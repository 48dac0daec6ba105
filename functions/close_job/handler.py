"""CloseJob: any end without a film, told by the workflow itself or, when that was killed, by its status event."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.studio.closing import Closing, close_failed
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.messages import CloseJob, StateError
from functions.studio.table import Table
from functions.studio.telemetry import about, entry

ENDED = {
    "ABORTED": "The job's workflow was stopped.",
    "TIMED_OUT": "The job took longer than it may.",
    "FAILED": "The job's workflow failed.",
}


@cache
def _closing() -> Closing:
    table = Table(os.environ["TABLE_NAME"])
    return Closing(JobStore(table), Ledger(table), JobEvents(os.environ["EVENT_BUS_NAME"]))


def read(event: dict[str, Any]) -> CloseJob:
    """The workflow's own message, or EventBridge's "Step Functions Execution Status Change" (name: job, dash, run)."""
    if "detail" not in event:
        return CloseJob.parse(event)
    detail = event["detail"]
    job_id, _, run = detail["name"].rpartition("-")
    error = StateError(Error=detail["status"], Cause=ENDED[detail["status"]])
    return CloseJob(job_id=job_id, run=int(run), error=error)


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    message = read(event)
    about(job=message.job_id, run=message.run)
    close_failed(message.job_id, message.run, message.error.said if message.error else ENDED["FAILED"], _closing())
    return {}
