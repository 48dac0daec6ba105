"""How a create is sent: once an attempt, by whoever claims it; put off for as long as a busy provider tells."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

from functions.studio.attempts import offered, ratio_asked
from functions.studio.catalogue import Catalogue, Mode, Model
from functions.studio.check_queue import CheckQueue
from functions.studio.clips import Answer, Attempt, AttemptStatus, Clip, Outcome, made_with
from functions.studio.errors import (
    ConditionLost,
    ModelGone,
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
from functions.studio.media_store import MediaStore, SharedStore
from functions.studio.messages import ClipTask
from functions.studio.providers.protocol import Order, Prediction, Provider, fingerprint
from functions.studio.recording import cancel, mark, record_acceptance, record_answer, webhook_url
from functions.studio.rows import new_id, today
from functions.studio.stopping import Brake
from functions.studio.telemetry import logger
from functions.studio.workflow import Workflow


@dataclass(frozen=True)
class Outbox:
    """`public_url` as `webhook_url` takes it; `handover` is how pictures reach the provider, `url` or `upload`."""

    jobs: JobStore
    media: MediaStore
    shared: Callable[[], SharedStore]
    workflow: Workflow
    checks: CheckQueue
    brake: Brake
    provider: Callable[[str], Provider]
    catalogue: Callable[[], Catalogue]
    public_url: str
    handover: str


def spending(jobs: JobStore, task: ClipTask) -> Job:
    """The job, while this run may spend money for it; else StaleRun."""
    job = jobs.owned(task.job_id, task.run, JobStatus.PROCESSING)
    if not job.may_spend:
        raise StaleRun(f"job {job.id} is being closed; nothing is sent for it")
    return job


def send(task: ClipTask, outbox: Outbox, turn: int = 0) -> None:
    """Sends the attempt's create, unless it was sent; `turn` counts how often it was put off before.

    An attempt that nobody has claimed was not sent, whatever broke before: pictures may be uploaded again, nothing is
    created twice. What fails before the claim is nobody's to undo, and is answered for only by whoever gets the claim.
    """
    job, clip = spending(outbox.jobs, task), outbox.jobs.clip(task.job_id, task.clip)
    attempt = outbox.jobs.find_attempt(task.job_id, task.attempt_id)
    if attempt is None or not attempt.postponed or attempt.status is not AttemptStatus.ASKED:
        return
    provider = outbox.provider(attempt.provider)
    model = outbox.catalogue().model(attempt.model, _mode(clip, attempt))
    claim: str | None = None
    try:
        frames = _frames(job, clip, attempt, provider, outbox)
        order = _order(job, clip, attempt, model, frames, outbox)
        its_own = _asked_seed(clip, attempt) is None and "seed" in model.inputs
        known_by = None if frames else fingerprint(order.input, unique=its_own)
        if outbox.handover == "upload":
            spending(outbox.jobs, task)  # once more: in the time that uploads take a job may be cancelled
        claim = _claim(outbox.jobs, task, frames if outbox.handover == "upload" else {}, known_by)
        prediction = provider.start(order)
    except ConditionLost:
        logger().info("somebody else sends it, or its time is over")
    except ProviderBusy as busy:
        if claim:
            _give_back(outbox.jobs, task, claim)
        _put_off(task, busy, turn + 1, outbox)
    except ProviderUnknown as unknown:
        logger().warning("nobody knows whether the create was accepted", extra={"reason": str(unknown)})
        _is_unknown(outbox.jobs, task)
    except (ProviderRefused, ProviderFailed, NotConfigured) as error:
        with suppress(ConditionLost):  # whoever claimed it meanwhile hears for itself
            claim = claim or _claim(outbox.jobs, task, {})
            record_answer(
                outbox.jobs,
                outbox.workflow,
                job.id,
                attempt,
                _not_accepted(error, model, job, clip, outbox.catalogue()),
            )
    else:
        record_acceptance(outbox.jobs, job.id, attempt, prediction.id)
        logger().info("accepted", extra={"prediction": prediction.id, "model": attempt.model})
        _stop_if_overtaken(outbox.jobs, task, provider, prediction)


def _claim(jobs: JobStore, task: ClipTask, uploads: dict[str, str], known_by: str | None = None) -> str:
    """From here the create is ours alone: ConditionLost where it is another's. It is the last step of all that can fail
    without a trace at the provider."""
    claim = new_id()
    try:
        jobs.table.commit(jobs.claim_create(task.job_id, task.attempt_id, claim, uploads, known_by))
    except ConditionLost:
        # Perhaps to ourselves: the SDK asks again when DynamoDB's answer was lost.
        attempt = jobs.find_attempt(task.job_id, task.attempt_id)
        if attempt is None or attempt.claim != claim or attempt.status is not AttemptStatus.ASKED:
            raise
    return claim


def _give_back(jobs: JobStore, task: ClipTask, claim: str) -> None:
    try:
        jobs.table.commit(jobs.postpone_attempt(task.job_id, task.attempt_id, claim))
    except ConditionLost:
        logger().info("it has ended meanwhile, or was given back already")


def _frames(job: Job, clip: Clip, attempt: Attempt, provider: Provider, outbox: Outbox) -> dict[str, str]:
    """Where the provider finds the pictures, by our words for them."""
    keys = _keys(clip, attempt)
    store = outbox.shared() if clip.picture and attempt.stage != "image" else outbox.media
    if outbox.handover == "upload":
        return _uploaded(keys, store, job, attempt, provider, outbox.jobs)
    return {word: store.signed_url(key, name=_name(word, key, job, attempt)) for word, key in keys.items()}


def _keys(clip: Clip, attempt: Attempt) -> dict[str, str]:
    if attempt.stage == "image":
        shown = {"reference1": clip.reference_key}
    else:
        shown = {"firstFrame": clip.image1_key, "lastFrame": clip.image2_key}
    return {word: key for word, key in shown.items() if key}


def _mode(clip: Clip, attempt: Attempt) -> Mode:
    return made_with(clip, attempt.stage)[1]


def _asked_seed(clip: Clip, attempt: Attempt) -> int | None:
    """That the caller has named; a clip's is of its video."""
    return None if attempt.stage == "image" else clip.seed


def _order(job: Job, clip: Clip, attempt: Attempt, model: Model, frames: dict[str, str], outbox: Outbox) -> Order:
    offer, seed = offered(model, clip, job, attempt.stage), _asked_seed(clip, attempt)
    words = {
        "prompt": clip.image_prompt if attempt.stage == "image" else clip.prompt,
        "duration": clip.duration_seconds,
        "aspectRatio": ratio_asked(clip, job, attempt.stage, attempt.model),
        "resolution": offer.resolution.name,
        "audio": offer.audio,
        "seed": _own_seed(job, attempt) if seed is None and clip.mode != "pair" else seed,
        **frames,
    }
    return Order(
        slug=attempt.slug,
        task_type=model.task_type,
        input=model.request(words),
        webhook=webhook_url(outbox.public_url, attempt.provider, job.id, attempt.id),
    )


def _own_seed(job: Job, attempt: Attempt) -> int:
    """Another one for each attempt: variants differ, and a create that was not answered is recognised by it."""
    return int.from_bytes(sha256(mark(job.id, attempt.id).encode()).digest()[:4]) >> 1


def _uploaded(
    keys: dict[str, str], store: MediaStore, job: Job, attempt: Attempt, provider: Provider, jobs: JobStore
) -> dict[str, str]:
    """Every picture once an attempt, and noted before the next step: its address is how a prediction is recognised."""
    uploads = dict(attempt.uploads)
    for word, key in keys.items():
        if word not in uploads:
            uploads[word] = provider.upload(store.read(key), _name(word, key, job, attempt))
            jobs.table.commit(jobs.note_uploads(job.id, attempt.id, uploads))
    return uploads


def _name(word: str, key: str, job: Job, attempt: Attempt) -> str:
    return f"{mark(job.id, attempt.id)}{word}{PurePosixPath(key).suffix}"


def _put_off(task: ClipTask, busy: ProviderBusy, turn: int, outbox: Outbox) -> None:
    outbox.checks.create_later(task, turn, busy.seconds)
    logger().info("put off", extra={"reason": str(busy), "turn": turn, "told": busy.seconds})


def _is_unknown(jobs: JobStore, task: ClipTask) -> None:
    try:
        jobs.table.commit(jobs.move_attempt(task.job_id, task.attempt_id, AttemptStatus.UNKNOWN))
    except ConditionLost:
        logger().info("the answer came although its create was not answered")


def _not_accepted(
    error: ProviderError | NotConfigured, model: Model, job: Job, clip: Clip, catalogue: Catalogue
) -> Prediction:
    """An answer like any other, so that KeepClip alone ends attempts. Nothing was begun, so nothing is charged."""
    outcome = Outcome.REFUSED if isinstance(error, ProviderRefused) else Outcome.FAILED
    answer = Answer(
        outcome=outcome,
        error=f"{error}{_instead(model, job, clip, catalogue)}" if isinstance(error, ModelGone) else str(error),
        error_class=error.error_class,
        input=_our_word(error, model) if isinstance(error, ProviderRefused) else None,
        charged=False,
    )
    return Prediction(id="", answer=answer)


def _instead(model: Model, job: Job, clip: Clip, catalogue: Catalogue) -> str:
    """What could be asked in place of a model that is gone, and at what price: nobody is charged it unasked."""
    what = "picture" if model.mode == "still" else "clip"
    offers = [
        f"{one.name} (${one.offer(job.cut, one.duration(clip.duration_seconds)).cost:.2f} a {what})"
        for one in catalogue.successors(model, today())
    ]
    return f". Such {what}s can be had of {', '.join(offers)}, where the job names it" if offers else ""


def _our_word(refused: ProviderRefused, model: Model) -> str | None:
    named = refused.input or ""
    return next((ours for ours, path in model.inputs.items() if path == named or path.startswith(f"{named}.")), None)


def _stop_if_overtaken(jobs: JobStore, task: ClipTask, provider: Provider, prediction: Prediction) -> None:
    """A job or an attempt that ended during the create, or has another prediction, wants none: it is cancelled."""
    job, attempt = jobs.job(task.job_id), jobs.find_attempt(task.job_id, task.attempt_id)
    if job.run != task.run or not job.may_spend:
        cancel(provider, prediction.id, "the job ended during the create")
    elif attempt and attempt.status in (AttemptStatus.LOST, AttemptStatus.CANCELLED):
        cancel(provider, prediction.id, "its time was over before the create was answered")
    elif attempt and attempt.prediction_id not in (None, prediction.id):
        cancel(provider, prediction.id, f"the attempt has the prediction {attempt.prediction_id}")
