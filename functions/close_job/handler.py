"""CloseJob: any end without a film, told by the workflow itself or, when that was killed, by its status event."""

from __future__ import annotations

from typing import Any

from functions.studio import wiring
from functions.studio.closing import ENDED, Closing, close_failed
from functions.studio.messages import CloseJob, StateError
from functions.studio.telemetry import about, entry


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
    close_failed(
        message.job_id,
        message.run,
        message.error.said if message.error else ENDED["FAILED"],
        Closing(wiring.jobs(), wiring.ledger(), wiring.events()),
    )
    return {}
