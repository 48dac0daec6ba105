"""A run's film: fetched in pieces, joined, proved, described and stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from functions.assemble.film import AS_IT_IS, PROOF_SECONDS, Part, has_sound, join, prove, samples, sound_track
from functions.assemble.manifest import manifest
from functions.assemble.music import Mix, corrected, faults, first_level, fits, make_mix, silence_faults
from functions.assemble.poster import make_poster
from functions.assemble.watching import put_beside
from functions.studio.cut import Cut, Music
from functions.studio.errors import BrokenMedia
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, JobStatus
from functions.studio.ledger import Ledger
from functions.studio.loudness import measured
from functions.studio.media import Loudness, Piece
from functions.studio.media_store import MediaStore, film_key
from functions.studio.messages import RunRef
from functions.studio.probe import sha256
from functions.studio.room import check_room
from functions.studio.telemetry import logger
from functions.studio.workplace import workplace

DOWNLOADS = 8
"""At once."""

TRIES = 4
"""At the loudness of a film with music; the second one fits nearly always."""


def assemble(run: RunRef, jobs: JobStore, ledger: Ledger, media: MediaStore) -> Film:
    """Makes the run's film, unless its row says that it is made. The row is written last: until then there is no film."""
    job = jobs.owned(run.job_id, run.run, JobStatus.COMBINING)
    if film := jobs.find_film(job.id, job.run):
        return film
    pieces = jobs.pieces(job.id, job.run)
    check_made(pieces)
    check_room(pieces, music=job.cut.music is not None)
    with workplace() as folder:
        parts = download(pieces, media, folder)
        combined, poster = folder / "combined.mp4", folder / "thumbnail.jpg"
        with ThreadPoolExecutor(1) as beside:
            drawn = beside.submit(make_poster, [part.film for part in parts], poster)
            loudness = put_together(job.cut, parts, combined, folder, media)
            drawn.result()
        film = describe(job, pieces, parts, combined, loudness)
        film = put_beside(film, combined, [part.film for part in parts], parts[0].picture.fps, media)
        document = manifest(
            job, jobs.clips(job.id), pieces, jobs.attempts(job.id), ledger.lines(job.id), film, sha256(poster)
        )
        media.upload(poster, film.poster_key, "image/jpeg")
        media.put(film.manifest_key, json.dumps(document, indent=2).encode(), "application/json")
        media.upload(combined, film.key, "video/mp4")
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


def put_together(cut: Cut, parts: Sequence[Part], combined: Path, folder: Path, media: MediaStore) -> Loudness | None:
    """Joins the pieces and proves the film; how loud it is, if it is to be heard.

    How much the encoder takes off or adds is known afterwards: with music it is joined again until its loudness fits.
    """
    mix = _mix(cut.music, parts, folder, media) if cut.music else None
    level = first_level(mix.loudness) if mix else AS_IT_IS
    for _ in range(TRIES):
        loudest = join(parts, combined, folder, mix, level)
        prove(combined, parts, folder, mixed=mix is not None)
        if not (mix or has_sound(parts)):
            return None
        heard = measured(combined, PROOF_SECONDS)
        if mix is None or fits(heard):
            break
        level = corrected(level, heard)
    for fault in [*silence_faults(heard, mix, loudest), *(faults(heard) if mix else ())]:
        raise BrokenMedia(f"The film's sound is not what was planned: {fault}.")
    return heard


def _mix(music: Music, parts: Sequence[Part], folder: Path, media: MediaStore) -> Mix:
    file = folder / "music"
    media.download(music.key, file)
    clips = partial(sound_track, parts) if has_sound(parts) else None
    return make_mix(file, music, clips, samples(parts), folder)


def describe(
    job: Job, pieces: Sequence[Piece], parts: Sequence[Part], combined: Path, loudness: Loudness | None
) -> Film:
    picture = parts[0].picture
    frames = sum(part.picture.frames for part in parts)
    return Film(
        key=film_key(job.tenant, job.id, job.run),
        poster_key=film_key(job.tenant, job.id, job.run, "thumbnail.jpg"),
        manifest_key=film_key(job.tenant, job.id, job.run, "manifest.json"),
        duration_seconds=round(float(frames / picture.fps), 6),
        frames=frames,
        width=picture.width,
        height=picture.height,
        fps=round(float(picture.fps), 6),
        bytes=combined.stat().st_size,
        sha256=sha256(combined),
        loudness=loudness,
        clips=sorted({clip for piece in pieces for clip in piece.clips}),
    )
