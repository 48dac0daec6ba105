"""What a request for a job would come to, told instead of done: `?dryRun=true`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from functions.api.accept_job import Draft, Reception
from functions.api.envelope import JSON, Envelope, Money, View, answer
from functions.api.job_views import AcceptedView
from functions.api.prompt_views import ChoiceView, choice_view
from functions.studio.clips import Clip
from functions.studio.credits import in_credits
from functions.studio.jobs import Job

DryRun = Annotated[bool, Query(alias="dryRun", description="Says what it would come to; nothing is made, kept or paid")]


class RehearsedClip(View):
    sub_job_number: int
    shot: int
    variant: int
    model_id: str
    image_model_id: str | None
    duration_seconds: float
    prompt: str | None
    image_prompt: str | None
    estimated_cost: Money


class RehearsalView(View):
    dry_run: Literal[True] = True
    kind: str
    model_id: str
    image_model_id: str | None
    fallback_models: list[str]
    total_clips: int | None
    """Null where it is decided when the pairs are chosen."""
    estimated_cost: Money | None
    """At most, whichever of its models makes each clip; null as the number of clips."""
    estimated_credits: int | None
    choice: ChoiceView | None
    clips: list[RehearsedClip]
    warnings: list[str]


Told = Envelope[AcceptedView] | Envelope[RehearsalView]

REHEARSED: dict[int, OpenAPIResponse] = {
    200: {
        "description": "With `dryRun=true`: the request is valid, and this is what it would come to",
        "content": {JSON: {"model": Envelope[RehearsalView]}},
    },
    202: {"description": "Accepted", "content": {JSON: {"model": Envelope[AcceptedView]}}},
}


def told_or_done(dry_run: bool, asked: BaseModel, draft: Callable[[], Draft], reception: Reception) -> Response[Any]:
    """A dry run is refused for whatever acceptance would be, as things stand; nothing is written by it."""
    if not dry_run:
        return reception.accept(asked, draft)
    job, clips = draft()
    job = in_credits(job, [clip.stage for clip in clips])
    reception.budgets.check_beginning(job)
    return Response(200, JSON, answer(_view(job, clips)))


def _view(job: Job, clips: Sequence[Clip]) -> RehearsalView:
    return RehearsalView(
        kind=job.kind,
        model_id=job.model,
        image_model_id=job.image_model,
        fallback_models=job.fallback_models,
        total_clips=job.total_clips,
        estimated_cost=job.estimated_cost,
        estimated_credits=job.reserved_credits if job.credit_costs else None,
        choice=choice_view(job.choice) if job.choice else None,
        clips=[
            RehearsedClip(
                sub_job_number=clip.number,
                shot=clip.place,
                variant=clip.variant,
                model_id=clip.model,
                image_model_id=clip.image_model,
                duration_seconds=clip.duration_seconds,
                prompt=clip.prompt,
                image_prompt=clip.image_prompt,
                estimated_cost=clip.estimated_cost,
            )
            for clip in clips
        ],
        warnings=job.warnings,
    )
