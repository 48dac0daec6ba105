"""One piece: made, stored and described by its row, or the reason on the row why it could not be."""

from __future__ import annotations

import tempfile
from pathlib import Path

from functions.make_piece.conform import conform
from functions.studio.errors import BrokenMedia, MediaError
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.media import Piece, Probe, Target
from functions.studio.media_store import RAW, MediaStore
from functions.studio.messages import PieceTask
from functions.studio.telemetry import logger


def make_piece(task: PieceTask, jobs: JobStore, media: MediaStore) -> None:
    """Makes the piece unless its row says that it is made. A clip at fault is told by the row: Assemble reads it."""
    jobs.owned(task.job_id, task.run, JobStatus.COMBINING)
    piece = jobs.piece(task.job_id, task.run, task.piece)
    if piece.target is None or piece.picture:
        return
    try:
        probe = _make(task, piece, piece.target, jobs, media)
    except MediaError as fault:
        logger().warning("the clip cannot be conformed", extra={"reason": str(fault)})
        jobs.table.commit(jobs.piece_failed(task.job_id, task.run, piece.number, str(fault)))
    else:
        jobs.table.commit(jobs.piece_made(task.job_id, task.run, piece.number, probe))


def _make(task: PieceTask, piece: Piece, target: Target, jobs: JobStore, media: MediaStore) -> Probe:
    kept = jobs.clip(task.job_id, piece.clip).video
    if kept is None:
        raise BrokenMedia("the clip was never kept")
    with tempfile.TemporaryDirectory() as folder:
        clip, made = Path(folder, "clip.mp4"), Path(folder, "piece.mp4")
        media.download(piece.source_key, clip)
        probe = conform(clip, kept.probe.picture, target, made)
        media.upload(made, piece.key, "video/mp4", tags=RAW)
    return probe
