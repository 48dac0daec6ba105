"""MakePiece: conforms one clip to the film's form and proves the result."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from functions.make_piece.conform import chain, encoder, frames
from functions.studio import ffmpeg
from functions.studio.clips import Clip
from functions.studio.errors import BrokenMedia, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.media_store import RAW, MediaStore
from functions.studio.messages import PieceTask
from functions.studio.pieces import Piece, Target
from functions.studio.probe import Picture, Probe, examine
from functions.studio.table import Table
from functions.studio.telemetry import entry

MOST_SECONDS = 780
"""For the encoder; the function has 900."""


@cache
def _stores() -> tuple[JobStore, MediaStore]:
    return JobStore(Table(os.environ["TABLE_NAME"])), MediaStore(os.environ["MEDIA_BUCKET"])


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    task = PieceTask.parse(event)
    make_piece(task, *_stores())
    return {}


def make_piece(task: PieceTask, jobs: JobStore, media: MediaStore) -> None:
    """Makes the piece unless its row says that it is made."""
    job = jobs.job(task.job_id)
    if job.run != task.run or job.ended:
        raise StaleRun(f"Run {task.run} no longer owns job {task.job_id}.")
    piece = Piece.model_validate(jobs.piece(task.job_id, task.run, task.piece))
    if piece.target is None or piece.picture:
        return
    source = _source(jobs.clip(task.job_id, piece.clip))
    with tempfile.TemporaryDirectory() as folder:
        clip, made = Path(folder, "clip.mp4"), Path(folder, "piece.mp4")
        media.download(piece.source_key, clip)
        probe = conform(clip, source, piece.target, made)
        media.upload(made, piece.key, "video/mp4", tags=RAW)
    done = piece.model_copy(update={"picture": probe.picture, "bytes": probe.bytes}).attributes()
    jobs.table.commit(
        jobs.piece_made(task.job_id, task.run, piece.number, {"picture": done["picture"], "bytes": done["bytes"]})
    )


def _source(clip: Clip) -> Picture:
    if clip.kept is None:
        raise BrokenMedia(f"clip {clip.number} was never kept")
    return Probe.model_validate(clip.kept.facts).picture


def conform(clip: Path, source: Picture, target: Target, made: Path) -> Probe:
    """Writes the piece and proves it: decoded whole, of the planned size, rate and number of frames."""
    arguments = [*ffmpeg.media(clip), "-map", "0:V:0", "-vf", chain(source, target), *encoder(target), str(made)]
    ffmpeg.run(arguments, seconds=MOST_SECONDS)
    probe = examine(made)
    picture = probe.picture
    planned = f"{target.width}x{target.height}, {frames(source, target)} frames at {target.fps}"
    found = f"{picture.width}x{picture.height}, {picture.frames} frames at {picture.fps}"
    if found != planned or picture.seam is None:
        raise BrokenMedia(f"the piece came out as {found}, not {planned}")
    return probe
