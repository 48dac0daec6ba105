"""Videos: URLs that stay, and lead to signed ones made anew each time."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.api.envelope import elsewhere
from functions.api.given import Asker, TheJobs, TheMedia
from functions.api.own_jobs import own_clip, own_film, own_job

router = Router()
TAGS = ["videos"]


@router.get("/videos/<job_id>/combined", tags=TAGS, status_code=302, summary="The film")
def combined(job_id: str, asker: Asker, jobs: TheJobs, media: TheMedia) -> Response[None]:
    film = own_film(own_job(jobs, asker.tenant, job_id))
    return elsewhere(media.signed_url(film.key))


@router.get("/videos/<job_id>/thumbnail", tags=TAGS, status_code=302, summary="The film's poster")
def thumbnail(job_id: str, asker: Asker, jobs: TheJobs, media: TheMedia) -> Response[None]:
    film = own_film(own_job(jobs, asker.tenant, job_id))
    return elsewhere(media.signed_url(film.poster_key))


@router.get("/videos/<job_id>/clips/<name>", tags=TAGS, status_code=302, summary="A clip, such as clip_001.mp4")
def clip(job_id: str, name: str, asker: Asker, jobs: TheJobs, media: TheMedia) -> Response[None]:
    job = own_job(jobs, asker.tenant, job_id)
    return elsewhere(media.signed_url(own_clip(jobs, job, name).key))
