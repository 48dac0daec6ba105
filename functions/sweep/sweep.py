"""What is done about a job that does not move by itself."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from functions.studio.closing import ENDED, Closing, close_failed
from functions.studio.errors import ConditionLost, ReelayError
from functions.studio.jobs import Job
from functions.studio.telemetry import about, count, logger
from functions.studio.workflow import Workflow

GRACE = timedelta(seconds=60)
"""How long the API has for starting a job itself."""

ORPHANED = timedelta(minutes=5)
"""How long after its last move a job is asked for its execution: the execution's own end, and the event of it, come first."""


def sweep(closing: Closing, workflow: Workflow, at: datetime) -> dict[str, int]:
    """How many jobs were started, closed, and failed to be either: those stand in nobody's way."""
    done = {"started": 0, "closed": 0, "failed": 0}
    for job in closing.jobs.unfinished_jobs():
        about(job=job.id, run=job.run)
        try:
            if did := _sweep(job, closing, workflow, at):
                done[did] += 1
        except (ReelayError, ClientError, BotoCoreError, RuntimeError):
            logger().exception("not swept")
            done["failed"] += 1
    if swept := sum(done.values()):
        count("JobsSwept", swept)
    return done


def _sweep(job: Job, closing: Closing, workflow: Workflow, at: datetime) -> str | None:
    if is_forgotten(job, at):
        _start(job, closing, workflow)
        return "started"
    if not is_quiet(job, at):
        return None
    # A job that has ended is here still because its end was not published.
    ended = job.status.value if job.ended else ENDED.get(workflow.status(str(job.execution_arn)))
    if not ended:
        return None
    logger().warning("closed by the sweep")
    close_failed(job.id, job.run, ended, closing)
    return "closed"


def is_forgotten(job: Job, at: datetime) -> bool:
    return not job.ended and job.execution_arn is None and datetime.fromisoformat(job.updated_at) < at - GRACE


def is_quiet(job: Job, at: datetime) -> bool:
    return (job.ended or job.execution_arn is not None) and datetime.fromisoformat(job.updated_at) < at - ORPHANED


def _start(job: Job, closing: Closing, workflow: Workflow) -> None:
    arn = workflow.start(job.id, job.run, job.execution_name)
    with suppress(ConditionLost):  # the API noted it meanwhile
        closing.jobs.execution_started(job, arn)
    logger().warning("started by the sweep")
