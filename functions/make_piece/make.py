"""One piece: made, stored and described by its row, or the reason on the row why it could not be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from functions.make_piece.conform import conform
from functions.make_piece.mixing import check_heard, write_sound
from functions.make_piece.words import written
from functions.studio.cut import Cut
from functions.studio.errors import MediaError
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.media import Piece, Probe, Target
from functions.studio.media_store import RAW, MediaStore
from functions.studio.messages import PieceTask
from functions.studio.narration import Narration
from functions.studio.telemetry import logger
from functions.studio.workplace import workplace


def encode(piece: Piece, target: Target, job: Job, media: MediaStore) -> Probe:
    cut = job.run_cut
    with workplace() as folder:

        def fetched(key: str, name: str) -> Path:
            path = folder / name
            media.download(key, path)
            return path

        made, pcm = folder / "piece.mp4", folder / "piece.pcm"
        sources = [fetched(key, f"source_{turn}") for turn, key in enumerate(picture_keys(piece, cut))]
        told = narration_of(piece, job, media)
        burn = written(piece, target, job.listing, told, folder) if told and job.listing else None
        probe = conform(piece, target, cut, sources, made, burn)
        if piece.pcm_key:
            keys = [shot.pcm_key if cut.clips_are_heard else None for shot in piece.shots]
            heard = [fetched(key, f"sound_{turn}") if key else None for turn, key in enumerate(keys)]
            spoken = fetched(told.pcm_key, "narration") if told and told.pcm_key else None
            write_sound(piece, target, heard, pcm, spoken)
            check_heard(piece, target, heard, pcm, spoken)
            media.upload(pcm, piece.pcm_key, "application/octet-stream", tags=RAW)
        media.upload(made, piece.key, "video/mp4", tags=RAW)
    return probe


def narration_of(piece: Piece, job: Job, media: MediaStore) -> Narration | None:
    """What is told while the piece is seen, if the film tells anything."""
    if piece.narration_at is None or job.narration is None:
        return None
    return Narration.model_validate_json(media.read(job.narration.key))


def picture_keys(piece: Piece, cut: Cut) -> list[str]:
    """Of whatever is seen in the piece, in the order of `conform`."""
    card = {"intro": cut.intro, "outro": cut.outro}.get(piece.card or "")
    return [*(shot.key for shot in piece.shots), *(one.key for one in (card, cut.watermark) if one)]


Encode = Callable[[Piece, Target, Job, MediaStore], Probe]


def make_piece(task: PieceTask, jobs: JobStore, media: MediaStore, make: Encode = encode) -> None:
    """Makes the piece unless its row says that it is made. A clip at fault is told by the row: Assemble reads it.

    `make` is who encodes.
    """
    job = jobs.owned(task.job_id, task.run, JobStatus.COMBINING)
    piece = jobs.films.piece(task.job_id, task.run, task.piece)
    if piece.target is None or piece.picture:
        return
    try:
        probe = make(piece, piece.target, job, media)
    except MediaError as fault:
        logger().warning("the piece cannot be made", extra={"piece": piece.name, "reason": str(fault)})
        jobs.table.commit(jobs.films.piece_failed(task.job_id, task.run, piece.number, str(fault)))
    else:
        jobs.table.commit(jobs.films.piece_made(task.job_id, task.run, piece.number, probe))
