"""Arrange: closes what the map left open, finds out who survived, and lists the pieces of their film."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.arrange.arrangement import arrange, nothing_left
from functions.studio.clips import ClipStatus
from functions.studio.errors import NoClipSurvived, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger
from functions.studio.media_store import piece_key
from functions.studio.messages import PieceTask, PieceTasks, RunRef
from functions.studio.pieces import Piece
from functions.studio.probe import Probe
from functions.studio.settlement import settle_open_clips
from functions.studio.table import Table
from functions.studio.telemetry import entry


@cache
def _table() -> Table:
    return Table(os.environ["TABLE_NAME"])


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return arrange_film(RunRef.parse(event), JobStore(_table()), Ledger(_table())).wire()


def arrange_film(run: RunRef, jobs: JobStore, ledger: Ledger) -> PieceTasks:
    """The pieces that an encoder has to make; called again, the same ones."""
    job = jobs.job(run.job_id)
    if job.run != run.run or job.status not in (JobStatus.PROCESSING, JobStatus.COMBINING):
        raise StaleRun(
            f"Run {run.run} of job {job.id} has nothing to arrange: the job is {job.status} in run {job.run}."
        )
    if job.status is JobStatus.PROCESSING:
        settle_open_clips(jobs, ledger, job, job.run, "The step ended without a result")
        _put_pieces(job, jobs)
        jobs.table.commit(jobs.move_job(job.id, job.run, JobStatus.COMBINING))
    pieces = [Piece.model_validate(row) for row in jobs.pieces(job.id, job.run)]
    return PieceTasks(
        tasks=[PieceTask(job_id=job.id, run=job.run, piece=piece.number) for piece in pieces if piece.target]
    )


def _put_pieces(job: Job, jobs: JobStore) -> None:
    clips = jobs.clips(job.id)
    survivors = {
        clip.number: (clip.kept, Probe.model_validate(clip.kept.facts).picture)
        for clip in clips
        if clip.status is ClipStatus.COMPLETED and clip.kept
    }
    if not survivors:
        raise NoClipSurvived(nothing_left(clips))
    keys = [piece_key(job.tenant, job.id, job.run, number, "mp4") for number in range(1, len(survivors) + 1)]
    jobs.put_pieces(job.id, job.run, [piece.attributes() for piece in arrange(survivors, keys)])
