"""What one look does, by what the attempt's row says; and the create of an attempt that was put off."""

from __future__ import annotations

from functions.studio.clips import Attempt, AttemptStatus
from functions.studio.errors import NotConfigured, ProviderError, ProviderRefused, StaleRun
from functions.studio.messages import CheckClip
from functions.studio.providers import Prediction, Provider
from functions.studio.recording import cancel, find, record_acceptance, record_answer, release
from functions.studio.sending import Outbox, send
from functions.studio.telemetry import logger


def check_clip(message: CheckClip, outbox: Outbox) -> None:
    if message.create:
        try:
            send(message, outbox, message.look)
        except StaleRun as stale:
            logger().info("nothing is sent any more", extra={"reason": str(stale)})
        return
    jobs = outbox.jobs
    attempt = jobs.find_attempt(message.job_id, message.attempt_id)
    if attempt is None:
        return
    if attempt.status is AttemptStatus.ANSWERED:
        release(jobs, outbox.workflow, message.job_id, attempt.id)
        return
    if attempt.status is AttemptStatus.LOST and attempt.prediction_id:
        _stop(outbox.provider(attempt.provider), attempt.prediction_id)
        return
    job = jobs.job(message.job_id)
    if not attempt.is_waiting or job.ended or job.run != message.run:
        return
    # First of all, for a look can take its time.
    outbox.workflow.heartbeat(attempt.token)
    prediction = _look(message, attempt, outbox)
    if prediction is not None and attempt.prediction_id is None:
        record_acceptance(jobs, message.job_id, attempt, prediction.id)
    if prediction is not None and prediction.answer is not None:
        record_answer(jobs, outbox.workflow, message.job_id, attempt, prediction)
        return
    outbox.checks.look_later(message, message.look + 1)


def _look(message: CheckClip, attempt: Attempt, outbox: Outbox) -> Prediction | None:
    """None while nothing can be said: it cannot be found (yet), the provider does not tell, or it was never sent."""
    try:
        return find(outbox.provider(attempt.provider), message.job_id, attempt)
    except (ProviderError, NotConfigured) as error:
        logger().warning("the provider does not tell", extra={"reason": str(error)})
        return None


def _stop(provider: Provider, prediction_id: str) -> None:
    """Given up, perhaps still running: what is not wanted any more is not left to cost."""
    try:
        ended = provider.look(prediction_id).answer is not None
    except ProviderRefused as refused:
        logger().info("nothing to stop", extra={"prediction": prediction_id, "reason": str(refused)})
        return
    if not ended:
        cancel(provider, prediction_id, "it was given up")
