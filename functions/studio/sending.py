"""How a create is sent: once an attempt, by whoever claims it; put off for as long as a busy provider tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from functions.studio.catalogue import catalogue
from functions.studio.check_queue import CheckQueue
from functions.studio.clips import Answer, Attempt, AttemptStatus, Clip, Outcome
from functions.studio.errors import (
    ConditionLost,
    NotConfigured,
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
from functions.studio.messages import ClipTask
from functions.studio.providers.protocol import Order, Prediction, Provider
from functions.studio.recording import cancel, mark, record_acceptance, record_answer, webhook_url
from functions.studio.telemetry import logger
from functions.studio.workflow import Workflow


@dataclass(frozen=True)
class Desk:
    """`public_url` as `webhook_url` takes it; `handover` is how pictures reach the provider, `url` or `upload`."""

    jobs: JobStore
    media: MediaStore
    workflow: Workflow
    checks: CheckQueue
    provider: Callable[[str], Provider]
    public_url: str
    handover: str


def spending(jobs: JobStore, task: ClipTask) -> Job:
    """The job, while this run may spend money for it; else StaleRun."""
    job = jobs.owned(task.job_id, task.run, JobStatus.PROCESSING)
    if not job.may_spend:
        raise StaleRun(f"job {job.id} is being closed; nothing is sent for it")
    return job


def send(task: ClipTask, desk: Desk, turn: int = 0) -> None:
    """Sends the attempt's create, unless it was sent; `turn` counts how often it was put off before.

    An attempt that nobody has claimed was not sent, whatever broke before: pictures may be uploaded again, nothing is
    created twice.
    """
    job, clip = spending(desk.jobs, task), desk.jobs.clip(task.job_id, task.clip)
    attempt = desk.jobs.find_attempt(task.job_id, task.attempt_id)
    if attempt is None or not attempt.postponed or attempt.status is not AttemptStatus.ASKED:
        return
    provider = desk.provider(attempt.provider)
    try:
        order = _claimed(job, clip, attempt, provider, desk)
        prediction = provider.start(order)
    except ConditionLost:
        logger().info("somebody else sends it, or its time is over")
    except ProviderBusy as busy:
        _put_off(task, busy, turn + 1, desk)
    except ProviderUnknown as unknown:
        logger().warning("nobody knows whether the create was accepted", extra={"reason": str(unknown)})
        _is_unknown(desk.jobs, task)
    except (ProviderRefused, ProviderFailed, NotConfigured) as error:
        record_answer(desk.jobs, desk.workflow, job.id, attempt, _not_accepted(error))
    else:
        record_acceptance(desk.jobs, job.id, attempt, prediction.id)
        logger().info("accepted", extra={"prediction": prediction.id, "model": attempt.model})
        _stop_if_overtaken(desk.jobs, task, provider, prediction)


def _claimed(job: Job, clip: Clip, attempt: Attempt, provider: Provider, desk: Desk) -> Order:
    """What is to be sent, by us alone: ConditionLost where another has claimed it. The claim is the last step of all
    that can fail without a trace at the provider."""
    keys = {word: key for word, key in (("firstFrame", clip.image1_key), ("lastFrame", clip.image2_key)) if key}
    if desk.handover == "upload":
        frames = uploads = _uploaded(keys, job, attempt, provider, desk)
    else:
        frames = {word: desk.media.signed_url(key, name=_name(word, key, job, attempt)) for word, key in keys.items()}
        uploads = {}
    model = catalogue().model(attempt.model)
    offer = model.offer(job.cut, clip.duration_seconds)
    words = {
        "prompt": clip.prompt,
        "duration": clip.duration_seconds,
        "aspectRatio": job.aspect_ratio,
        "resolution": offer.resolution.name,
        "audio": offer.audio,
        **frames,
    }
    order = Order(
        slug=attempt.slug,
        input=model.request(words),
        webhook=webhook_url(desk.public_url, attempt.provider, job.id, attempt.id),
    )
    desk.jobs.table.commit(desk.jobs.claim_create(job.id, attempt.id, uploads))
    return order


def _uploaded(keys: dict[str, str], job: Job, attempt: Attempt, provider: Provider, desk: Desk) -> dict[str, str]:
    """Every picture once an attempt, and noted before the next step: its address is how a prediction is recognised."""
    uploads = dict(attempt.uploads)
    for word, key in keys.items():
        if word not in uploads:
            uploads[word] = provider.upload(desk.media.read(key), _name(word, key, job, attempt))
            desk.jobs.table.commit(desk.jobs.note_uploads(job.id, attempt.id, uploads))
    return uploads


def _name(word: str, key: str, job: Job, attempt: Attempt) -> str:
    return f"{mark(job.id, attempt.id)}{word}{PurePosixPath(key).suffix}"


def _put_off(task: ClipTask, busy: ProviderBusy, turn: int, desk: Desk) -> None:
    try:
        desk.jobs.table.commit(desk.jobs.postpone_attempt(task.job_id, task.attempt_id))
    except ConditionLost:
        logger().info("it was busy before the create was claimed, or has ended meanwhile")
    desk.checks.create_later(task, turn, busy.seconds)
    logger().info("put off", extra={"reason": str(busy), "turn": turn, "told": busy.seconds})


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
    """A job or an attempt that ended during the create wants no prediction: what has just begun is cancelled."""
    job, attempt = jobs.job(task.job_id), jobs.find_attempt(task.job_id, task.attempt_id)
    if job.run != task.run or not job.may_spend:
        cancel(provider, prediction.id, "the job ended during the create")
    elif attempt and attempt.status is AttemptStatus.LOST:
        cancel(provider, prediction.id, "its time was over before the create was answered")
