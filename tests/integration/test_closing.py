"""Deliver, CloseJob and Sweep: every end of a run, and the start that was forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from functions.close_job.handler import read
from functions.studio.clips import ClipStatus
from functions.studio.closing import Closing, close_failed, deliver
from functions.studio.errors import NotFound, StaleRun
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, JobStatus
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.workflow import Workflow
from functions.sweep.handler import forgotten
from tests.scripted import Bus, Tokens, a_clip, a_job

FILM = Film(
    key="acme/1/videos/j/combined.mp4",
    poster_key="acme/1/videos/j/thumbnail.jpg",
    manifest_key="acme/1/videos/j/manifest.json",
    duration_seconds=16.0,
    frames=384,
    width=1280,
    height=720,
    fps=24.0,
    bytes=1,
    sha256="0",
    clips=[1, 3],
)


class Stage:
    def __init__(self, jobs: JobStore, ledger: Ledger) -> None:
        self.jobs = jobs
        self.ledger = ledger
        self.bus = Bus()
        self.closing = Closing(jobs, ledger, JobEvents("bus", self.bus))
        self.job = a_job(status=JobStatus.COMBINING, total_clips=3)
        jobs.table.commit(jobs.accept(self.job))

    def clip(self, number: int, status: ClipStatus, state: LineState | None) -> None:
        cost = Decimal("1.20") if status is ClipStatus.COMPLETED else None
        clip = a_clip(self.job, number, status=status, actual_cost=cost)
        line = reservation(clip)
        self.jobs.table.put_all([self.jobs.new_clip(self.job.id, clip), self.ledger.reserve(self.job.id, line)])
        if state:
            self.jobs.table.commit(self.ledger.end(self.job.id, line.attempt_id, state))

    def two_of_three_kept(self) -> None:
        self.clip(1, ClipStatus.COMPLETED, LineState.SETTLED)
        self.clip(2, ClipStatus.FAILED, LineState.LOST)
        self.clip(3, ClipStatus.COMPLETED, LineState.SETTLED)

    def film(self) -> None:
        self.jobs.table.commit(self.jobs.film_made(self.job.id, 1, FILM))


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger) -> Stage:
    return Stage(jobs, ledger)


def test_delivering_completes_the_job_with_its_film_and_its_sums(stage: Stage) -> None:
    stage.two_of_three_kept()
    stage.film()
    deliver(stage.job.id, 1, stage.closing)
    job = stage.jobs.job(stage.job.id)
    assert job.status is JobStatus.COMPLETED
    assert job.film == FILM
    assert (job.successful_clips, job.failed_clips) == (2, 1)
    assert (job.actual_cost, job.lost_cost) == (Decimal("2.40"), Decimal("1.20"))
    assert job.completed_at
    assert job.unfinished is None


def test_delivering_publishes_the_end_once_however_often_it_runs(stage: Stage) -> None:
    stage.two_of_three_kept()
    stage.film()
    deliver(stage.job.id, 1, stage.closing)
    deliver(stage.job.id, 1, stage.closing)
    (event,) = stage.bus.events
    assert event["DetailType"] == "job.completed"
    assert event["detail"]["jobId"] == stage.job.id


def test_a_crash_before_publishing_publishes_at_the_next_try(stage: Stage) -> None:
    stage.two_of_three_kept()
    stage.film()
    put = stage.bus.put_events
    stage.bus.put_events = lambda **asked: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled"}]}
    with pytest.raises(RuntimeError, match="Throttled"):
        deliver(stage.job.id, 1, stage.closing)
    stage.bus.put_events = put
    deliver(stage.job.id, 1, stage.closing)
    assert len(stage.bus.events) == 1


def test_a_film_of_an_earlier_run_is_not_delivered(stage: Stage) -> None:
    stage.film()
    later = a_job(id=stage.job.id, run=2, status=JobStatus.COMBINING)
    stage.jobs.table.put_all([stage.jobs.accept(later)])
    with pytest.raises(StaleRun):
        deliver(stage.job.id, 1, stage.closing)
    assert stage.jobs.job(stage.job.id).film is None


def test_without_a_film_nothing_is_called_completed(stage: Stage) -> None:
    with pytest.raises(NotFound):
        deliver(stage.job.id, 1, stage.closing)
    assert stage.jobs.job(stage.job.id).status is JobStatus.COMBINING


def test_closing_fails_the_job_with_its_reason_and_leaves_nothing_open_or_reserved(stage: Stage) -> None:
    stage.clip(1, ClipStatus.PENDING, None)
    close_failed(stage.job.id, 1, "All 1 clips failed", stage.closing)
    job = stage.jobs.job(stage.job.id)
    assert (job.status, job.error_message) == (JobStatus.FAILED, "All 1 clips failed")
    assert stage.jobs.clip(job.id, 1).status is ClipStatus.FAILED
    totals = stage.ledger.totals(job.id)
    assert (totals.reserved, totals.released) == (Decimal(0), Decimal("1.20"))


def test_closing_twice_publishes_once_and_keeps_the_first_reason(stage: Stage) -> None:
    close_failed(stage.job.id, 1, "first", stage.closing)
    close_failed(stage.job.id, 1, "second", stage.closing)
    assert len(stage.bus.events) == 1
    assert stage.jobs.job(stage.job.id).error_message == "first"


def test_closing_leaves_a_completed_job_alone(stage: Stage) -> None:
    stage.two_of_three_kept()
    stage.film()
    deliver(stage.job.id, 1, stage.closing)
    close_failed(stage.job.id, 1, "late", stage.closing)
    assert stage.jobs.job(stage.job.id).status is JobStatus.COMPLETED


def test_closing_an_older_run_changes_nothing(stage: Stage) -> None:
    close_failed(stage.job.id, 7, "old", stage.closing)
    assert stage.jobs.job(stage.job.id).status is JobStatus.COMBINING


def test_an_execution_that_was_stopped_is_closed_by_its_name() -> None:
    message = read({"detail": {"name": "0190-ab-3", "status": "ABORTED"}})
    assert (message.job_id, message.run) == ("0190-ab", 3)
    assert message.error
    assert "stopped" in message.error.said


def test_a_job_without_execution_is_forgotten_after_the_grace() -> None:
    at = datetime.now(UTC)
    old = (at - timedelta(seconds=61)).isoformat().replace("+00:00", "Z")
    new = (at - timedelta(seconds=59)).isoformat().replace("+00:00", "Z")
    waiting = a_job(created_at=old)
    assert forgotten([waiting, a_job(created_at=old, execution_arn="arn"), a_job(created_at=new)], at) == [waiting]


def test_a_job_is_found_by_the_sweep_until_it_has_ended(stage: Stage) -> None:
    assert [job.id for job in stage.jobs.unfinished_jobs()] == [stage.job.id]
    close_failed(stage.job.id, 1, "over", stage.closing)
    assert stage.jobs.unfinished_jobs() == []


def test_starting_a_run_twice_is_starting_it_once() -> None:
    tokens = Tokens()
    workflow = Workflow("arn:aws:states:us-east-1:1:stateMachine:m", tokens)
    first = workflow.start("j", 1, "j-1")
    assert workflow.start("j", 1, "j-1") == first == "arn:aws:states:us-east-1:1:execution:m:j-1"
    assert tokens.executions == {"j-1": {"jobId": "j", "run": 1}}
