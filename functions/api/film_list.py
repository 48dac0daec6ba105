"""The films that a job has had, each by its run."""

from __future__ import annotations

from functions.api.envelope import ROOT, Money, View
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
    duration_seconds: float
    width: int
    height: int
    fps: float
    bytes: int
    cost: Money | None
    """USD that its run paid for clips."""
    created_at: str | None


AS_THEY_ARE = {"run", "made_by", "format", "duration_seconds", "width", "height", "fps", "bytes", "cost"}


def film_view(job: Job, film: Film) -> FilmView:
    videos, run = f"{ROOT}/videos/{job.id}", f"?run={film.run}"
    return FilmView(
        **film.model_dump(include=AS_THEY_ARE),
        current=job.film is not None and job.film.run == film.run,
        video_url=f"{videos}/combined{run}",
        thumbnail_url=f"{videos}/thumbnail{run}",
        manifest_url=f"{ROOT}/jobs/{job.id}/manifest{run}",
        created_at=film.delivered_at,
    )
