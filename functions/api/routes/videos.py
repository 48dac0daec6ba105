"""Videos: URLs that stay, and lead to signed ones made anew each time."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from functions.api.envelope import elsewhere
from functions.api.given import Asker, OfRun, TheJobs, TheMedia, Viewer
from functions.api.own_jobs import (
    film_of_run,
    film_ranges,
    own_clip_file,
    own_job,
    own_preview,
    own_subtitles,
    watched_job,
)
from functions.api.playlists import PLAYLIST, film_playlist, live_playlist

router = Router()
TAGS = ["videos"]

Token = Annotated[str | None, Query(description="A player's, from the job's links; it stands in for a key")]
PLAYED: dict[int, OpenAPIResponse] = {
    200: {"description": "A playlist (RFC 8216)", "content": {PLAYLIST: {"schema": {"type": "string"}}}}
}


def played(text: str) -> Response[str]:
    """Read anew each time: it grows, and what it names are signed URLs."""
    return Response(200, PLAYLIST, text, {"Cache-Control": "no-store"})


@router.get("/videos/<job_id>/combined", tags=TAGS, status_code=302, summary="The film")
def combined(job_id: str, asker: Asker, jobs: TheJobs, media: TheMedia, run: OfRun = None) -> Response[None]:
    film = film_of_run(jobs, own_job(jobs, asker.tenant, job_id), run)
    return elsewhere(media.signed_url(film.key))


@router.get("/videos/<job_id>/thumbnail", tags=TAGS, status_code=302, summary="The film's poster")
def thumbnail(job_id: str, asker: Asker, jobs: TheJobs, media: TheMedia, run: OfRun = None) -> Response[None]:
    film = film_of_run(jobs, own_job(jobs, asker.tenant, job_id), run)
    return elsewhere(media.signed_url(film.poster_key))


@router.get("/videos/<job_id>/preview", tags=TAGS, status_code=302, summary="A few moving seconds of the film")
def preview(job_id: str, asker: Asker, jobs: TheJobs, media: TheMedia, run: OfRun = None) -> Response[None]:
    film = film_of_run(jobs, own_job(jobs, asker.tenant, job_id), run)
    return elsewhere(media.signed_url(own_preview(film).key))


@router.get("/videos/<job_id>/captions.srt", tags=TAGS, status_code=302, summary="What is said in the film, as SRT")
def captions_srt(job_id: str, asker: Asker, jobs: TheJobs, media: TheMedia, run: OfRun = None) -> Response[None]:
    film = film_of_run(jobs, own_job(jobs, asker.tenant, job_id), run)
    return elsewhere(media.signed_url(own_subtitles(film).srt_key))


@router.get("/videos/<job_id>/captions.vtt", tags=TAGS, status_code=302, summary="The same as WebVTT")
def captions_vtt(job_id: str, asker: Asker, jobs: TheJobs, media: TheMedia, run: OfRun = None) -> Response[None]:
    film = film_of_run(jobs, own_job(jobs, asker.tenant, job_id), run)
    return elsewhere(media.signed_url(own_subtitles(film).vtt_key))


@router.get(
    "/videos/<job_id>/playlist.m3u8", tags=TAGS, responses=PLAYED, summary="Watch the clips while they are made"
)
def playlist(job_id: str, viewer: Viewer, jobs: TheJobs, media: TheMedia, token: Token = None) -> Response[str]:
    """HLS: the clips that are there, hard cut, from the first on; it grows until the job has ended."""
    job = watched_job(jobs, viewer, job_id)
    return played(live_playlist(job, jobs.clips(job.id), media.signed_url))


@router.get("/videos/<job_id>/film.m3u8", tags=TAGS, responses=PLAYED, summary="Watch the film")
def film(job_id: str, viewer: Viewer, jobs: TheJobs, media: TheMedia, token: Token = None) -> Response[str]:
    """HLS: the film as it was made, transitions and all."""
    ranges = film_ranges(watched_job(jobs, viewer, job_id), media)
    return played(film_playlist(ranges, media.signed_url))


@router.get(
    "/videos/<job_id>/clips/<name>",
    tags=TAGS,
    status_code=302,
    summary="A clip, such as clip_001.mp4, or a still of it",
)
def clip(job_id: str, name: str, asker: Asker, jobs: TheJobs, media: TheMedia) -> Response[None]:
    """Its stills are clip_001_thumbnail.jpg and clip_001_last_frame.jpg."""
    job = own_job(jobs, asker.tenant, job_id)
    return elsewhere(media.signed_url(own_clip_file(jobs, job, name)))
