"""What one look does, by what the attempt's row says; and the create of an attempt that was put off."""

from __future__ import annotations

from functions.studio.clips import Answer, Attempt, AttemptStatus, Outcome
from functions.studio.errors import NotConfigured, ProviderError, ProviderRefused, ProviderUnknown, StaleRun
from functions.studio.events import JobEvents
from functions.studio.messages import CheckClip, LateClip
from functions.studio.providers import Prediction
from functions.studio.recording import cancel, find, is_over, record_acceptance, record_answer, release
from functions.studio.sending import Outbox, send
from functions.studio.stopping import stop_attempt
from functions.studio.telemetry import logger

NEVER_BEGUN = "The provider did not answer the request, and has begun nothing."


def check_clip(message: CheckClip, outbox: Outbox, events: JobEvents) -> None:
    jobs = outbox.jobs
    if message.create:
        try:
            send(message, outbox, message.look)
        except StaleRun as stale:
            logger().info("nothing is sent any more", extra={"reason": str(stale)})
        else:
            return
    attempt = jobs.find_attempt(message.job_id, message.attempt_id)
    if attempt is None:
        return
    if attempt.status is AttemptStatus.ANSWERED:
        release(jobs, outbox.workflow, message.job_id, attempt.id)
        return
    if attempt.given_up:
        _stop(message, attempt, outbox, events)
        return
    job = jobs.job(message.job_id)
    if not attempt.is_waiting or job.ended or job.run != message.run:
        return
    if job.stopping:
        _let_go(message, attempt, outbox)
        return
    # First of all, for a look can take its time.
    outbox.workflow.heartbeat(attempt.token)
    over = is_over(attempt)  # before the look, which sees nothing that begins behind it
    known, prediction = _look(message, attempt, outbox)
    if prediction is not None and attempt.prediction_id is None:
        record_acceptance(jobs, message.job_id, attempt, prediction.id)
    if prediction is None and known and over:
        answer = Answer(outcome=Outcome.FAILED, error=NEVER_BEGUN, charged=False)
        prediction = Prediction(id="", answer=answer)
    if prediction is not None and prediction.answer is not None:
        if record_answer(jobs, outbox.workflow, message.job_id, attempt, prediction):
            events.publish_late(_late(message))
        return
    outbox.checks.look_later(message, message.look + 1)


def _look(message: CheckClip, attempt: Attempt, outbox: Outbox) -> tuple[bool, Prediction | None]:
    """Whether the provider tells, and what it knows: None where it knows of nothing, or was never sent anything."""
    try:
        return True, find(outbox.provider(attempt.provider), message.job_id, attempt)
    except (ProviderError, NotConfigured) as error:
        logger().warning("the provider does not tell", extra={"reason": str(error)})
        return False, None


def _let_go(message: CheckClip, attempt: Attempt, outbox: Outbox) -> None:
    """The job is being stopped, and whoever stopped the others has missed this one."""
    stop_attempt(outbox.brake, message.job_id, attempt)
    outbox.workflow.release(attempt.token)
    outbox.checks.look_later(message, message.look + 1)


def _stop(message: CheckClip, attempt: Attempt, outbox: Outbox, events: JobEvents) -> None:
    """Given up, perhaps still running: what is not wanted any more is not left to cost; and what was made is kept."""
    if attempt.came_late:  # and whoever heard of it was not heard
        events.publish_late(_late(message))
    if attempt.postponed or attempt.answer is not None:
        return
    jobs, provider = outbox.jobs, outbox.provider(attempt.provider)
    over = is_over(attempt)
    try:
        prediction = find(provider, message.job_id, attempt)
    except ProviderRefused as refused:
        logger().info("nothing to stop", extra={"attempt": attempt.id, "reason": str(refused)})
        return
    except ProviderUnknown as unknown:  # whatever it began ends by itself, and is kept if its webhook says so
        logger().warning("nobody can say what to stop", extra={"attempt": attempt.id, "reason": str(unknown)})
        if not over:
            outbox.checks.look_later(message, message.look + 1)
        return
    if prediction is None and over:
        return
    if prediction is not None and prediction.answer is not None:
        if record_answer(jobs, outbox.workflow, message.job_id, attempt, prediction):
            events.publish_late(_late(message))
        return
    if prediction is not None:
        if attempt.prediction_id is None:
            record_acceptance(jobs, message.job_id, attempt, prediction.id)
        cancel(provider, prediction.id, "it was given up")
    outbox.checks.look_later(message, message.look + 1)


def _late(message: CheckClip) -> LateClip:
    return LateClip(job_id=message.job_id, run=message.run, attempt_id=message.attempt_id)
