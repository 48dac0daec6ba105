"""What planning takes, and how the rows of a plan are written: while the job is being planned, by the try that began last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from functions.plan.choice import Editor
from functions.plan.narrating import Booth
from functions.studio.attempts import at_most
from functions.studio.budgets import Budgets
from functions.studio.catalogue import Catalogue
from functions.studio.clips import Clip
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger, reservation
from functions.studio.library import Library
from functions.studio.table import Write


@dataclass(frozen=True)
class Board:
    jobs: JobStore
    ledger: Ledger
    budgets: Budgets
    library: Library
    editor: Editor
    timeout_seconds: int
    heartbeat_seconds: int
    catalogue: Callable[[], Catalogue]
    booth: Booth


ROWS_AT_ONCE = 48
"""Clips whose rows fit into one transaction: two rows a clip, and the condition."""


TIME_TO_WRITE = 60.0
"""Seconds that are kept for what follows the asking: pictures may have to be measured, and a thousand clips written."""


def rows_of(job: Job, clip: Clip, board: Board) -> tuple[Write, Write]:
    line = reservation(clip, amount=at_most(clip, job, board.catalogue()), credits=job.credits_of(clip.stage))
    return board.jobs.new_clip(job.id, clip), board.ledger.reserve(job.id, line)


def put_rows(job: Job, planner: str, writes: Sequence[tuple[Write, ...]], board: Board) -> None:
    jobs = board.jobs
    for start in range(0, len(writes), ROWS_AT_ONCE):
        some = [write for pair in writes[start : start + ROWS_AT_ONCE] for write in pair]
        jobs.table.commit(jobs.still_planning(job, planner), *some)
