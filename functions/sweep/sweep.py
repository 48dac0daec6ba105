"""What is done about a job that does not move by itself."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from functions.studio.closing import ENDED, Closing, close_failed
from functions.studio.errors import ConditionLost
from functions.studio.jobs import Job
from functions.studio.telemetry import about, count, logger
from functions.studio.workflow import Workflow

GRACE = timedelta(seconds=60)
"""How long the API has for starting a job itself."""

ORPHANED = timedelta(minutes=5)
"""How long after its last move a job is asked for its execution: the execution's own end, and the event of it, come first."""


def sweep(closing: Closing, workflow: Workflow, at: datetime) -> dict[str, int]:
    """How many jobs were started, and how many closed."""
    done = {"started": 0, "closed": 0}
    for job in closing.jobs.unfinished_jobs():
        about(job=job.id, run=job.run)
        if is_forgotten(job, at):
            _start(job, closing, workflow)
            done["started"] += 1
        elif is_quiet(job, at) and (ended := ENDED.get(workflow.status(str(job.execution_arn)))):
            logger().warning("closed by the sweep")
            close_failed(job.id, job.run, ended, closing)
            done["closed"] += 1
    if swept := sum(done.values()):
        count("JobsSwept", swept)
    return done


def is_forgotten(job: Job, at: datetime) -> bool:
    return job.execution_arn is None and datetime.fromisoformat(job.created_at) < at - GRACE


def is_quiet(job: Job, at: datetime) -> bool:
    return job.execution_arn is not None and datetime.fromisoformat(job.updated_at) < at - ORPHANED


def _start(job: Job, closing: Closing, workflow: Workflow) -> None:
    arn = workflow.start(job.id, job.run, job.execution_name)
    with suppress(ConditionLost):  # the API noted it meanwhile
        closing.jobs.execution_started(job, arn)
    logger().warning("started by the sweep")
