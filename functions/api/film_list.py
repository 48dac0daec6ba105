"""Films: those that a job has had, each by its run; and what a library shows of a job's own."""

from __future__ import annotations

from functions.api.envelope import ROOT, Metadata, Money, View
from functions.api.listing_views import CaptionsUrls, captions_urls
from functions.studio.cut import Format
from functions.studio.jobs import Film, Job, RunKind


class FilmView(View):
    run: int
    made_by: RunKind
    current: bool
    """Whether it is the job's film: what every URL without a run leads to."""
    format: Format
    video_url: str
    thumbnail_url: str
    manifest_url: str
    captions_urls: CaptionsUrls | None
    """Of a film in which something is said."""
    duration_seconds: float
    width: int
    height: int
    fps: float
    bytes: int
    cost: Money | None
    """USD that its run paid for clips."""
    created_at: str | None


class LibraryFilm(FilmView):
    """A job's film, and of the job what does not change with it."""

    id: str
    """The job's."""
    job_id: str
    kind: str
    title: str | None
    campaign_id: str
    client_id: str | None
    model_id: str
    asked_at: str
    """When the job was made, by which films are sorted."""
    metadata: Metadata


AS_THEY_ARE = {"run", "made_by", "format", "duration_seconds", "width", "height", "fps", "bytes", "cost"}


def film_view(job: Job, film: Film) -> FilmView:
    videos, run = f"{ROOT}/videos/{job.id}", f"?run={film.run}"
    return FilmView(
        **film.model_dump(include=AS_THEY_ARE),
        current=job.film is not None and job.film.run == film.run,
        video_url=f"{videos}/combined{run}",
        thumbnail_url=f"{videos}/thumbnail{run}",
        manifest_url=f"{ROOT}/jobs/{job.id}/manifest{run}",
        captions_urls=captions_urls(job, film),
        created_at=film.delivered_at,
    )


def library_film(job: Job, film: Film) -> LibraryFilm:
    return LibraryFilm(
        **dict(film_view(job, film)),
        id=job.id,
        job_id=job.id,
        kind=job.kind,
        title=job.title,
        campaign_id=job.campaign_id,
        client_id=job.client_id,
        model_id=job.model,
        asked_at=job.created_at,
        metadata=job.metadata,
    )
