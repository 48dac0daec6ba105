"""What happens when a provider's answer is known, from wherever it came: recorded first, then the token is released."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from urllib.parse import urlencode

from functions.studio.check_queue import LONGEST_SEND
from functions.studio.clips import Attempt, AttemptStatus, ClipStatus
from functions.studio.errors import ConditionLost, NotConfigured, ProviderError
from functions.studio.job_store import JobStore
from functions.studio.providers.protocol import Prediction, Provider
from functions.studio.rows import now
from functions.studio.telemetry import logger
from functions.studio.workflow import Workflow

CALLBACKS = "/api/v3/callbacks/{provider}"
"""Where providers report to, below the API's address; the template's route."""


def webhook_url(public_url: str, provider: str, job_id: str, attempt_id: str) -> str | None:
    """None where this deployment cannot be reached (`public_url` is "none"), and check_clip does it all."""
    if public_url == "none":
        return None
    return f"{public_url}{CALLBACKS.format(provider=provider)}{_query(job_id, attempt_id)}"


def _query(job_id: str, attempt_id: str) -> str:
    return "?" + urlencode({"job": job_id, "attempt": attempt_id})


def mark(job_id: str, attempt_id: str) -> str:
    """What the pictures' URLs carry, so that a prediction can be matched to its attempt by its input.

    It ends with a dot, or the first attempt's would be found in the tenth's.
    """
    return f"{job_id}.{attempt_id}."


def mark_of(job_id: str, attempt: Attempt) -> str:
    """What a prediction of this attempt carries in its input: the address of its own upload, or its mark; the fingerprint
    of the whole where there is no picture."""
    return next(iter(attempt.uploads.values()), attempt.fingerprint or mark(job_id, attempt.id))


def is_of(prediction: Prediction, job_id: str, attempt: Attempt) -> bool:
    """Whether a prediction is the attempt's: by its id, and before that is stored by what its create alone has carried.

    Where its provider shows where it reports to, that alone says so: two variants may ask for the same, word for word.
    """
    if attempt.prediction_id:
        return prediction.id == attempt.prediction_id
    if prediction.webhook:
        return prediction.webhook.endswith(_query(job_id, attempt.id))
    return prediction.carries(mark_of(job_id, attempt))


def record_acceptance(jobs: JobStore, job_id: str, attempt: Attempt, prediction_id: str) -> None:
    """Stores the prediction's id, also on an attempt that was answered or given up before its create was."""
    known = {"predictionId": prediction_id}
    try:
        jobs.table.commit(
            jobs.attempt_accepted(job_id, attempt.id, prediction_id),
            jobs.move_clip(job_id, attempt.run, attempt.clip, ClipStatus.PROCESSING, known),
        )
    except ConditionLost:
        logger().info("the answer, or the end of the clip, came before its acceptance was stored")
        with suppress(ConditionLost):  # the answer had stored it
            jobs.table.commit(jobs.note_prediction(job_id, attempt.id, prediction_id))


def record_answer(jobs: JobStore, workflow: Workflow, job_id: str, attempt: Attempt, prediction: Prediction) -> bool:
    """Records a final answer and lets the workflow go on. An attempt that was given up stays so: True when a clip of it has
    come all the same, and is not kept yet.

    The token is read after the record: a Retry of the state that replaces it meanwhile finds the record instead.
    """
    if prediction.answer is None:
        raise ValueError(f"prediction {prediction.id} has not ended")
    if attempt.is_waiting:
        writes = [jobs.attempt_answered(job_id, attempt.id, prediction.id, prediction.answer)]
        if prediction.id and attempt.prediction_id is None:
            known = {"predictionId": prediction.id}
            writes.append(jobs.move_clip(job_id, attempt.run, attempt.clip, ClipStatus.PROCESSING, known))
        try:
            jobs.table.commit(*writes)
        except ConditionLost:
            logger().info("the answer was recorded before, or the attempt was given up")
    current = jobs.find_attempt(job_id, attempt.id)
    if current is not None and current.given_up and current.answer is None:
        with suppress(ConditionLost):  # told twice
            jobs.table.commit(jobs.answered_late(job_id, attempt.id, prediction.id, prediction.answer))
        current = jobs.find_attempt(job_id, attempt.id)
    if current is not None and current.status is AttemptStatus.ANSWERED:
        _release(workflow, current)
    return current is not None and current.came_late


def release(jobs: JobStore, workflow: Workflow, job_id: str, attempt_id: str) -> None:
    """Lets a RequestClip go on whose attempt has its answer; again, when a crash came between the two."""
    current = jobs.find_attempt(job_id, attempt_id)
    if current is None or current.status is not AttemptStatus.ANSWERED:
        logger().info("nobody waits for this answer", extra={"attemptStatus": current and current.status})
        return
    _release(workflow, current)


def _release(workflow: Workflow, attempt: Attempt) -> None:
    if not workflow.release(attempt.token):
        logger().debug("the token was used or has timed out")


SURE_AFTER = timedelta(seconds=LONGEST_SEND + 30)
"""Since its claim, after which a create is over: nobody who could send it runs any more, and what it has begun is in the
provider's list."""


def is_over(attempt: Attempt) -> bool:
    """Whether a create that was never answered, given up or not, can begin nothing any more. No provider need be asked
    before."""
    unanswered = attempt.prediction_id is None and attempt.answer is None and not attempt.postponed
    if not unanswered or attempt.claimed_at is None:
        return False
    return datetime.fromisoformat(attempt.claimed_at) + SURE_AFTER < datetime.fromisoformat(now())


def find(provider: Provider, job_id: str, attempt: Attempt) -> Prediction | None:
    """What the provider knows of an attempt; None where it does not know it (yet), or was never sent it."""
    if attempt.prediction_id:
        return provider.look(attempt.prediction_id)
    return None if attempt.postponed else provider.find(mark_of(job_id, attempt), attempt.asked_at)


def last_look(jobs: JobStore, provider_of: Callable[[str], Provider], job_id: str, attempt: Attempt) -> bool:
    """Records the answer that is there after all when the time of an attempt is over; nothing is released.

    True when the provider has no prediction of a create that is over: nothing was started.
    """
    over = is_over(attempt)  # before the look, which sees nothing that begins behind it
    try:
        prediction = find(provider_of(attempt.provider), job_id, attempt)
    except (ProviderError, NotConfigured) as error:
        logger().warning("the provider cannot be asked a last time", extra={"reason": str(error)})
        return False
    if prediction is None:
        return over
    if attempt.prediction_id is None:
        record_acceptance(jobs, job_id, attempt, prediction.id)
    if prediction.answer is not None:
        with suppress(ConditionLost):  # a webhook was quicker
            jobs.table.commit(jobs.attempt_answered(job_id, attempt.id, prediction.id, prediction.answer))
    return False


def cancel(provider: Provider, prediction_id: str, why: str) -> bool:
    """Stops what is not wanted any more from costing; False when the provider did not hear."""
    try:
        shown = provider.cancel(prediction_id)
    except (ProviderError, NotConfigured) as error:
        logger().warning("not cancelled", extra={"prediction": prediction_id, "reason": str(error)})
        return False
    what = "cancelled" if shown.answer else "to be cancelled, and runs on"
    logger().warning(f"{what}: {why}", extra={"prediction": prediction_id})
    return True
