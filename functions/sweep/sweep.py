"""What is done about a job that does not move by itself."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from functions.studio.closing import ENDED, Closing, close_failed, stop_run
from functions.studio.errors import ConditionLost, ReelayError
from functions.studio.jobs import Job, JobStatus
from functions.studio.telemetry import about, count, logger, seconds

GRACE = timedelta(seconds=60)
"""How long the API has for starting a job itself, and close_job for cancelling one."""

ORPHANED = timedelta(minutes=5)
"""How long after its last move a job is asked for its execution: the execution's own end, and the event of it, come first."""


BOUND = timedelta(seconds=7200) + ORPHANED + 2 * GRACE
"""Within which every job ends: its execution's own limit, and what the sweep takes to find one that is gone."""


def sweep(closing: Closing, at: datetime) -> dict[str, int]:
    """How many jobs were started, stopped, closed, and failed to be any: those stand in nobody's way. Stopping comes last,
    for it waits for providers, who may take longer than there is.
    """
    done = {"started": 0, "stopped": 0, "closed": 0, "failed": 0}
    unfinished = closing.jobs.unfinished_jobs()
    if to_end := [job for job in unfinished if job.status is not JobStatus.AWAITING_APPROVAL]:
        seconds("OldestUnfinished", max((at - asked(job)).total_seconds() for job in to_end))
    for job in sorted(unfinished, key=lambda one: is_unheard(one, at)):
        about(job=job.id, run=job.run)
        try:
            if did := _sweep(job, closing, at):
                done[did] += 1
        except (ReelayError, ClientError, BotoCoreError, RuntimeError):
            logger().exception("not swept")
            done["failed"] += 1
    if swept := sum(done.values()):
        count("JobsSwept", swept)
    return done


def _sweep(job: Job, closing: Closing, at: datetime) -> str | None:
    if is_forgotten(job, at):
        start(job, closing)
        return "started"
    did = None
    if is_unheard(job, at):
        logger().warning("stopped by the sweep")
        stop_run(job.id, job.run, closing)
        did = "stopped"
    if job.status is JobStatus.CANCELLING or not is_quiet(job, at):
        return did
    # A job whose run is over is here still because that was not published.
    ended = job.status.value if job.rests else ENDED.get(closing.workflow.status(str(job.execution_arn)))
    if not ended:
        return did
    logger().warning("closed by the sweep")
    close_failed(job.id, job.run, ended, closing)
    return "closed"


def asked(job: Job) -> datetime:
    """When its run was accepted: who moves now and then may still be over its time."""
    return datetime.fromisoformat(job.purpose.asked_at or job.created_at)


def is_forgotten(job: Job, at: datetime) -> bool:
    waits = not job.rests and job.status is not JobStatus.CANCELLING and job.execution_arn is None
    return waits and datetime.fromisoformat(job.updated_at) < at - GRACE


def is_unheard(job: Job, at: datetime) -> bool:
    """It is to be stopped, and whoever was told to do so is not done with it."""
    return job.stopping is not None and datetime.fromisoformat(job.updated_at) < at - GRACE


def is_quiet(job: Job, at: datetime) -> bool:
    return (job.rests or job.execution_arn is not None) and datetime.fromisoformat(job.updated_at) < at - ORPHANED


def start(job: Job, closing: Closing) -> None:
    arn = closing.workflow.start(job.id, job.run, job.execution_name)
    with suppress(ConditionLost):  # the API noted it meanwhile
        closing.jobs.execution_started(job, arn)
    logger().warning("started by the sweep")
