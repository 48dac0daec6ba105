"""A run's film: fetched in pieces, joined, proved, described and stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from functions.assemble.film import Part, join, prove, wrap
from functions.assemble.manifest import manifest
from functions.assemble.poster import make_poster
from functions.assemble.watching import put_beside
from functions.studio.errors import BrokenMedia
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, JobStatus
from functions.studio.ledger import Ledger
from functions.studio.media import Piece
from functions.studio.media_store import MediaStore, film_key
from functions.studio.messages import RunRef
from functions.studio.probe import sha256
from functions.studio.room import check_room
from functions.studio.telemetry import logger
from functions.studio.workplace import workplace

DOWNLOADS = 8
"""At once."""


def assemble(run: RunRef, jobs: JobStore, ledger: Ledger, media: MediaStore) -> Film:
    """Makes the run's film, unless its row says that it is made. The row is written last: until then there is no film."""
    job = jobs.owned(run.job_id, run.run, JobStatus.COMBINING)
    if film := jobs.find_film(job.id, job.run):
        return film
    pieces = jobs.pieces(job.id, job.run)
    check_made(pieces)
    check_room(pieces)
    with workplace() as folder:
        parts = download(pieces, media, folder)
        combined, poster = folder / "combined.mp4", folder / "thumbnail.jpg"
        with ThreadPoolExecutor(1) as beside:
            drawn = beside.submit(make_poster, [part.film for part in parts], poster)
            join(parts, combined, folder, job.run_cut.format)
            prove(combined, parts, folder)
            drawn.result()
        spent = [part.film for part in parts]
        made = wrapped(combined, spent, folder) if job.run_cut.format == "webm" else combined
        film = describe(job, pieces, parts, made)
        film = put_beside(film, combined, spent, parts[0].picture.fps, media)
        document = manifest(
            job, jobs.clips(job.id), pieces, jobs.attempts(job.id), ledger.lines(job.id), film, sha256(poster)
        )
        media.upload(poster, film.poster_key, "image/jpeg")
        media.put(film.manifest_key, json.dumps(document, indent=2).encode(), "application/json")
        media.upload(made, film.key, "video/webm" if film.format == "webm" else "video/mp4")
    jobs.table.commit(jobs.film_made(job.id, job.run, film))
    logger().info("film made", extra={"seconds": film.duration_seconds, "bytes": film.bytes, "clips": len(film.clips)})
    return film


def check_made(pieces: Sequence[Piece]) -> None:
    """BrokenMedia names the first clip that is missing from the film, and why."""
    for piece in pieces:
        if piece.picture is None:
            why = piece.fault or "the step ended without a result"
            raise BrokenMedia(f"{piece.name.capitalize()} could not be made fit for the film: {why}.")


def download(pieces: Sequence[Piece], media: MediaStore, folder: Path) -> list[Part]:
    def fetch(piece: Piece) -> Part:
        assert piece.picture is not None
        part = Part(
            name=piece.name,
            film=folder / f"piece_{piece.number:04d}.mp4",
            pcm=folder / f"piece_{piece.number:04d}.pcm" if piece.pcm_key else None,
            picture=piece.picture,
        )
        media.download(piece.key, part.film)
        if piece.pcm_key and part.pcm:
            media.download(piece.pcm_key, part.pcm)
        return part

    with ThreadPoolExecutor(DOWNLOADS) as pool:
        return list(pool.map(fetch, pieces))


def wrapped(combined: Path, spent: Sequence[Path], folder: Path) -> Path:
    """As WebM, in the place of the pieces: there may be room for two films on the disk, not for three."""
    for file in spent:
        file.unlink()
    made = folder / "combined.webm"
    wrap(combined, made, folder)
    return made


def describe(job: Job, pieces: Sequence[Piece], parts: Sequence[Part], combined: Path) -> Film:
    picture = parts[0].picture
    frames = sum(part.picture.frames for part in parts)
    form = job.run_cut.format
    return Film(
        run=job.run,
        made_by=job.purpose.kind,
        format=form,
        key=film_key(job.tenant, job.id, job.run, "combined.webm" if form == "webm" else "combined.mp4"),
        poster_key=film_key(job.tenant, job.id, job.run, "thumbnail.jpg"),
        manifest_key=film_key(job.tenant, job.id, job.run, "manifest.json"),
        duration_seconds=round(float(frames / picture.fps), 6),
        frames=frames,
        width=picture.width,
        height=picture.height,
        fps=round(float(picture.fps), 6),
        bytes=combined.stat().st_size,
        sha256=sha256(combined),
        clips=list(dict.fromkeys(clip for piece in pieces for clip in piece.clips)),
    )
