"""The order in which nothing is paid twice: put the attempt, queue the look, create, store the prediction's id."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from functions.studio.catalogue import Model, catalogue
from functions.studio.check_queue import CheckQueue
from functions.studio.clips import Answer, Attempt, AttemptStatus, Clip, ClipStatus, Outcome
from functions.studio.errors import (
    ConditionLost,
    NotConfigured,
    NotFound,
    ProviderBusy,
    ProviderError,
    ProviderFailed,
    ProviderRefused,
    ProviderUnknown,
    StaleRun,
)
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTask, RequestClip
from functions.studio.providers import Order, Prediction, Provider
from functions.studio.recording import mark, record_acceptance, record_answer, release
from functions.studio.rows import now
from functions.studio.telemetry import logger
from functions.studio.workflow import Workflow


@dataclass(frozen=True)
class Desk:
    jobs: JobStore
    media: MediaStore
    workflow: Workflow
    checks: CheckQueue
    provider: Callable[[str], Provider]
    webhook_url: Callable[[str, str, str], str | None]


def request_clip(message: RequestClip, desk: Desk) -> None:
    task = message.task
    job = _running(desk.jobs, task)
    clip = desk.jobs.clip(task.job_id, task.clip)
    model = catalogue().model(clip.model)
    attempt = Attempt(
        id=task.attempt_id,
        clip=task.clip,
        run=task.run,
        stage=task.stage,
        provider=model.provider,
        model=clip.model,
        slug=model.slug,
        token=message.token,
        asked_at=now(),
    )
    begun = {"attemptId": attempt.id, "retryCount": task.attempt - 1, "startedAt": clip.started_at or now()}
    try:
        desk.jobs.table.commit(
            desk.jobs.new_attempt(task.job_id, attempt),
            desk.jobs.move_clip(task.job_id, task.run, task.clip, ClipStatus.PROCESSING, begun),
        )
    except ConditionLost as lost:
        if lost.index != 0:
            raise StaleRun(f"clip {task.clip} has ended, or belongs to another run") from lost
        _enter_again(message, job, clip, model, desk)
        return
    desk.checks.look_later(task)
    _send(task, attempt, job, clip, model, desk)


def _running(jobs: JobStore, task: ClipTask) -> Job:
    job = jobs.owned(task.job_id, task.run, JobStatus.PROCESSING)
    if not job.may_spend:
        raise StaleRun(f"job {job.id} is being closed; nothing is sent for it")
    return job


def _enter_again(message: RequestClip, job: Job, clip: Clip, model: Model, desk: Desk) -> None:
    """A Retry of the state: the attempt is there already, so only its token is new.

    The create is sent again in one case alone: the provider had said that it was too busy to take it.
    """
    task = message.task
    desk.jobs.table.commit(desk.jobs.replace_token(task.job_id, task.attempt_id, message.token))
    attempt = desk.jobs.find_attempt(task.job_id, task.attempt_id)
    if attempt is None:
        raise NotFound(f"attempt {task.attempt_id} vanished")
    if attempt.status is AttemptStatus.ANSWERED:
        release(desk.jobs, desk.workflow, task.job_id, task.attempt_id)
    elif attempt.postponed and _claims_the_create(desk.jobs, task):
        _send(task, attempt, job, clip, model, desk)
    else:
        desk.checks.look_later(task)


def _claims_the_create(jobs: JobStore, task: ClipTask) -> bool:
    try:
        jobs.table.commit(jobs.postpone_attempt(task.job_id, task.attempt_id, postponed=False))
    except ConditionLost:
        return False
    return True


def _send(task: ClipTask, attempt: Attempt, job: Job, clip: Clip, model: Model, desk: Desk) -> None:
    provider = desk.provider(model.provider)
    try:
        prediction = provider.start(_order(task, job, clip, model, desk))
    except ProviderBusy:
        desk.jobs.table.commit(desk.jobs.postpone_attempt(task.job_id, attempt.id, postponed=True))
        raise
    except ProviderUnknown as unknown:
        logger().warning("nobody knows whether the create was accepted", extra={"reason": str(unknown)})
        _is_unknown(desk.jobs, task)
        return
    except (ProviderRefused, ProviderFailed, NotConfigured) as error:
        record_answer(desk.jobs, desk.workflow, task.job_id, attempt, _not_accepted(error))
        return
    record_acceptance(desk.jobs, task.job_id, attempt, prediction.id)
    logger().info("accepted", extra={"prediction": prediction.id, "model": clip.model})
    _stop_if_overtaken(desk.jobs, task, provider, prediction)


def _is_unknown(jobs: JobStore, task: ClipTask) -> None:
    try:
        jobs.table.commit(jobs.move_attempt(task.job_id, task.attempt_id, AttemptStatus.UNKNOWN))
    except ConditionLost:
        logger().info("the answer came although its create was not answered")


def _not_accepted(error: ProviderError | NotConfigured) -> Prediction:
    """An answer like any other, so that KeepClip alone ends attempts. Nothing was begun, so nothing is charged."""
    outcome = Outcome.REFUSED if isinstance(error, ProviderRefused) else Outcome.FAILED
    return Prediction(id="", answer=Answer(outcome=outcome, error=str(error), charged=False))


def _stop_if_overtaken(jobs: JobStore, task: ClipTask, provider: Provider, prediction: Prediction) -> None:
    """A job that ended during the create wants no prediction: what has just begun is cancelled."""
    job = jobs.job(task.job_id)
    if job.run != task.run or not job.may_spend:
        provider.cancel(prediction.id)
        logger().warning("cancelled: the job ended during the create", extra={"prediction": prediction.id})


def _order(task: ClipTask, job: Job, clip: Clip, model: Model, desk: Desk) -> Order:
    marked = mark(task.job_id, task.attempt_id)
    words: dict[str, Any] = {
        "prompt": clip.prompt,
        "duration": clip.duration_seconds,
        "aspectRatio": job.aspect_ratio,
    }
    for word, key in (("firstFrame", clip.image1_key), ("lastFrame", clip.image2_key)):
        if key:
            extension = key.rsplit(".", 1)[-1]
            words[word] = desk.media.signed_url(key, name=f"{marked}{word}.{extension}")
    return Order(
        slug=model.slug,
        input=model.request(words),
        webhook=desk.webhook_url(model.provider, task.job_id, task.attempt_id),
    )
