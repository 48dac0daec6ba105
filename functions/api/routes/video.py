"""/api/video: what three older back ends claim, told apart by the body of a request and by the kind of a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.accept_job import Draft, TheReception
from functions.api.dialects import listings, prompted, scenes
from functions.api.dialects.prompted import Video, VideoLibrary
from functions.api.dialects.words import document_of, newest
from functions.api.first_picture import TheDarkroom
from functions.api.forms import is_form
from functions.api.from_listing import SentPicture
from functions.api.from_listing import draft as draft_of_listing
from functions.api.from_scenes import draft as draft_of_scenes
from functions.api.given import Asker, TheCatalogue, TheForm, TheJobs, TheLedger, TheMedia, TheStoryboard
from functions.api.listing_request import ListingRequest
from functions.api.own_jobs import own_job
from functions.api.prompt_request import PromptRequest
from functions.api.prompted import draft
from functions.api.standing import TheMoment, TheTier
from functions.studio.errors import FieldError, NotFound

router = Router()
TAGS = ["video"]

Page = Annotated[int, Query(ge=1, le=1000)]
PerPage = Annotated[int, Query(ge=1, le=100)]


@router.post(
    "/generate", tags=TAGS, status_code=202, summary="Make a video: of a script, a picture, a scene or a listing"
)
def generate(
    form: TheForm,
    asker: Asker,
    darkroom: TheDarkroom,
    storyboard: TheStoryboard,
    reception: TheReception,
    catalogue: TheCatalogue,
    tier: TheTier,
    moment: TheMoment,
) -> Response[Video | scenes.TaskBegun | listings.Begun]:
    """By `scene_id`, by `generation_mode`, or as a form with `images`. A `duration` beyond what any model makes chooses the model; `actual_duration` is what is made."""
    if is_form(form.content_type):
        by = darkroom, reception.budgets, catalogue, tier, moment.facts

        def listed(asked: ListingRequest, pictures: Sequence[SentPicture]) -> Draft:
            return draft_of_listing(asked, asker.tenant, *by, pictures)

        return listings.generate(form.content_type, form.body, listed, reception, catalogue)
    document = document_of(form)
    if scenes.names_a_scene(document):
        stores = (darkroom, storyboard, reception.budgets)
        return scenes.generate(
            document,
            asker.tenant,
            lambda asked: draft_of_scenes(asked, asker.tenant, *stores, catalogue, tier, moment.facts),
            reception,
        )

    def drafted(asked: PromptRequest) -> Draft:
        return draft(asked, asker.tenant, darkroom, reception.budgets, catalogue, tier, moment, as_made=True)

    return prompted.generate(document, drafted, reception, catalogue)


@router.get("/generate/tasks", tags=TAGS, summary="List the tasks of scenes, newest first")
def tasks(asker: Asker, jobs: TheJobs, media: TheMedia, page: Page = 1, per_page: PerPage = 20) -> scenes.Tasks:
    found, said = newest(jobs, asker.tenant, "scenes", page, per_page)
    return scenes.Tasks(tasks=[scenes.shown(job, jobs.clips(job.id), media.signed_url) for job in found], **said)


@router.get("/generate/tasks/<task_id>", tags=TAGS, summary="Get the task of a scene")
def task(task_id: str, asker: Asker, jobs: TheJobs, media: TheMedia) -> scenes.Task:
    job = own_job(jobs, asker.tenant, task_id)
    if job.kind != "scenes":
        detail = f"The job {job.id} is none of scenes."
        raise NotFound(detail, errors=(FieldError("job_id", detail),))
    return scenes.shown(job, jobs.clips(job.id), media.signed_url)


@router.get("/status/<video_id>", tags=TAGS, summary="Get a video")
def status(
    video_id: str, asker: Asker, jobs: TheJobs, ledger: TheLedger, catalogue: TheCatalogue, media: TheMedia
) -> Video | scenes.Task | listings.ListingVideo:
    """In the words of whichever dialect its kind is of."""
    job = own_job(jobs, asker.tenant, video_id)
    match job.kind:
        case "prompt":
            return prompted.shown(job, jobs.clips(job.id), catalogue, datetime.now(UTC), media.signed_url)
        case "scenes":
            return scenes.shown(job, jobs.clips(job.id), media.signed_url)
        case "listing":
            rows = jobs.clips(job.id), ledger.lines(job.id), jobs.films.pieces(job.id, job.run)
            return listings.shown(job, *rows, media.signed_url)
    detail = f"No dialect has words for a job of kind {job.kind}."
    raise NotFound(detail, errors=(FieldError("job_id", detail),))


@router.get("/library", tags=TAGS, summary="List videos, newest first")
def library(
    asker: Asker,
    jobs: TheJobs,
    catalogue: TheCatalogue,
    media: TheMedia,
    page: Page = 1,
    per_page: PerPage = 20,
) -> VideoLibrary:
    at = datetime.now(UTC)
    return prompted.library(
        jobs,
        asker.tenant,
        page,
        per_page,
        lambda job: prompted.shown(job, jobs.clips(job.id), catalogue, at, media.signed_url),
    )
