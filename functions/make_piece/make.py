"""One piece: made, stored and described by its row, or the reason on the row why it could not be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from functions.make_piece.conform import conform
from functions.make_piece.mixing import check_heard, write_sound
from functions.studio.cut import Cut
from functions.studio.errors import MediaError
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.media import Piece, Probe, Target
from functions.studio.media_store import RAW, MediaStore
from functions.studio.messages import PieceTask
from functions.studio.telemetry import logger
from functions.studio.workplace import workplace


def encode(piece: Piece, target: Target, cut: Cut, media: MediaStore) -> Probe:
    with workplace() as folder:

        def fetched(keys: list[str], kind: str) -> list[Path]:
            paths = [folder / f"{kind}_{turn}" for turn in range(len(keys))]
            for key, path in zip(keys, paths, strict=True):
                media.download(key, path)
            return paths

        made, pcm = folder / "piece.mp4", folder / "piece.pcm"
        probe = conform(piece, target, cut, fetched(picture_keys(piece, cut), "source"), made)
        if piece.pcm_key:
            heard = fetched([shot.pcm_key for shot in piece.shots], "sound")
            write_sound(piece, target, heard, pcm)
            check_heard(piece, target, heard, pcm)
            media.upload(pcm, piece.pcm_key, "application/octet-stream", tags=RAW)
        media.upload(made, piece.key, "video/mp4", tags=RAW)
    return probe


def picture_keys(piece: Piece, cut: Cut) -> list[str]:
    """Of whatever is seen in the piece, in the order of `conform`."""
    cards = {"intro": cut.intro, "outro": cut.outro}
    card = cards[piece.card] if piece.card else None
    return [*(shot.key for shot in piece.shots), *(one.key for one in (card, cut.watermark) if one)]


Encode = Callable[[Piece, Target, Cut, MediaStore], Probe]


def make_piece(task: PieceTask, jobs: JobStore, media: MediaStore, make: Encode = encode) -> None:
    """Makes the piece unless its row says that it is made. A clip at fault is told by the row: Assemble reads it.

    `make` is who encodes.
    """
    job = jobs.owned(task.job_id, task.run, JobStatus.COMBINING)
    piece = jobs.piece(task.job_id, task.run, task.piece)
    if piece.target is None or piece.picture:
        return
    try:
        probe = make(piece, piece.target, job.run_cut, media)
    except MediaError as fault:
        logger().warning("the piece cannot be made", extra={"piece": piece.name, "reason": str(fault)})
        jobs.table.commit(jobs.piece_failed(task.job_id, task.run, piece.number, str(fault)))
    else:
        jobs.table.commit(jobs.piece_made(task.job_id, task.run, piece.number, probe))
