"""What happens when a provider's answer is known, from wherever it came: recorded first, then the token is released."""

from __future__ import annotations

from functions.studio.clips import Attempt, AttemptStatus, ClipStatus
from functions.studio.errors import ConditionLost
from functions.studio.job_store import JobStore, is_waiting
from functions.studio.providers.protocol import Prediction
from functions.studio.telemetry import logger
from functions.studio.workflow import Workflow


def mark(job_id: str, attempt_id: str) -> str:
    """What the pictures' URLs carry, so that a prediction can be matched to its attempt by its input."""
    return f"{job_id}.{attempt_id}"


def record_acceptance(jobs: JobStore, job_id: str, attempt: Attempt, prediction_id: str) -> None:
    """Stores the prediction's id; an answer that came first keeps its status, and had stored the id itself."""
    try:
        jobs.table.commit(
            jobs.attempt_accepted(job_id, attempt.id, prediction_id),
            jobs.move_clip(job_id, attempt.run, attempt.clip, ClipStatus.PROCESSING, {"predictionId": prediction_id}),
        )
    except ConditionLost:
        logger().info("the answer, or the end of the clip, came before its acceptance was stored")


def record_answer(jobs: JobStore, workflow: Workflow, job_id: str, attempt: Attempt, prediction: Prediction) -> None:
    """Records a final answer and lets the workflow go on; for an attempt that has ended it changes nothing.

    The token is read after the record: a Retry of the state that replaces it meanwhile finds the record instead.
    """
    if prediction.answer is None:
        raise ValueError(f"prediction {prediction.id} has not ended")
    if is_waiting(attempt):
        writes = [jobs.attempt_answered(job_id, attempt.id, prediction.id, prediction.answer)]
        if prediction.id and attempt.prediction_id is None:
            known = {"predictionId": prediction.id}
            writes.append(jobs.move_clip(job_id, attempt.run, attempt.clip, ClipStatus.PROCESSING, known))
        try:
            jobs.table.commit(*writes)
        except ConditionLost:
            logger().info("the answer was recorded before")
    release(jobs, workflow, job_id, attempt.id)


def release(jobs: JobStore, workflow: Workflow, job_id: str, attempt_id: str) -> None:
    """Lets a RequestClip go on whose attempt has its answer; again, when a crash came between the two."""
    current = jobs.find_attempt(job_id, attempt_id)
    if current is None or current.status is not AttemptStatus.ANSWERED:
        logger().info("nobody waits for this answer", extra={"attemptStatus": current and current.status})
        return
    if not workflow.release(current.token):
        logger().info("the token was used or has timed out")
