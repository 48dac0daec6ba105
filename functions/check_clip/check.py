"""What one look does, by what the attempt's row says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from functions.studio.check_queue import CheckQueue
from functions.studio.clips import Attempt, AttemptStatus
from functions.studio.errors import NotConfigured, ProviderError
from functions.studio.job_store import JobStore
from functions.studio.messages import CheckClip
from functions.studio.providers import Prediction, Provider
from functions.studio.recording import mark, record_acceptance, record_answer, release
from functions.studio.telemetry import logger
from functions.studio.workflow import Workflow


@dataclass(frozen=True)
class Lookout:
    jobs: JobStore
    workflow: Workflow
    checks: CheckQueue
    provider: Callable[[str], Provider]


def check_clip(message: CheckClip, lookout: Lookout) -> None:
    jobs = lookout.jobs
    attempt = jobs.find_attempt(message.job_id, message.attempt_id)
    if attempt is None:
        return
    if attempt.status is AttemptStatus.ANSWERED:
        release(jobs, lookout.workflow, message.job_id, attempt.id)
        return
    if attempt.status is AttemptStatus.LOST and attempt.prediction_id:
        _stop(lookout.provider(attempt.provider), attempt.prediction_id)
        return
    job = jobs.job(message.job_id)
    if not attempt.is_waiting or job.ended or job.run != message.run:
        return
    # First of all, for a look can take its time.
    lookout.workflow.heartbeat(attempt.token)
    prediction = _look(message, attempt, lookout)
    if prediction is not None and attempt.prediction_id is None:
        record_acceptance(jobs, message.job_id, attempt, prediction.id)
    if prediction is not None and prediction.answer is not None:
        record_answer(jobs, lookout.workflow, message.job_id, attempt, prediction)
        return
    lookout.checks.look_later(message, message.look + 1)


def _look(message: CheckClip, attempt: Attempt, lookout: Lookout) -> Prediction | None:
    """None while nothing can be said: it cannot be found (yet), the provider does not tell, or it was never sent."""
    provider = lookout.provider(attempt.provider)
    try:
        if attempt.prediction_id:
            return provider.look(attempt.prediction_id)
        if attempt.postponed:
            return None
        return provider.find(mark(message.job_id, attempt.id), attempt.asked_at)
    except (ProviderError, NotConfigured) as error:
        logger().warning("the provider does not tell", extra={"reason": str(error)})
        return None


def _stop(provider: Provider, prediction_id: str) -> None:
    """Given up, perhaps still running: what is not wanted any more is not left to cost."""
    if provider.look(prediction_id).answer is None:
        provider.cancel(prediction_id)
        logger().warning("cancelled: its time was over", extra={"prediction": prediction_id})
