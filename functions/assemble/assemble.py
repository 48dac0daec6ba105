"""A run's film: fetched in pieces, joined, proved, described and stored."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from functions.assemble.film import (
    AS_IT_IS,
    PROOF_SECONDS,
    Part,
    check_length,
    has_sound,
    join,
    prove,
    samples,
    sound_track,
    spoilt,
    wrap,
)
from functions.assemble.leaving_out import in_words, leave_out, unmade, variants_left
from functions.assemble.manifest import manifest
from functions.assemble.music import Mix, corrected, faults, first_level, fits, make_mix, silence_faults, voice_alone
from functions.assemble.poster import make_poster
from functions.assemble.subtitles_beside import put_subtitles
from functions.assemble.watching import put_beside
from functions.studio.cut import Music
from functions.studio.errors import BrokenMedia, PieceUnfit
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, JobStatus, LeftOut
from functions.studio.ledger import Ledger
from functions.studio.loudness import measured
from functions.studio.media import Loudness, Piece
from functions.studio.media_store import MediaStore, film_key
from functions.studio.messages import RunRef
from functions.studio.probe import sha256
from functions.studio.room import check_room
from functions.studio.telemetry import logger
from functions.studio.tracks import file_of
from functions.studio.visible import film_fault
from functions.studio.workplace import workplace

DOWNLOADS = 8
"""At once."""

TRIES = 4
"""At the loudness of a film with music or a voice; the second one fits nearly always."""


class AtFault(Exception):
    """Pieces that the film cannot be made of: why, by their numbers."""

    def __init__(self, faults: Mapping[int, str]) -> None:
        super().__init__(", ".join(faults.values()))
        self.faults = faults


def make_film(
    job: Job, pieces: Sequence[Piece], left_out: LeftOut, jobs: JobStore, ledger: Ledger, media: MediaStore
) -> Film:
    """Everything of a film but its row; the film itself is stored last. AtFault names pieces to be left out."""
    with workplace() as folder:
        parts, lost = download(pieces, media, folder)
        if lost:
            raise AtFault(lost)
        combined, poster = folder / "combined.mp4", folder / "thumbnail.jpg"
        with ThreadPoolExecutor(1) as beside:
            drawn = beside.submit(make_poster, [part.film for part in parts], poster)
            try:
                loudness = put_together(job, parts, combined, folder, media)
            except BrokenMedia:
                if faults := {pieces[turn].number: why for turn, why in spoilt(parts, folder).items()}:
                    raise AtFault(faults) from None
                raise
            drawn.result()
        spent = [part.film for part in parts]
        made = wrapped(combined, spent, folder) if job.run_cut.format == "webm" else combined
        film = describe(job, pieces, parts, made, loudness, left_out)
        film = put_beside(film, combined, spent, parts[0].picture.fps, media)
        film = put_subtitles(job, pieces, film, media)
        document = manifest(
            job,
            jobs.clips(job.id),
            pieces,
            jobs.attempts(job.id),
            ledger.lines(job.id),
            film,
            sha256(poster),
            jobs.films.of(job),
        )
        media.upload(poster, film.poster_key, "image/jpeg")
        media.put(film.manifest_key, json.dumps(document, indent=2).encode(), "application/json")
        media.upload(made, film.key, "video/webm" if film.format == "webm" else "video/mp4")
    return film


MakeFilm = Callable[[Job, Sequence[Piece], LeftOut, JobStore, Ledger, MediaStore], Film]


def assemble(run: RunRef, jobs: JobStore, ledger: Ledger, media: MediaStore, make: MakeFilm = make_film) -> Film:
    """Makes the run's film, unless its row says that it is made. The row is written last: until then there is no film.

    `make` is who joins, proves and stores it.
    """
    job = jobs.owned(run.job_id, run.run, JobStatus.COMBINING)
    if film := jobs.films.find_film(job.id, job.run):
        return film
    left_out = jobs.films.left_out(job.id, job.run)
    if left_out.due:
        raise PieceUnfit(left_out.omissions[-1].reason)
    pieces = jobs.films.pieces(job.id, job.run, left_out)

    def without(faults: Mapping[int, str]) -> Exception:
        """The error that the film ends with, or is cut again without the pieces at fault."""
        variants = variants_left(job.run_cut, jobs.clips(job.id), pieces, left_out)
        again = leave_out(pieces, faults, left_out, variants)
        if again:
            jobs.table.commit(jobs.films.leave_out(job.id, job.run, again))
            return PieceUnfit(in_words(pieces, faults))
        return BrokenMedia(in_words(pieces, faults))

    if missing := unmade(pieces):
        raise without(missing)
    check_room(pieces, music=job.run_cut.music is not None or job.spoken)
    if fault := film_fault(pieces):
        raise BrokenMedia(f"The film is not worth showing: {fault}.")
    try:
        film = make(job, pieces, left_out, jobs, ledger, media)
    except AtFault as found:
        raise without(found.faults) from None
    jobs.table.commit(jobs.films.film_made(job.id, job.run, film))
    logger().info("film made", extra={"seconds": film.duration_seconds, "bytes": film.bytes, "clips": len(film.clips)})
    return film


def download(pieces: Sequence[Piece], media: MediaStore, folder: Path) -> tuple[list[Part], dict[int, str]]:
    """The pieces on disk; by number what is wrong with those that are not there whole."""
    lost: dict[int, str] = {}

    def fetch(piece: Piece) -> Part:
        assert piece.picture is not None
        part = Part(
            name=piece.name,
            film=folder / f"piece_{piece.number:04d}.mp4",
            pcm=folder / f"piece_{piece.number:04d}.pcm" if piece.pcm_key else None,
            picture=piece.picture,
        )
        try:
            media.download(piece.key, part.film)
            if piece.pcm_key and part.pcm:
                media.download(piece.pcm_key, part.pcm)
                check_length(part)
        except BrokenMedia as fault:
            lost[piece.number] = str(fault)
        return part

    with ThreadPoolExecutor(DOWNLOADS) as pool:
        return list(pool.map(fetch, pieces)), lost


def put_together(job: Job, parts: Sequence[Part], combined: Path, folder: Path, media: MediaStore) -> Loudness | None:
    """Joins the pieces and proves the film; how loud it is, if it is to be heard.

    How much the encoder takes off or adds is known afterwards: with music or a voice it is joined again until its loudness
    fits.
    """
    cut = job.run_cut
    mix = _mix(cut.music, parts, folder, media) if cut.music else None
    if mix is None and job.spoken and has_sound(parts):
        mix = voice_alone(partial(sound_track, parts), samples(parts), folder)
    level = first_level(mix.loudness) if mix else AS_IT_IS
    for _ in range(TRIES):
        loudest = join(parts, combined, folder, cut.format, mix, level)
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
    if music.track:
        shutil.copyfile(Path(os.environ["TRACKS_FOLDER"], file_of(music.track)), file)
    elif music.key:
        media.download(music.key, file)
    clips = partial(sound_track, parts) if has_sound(parts) else None
    return make_mix(file, music, clips, samples(parts), folder)


def wrapped(combined: Path, spent: Sequence[Path], folder: Path) -> Path:
    """As WebM, in the place of the pieces: there may be room for two films on the disk, not for three."""
    for file in spent:
        file.unlink()
    made = folder / "combined.webm"
    wrap(combined, made, folder)
    return made


def describe(
    job: Job,
    pieces: Sequence[Piece],
    parts: Sequence[Part],
    combined: Path,
    loudness: Loudness | None,
    left_out: LeftOut,
) -> Film:
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
        loudness=loudness,
        clips=list(dict.fromkeys(clip for piece in pieces for clip in piece.clips)),
        omissions=left_out.omissions,
    )
