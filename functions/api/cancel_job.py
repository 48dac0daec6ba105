"""How a job is cancelled: marked here, so that nothing more is sent for it; stopped and closed by close_job, which is told.

A thousand predictions take longer to stop than a caller waits, and who was told may be told again: the sweep does it
where the event, or this function between its two steps, was lost.
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from functions.api.job_views import shown_status
from functions.studio.closing import CANCELLED
from functions.studio.errors import ConditionLost, Conflict, FieldError
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.telemetry import about, logger

GOING = (JobStatus.CANCELLING, JobStatus.CANCELLED)


def cancel_job(job: Job, jobs: JobStore, events: JobEvents) -> Job:
    """The job as it is then: being cancelled, or cancelled before; Conflict when it has ended otherwise."""
    about(job=job.id, run=job.run)
    while job.status not in GOING:
        if job.ended:
            detail = f"The job {job.id} is {shown_status(job)}: there is nothing to cancel any more."
            raise Conflict(detail, hint="What it has made and spent stays.", errors=(FieldError("job_id", detail),))
        try:
            jobs.table.commit(jobs.begin_to_cancel(job, CANCELLED))
        except ConditionLost:  # it ended, or somebody else cancelled it
            job = jobs.job(job.id)
            continue
        job = jobs.job(job.id)
        logger().info("job is being cancelled")
        _tell(job, events)
    return job


def _tell(job: Job, events: JobEvents) -> None:
    try:
        events.publish(job)
    except (ClientError, BotoCoreError, RuntimeError) as error:
        logger().warning("nobody was told; the sweep will stop it", exc_info=error)
