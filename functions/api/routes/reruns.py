"""Further runs of a job that has ended, or waits: what failed, one clip anew, what is approved, another cut, another form."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from functions.api.approval import ApproveRequest, TheApprovals
from functions.api.envelope import Envelope
from functions.api.film_changes import (
    RecutRequest,
    RegenerateRequest,
    RenditionRequest,
    RetryRequest,
    recut,
    regenerate,
    rendition,
)
from functions.api.film_options import MOST_CLIPS
from functions.api.given import Asker, TheCatalogue
from functions.api.job_views import AcceptedView
from functions.api.reruns import TheReruns, retry
from functions.api.standing import TheMoment, TheTier

router = Router()
TAGS = ["jobs"]

Accepted = Response[Envelope[AcceptedView]]
Number = Annotated[int, Path(ge=1, le=MOST_CLIPS)]


@router.post(
    "/jobs/<job_id>/retry", tags=TAGS, status_code=202, summary="Make the clips that failed, and the film again"
)
def try_again(
    job_id: str, asker: Asker, reruns: TheReruns, body: Annotated[RetryRequest | None, Body()] = None
) -> Accepted:
    """Failed and cancelled clips only: what is kept is not paid for again."""
    return reruns.begin(body or RetryRequest(), asker.tenant, job_id, retry)


@router.post(
    "/jobs/<job_id>/sub-jobs/<number>/regenerate",
    tags=TAGS,
    status_code=202,
    summary="Make one clip anew, and the film",
)
def make_anew(
    job_id: str,
    number: Number,
    asker: Asker,
    reruns: TheReruns,
    catalogue: TheCatalogue,
    tier: TheTier,
    moment: TheMoment,
    body: Annotated[RegenerateRequest | None, Body()] = None,
) -> Accepted:
    """The clip that is there stays until the new one is: if that fails, the film is made with it as before. So it is with a
    picture that waits for approval, of which this makes another."""
    asked = body or RegenerateRequest()
    decide = regenerate(asked, number, catalogue, asker.tenant, reruns.library, tier, moment.facts)
    return reruns.begin(asked, asker.tenant, job_id, decide, in_pause=True)


@router.post(
    "/jobs/<job_id>/sub-jobs/<number>/approve",
    tags=TAGS,
    status_code=202,
    summary="Let a picture go on to its video",
)
def approve(
    job_id: str,
    number: Number,
    asker: Asker,
    approvals: TheApprovals,
    body: Annotated[ApproveRequest | None, Body()] = None,
) -> Accepted:
    """Of a job with `pauseAfter`. When no picture is left that waits, or at `start`, the videos are made, and paid for."""
    return approvals.approve(body or ApproveRequest(), asker.tenant, job_id, number)


@router.post(
    "/jobs/<job_id>/recut", tags=TAGS, status_code=202, summary="Cut another film from the clips that are kept"
)
def cut_again(body: RecutRequest, job_id: str, asker: Asker, reruns: TheReruns) -> Accepted:
    """Its film becomes the job's; the earlier ones stay."""
    return reruns.begin(body, asker.tenant, job_id, recut(body, asker.tenant, reruns.library))


@router.post("/jobs/<job_id>/renditions", tags=TAGS, status_code=202, summary="Make the film in another form")
def render(body: RenditionRequest, job_id: str, asker: Asker, reruns: TheReruns) -> Accepted:
    """It stands beside the job's film, among `films`, and does not take its place."""
    return reruns.begin(body, asker.tenant, job_id, rendition(body))
