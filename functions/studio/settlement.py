"""How the end of an attempt moves its money, and how everything that a run has left open is closed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from functions.studio.clips import (
    ATTEMPT_MOVES,
    OPEN_CLIP,
    Attempt,
    AttemptStatus,
    Clip,
    ClipStatus,
    Fault,
    Outcome,
)
from functions.studio.errors import ConditionLost
from functions.studio.job_store import JobStore, said
from functions.studio.jobs import Job
from functions.studio.ledger import NARRATION, Ledger, Line, LineState
from functions.studio.recording import is_over
from functions.studio.stopping import Brake, stop_predictions
from functions.studio.table import Write
from functions.studio.telemetry import count

ENDINGS = {
    Outcome.FAILED: (AttemptStatus.FAILED, "The provider failed to make the clip."),
    Outcome.REFUSED: (AttemptStatus.REFUSED, "The provider refused the clip."),
    Outcome.CANCELLED: (AttemptStatus.CANCELLED, "The prediction was cancelled."),
}


READS = 5
"""Times that open clips are read again when somebody changed them in between."""


@dataclass(frozen=True)
class Ending:
    """How an attempt ended that no clip came of. `certain`: nothing can come of it any more, and it is known what it cost."""

    status: AttemptStatus
    line: LineState
    fault: Fault
    certain: bool


def ending(attempt: Attempt | None, message: str, error_class: str, *, never_begun: bool = False) -> Ending:
    """What an attempt's row says, if the provider gave its last word; else `message` and `error_class`.

    `never_begun` is what a last look has shown of an attempt whose create was not answered.

    Released is only what was never started or is reported as not charged; everything else is lost.
    """
    answer = attempt.answer if attempt else None
    never_sent = attempt is None or attempt.postponed
    unpaid = not answer.charged if answer else never_sent or never_begun
    line = LineState.RELEASED if unpaid else LineState.LOST
    certain = answer is not None or unpaid
    if answer and answer.outcome in ENDINGS:
        status, words = ENDINGS[answer.outcome]
        error_class = answer.error_class or answer.outcome.value
        return Ending(
            status, line, Fault(message=answer.error or words, error_class=error_class, input=answer.input), certain
        )
    given_up = AttemptStatus.LOST if line is LineState.LOST else AttemptStatus.CANCELLED
    return Ending(given_up, line, Fault(message=message, error_class=error_class), certain)


def ended_attempt(
    jobs: JobStore, ledger: Ledger, job_id: str, line: Line, attempt: Attempt | None, end: Ending
) -> list[Write]:
    """The writes that end an attempt and its line; they hold only while both are as they were read."""
    lost = line.comes_to(attempt.price if attempt else None) if end.line is LineState.LOST else None
    reported = attempt.answer.reported_cost if attempt and attempt.answer else None
    writes = [ledger.end(job_id, line.attempt_id, end.line, lost, reported=reported)]
    if attempt and ATTEMPT_MOVES[attempt.status]:
        writes.append(jobs.attempt_ended(job_id, attempt.id, end.status, as_read=attempt))
    return writes


def settle_open_clips(
    brake: Brake,
    ledger: Ledger,
    job: Job,
    run: int,
    reason: str,
    *,
    error_class: str = "unfinished",
    status: ClipStatus = ClipStatus.FAILED,
    closes: frozenset[ClipStatus] = OPEN_CLIP,
) -> list[str]:
    """Closes the clips and the reservations that a run has left open; `reason` where a provider gave none. The ids of the
    attempts whose clip was made, and comes too late. `closes` are the statuses of clips that count as left open.

    What still runs at a provider is stopped first, and its last word counts. Who changes a row at the same moment is
    waited for: it is read again. ConditionLost when that does not end.
    """
    jobs = brake.jobs
    never_begun = stop_predictions(brake, job.id, run)
    late: list[str] = []

    def settle(one: tuple[Clip, Line | None]) -> None:
        clip, line = one
        attempt = jobs.find_attempt(job.id, line.attempt_id) if line else None
        unbegun = attempt is not None and attempt.id in never_begun and is_over(attempt)
        end = ending(attempt, reason, error_class, never_begun=unbegun)
        # Whoever stopped it knows better why than its provider.
        fault = Fault(message=reason, error_class=error_class) if end.status is AttemptStatus.CANCELLED else end.fault
        writes = ended_attempt(jobs, ledger, job.id, line, attempt, end) if line else []
        if clip.status in closes:
            writes.append(jobs.clip_lost(job.id, clip, status, said(fault), as_read=clip))
        with suppress(ConditionLost):  # read again in the next round
            jobs.table.commit(*writes)
            if attempt and attempt.is_made:
                late.append(attempt.id)
                count("PaidNotKept")
            if clip.status in closes and status is ClipStatus.FAILED:
                count("ClipsFailed", errorClass=fault.error_class)

    _settle_narration(ledger, job.id, run)
    for _ in range(READS):
        open_ones = _open_clips(jobs, ledger, job.id, run, closes)
        if not open_ones:
            return late
        brake.each(settle, open_ones)
    if _open_clips(jobs, ledger, job.id, run, closes):
        raise ConditionLost(f"the clips of job {job.id} kept changing while they were closed")
    return late


def _settle_narration(ledger: Ledger, job_id: str, run: int) -> None:
    """What was asked for it and not answered yet: nobody waits for that any more."""
    for line in ledger.lines(job_id):
        if line.clip == NARRATION and line.run == run and line.state is LineState.RESERVED:
            with suppress(ConditionLost):  # answered meanwhile
                ledger.table.commit(ledger.end(job_id, line.attempt_id, LineState.LOST))


def _open_clips(
    jobs: JobStore, ledger: Ledger, job_id: str, run: int, closes: frozenset[ClipStatus]
) -> list[tuple[Clip, Line | None]]:
    """Clips of the run that are open, or whose money is; and those that wait for the caller since an earlier one."""
    reserved = {
        line.clip: line for line in ledger.lines(job_id) if line.run == run and line.state is LineState.RESERVED
    }
    clips = [clip for clip in jobs.clips(job_id) if clip.run == run or clip.status is ClipStatus.AWAITING_APPROVAL]
    return [(clip, reserved.get(clip.number)) for clip in clips if clip.status in closes or clip.number in reserved]
