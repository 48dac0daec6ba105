"""Seed 004: the video of a scene, by `scene_id`. Its tasks are the jobs of kind `scenes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from functions.api.accept_job import Draft, Reception
from functions.api.bodies import JSON_LIMIT, json_object, raw_body
from functions.api.dialects.words import ROOT, Asked, Newest, Said, read
from functions.api.envelope import JSON
from functions.api.scenes_request import ScenesRequest
from functions.studio.clips import Clip
from functions.studio.errors import FieldError, NotYours, RequestError
from functions.studio.jobs import Job, JobStatus
from functions.studio.rows import now
from functions.studio.scene_progress import standing

TASKS = f"{ROOT}/generate/tasks"

STATUSES = {
    JobStatus.PLANNING: "pending",
    JobStatus.COMPLETED: "completed",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "failed",
}
"""All others are "processing"."""

MESSAGES = {
    "pending": "Video generation task started",
    "processing": "Video generation in progress",
    "completed": "Video generation completed successfully",
    "failed": "Video generation failed",
}

THEIR_WORDS = {"sceneId": "scene_id", "job_id": "task_id", "scenarioId": "scenario_id", "campaignId": "campaign_id"}
"""What a field is called here that has another name in v3."""


class GenerateScene(Asked):
    scene_id: str
    user_id: str | None = None
    """The caller's own, as GET /api/v3/me tells it."""


class TaskBegun(Said):
    task_id: str
    status: str
    scene_id: str | None
    """None of a film of several scenes."""
    user_id: str
    message: str
    created_at: str
    progress: float
    """Per cent."""
    current_step: str
    error_message: str | None = None


class Task(TaskBegun):
    video_url: str | None = None
    """Signed anew at each reading, and good for an hour."""
    updated_at: str


class Tasks(Newest):
    tasks: list[Task]


class Refused(Said):
    """`code` is that of the v3 problem, in capitals."""

    error: str
    details: str
    code: str
    timestamp: str


def generate(
    document: dict[str, Any], tenant: str, drafted: Callable[[ScenesRequest], Draft], reception: Reception
) -> Response[Any]:
    said = read(GenerateScene, document)
    if said.user_id not in (None, tenant):
        detail = "is not the caller's own; GET /api/v3/me tells it"
        raise NotYours(f"user_id {detail}.", errors=(FieldError("user_id", detail),))
    asked = ScenesRequest.model_validate({"scene_id": said.scene_id}, by_name=True)
    answer = reception.accept(asked, lambda: drafted(asked))
    assert answer.body
    assert answer.body.data
    job = reception.jobs.job(answer.body.data.id)
    begun = TaskBegun(
        task_id=job.id,
        status="pending",
        scene_id=said.scene_id,
        user_id=job.tenant,
        message=MESSAGES["pending"],
        created_at=job.created_at,
        progress=0.0,
        current_step="Initializing",
    )
    return Response(answer.status_code, JSON, begun, {**answer.headers, "Location": f"{TASKS}/{job.id}"})


def shown(job: Job, clips: Sequence[Clip], signed: Callable[[str], str]) -> Task:
    status = STATUSES.get(job.status, "processing")
    at = standing(job, clips)
    return Task(
        task_id=job.id,
        status=status,
        scene_id=clips[0].scene_id if len(clips) == 1 else None,
        user_id=job.tenant,
        message=MESSAGES[status],
        created_at=job.created_at,
        progress=at.percent,
        current_step=at.step,
        error_message=job.error_message or "The job was cancelled." if status == "failed" else None,
        video_url=signed(job.film.key) if job.film and status == "completed" else None,
        updated_at=max([job.updated_at, *(clip.updated_at for clip in clips)]),
    )


def is_told(event: BaseProxyEvent) -> bool:
    """Whether a request speaks this dialect: by its path, or by its body."""
    if event.path == TASKS or event.path.startswith(f"{TASKS}/"):
        return True
    if event.path != f"{ROOT}/generate":
        return False
    try:
        body = raw_body(event)
        return len(body) <= JSON_LIMIT and names_a_scene(json_object(body.decode()))
    except (RequestError, UnicodeDecodeError):
        return False


def names_a_scene(document: Mapping[str, Any]) -> bool:
    return "scene_id" in document and "generation_mode" not in document


def refused(error: RequestError, headers: Mapping[str, str]) -> Response[Any]:
    faults = [f"{THEIR_WORDS.get(one.field, one.field)}: {one.detail}" for one in error.errors] or [error.detail]
    details = "; ".join(faults)
    refusal = Refused(
        error=error.title,
        details=f"{details} ({error.hint})" if error.hint else details,
        code=error.code.upper(),
        timestamp=now(),
    )
    return Response(error.status, JSON, refusal.model_dump(), headers)
