"""The order in which nothing is paid twice: put the attempt, queue the look, then claim and send its create."""

from __future__ import annotations

from functions.studio.clips import Attempt, AttemptStatus, ClipStatus
from functions.studio.errors import ConditionLost, NotFound, StaleRun
from functions.studio.messages import RequestClip
from functions.studio.recording import release
from functions.studio.rows import now
from functions.studio.sending import Outbox, send, spending


def request_clip(message: RequestClip, outbox: Outbox) -> None:
    task = message.task
    job = spending(outbox.jobs, task)
    clip = outbox.jobs.clip(task.job_id, task.clip)
    model = outbox.catalogue().model(clip.model, clip.mode)
    attempt = Attempt(
        id=task.attempt_id,
        clip=task.clip,
        run=task.run,
        stage=task.stage,
        provider=model.provider,
        model=clip.model,
        slug=model.slug,
        price=model.offer(job.cut, clip.duration_seconds).cost,
        token=message.token,
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

    Its create is sent where nobody had claimed it; an attempt that may have been sent is looked for.
    """
    task = message.task
    outbox.jobs.table.commit(outbox.jobs.replace_token(task.job_id, task.attempt_id, message.token))
    attempt = outbox.jobs.find_attempt(task.job_id, task.attempt_id)
    if attempt is None:
        raise NotFound(f"attempt {task.attempt_id} vanished")
    if attempt.status is AttemptStatus.ANSWERED:
        release(outbox.jobs, outbox.workflow, task.job_id, task.attempt_id)
        return
    outbox.checks.look_later(task)
    send(task, outbox)
