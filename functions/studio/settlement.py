"""How the end of an attempt moves its money, and how everything that a run has left open is closed."""

from __future__ import annotations

from dataclasses import dataclass

from functions.studio.clips import ATTEMPT_MOVES, OPEN_CLIP, Attempt, AttemptStatus, ClipStatus, Outcome
from functions.studio.errors import ConditionLost
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger, LineState
from functions.studio.table import Write

ENDINGS = {
    Outcome.FAILED: (AttemptStatus.FAILED, "The provider failed to make the clip."),
    Outcome.REFUSED: (AttemptStatus.REFUSED, "The provider refused the clip."),
    Outcome.CANCELLED: (AttemptStatus.CANCELLED, "The prediction was cancelled."),
}


@dataclass(frozen=True)
class Ending:
    """How an attempt ended that no clip came of."""

    status: AttemptStatus
    line: LineState
    message: str
    error_class: str


def ending(attempt: Attempt | None, message: str, error_class: str) -> Ending:
    """What an attempt's row says, if the provider gave its last word; else `message` and `error_class`.

    Released is only what was never started or is reported as not charged; everything else is lost.
    """
    answer = attempt.answer if attempt else None
    never_sent = attempt is None or attempt.postponed
    line = LineState.RELEASED if never_sent or (answer and not answer.charged) else LineState.LOST
    if answer and answer.outcome in ENDINGS:
        status, words = ENDINGS[answer.outcome]
        return Ending(status, line, answer.error or words, answer.outcome.value)
    return Ending(AttemptStatus.LOST if line is LineState.LOST else AttemptStatus.CANCELLED, line, message, error_class)


def ended_attempt(
    jobs: JobStore, ledger: Ledger, job_id: str, attempt_id: str, attempt: Attempt | None, end: Ending
) -> list[Write]:
    """The writes that end an attempt and its line; they hold only while both are as they were read."""
    writes = [ledger.end(job_id, attempt_id, end.line)]
    if attempt and ATTEMPT_MOVES[attempt.status]:
        writes.append(jobs.attempt_ended(job_id, attempt_id, end.status, before=attempt.status))
    return writes


def settle_open_clips(
    jobs: JobStore,
    ledger: Ledger,
    job: Job,
    run: int,
    reason: str,
    *,
    error_class: str = "unfinished",
    status: ClipStatus = ClipStatus.FAILED,
) -> None:
    """Closes the clips and the reservations that a run has left open; `reason` where a provider gave none.

    Whoever ends one of them at the same moment wins.
    """
    clips = {clip.number for clip in jobs.clips(job.id) if clip.run == run and clip.status in OPEN_CLIP}
    lines = {line.clip: line for line in ledger.lines(job.id) if line.run == run and line.state is LineState.RESERVED}
    for number in sorted(clips | lines.keys()):
        writes: list[Write] = []
        end = ending(None, reason, error_class)
        if line := lines.get(number):
            attempt = jobs.find_attempt(job.id, line.attempt_id)
            end = ending(attempt, reason, error_class)
            writes += ended_attempt(jobs, ledger, job.id, line.attempt_id, attempt, end)
        if number in clips:
            words = {"errorMessage": end.message, "errorClass": end.error_class}
            writes.append(jobs.move_clip(job.id, run, number, status, words))
        try:
            jobs.table.commit(*writes)
        except ConditionLost:
            continue
