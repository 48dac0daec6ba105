"""How a job is accepted: rows first, then the one write that makes it a job, then its run."""

from __future__ import annotations

import time
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from functions.studio.clips import Clip
from functions.studio.errors import ConditionLost
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger, reservation
from functions.studio.telemetry import about, count, logger
from functions.studio.workflow import Workflow

UNACCEPTED_FOR = 3600
"""Seconds until the clip rows of a job that was never accepted expire. Plan puts them again, to stay."""


def expiry() -> int:
    return int(time.time()) + UNACCEPTED_FOR


def accept_job(job: Job, clips: Sequence[Clip], jobs: JobStore, ledger: Ledger, workflow: Workflow) -> None:
    """A job whose run cannot be started now stays accepted: the sweep starts it."""
    about(job=job.id, run=job.run)
    jobs.table.put_all(
        [jobs.new_clip(job.id, clip) for clip in clips] + [ledger.reserve(job.id, reservation(clip)) for clip in clips]
    )
    jobs.table.commit(jobs.accept(job))
    logger().info("job accepted", extra={"kind": job.kind, "model": job.model, "clips": len(clips)})
    count("JobsAccepted")
    try:
        jobs.execution_started(job, workflow.start(job.id, job.run, job.execution_name))
    except (ClientError, BotoCoreError) as error:
        logger().warning("the run was not started", exc_info=error)
    except ConditionLost:
        pass  # the sweep was quicker
