"""From rows to rows: what the map left open is closed, and the survivors' pieces are listed."""

from __future__ import annotations

from functools import partial

from functions.arrange.arrangement import arrangement, nothing_left
from functions.studio.errors import NoClipSurvived
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger
from functions.studio.media_store import piece_key
from functions.studio.messages import PieceTask, PieceTasks, RunRef
from functions.studio.room import check_room
from functions.studio.settlement import settle_open_clips


def arrange(run: RunRef, jobs: JobStore, ledger: Ledger) -> PieceTasks:
    """The pieces that an encoder has to make; called again, the same ones."""
    job = jobs.owned(run.job_id, run.run, JobStatus.PROCESSING, JobStatus.COMBINING)
    if job.status is JobStatus.PROCESSING:
        settle_open_clips(jobs, ledger, job, job.run, "The step ended without a result")
        _put_pieces(job, jobs)
        jobs.table.commit(jobs.move_job(job.id, job.run, JobStatus.COMBINING))
    pieces = jobs.pieces(job.id, job.run)
    return PieceTasks(
        tasks=[PieceTask(job_id=job.id, run=job.run, piece=piece.number) for piece in pieces if piece.target]
    )


def _put_pieces(job: Job, jobs: JobStore) -> None:
    clips = jobs.clips(job.id)
    survivors = {clip.number: clip.video for clip in clips if clip.video}
    if not survivors:
        raise NoClipSurvived(nothing_left(clips))
    key_of = partial(piece_key, job.tenant, job.id, job.run)
    pieces = arrangement(survivors, job.run_cut, key_of)
    check_room(pieces)
    jobs.put_pieces(job.id, job.run, pieces)
