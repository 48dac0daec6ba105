"""Deliver, CloseJob and Sweep: every end of a run, and the start that was forgotten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError

from functions.close_job.handler import read
from functions.studio.clips import Attempt, AttemptStatus, ClipStatus
from functions.studio.closing import Closing, close_failed, deliver
from functions.studio.errors import NotFound, StaleRun
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, JobStatus, Purpose, RunKind
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.messages import CloseJob
from functions.studio.table import Write
from functions.studio.telemetry import metrics
from functions.studio.workflow import Workflow
from functions.sweep.sweep import asked, is_forgotten, sweep
from tests.scripted import Bus, ScriptedProvider, Tokens, a_brake, a_clip, a_job, an_attempt

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


MACHINE = "arn:aws:states:us-east-1:1:stateMachine:m"


class Stage:
    def __init__(self, jobs: JobStore, ledger: Ledger) -> None:
        self.jobs = jobs
        self.ledger = ledger
        self.bus = Bus()
        self.provider = ScriptedProvider()
        self.tokens = Tokens()
        self.closing = Closing(
            jobs, ledger, JobEvents("bus", self.bus), Workflow(MACHINE, self.tokens), a_brake(jobs, self.provider)
        )
        self.job = a_job(status=JobStatus.COMBINING, total_clips=3)
        jobs.table.commit(jobs.accept(self.job))

    def over(self, jobs: JobStore) -> Closing:
        """The closing, over another store of the same rows."""
        return replace(self.closing, jobs=jobs, brake=a_brake(jobs, self.provider))

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
        self.jobs.table.commit(self.jobs.films.film_made(self.job.id, 1, FILM))


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger) -> Stage:
    return Stage(jobs, ledger)


def test_delivering_completes_the_job_with_its_film_and_its_sums(stage: Stage) -> None:
    stage.two_of_three_kept()
    stage.film()
    deliver(stage.job.id, 1, stage.closing)
    job = stage.jobs.job(stage.job.id)
    assert job.status is JobStatus.COMPLETED
    assert job.film
    assert job.film == FILM.model_copy(update={"cost": Decimal("2.40"), "delivered_at": job.film.delivered_at})
    assert job.film == stage.jobs.films.film(job.id, 1), "the film's own row says so too"
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
    message = read({"source": "aws.states", "detail": {"name": "0190-ab-3", "status": "ABORTED"}})
    assert isinstance(message, CloseJob)
    assert (message.job_id, message.run) == ("0190-ab", 3)
    assert message.error
    assert "stopped" in message.error.said


MINUTES_AGO = (datetime.now(UTC) - timedelta(minutes=6)).isoformat().replace("+00:00", "Z")


class Sweep:
    """A job of some minutes ago, and the sweep that comes by."""

    def __init__(self, stage: Stage, **changes: object) -> None:
        self.stage = stage
        self.tokens = Tokens()
        self.job = a_job(created_at=MINUTES_AGO, updated_at=MINUTES_AGO, **changes)
        stage.jobs.table.commit(stage.jobs.accept(self.job))

    def comes(self) -> dict[str, int]:
        return sweep(replace(self.stage.closing, workflow=Workflow(MACHINE, self.tokens)), datetime.now(UTC))

    def after(self) -> Job:
        return self.stage.jobs.job(self.job.id)


def test_the_sweep_starts_a_job_whose_execution_never_began(stage: Stage) -> None:
    late = Sweep(stage)
    assert late.comes()["started"] == 1
    assert late.tokens.executions == {f"{late.job.id}-1": {"jobId": late.job.id, "run": 1}}
    assert late.after().execution_arn
    assert late.comes()["started"] == 0


def test_the_sweep_leaves_a_job_alone_that_was_accepted_just_now(stage: Stage) -> None:
    assert not is_forgotten(stage.job, datetime.now(UTC))


@pytest.mark.parametrize("status", ["FAILED", "ABORTED", "TIMED_OUT", "SUCCEEDED", None])
def test_the_sweep_closes_a_job_that_no_execution_owns(stage: Stage, status: str | None) -> None:
    orphan = Sweep(stage, execution_arn="arn")
    orphan.tokens.statuses = {"arn": status} if status else {}
    assert orphan.comes()["closed"] == 1
    assert orphan.after().status is JobStatus.FAILED
    assert orphan.after().error_message


def test_an_end_that_was_not_published_is_published_by_the_sweep(stage: Stage) -> None:
    orphan = Sweep(stage, execution_arn="arn")
    put = stage.bus.put_events
    stage.bus.put_events = lambda **asked: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled"}]}
    assert orphan.comes()["failed"] == 1
    assert orphan.after().status is JobStatus.FAILED
    stage.bus.put_events = put
    later = datetime.now(UTC) + timedelta(minutes=6)
    closing = replace(stage.closing, workflow=Workflow(MACHINE, orphan.tokens))
    assert sweep(closing, later)["closed"] >= 1
    assert [event["detail"]["status"] for event in stage.bus.events if event["detail"]["jobId"] == orphan.job.id] == [
        "failed"
    ]
    assert orphan.job.id not in [job.id for job in stage.jobs.unfinished_jobs()]


def test_a_job_that_cannot_be_swept_stands_in_nobodys_way(stage: Stage) -> None:
    first, second = Sweep(stage, execution_arn="broken"), Sweep(stage, execution_arn="arn")
    describe = second.tokens.describe_execution

    def fails_for_one(*, executionArn: str) -> dict[str, str]:  # noqa: N803  # boto3's name
        if executionArn == "broken":
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "DescribeExecution")
        return describe(executionArn=executionArn)

    second.tokens.describe_execution = fails_for_one
    assert second.comes() == {"started": 0, "stopped": 0, "closed": 1, "failed": 1}
    assert first.after().status is JobStatus.PROCESSING
    assert second.after().status is JobStatus.FAILED


def test_what_is_stopped_for_too_long_keeps_no_other_job_from_its_start(stage: Stage) -> None:
    class TimeIsUp(BaseException):
        """The function's, in the middle of a call to a provider."""

    slow = Sweep(stage, execution_arn="arn", status=JobStatus.CANCELLING, closing="The job was cancelled.")
    stage.jobs.table.commit(stage.jobs.new_attempt(slow.job.id, an_attempt(slow.job)))
    waiting = Sweep(stage)
    stage.closing = replace(stage.closing, brake=replace(stage.closing.brake, provider_of=_raises(TimeIsUp)))
    with pytest.raises(TimeIsUp):
        waiting.comes()
    assert waiting.after().execution_arn
    assert slow.after().status is JobStatus.CANCELLING


def _raises(error: type[BaseException]) -> Callable[[str], ScriptedProvider]:
    def provider_of(name: str) -> ScriptedProvider:
        raise error

    return provider_of


def test_the_oldest_unfinished_run_is_as_old_as_its_acceptance_however_lately_it_moved(stage: Stage) -> None:
    lately = datetime.now(UTC).isoformat()
    running = Sweep(stage, execution_arn="arn")
    stage.jobs.table.put_all([stage.jobs.accept(running.job.model_copy(update={"updated_at": lately}))])
    metrics().clear_metrics()
    running.comes()
    [told] = metrics().metric_set["OldestUnfinished"]["Value"]
    metrics().clear_metrics()
    assert told >= 360


def test_a_further_run_is_as_old_as_it_was_asked_for(stage: Stage) -> None:
    job = stage.job.model_copy(update={"created_at": "2026-01-01T00:00:00Z"})
    again = job.model_copy(update={"purpose": Purpose(kind=RunKind.RETRY, asked_at="2026-02-01T00:00:00Z")})
    assert [asked(one).month for one in (job, again)] == [1, 2]


def test_the_sweep_leaves_a_running_execution_alone(stage: Stage) -> None:
    running = Sweep(stage, execution_arn="arn")
    running.tokens.statuses = {"arn": "RUNNING"}
    assert running.comes() == {"started": 0, "stopped": 0, "closed": 0, "failed": 0}
    assert running.after().status is JobStatus.PROCESSING


# what happens while a run is being closed


def test_a_delivery_that_hears_late_that_it_is_done_does_not_announce_the_next_run(stage: Stage) -> None:
    class GoesOnMeanwhile(JobStore):
        """Another try has announced the run, and its caller has asked for the next one, before this one looks again."""

        def job(self, job_id: str) -> Job:
            found = super().job(job_id)
            if found.status is JobStatus.COMPLETED:
                self.table.put_all([self.accept(a_job(id=job_id, run=2))])
            return super().job(job_id)

    stage.two_of_three_kept()
    stage.film()
    deliver(stage.job.id, 1, stage.over(GoesOnMeanwhile(stage.jobs.table)))
    job = stage.jobs.job(stage.job.id)
    assert (job.run, job.status, job.announced_run) == (2, JobStatus.PROCESSING, None)
    assert not stage.bus.events


class Meanwhile(JobStore):
    """A store in which something happens right after an attempt was read, once."""

    def __init__(self, jobs: JobStore, happens: Callable[[], None]) -> None:
        super().__init__(jobs.table)
        self.happens: Callable[[], None] | None = happens

    def find_attempt(self, job_id: str, attempt_id: str) -> Attempt | None:
        found = super().find_attempt(job_id, attempt_id)
        if self.happens:
            happens, self.happens = self.happens, None
            happens()
        return found


def test_an_event_of_an_older_run_does_not_close_the_next_one(stage: Stage) -> None:
    class NextRunBegins(JobStore):
        """Between the reading of the job and the first write of its closing."""

        def begin_to_close(self, job_id: str, run: int, reason: str) -> Write:
            self.table.put_all([self.accept(a_job(id=job_id, run=2))])
            return super().begin_to_close(job_id, run, reason)

    closing = stage.over(NextRunBegins(stage.jobs.table))
    close_failed(stage.job.id, 1, "an event of run 1", closing)
    job = stage.jobs.job(stage.job.id)
    assert (job.run, job.status, job.closing) == (2, JobStatus.PROCESSING, None)
    assert not stage.bus.events


def test_a_create_that_is_claimed_while_a_run_is_closed_is_not_booked_as_never_sent(stage: Stage) -> None:
    stage.clip(1, ClipStatus.PROCESSING, None)
    attempt = an_attempt(stage.job, status=AttemptStatus.ASKED, prediction_id=None, postponed=True)
    stage.jobs.table.commit(stage.jobs.new_attempt(stage.job.id, attempt))

    def is_claimed() -> None:
        stage.jobs.table.commit(stage.jobs.claim_create(stage.job.id, attempt.id, "us", {}))

    closing = stage.over(Meanwhile(stage.jobs, is_claimed))
    close_failed(stage.job.id, 1, "stopped", closing)
    totals = stage.ledger.totals(stage.job.id)
    assert (totals.lost, totals.released) == (Decimal("1.20"), Decimal(0))


def test_an_attempt_that_begins_while_a_run_is_closed_is_not_booked_as_never_sent(stage: Stage) -> None:
    stage.clip(1, ClipStatus.PENDING, None)
    attempt = an_attempt(stage.job)

    def begins() -> None:
        known = {"attemptId": attempt.id}
        stage.jobs.table.commit(
            stage.jobs.new_attempt(stage.job.id, attempt),
            stage.jobs.move_clip(stage.job.id, 1, 1, ClipStatus.PROCESSING, known),
        )

    closing = stage.over(Meanwhile(stage.jobs, begins))
    close_failed(stage.job.id, 1, "stopped", closing)
    totals = stage.ledger.totals(stage.job.id)
    assert (totals.lost, totals.released, totals.reserved) == (Decimal("1.20"), Decimal(0), Decimal(0))
    after = stage.jobs.find_attempt(stage.job.id, attempt.id)
    assert after
    assert after.status is AttemptStatus.LOST


def test_an_attempt_that_moves_on_while_a_run_is_closed_is_closed_all_the_same(stage: Stage) -> None:
    stage.clip(1, ClipStatus.PROCESSING, None)
    attempt = an_attempt(stage.job, status=AttemptStatus.ASKED, prediction_id=None)
    stage.jobs.table.commit(stage.jobs.new_attempt(stage.job.id, attempt))

    def is_accepted() -> None:
        stage.jobs.table.commit(stage.jobs.attempt_accepted(stage.job.id, attempt.id, "p"))

    closing = stage.over(Meanwhile(stage.jobs, is_accepted))
    close_failed(stage.job.id, 1, "stopped", closing)
    assert stage.jobs.clip(stage.job.id, 1).status is ClipStatus.FAILED
    assert stage.ledger.totals(stage.job.id).reserved == 0
    assert stage.jobs.job(stage.job.id).status is JobStatus.FAILED


def test_from_the_moment_of_closing_nothing_may_be_spent_or_finished(stage: Stage) -> None:
    stage.jobs.table.commit(stage.jobs.begin_to_close(stage.job.id, 1, "stopped"))
    assert not stage.jobs.job(stage.job.id).may_spend
    stage.film()
    with pytest.raises(StaleRun):
        deliver(stage.job.id, 1, stage.closing)


def test_a_completed_job_whose_end_was_not_published_is_published_by_whoever_closes(stage: Stage) -> None:
    stage.two_of_three_kept()
    stage.film()
    put = stage.bus.put_events
    stage.bus.put_events = lambda **asked: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "Throttled"}]}
    with pytest.raises(RuntimeError):
        deliver(stage.job.id, 1, stage.closing)
    stage.bus.put_events = put
    close_failed(stage.job.id, 1, "Deliver failed", stage.closing)
    assert [event["DetailType"] for event in stage.bus.events] == ["job.completed"]
    assert stage.jobs.job(stage.job.id).status is JobStatus.COMPLETED


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
