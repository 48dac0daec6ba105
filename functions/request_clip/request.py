"""The order in which nothing is paid twice: put the attempt, queue the look, then claim and send its create."""

from __future__ import annotations

from contextlib import suppress

from functions.studio.attempts import offered
from functions.studio.clips import Attempt, AttemptStatus, ClipStatus, made_with
from functions.studio.errors import ConditionLost, NotFound, StaleRun
from functions.studio.messages import ClipTask, RequestClip
from functions.studio.recording import release
from functions.studio.rows import now
from functions.studio.sending import Outbox, send, spending
from functions.studio.telemetry import logger


def request_clip(message: RequestClip, outbox: Outbox) -> None:
    task = message.task
    job = spending(outbox.jobs, task)
    clip = outbox.jobs.clip(task.job_id, task.clip)
    model = outbox.catalogue().model(*made_with(clip, task.stage))
    attempt = Attempt(
        id=task.attempt_id,
        clip=task.clip,
        run=task.run,
        stage=task.stage,
        provider=model.provider,
        model=model.name,
        slug=model.slug,
        price=offered(model, clip, job, task.stage).cost,
        token=message.token,
        turn=message.turn,
        postponed=True,
        asked_at=now(),
    )
    begun = {"attemptId": attempt.id, "retryCount": task.attempt - 1, "startedAt": clip.started_at or now()}
    try:
        outbox.jobs.table.commit(
            outbox.jobs.new_attempt(task.job_id, attempt),
            outbox.jobs.move_clip(task.job_id, task.run, task.clip, ClipStatus.PROCESSING, begun),
        )
    except ConditionLost as lost:
        if lost.index != 0:
            raise StaleRun(f"clip {task.clip} has ended, or belongs to another run") from lost
        _enter_again(message, outbox)
        return
    outbox.checks.look_later(task)
    send(task, outbox)


def _enter_again(message: RequestClip, outbox: Outbox) -> None:
    """A Retry of the state: the attempt is there already, so only its token is new.

    Its create is sent where nobody had claimed it; an attempt that may have been sent is looked for. A try that comes
    after the next one has begun, because the workflow had given it up too soon, does not take the token back.
    """
    task = message.task
    there = _attempt(task, outbox)
    if there.turn > message.turn:
        logger().info("a later try of the state waits already", extra={"turn": message.turn, "later": there.turn})
        return
    with suppress(ConditionLost):  # perhaps to ourselves: the SDK asks again when DynamoDB's answer was lost
        outbox.jobs.table.commit(outbox.jobs.replace_token(task.job_id, there, message.token, message.turn))
    attempt = _attempt(task, outbox)
    if attempt.token != message.token:
        raise ConditionLost(f"another try of the state took attempt {attempt.id} over")
    if attempt.status is AttemptStatus.ANSWERED:
        release(outbox.jobs, outbox.workflow, task.job_id, task.attempt_id)
        return
    outbox.checks.look_later(task)
    send(task, outbox)


def _attempt(task: ClipTask, outbox: Outbox) -> Attempt:
    attempt = outbox.jobs.find_attempt(task.job_id, task.attempt_id)
    if attempt is None:
        raise NotFound(f"attempt {task.attempt_id} vanished")
    return attempt
