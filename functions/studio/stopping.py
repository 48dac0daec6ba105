"""How what a run has sent is stopped: cancelled at its provider, whose last word is recorded; nobody is left waiting."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from functions.studio.at_once import Each
from functions.studio.clips import Attempt
from functions.studio.clock import epoch
from functions.studio.errors import ConditionLost, NotConfigured, ProviderError
from functions.studio.job_store import JobStore
from functions.studio.providers.protocol import Prediction, Provider
from functions.studio.recording import find, is_over, record_acceptance
from functions.studio.telemetry import logger
from functions.studio.workflow import Workflow

PATIENCE = 90.0
"""Seconds that a provider who does not hear is tried: money has to be settled while whoever closes a job still runs. Twice
this, and the calls that are under way then, fit into its time."""


@dataclass(frozen=True)
class Brake:
    """What stopping takes."""

    jobs: JobStore
    provider_of: Callable[[str], Provider]
    each: Each


def stop_predictions(brake: Brake, job_id: str, run: int) -> set[str]:
    """Stops whatever the run still waits for; the ids of the attempts of which nothing was ever begun. What there is no time
    for is left to check_clip."""
    never_begun: set[str] = set()
    until = epoch() + PATIENCE

    def stop(attempt: Attempt) -> None:
        if epoch() < until and stop_attempt(brake, job_id, attempt):
            never_begun.add(attempt.id)

    brake.each(stop, _waiting(brake.jobs, job_id, run))
    return never_begun


def release_waits(brake: Brake, workflow: Workflow, job_id: str, run: int) -> None:
    """Lets every child of the run's map go on that still waits: what follows finds out what became of its clip."""
    attempts = [attempt for attempt in brake.jobs.attempts(job_id) if attempt.run == run and attempt.ended_at is None]
    brake.each(lambda attempt: _release(workflow, attempt), attempts)


def stop_attempt(brake: Brake, job_id: str, attempt: Attempt) -> bool:
    """Cancels an attempt's prediction and records what the provider last said of it. A provider that does not hear now
    is asked again by check_clip.

    True when the provider has no prediction of a create that is over: nothing was started.
    """
    if attempt.postponed or not attempt.is_waiting:
        return False
    over = is_over(attempt)  # before the look, which sees nothing that begins behind it
    provider = brake.provider_of(attempt.provider)
    try:
        prediction = _cancelled(provider, job_id, attempt, brake.jobs)
    except (ProviderError, NotConfigured) as error:
        logger().warning("not stopped", extra={"attempt": attempt.id, "reason": str(error)})
        return False
    if prediction is None:
        return over
    if prediction.answer is not None:
        with suppress(ConditionLost):  # its webhook was quicker
            brake.jobs.table.commit(brake.jobs.attempt_answered(job_id, attempt.id, prediction.id, prediction.answer))
    return False


def _cancelled(provider: Provider, job_id: str, attempt: Attempt, jobs: JobStore) -> Prediction | None:
    """None where the provider knows of none."""
    if attempt.prediction_id:
        return provider.cancel(attempt.prediction_id)
    found = find(provider, job_id, attempt)
    if found is None:
        return None
    record_acceptance(jobs, job_id, attempt, found.id)
    return found if found.answer else provider.cancel(found.id)


def _waiting(jobs: JobStore, job_id: str, run: int) -> list[Attempt]:
    return [attempt for attempt in jobs.attempts(job_id) if attempt.run == run and attempt.is_waiting]


def _release(workflow: Workflow, attempt: Attempt) -> None:
    if not workflow.release(attempt.token):
        logger().debug("nobody waits any more", extra={"attempt": attempt.id})
