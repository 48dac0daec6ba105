"""The ends of a run: delivered with its film, paused for its caller, or closed without either. Nothing stays reserved, and
nothing open."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from functions.studio.balances import taken
from functions.studio.budgets import closed
from functions.studio.clips import OPEN_CLIP, Clip, ClipStatus
from functions.studio.destinations import Delivery
from functions.studio.errors import ConditionLost, StaleRun
from functions.studio.events import CLOSING, COPY, JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, JobStatus, Pause, RunKind
from functions.studio.ledger import Ledger, Line, beside_clips, credits_taken, totals
from functions.studio.messages import LateClip
from functions.studio.rows import in_rows, now
from functions.studio.settlement import settle_open_clips
from functions.studio.stopping import Brake, release_waits, stop_predictions
from functions.studio.table import Write
from functions.studio.telemetry import count, logger, money, seconds
from functions.studio.workflow import Workflow

ENDED = {
    "ABORTED": "The job's workflow was stopped.",
    "TIMED_OUT": "The job took longer than it may.",
    "FAILED": "The job's workflow failed.",
    "SUCCEEDED": "The job's workflow ended without closing it.",
    "GONE": "The job's workflow is gone.",
}
"""Why a job is closed whose execution is in that status and did not close it itself."""


CANCELLED = "The job was cancelled."


@dataclass(frozen=True)
class Closing:
    jobs: JobStore
    ledger: Ledger
    events: JobEvents
    workflow: Workflow
    brake: Brake


def end_well(job_id: str, run: int, closing: Closing, approval_seconds: int) -> None:
    """Delivers the run's film, or pauses the job where clips wait for its caller; StaleRun when the job is not this run's any
    more."""
    job = closing.jobs.owned(
        job_id,
        run,
        JobStatus.PROCESSING,
        JobStatus.AWAITING_APPROVAL,
        JobStatus.COMBINING,
        JobStatus.COMPLETED,
    )
    if job.status in (JobStatus.PROCESSING, JobStatus.AWAITING_APPROVAL):
        _pause(job, closing, approval_seconds)
    else:
        deliver(job_id, run, closing)


def _pause(before: Job, closing: Closing, approval_seconds: int) -> None:
    """Arrange has closed what was open. The clips that were approved stay so, but for those that were made anew since."""
    waiting = [clip for clip in closing.jobs.clips(before.id) if clip.status is ClipStatus.AWAITING_APPROVAL]
    approved = before.pause.approved if before.pause else []
    pause = Pause(
        run=before.run,
        until=in_rows(datetime.fromisoformat(now()) + timedelta(seconds=approval_seconds)),
        approved=[clip.number for clip in waiting if clip.number in approved and clip.run != before.run],
    )
    job = _close(before.id, before.run, JobStatus.AWAITING_APPROVAL, {"pause": pause.attributes()}, closing)
    if job is None:
        raise StaleRun(f"job {before.id} ended before run {before.run} could pause it")
    if _announce(job, before.run, closing):
        logger().info("job waits for its caller", extra={"clips": len(waiting), "until": pause.until})


def deliver(job_id: str, run: int, closing: Closing) -> None:
    """Takes the run's film into the job and completes it; StaleRun when the job is not this run's any more."""
    before = closing.jobs.owned(job_id, run, JobStatus.COMBINING, JobStatus.COMPLETED)
    paid = totals(line for line in closing.ledger.lines(job_id) if line.run == run).settled
    film = closing.jobs.films.film(job_id, run).model_copy(update={"cost": paid, "delivered_at": now()})
    delivered = closing.jobs.film_delivered(before, film)
    job = _close(job_id, run, JobStatus.COMPLETED, _taken(before, film), closing, *delivered)
    if job is None:
        raise StaleRun(f"job {job_id} ended before run {run} could deliver its film")
    if _announce(job, run, closing):
        logger().info("job completed", extra={"clips": job.successful_clips, "missing": job.failed_clips})
        count("JobsCompleted")
        seconds("JobSeconds", _took(job))
        money("JobCost", paid)


def _taken(job: Job, film: Film) -> dict[str, Any]:
    """What becomes of a job by its new film; a rendition stands beside the film, and changes nothing."""
    if job.purpose.kind is RunKind.RENDITION:
        return {}
    return {
        "film": film.attributes(),
        **({"cut": job.purpose.cut.attributes()} if job.purpose.cut else {}),
        **({"delivery": waiting_for(film).attributes()} if job.destination else {}),
    }


def waiting_for(film: Film) -> Delivery:
    """Of a film that is to be copied."""
    return Delivery(run=film.run, status="waiting", at=now())


def close_failed(job_id: str, run: int, reason: str, closing: Closing) -> None:
    """Ends a run that made no film: what is still open, or waits for the caller, fails with `reason`, or was cancelled with
    its job. A run that is over is only announced.

    First nothing more may be sent, then what was sent is stopped and settled, then the job ends: in another order a create
    could slip in between. Doing it again goes on where it was left, with the first reason.
    """
    job = closing.jobs.find_job(job_id)
    if job is None or job.run != run:
        logger().info("nothing to close")
        return
    if not job.rests:
        job = _closed(job, reason, closing)
    if not _announce(job, run, closing):
        return
    if job.status is JobStatus.FAILED:
        logger().error("job failed", extra={"reason": job.error_message})
        count("JobsFailed")
    if job.status is JobStatus.CANCELLED:
        logger().info("job cancelled", extra={"spent": float(job.spent), "saved": float(job.saved_cost or 0)})
        count("JobsCancelled")


def stop_run(job_id: str, run: int, closing: Closing) -> None:
    """Stops what runs for a job that is to make no film. A cancelled one ends here; of another the workflow goes on to its
    end by itself, clip by clip, so that what is made already is kept."""
    job = closing.jobs.find_job(job_id)
    if job is None or job.run != run or job.ended or not job.closing:
        logger().info("nothing to stop")
    elif job.status is JobStatus.CANCELLING:
        close_failed(job_id, run, CANCELLED, closing)
    else:
        stop_predictions(closing.brake, job_id, run)
        release_waits(closing.brake, closing.workflow, job_id, run)


def give_up(job: Job, reason: str, jobs: JobStore, events: JobEvents) -> None:
    """A run that can make no film any more: from here nothing is sent for it, and whoever stops what runs is told."""
    with suppress(ConditionLost):  # somebody found so before, and was perhaps not heard
        jobs.table.commit(jobs.begin_to_close(job.id, job.run, reason))
    events.publish(job, CLOSING)


def _closed(job: Job, reason: str, closing: Closing) -> Job:
    with suppress(ConditionLost):
        closing.jobs.table.commit(closing.jobs.begin_to_close(job.id, job.run, reason))
    run, job = job.run, closing.jobs.job(job.id)
    if job.run != run or job.rests:
        return job
    why = job.closing or reason
    error_class, status = "unfinished", ClipStatus.FAILED
    if job.status is JobStatus.CANCELLING:
        stop_predictions(closing.brake, job.id, run)
        closing.workflow.stop(job.execution_name, why)
        error_class, status = "cancelled", ClipStatus.CANCELLED
    closes = OPEN_CLIP | {ClipStatus.AWAITING_APPROVAL}
    for late in settle_open_clips(
        closing.brake, closing.ledger, job, run, why, error_class=error_class, status=status, closes=closes
    ):
        closing.events.publish_late(LateClip(job_id=job.id, run=run, attempt_id=late))
    return _without_film(job.id, run, why, closing)


def _without_film(job_id: str, run: int, why: str, closing: Closing) -> Job:
    """A job may still be cancelled while it fails."""
    failed = _close(job_id, run, JobStatus.FAILED, {"errorMessage": why}, closing)
    return failed or _close(job_id, run, JobStatus.CANCELLED, {}, closing) or closing.jobs.job(job_id)


def _announce(job: Job, run: int, closing: Closing) -> bool:
    """Publishes the end of a run; False when that was done before, as of a job that has gone on since it must have been. A
    crash in between publishes twice, never not."""
    if job.run != run or not job.rests or job.announced_run == run:
        return False
    closing.events.publish(job)
    if job.delivery and job.delivery.run == job.run and job.delivery.status == "waiting":
        closing.events.publish(job, COPY)
    closing.jobs.table.commit(*closing.jobs.announced(job))
    return True


def _close(
    job_id: str, run: int, status: JobStatus, changes: dict[str, Any], closing: Closing, *beside: Write
) -> Job | None:
    """The job as it ended; None when it ended otherwise. Doing it again finds it done.

    What the budgets hold for the run cannot change any more: more is reserved only while clips are made, and by nobody once
    a run is being closed. Of a run that has paused they know already.
    """
    job, lines = closing.jobs.job(job_id), closing.ledger.lines(job_id)
    told = job.pause is not None and job.pause.run == run
    of_run = [] if told else [line for line in lines if line.run == run]
    spent = totals(of_run)
    try:
        closing.jobs.table.commit(
            closing.jobs.move_job(job_id, run, status, {**changes, **_totals(job, status, lines, of_run, closing)}),
            *closing.jobs.relisted(job, status),
            *taken(job, credits_taken(of_run)),
            *beside,
            *closed(job, spent.settled, spent.lost),
        )
    except ConditionLost:
        job = closing.jobs.job(job_id)
        return job if job.run == run and job.status is status else None
    return closing.jobs.job(job_id)


def _totals(
    job: Job, status: JobStatus, lines: Sequence[Line], of_run: Sequence[Line], closing: Closing
) -> dict[str, Any]:
    clips = closing.jobs.clips(job.id)
    money = totals(lines)
    sums = {
        "reservedCost": Decimal(0),
        "reservedCredits": 0,
        "successfulClips": sum(clip.status is ClipStatus.COMPLETED for clip in clips),
        "failedClips": sum(clip.status is ClipStatus.FAILED for clip in clips),
        "actualCost": money.settled,
        "lostCost": money.lost,
        **({"besideClips": beside} if (beside := beside_clips(lines)) else {}),
    }
    return sums | ({"savedCost": _saved(job, clips, of_run)} if status is JobStatus.CANCELLED else {})


def _saved(job: Job, clips: Sequence[Clip], lines: Sequence[Line]) -> Decimal:
    """Of a listing that was still narrated, all that was reserved and not spent.

    Else what the run's cancelled clips would have cost: of each what the line that was reserved last did not come to; a
    picture's holds the money of its video too. A clip may be back at the video that it had before. Nothing of a run that has
    paused: what it did not spend was given back then."""
    begun = job.planner is None and any(clip.run == job.run for clip in clips)
    if job.listing and job.purpose.chooses and not begun:
        return job.reserved_cost - sum((line.counts for line in lines), Decimal(0))
    cancelled = {
        clip.number for clip in clips if clip.status is ClipStatus.CANCELLED or clip.error_class == "cancelled"
    }
    last = {line.clip: line for line in sorted(lines, key=lambda line: line.reserved_at) if line.clip in cancelled}
    return sum((line.amount - line.counts for line in last.values()), Decimal(0))


def _took(job: Job) -> float:
    """Seconds from the run's acceptance to its end."""
    asked = job.purpose.asked_at or job.created_at
    return (datetime.fromisoformat(job.updated_at) - datetime.fromisoformat(asked)).total_seconds()
