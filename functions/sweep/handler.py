"""Sweep: every minute, jobs that were accepted but whose execution never began are started."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from functions.studio.errors import ConditionLost
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.table import Table
from functions.studio.telemetry import about, count, entry, logger
from functions.studio.workflow import Workflow

GRACE = timedelta(seconds=60)
"""How long the API has for starting a job itself."""


@cache
def _jobs() -> JobStore:
    return JobStore(Table(os.environ["TABLE_NAME"]))


@cache
def _workflow() -> Workflow:
    return Workflow(os.environ["STATE_MACHINE_ARN"])


def forgotten(jobs: list[Job], at: datetime) -> list[Job]:
    """Jobs that wait longer than the grace for an execution."""
    return [job for job in jobs if job.execution_arn is None and datetime.fromisoformat(job.created_at) < at - GRACE]


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    found = forgotten(_jobs().unfinished_jobs(), datetime.now(UTC))
    for job in found:
        about(job=job.id, run=job.run)
        arn = _workflow().start(job.id, job.run, job.execution_name)
        try:
            _jobs().execution_started(job, arn)
        except ConditionLost:
            logger().info("its execution was noted meanwhile")
        logger().warning("started by the sweep")
        count("JobsSwept")
    return {"started": len(found)}
