"""The clips of a job in the words of the v3 API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from functions.api.clip_urls import clip_url, last_frame_url, thumbnail_url
from functions.api.envelope import Money, View
from functions.api.given import SharedUrl
from functions.api.progress import progress
from functions.studio.catalogue import Catalogue, Model
from functions.studio.clips import Clip, ClipStatus, made_with
from functions.studio.jobs import Job

PREDICTION_PAGES = {"replicate": "https://replicate.com/p/{id}"}
"""Where a provider shows a prediction to the owner of the account."""


class SubJobView(View):
    id: str
    job_id: str
    sub_job_number: int
    shot: int
    """Its place in the film; several variants may have been made for one."""
    variant: int
    image1_asset_id: str | None
    image2_asset_id: str | None
    scene_id: str | None
    """Of a film of scenes; so are the next five."""
    current_step: str
    """The paid step that is being taken, was taken last, or is to be taken: `image`, `video`."""
    image_url: str | None
    """Of the picture that the video begins with, for everybody who has the URL."""
    image_prompt: str | None
    image_model_id: str | None
    approved: bool | None
    """While the job waits: whether its picture may go on."""
    replicate_prediction_id: str | None
    prediction_url: str | None
    model_id: str
    status: str
    progress: float
    video_url: str | None
    video_blob_id: str | None
    thumbnail_url: str | None
    last_frame_url: str | None
    """A JPEG; another film can begin with it: `continueFrom`."""
    duration_seconds: float
    estimated_cost: Money
    actual_cost: Money | None
    provider_reported_cost: Money | None
    """What the provider says that it took; None where it says nothing."""
    error_message: str | None
    error_class: str | None
    error_input: str | None
    """The input at fault, where the provider says which."""
    retry_count: int
    prompt: str | None
    score: Money | None
    reason: str | None
    started_at: str | None
    completed_at: str | None
    created_at: str
    updated_at: str


class Summary(View):
    total: int
    pending: int
    processing: int
    awaiting_approval: int
    completed: int
    failed: int
    cancelled: int


class SubJobsView(View):
    sub_jobs: list[SubJobView]
    summary: Summary


def sub_jobs_view(
    job: Job, clips: Sequence[Clip], catalogue: Catalogue, at: datetime, shared: SharedUrl
) -> SubJobsView:
    """`at` is the time for which the progress of running clips is told."""
    count = Counter(clip.status for clip in clips)
    return SubJobsView(
        sub_jobs=[_sub_job(job, clip, catalogue.find(*made_with(clip, clip.stage)), at, shared) for clip in clips],
        summary=Summary(
            total=len(clips),
            pending=count[ClipStatus.PENDING],
            processing=count[ClipStatus.PROCESSING],
            awaiting_approval=count[ClipStatus.AWAITING_APPROVAL],
            completed=count[ClipStatus.COMPLETED],
            failed=count[ClipStatus.FAILED],
            cancelled=count[ClipStatus.CANCELLED],
        ),
    )


def _sub_job(job: Job, clip: Clip, model: Model | None, at: datetime, shared: SharedUrl) -> SubJobView:
    """`model` is the one that is asked for its present stage."""
    picture = clip.picture or clip.standing.picture
    return SubJobView(
        id=f"{job.id}.{clip.number}",
        job_id=job.id,
        sub_job_number=clip.number,
        shot=clip.place,
        variant=clip.variant,
        image1_asset_id=clip.image1_asset_id,
        image2_asset_id=clip.image2_asset_id,
        scene_id=clip.scene_id,
        current_step=clip.stage,
        image_url=shared(picture.key) if picture else None,
        image_prompt=clip.image_prompt,
        image_model_id=clip.image_model,
        approved=_approved(job, clip),
        replicate_prediction_id=clip.prediction_id,
        prediction_url=_prediction_url(clip, model),
        model_id=clip.model,
        status=clip.status.value,
        progress=progress(clip, model, at),
        video_url=clip_url(job, clip),
        video_blob_id=_blob(job, clip),
        thumbnail_url=thumbnail_url(job, clip),
        last_frame_url=last_frame_url(job, clip),
        duration_seconds=clip.duration_seconds,
        estimated_cost=clip.estimated_cost,
        actual_cost=clip.actual_cost,
        provider_reported_cost=clip.provider_reported_cost,
        error_message=clip.error_message,
        error_class=clip.error_class,
        error_input=clip.error_input,
        retry_count=clip.attempts_before,
        prompt=clip.prompt,
        score=clip.score,
        reason=clip.reason,
        started_at=clip.started_at,
        completed_at=clip.completed_at,
        created_at=clip.created_at,
        updated_at=clip.updated_at,
    )


def _approved(job: Job, clip: Clip) -> bool | None:
    if clip.status is not ClipStatus.AWAITING_APPROVAL:
        return None
    return job.pause is not None and clip.number in job.pause.approved


def _blob(job: Job, clip: Clip) -> str | None:
    return f"{job.id}.{clip.standing.attempt_id}" if clip.latest else None


def _prediction_url(clip: Clip, model: Model | None) -> str | None:
    page = PREDICTION_PAGES.get(model.provider) if model else None
    return page.format(id=clip.prediction_id) if page and clip.prediction_id else None
