"""/api/video: what three older back ends claim, told apart by the body of a request and by the kind of a job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.accept_job import Draft, TheReception
from functions.api.dialects import prompted
from functions.api.dialects.prompted import Video, VideoLibrary
from functions.api.dialects.words import document_of
from functions.api.first_picture import TheDarkroom
from functions.api.given import Asker, TheCatalogue, TheForm, TheJobs, TheMedia
from functions.api.own_jobs import own_job
from functions.api.prompt_request import PromptRequest
from functions.api.prompted import draft
from functions.api.standing import TheMoment, TheTier
from functions.studio.errors import FieldError, InvalidRequest, NotFound

router = Router()
TAGS = ["video"]

NOT_YET = {"scene_id": "scenes are not made yet"}
"""What tells a dialect that is still to come."""


SHOWS = {"prompt": prompted.shown}
"""By a job's kind, whose words its status is told in."""


@router.post("/generate", tags=TAGS, status_code=202, summary="Make a video from a script, and perhaps a picture")
def generate(
    form: TheForm,
    asker: Asker,
    darkroom: TheDarkroom,
    reception: TheReception,
    catalogue: TheCatalogue,
    tier: TheTier,
    moment: TheMoment,
) -> Response[Video]:
    """By `generation_mode`. A `duration` beyond what any model makes chooses the model; `actual_duration` is what is made."""
    document = document_of(form)
    for field, why in NOT_YET.items():
        if field in document and "generation_mode" not in document:
            raise InvalidRequest(f"{field}: {why}", errors=(FieldError(field, why),))

    def drafted(asked: PromptRequest) -> Draft:
        return draft(asked, asker.tenant, darkroom, reception.budgets, catalogue, tier, moment, as_made=True)

    return prompted.generate(document, drafted, reception, catalogue)


@router.get("/status/<video_id>", tags=TAGS, summary="Get a video")
def status(video_id: str, asker: Asker, jobs: TheJobs, catalogue: TheCatalogue, media: TheMedia) -> Video:
    job = own_job(jobs, asker.tenant, video_id)
    if job.kind not in SHOWS:
        detail = f"No dialect has words for a job of kind {job.kind}."
        raise NotFound(detail, errors=(FieldError("job_id", detail),))
    return SHOWS[job.kind](job, jobs.clips(job.id), catalogue, datetime.now(UTC), media.signed_url)


@router.get("/library", tags=TAGS, summary="List videos, newest first")
def library(
    asker: Asker,
    jobs: TheJobs,
    catalogue: TheCatalogue,
    media: TheMedia,
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=100)] = 20,
) -> VideoLibrary:
    at = datetime.now(UTC)
    return prompted.library(
        jobs,
        asker.tenant,
        page,
        per_page,
        lambda job: prompted.shown(job, jobs.clips(job.id), catalogue, at, media.signed_url),
    )
