"""A caller's own jobs and what has come of them; all else is not found."""

from __future__ import annotations

from functions.api.clip_urls import files
from functions.api.job_views import shown_status
from functions.api.keys import Caller
from functions.studio.clips import Clip
from functions.studio.errors import FieldError, NotFound
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, Preview, Subtitles
from functions.studio.media import Segment
from functions.studio.media_store import MediaStore
from functions.studio.rows import is_id


def own_job(jobs: JobStore, tenant: str, job_id: str) -> Job:
    job = jobs.find_job(job_id) if is_id(job_id) else None
    if job is None or job.tenant != tenant:
        raise _not_found(f"There is no job {job_id[:80]!r}.", "job_id")
    return job


def watched_job(jobs: JobStore, viewer: Caller | None, job_id: str) -> Job:
    """The viewer's own job; without a viewer the door has checked a token that was made for this job."""
    return own_job(jobs, viewer.tenant, job_id) if viewer else jobs.job(job_id)


def own_film(job: Job) -> Film:
    if job.film is None:
        raise _not_found(
            f"The job has no film: it is {shown_status(job)}.",
            "job_id",
            hint=job.error_message or "Ask again when the job is completed.",
        )
    return job.film


def film_of_run(jobs: JobStore, job: Job, run: int | None) -> Film:
    """The job's film, or the one that a run has made."""
    if run is None:
        return own_film(job)
    films = {film.run: film for film in jobs.films.of(job)}
    if run not in films:
        there = ", ".join(map(str, films)) or "none"
        raise _not_found(f"No film came of run {run}.", "run", hint=f"The runs that have made one: {there}.")
    return films[run]


def own_preview(film: Film) -> Preview:
    preview = film.preview
    if preview is None:
        raise NotFound("The film has no moving preview.", hint="Its thumbnail stands still, and is there.")
    return preview


def own_subtitles(film: Film) -> Subtitles:
    if film.subtitles is None:
        raise _not_found("The film has no captions.", "job_id", hint="Listings' films have some.")
    return film.subtitles


def film_ranges(job: Job, media: MediaStore) -> Segment:
    """How players fetch the film piece by piece."""
    key = own_film(job).ranges_key
    if key is None:
        raise NotFound("The film has no playlist.", hint="The film itself is at `/combined`.")
    return Segment.model_validate_json(media.read(key))


def own_clip_file(jobs: JobStore, job: Job, name: str) -> str:
    """The key of a clip, or of a still of it, by the file's name; NotFound says whether it failed, and why, or is to come."""
    clip = next((one for one in jobs.clips(job.id) if name in files(one)), None)
    if clip is None:
        raise _not_found(f"The job has no clip {name[:80]!r}.", "name")
    if clip.latest is None:
        raise _not_found(f"{name} is not there: its clip is {clip.status.value}.", "name", hint=_why(clip))
    key = files(clip)[name]
    if key is None:
        raise _not_found(f"{name} is not there: of this clip it was not kept.", "name")
    return key


def _not_found(detail: str, parameter: str, hint: str | None = None) -> NotFound:
    return NotFound(detail, hint=hint, errors=(FieldError(parameter, detail),))


def _why(clip: Clip) -> str:
    return clip.error_message or "Ask again when the clip is completed."
