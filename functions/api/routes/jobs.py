"""Jobs: one request for one film, and how far it is."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from functions.api import cursors
from functions.api.accept_job import Draft, TheReception
from functions.api.cancel_job import cancel_job
from functions.api.destinations import DeliverRequest, copy_again
from functions.api.envelope import JSON, Envelope, Listed, answer, shown
from functions.api.first_picture import TheDarkroom
from functions.api.from_listing import draft as draft_of_listing
from functions.api.from_scenes import draft as draft_of_scenes
from functions.api.given import (
    Asker,
    OfRun,
    TheCatalogue,
    TheEvents,
    TheJobs,
    TheLedger,
    TheLibrary,
    TheMedia,
    ThePlayerTokens,
    TheSharedUrl,
    TheStoryboard,
)
from functions.api.image_pairs import ImagePairsRequest, draft
from functions.api.job_list import (
    CreatedBefore,
    CreatedFrom,
    OfCampaign,
    OfClient,
    OfKind,
    Statuses,
    Titled,
    Wanted,
    made,
    page_of_jobs,
)
from functions.api.job_views import (
    JobSummary,
    JobView,
    job_path,
    job_summary,
    job_view,
    polling,
)
from functions.api.listing_request import ListingRequest
from functions.api.money_views import LedgerView, ledger_view
from functions.api.own_jobs import film_of_run, own_job
from functions.api.prompt_request import PromptRequest
from functions.api.prompted import draft as draft_prompted
from functions.api.rehearsal import REHEARSED, DryRun, Told, told_or_done
from functions.api.scenes_request import ScenesRequest
from functions.api.standing import TheMoment, TheTier, require_tier
from functions.api.sub_job_views import SubJobsView, sub_jobs_view

router = Router()
TAGS = ["jobs"]
CANCELLED_BEFORE: dict[int, OpenAPIResponse] = {200: {"description": "It was cancelled before"}}


@router.post(
    "/jobs/from-image-pairs",
    tags=TAGS,
    status_code=202,
    summary="Make a film from pairs of a campaign's pictures",
    responses=REHEARSED,
)
def from_image_pairs(
    body: ImagePairsRequest,
    asker: Asker,
    library: TheLibrary,
    catalogue: TheCatalogue,
    reception: TheReception,
    tier: TheTier,
    moment: TheMoment,
    dry_run: DryRun = False,
) -> Response[Told]:
    default_model = os.environ["VIDEO_GENERATION_MODEL"]

    def drafted() -> Draft:
        job, clips = draft(body, asker.tenant, library, catalogue, default_model, moment.facts("pair"))
        require_tier(job, tier, catalogue)
        return job, clips

    return told_or_done(dry_run, body, drafted, reception)


@router.post(
    "/jobs/from-prompt",
    tags=TAGS,
    status_code=202,
    summary="Make a film from a script or a prompt, and perhaps a picture",
    responses=REHEARSED,
)
def from_prompt(
    body: PromptRequest,
    asker: Asker,
    darkroom: TheDarkroom,
    reception: TheReception,
    catalogue: TheCatalogue,
    tier: TheTier,
    moment: TheMoment,
    dry_run: DryRun = False,
) -> Response[Told]:
    """Without a `model` a `policy` chooses one (`seed` by itself), and `choice` of the job says why. `fill` covers a long
    `durationSeconds` with several clips; `count` and `compare` make variants, and `comparison` shows them side by side."""

    def drafted() -> Draft:
        by = replace(darkroom, dry=dry_run), reception.budgets, catalogue, tier, replace(moment, dry=dry_run)
        return draft_prompted(body, asker.tenant, *by)

    return told_or_done(dry_run, body, drafted, reception)


@router.post(
    "/jobs/from-scenes",
    tags=TAGS,
    status_code=202,
    summary="Make a film of a scenario, or of some of its scenes",
    responses=REHEARSED,
)
def from_scenes(
    body: ScenesRequest,
    asker: Asker,
    darkroom: TheDarkroom,
    storyboard: TheStoryboard,
    reception: TheReception,
    catalogue: TheCatalogue,
    tier: TheTier,
    moment: TheMoment,
    dry_run: DryRun = False,
) -> Response[Told]:
    """Of each scene a picture is made first, and of that a video; all scenes at once. What a model lacks of the resolution
    becomes the nearest that it has, and `warnings` say so."""

    def drafted() -> Draft:
        by = replace(darkroom, dry=dry_run), storyboard, reception.budgets, catalogue, tier, moment.facts
        return draft_of_scenes(body, asker.tenant, *by)

    return told_or_done(dry_run, body, drafted, reception)


@router.post(
    "/jobs/from-listing",
    tags=TAGS,
    status_code=202,
    summary="Make a narrated film of a listing and its pictures",
    responses=REHEARSED,
)
def from_listing(
    body: ListingRequest,
    asker: Asker,
    darkroom: TheDarkroom,
    reception: TheReception,
    catalogue: TheCatalogue,
    tier: TheTier,
    moment: TheMoment,
    dry_run: DryRun = False,
) -> Response[Told]:
    """A script is written (or yours is used as it is), spoken, timed and burned in as captions; the pictures move, and music
    lies under the voice. `listing` of the job says what came of it."""

    def drafted() -> Draft:
        by = replace(darkroom, dry=dry_run), reception.budgets, catalogue, tier, moment.facts
        return draft_of_listing(body, asker.tenant, *by)

    return told_or_done(dry_run, body, drafted, reception)


@router.get("/jobs", tags=TAGS, summary="List jobs, newest first")
def page(
    asker: Asker,
    jobs: TheJobs,
    statuses: Statuses = None,
    kind: OfKind = None,
    campaign: OfCampaign = None,
    client: OfClient = None,
    title: Titled = None,
    created_from: CreatedFrom = None,
    created_before: CreatedBefore = None,
    limit: cursors.Limit = 50,
    cursor: cursors.Cursor = None,
) -> Envelope[Listed[JobSummary]]:
    """A page may be shorter than `limit`, or empty, and still have a `nextCursor`: a call looks at so many jobs only."""
    wanted = Wanted(statuses, kind, campaign, client, title, made(created_from, created_before))
    found, more = page_of_jobs(jobs, asker.tenant, wanted, limit=limit, after=cursors.position(cursor))
    return answer(Listed(items=[job_summary(job) for job in found], next_cursor=cursors.cursor(more)))


@router.get("/jobs/<job_id>", tags=TAGS, summary="Get a job")
def show(job_id: str, asker: Asker, jobs: TheJobs, tokens: ThePlayerTokens) -> Response[Envelope[JobView]]:
    job = own_job(jobs, asker.tenant, job_id)
    return shown(job_view(job, jobs.clips(job.id), jobs.films.of(job), tokens.link), polling(job))


@router.post("/jobs/<job_id>/cancel", tags=TAGS, status_code=202, summary="Cancel a job", responses=CANCELLED_BEFORE)
def cancel(
    job_id: str, asker: Asker, jobs: TheJobs, events: TheEvents, tokens: ThePlayerTokens
) -> Response[Envelope[JobView]]:
    """From the answer on nothing more is sent for it. What runs at a provider is cancelled there, what is kept already
    stays; `cancelled` says when that is done, `spent` and `saved` what came of the money. Asking again is no error."""
    job = cancel_job(own_job(jobs, asker.tenant, job_id), jobs, events)
    view = answer(job_view(job, jobs.clips(job.id), jobs.films.of(job), tokens.link))
    return Response(200 if job.ended else 202, JSON, view, {"Location": job_path(job.id), **polling(job)})


@router.post("/jobs/<job_id>/deliver", tags=TAGS, status_code=202, summary="Copy the film to its destination again")
def deliver(
    job_id: str,
    asker: Asker,
    jobs: TheJobs,
    events: TheEvents,
    tokens: ThePlayerTokens,
    body: Annotated[DeliverRequest | None, Body()] = None,
) -> Response[Envelope[JobView]]:
    """Or for the first time, to one that is named here. `deliveredTo` of the job says what came of it."""
    job = copy_again(own_job(jobs, asker.tenant, job_id), body or DeliverRequest(), jobs, events)
    view = answer(job_view(job, jobs.clips(job.id), jobs.films.of(job), tokens.link))
    return Response(202, JSON, view, {"Location": job_path(job.id)})


@router.get("/jobs/<job_id>/sub-jobs", tags=TAGS, summary="Get the clips of a job")
def sub_jobs(
    job_id: str, asker: Asker, jobs: TheJobs, catalogue: TheCatalogue, shared: TheSharedUrl
) -> Response[Envelope[SubJobsView]]:
    job = own_job(jobs, asker.tenant, job_id)
    return shown(sub_jobs_view(job, jobs.clips(job.id), catalogue, datetime.now(UTC), shared), polling(job))


@router.get("/jobs/<job_id>/ledger", tags=TAGS, summary="Get what a job has cost, line by line")
def show_ledger(job_id: str, asker: Asker, jobs: TheJobs, ledger: TheLedger) -> Response[Envelope[LedgerView]]:
    job = own_job(jobs, asker.tenant, job_id)
    return shown(ledger_view(job, ledger.lines(job.id)), polling(job))


@router.get("/jobs/<job_id>/manifest", tags=TAGS, summary="Get what the film was made of")
def manifest(job_id: str, asker: Asker, jobs: TheJobs, media: TheMedia, run: OfRun = None) -> Envelope[dict[str, Any]]:
    film = film_of_run(jobs, own_job(jobs, asker.tenant, job_id), run)
    return answer(json.loads(media.read(film.manifest_key)))
