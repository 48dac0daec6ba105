"""CloseJob: any end without a film, told by the workflow itself or, when that was killed, by its status event; and the
stopping of what runs for a job that is to make none."""

from __future__ import annotations

from typing import Any

from functions.studio import wiring
from functions.studio.closing import ENDED, close_failed, stop_run
from functions.studio.events import SOURCE
from functions.studio.messages import CloseJob, RunRef, StateError
from functions.studio.telemetry import about, entry


def read(event: dict[str, Any]) -> CloseJob | RunRef:
    """The workflow's own message, or EventBridge's "Step Functions Execution Status Change" (name: job, dash, run); a mere
    RunRef is our own event, that what runs is to be stopped."""
    if "detail" not in event:
        return CloseJob.parse(event)
    detail = event["detail"]
    if event["source"] == SOURCE:
        return RunRef(job_id=detail["jobId"], run=detail["run"])
    job_id, _, run = detail["name"].rpartition("-")
    error = StateError(Error=detail["status"], Cause=ENDED[detail["status"]])
    return CloseJob(job_id=job_id, run=int(run), error=error)


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    message = read(event)
    about(job=message.job_id, run=message.run)
    if isinstance(message, CloseJob):
        why = message.error.said if message.error else ENDED["FAILED"]
        close_failed(message.job_id, message.run, why, wiring.closing())
    else:
        stop_run(message.job_id, message.run, wiring.closing())
    return {}
