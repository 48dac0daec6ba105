"""Cancelling a job: the mark that the API sets, and what close_job makes of it, wherever either of them was interrupted."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from functions.close_job.handler import read
from functions.studio.at_once import at_once
from functions.studio.clips import Answer, AttemptStatus, ClipStatus, Outcome
from functions.studio.clock import CLOCK, sleep
from functions.studio.closing import CANCELLED, close_failed, deliver, stop_run
from functions.studio.errors import ProviderBusy, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger, LineState
from functions.studio.messages import CloseJob, RunRef, attempt_id
from functions.studio.providers import Prediction
from functions.studio.recording import mark
from functions.studio.table import Table, Write
from functions.sweep.sweep import GRACE, sweep
from tests.integration.api_events import Caller
from tests.integration.test_closing import FILM, Stage
from tests.scripted import SUCCEEDED, ScriptedProvider, a_brake, a_job, an_attempt, seconds_ago

PRICE = Decimal("1.20")
CLOSE_JOB_SECONDS = 300


class Crash(BaseException):
    """The process ends here."""


class Crashing(Table):
    def __init__(self, table: Table, at: int) -> None:
        super().__init__(table.name, table.client)
        self.left = at

    def commit(self, *writes: Write) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash
        super().commit(*writes)


class Running(Stage):
    """A job of clips that are as `clips` says, in the order of their numbers."""

    def __init__(self, jobs: JobStore, ledger: Ledger, **job: Any) -> None:
        super().__init__(jobs, ledger)
        self.job = a_job(**({"total_clips": 3, "execution_arn": "arn"} | job))
        jobs.table.commit(jobs.accept(self.job))

    def attempt(self, number: int, **changes: Any) -> None:
        """Accepted by the provider, where it runs, as prediction `p{number}`."""
        self.clip(number, ClipStatus.PROCESSING, None)
        name, token = attempt_id(1, number, "video", 1), f"token-{number}"
        given = {"id": name, "clip": number, "prediction_id": f"p{number}", "token": token} | changes
        self.jobs.table.commit(self.jobs.new_attempt(self.job.id, an_attempt(self.job, **given)))
        self.tokens.waiting.add(token)
        if given["prediction_id"]:
            self.provider.known.setdefault(given["prediction_id"], Prediction(id=given["prediction_id"]))

    def mark(self) -> None:
        self.jobs.table.commit(self.jobs.begin_to_cancel(self.jobs.job(self.job.id), CANCELLED))

    def close(self) -> Job:
        stop_run(self.job.id, 1, self.closing)
        return self.jobs.job(self.job.id)

    def ended(self, number: int) -> tuple[str, str]:
        """How the attempt at a clip and its money ended."""
        name = attempt_id(1, number, "video", 1)
        attempt = self.jobs.find_attempt(self.job.id, name)
        return attempt.status if attempt else "none", self.ledger.line(self.job.id, name).state

    @property
    def statuses(self) -> list[ClipStatus]:
        return [clip.status for clip in self.jobs.clips(self.job.id)]


@pytest.fixture
def running(jobs: JobStore, ledger: Ledger) -> Running:
    return Running(jobs, ledger)


# the mark


def accepted(acme: Caller, jobs: JobStore, **changes: Any) -> Job:
    job = a_job(**changes)
    jobs.table.commit(jobs.accept(job))
    return job


@pytest.mark.parametrize("status", [JobStatus.PLANNING, JobStatus.PROCESSING, JobStatus.COMBINING])
def test_a_job_may_be_cancelled_at_any_moment(acme: Caller, jobs: JobStore, status: JobStatus) -> None:
    job = accepted(acme, jobs, status=status)
    said = acme.post(f"/api/v3/jobs/{job.id}/cancel", {})
    assert said.status == 202
    assert said.data["status"] == "cancelling"
    assert said.headers["location"] == f"/api/v3/jobs/{job.id}"
    assert not jobs.job(job.id).may_spend


def test_cancelling_twice_is_cancelling_once(acme: Caller, jobs: JobStore) -> None:
    job = accepted(acme, jobs)
    acme.post(f"/api/v3/jobs/{job.id}/cancel", {})
    marked = jobs.job(job.id)
    assert acme.post(f"/api/v3/jobs/{job.id}/cancel", {}).status == 202
    assert jobs.job(job.id) == marked


def test_a_job_that_was_cancelled_before_is_shown_as_it_is(acme: Caller, jobs: JobStore) -> None:
    job = accepted(
        acme, jobs, status=JobStatus.CANCELLED, actual_cost=PRICE, lost_cost=2 * PRICE, saved_cost=Decimal("3.6")
    )
    said = acme.post(f"/api/v3/jobs/{job.id}/cancel", {})
    assert (said.status, said.data["spent"], said.data["saved"]) == (200, 3.6, 3.6)


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED])
def test_a_job_that_has_ended_otherwise_cannot_be_cancelled(acme: Caller, jobs: JobStore, status: JobStatus) -> None:
    job = accepted(acme, jobs, status=status)
    said = acme.post(f"/api/v3/jobs/{job.id}/cancel", {})
    problem = said.envelope["error"]
    assert (said.status, problem["code"]) == (409, "conflict")
    assert status.value in problem["detail"]
    assert jobs.job(job.id).status is status


def test_nobody_cancels_the_job_of_another_tenant(other: Caller, jobs: JobStore) -> None:
    job = accepted(other, jobs)
    assert other.post(f"/api/v3/jobs/{job.id}/cancel", {}).status == 404
    assert jobs.job(job.id).status is JobStatus.PROCESSING


# what becomes of it


def test_whatever_runs_is_cancelled_whatever_waits_is_released_and_what_is_kept_stays(running: Running) -> None:
    running.clip(1, ClipStatus.COMPLETED, LineState.SETTLED)
    running.attempt(2)
    running.attempt(3, status=AttemptStatus.ASKED, prediction_id=None, postponed=True)
    running.mark()

    job = running.close()

    assert (job.status, job.error_message) == (JobStatus.CANCELLED, None)
    assert running.statuses == [ClipStatus.COMPLETED, ClipStatus.CANCELLED, ClipStatus.CANCELLED]
    assert running.provider.cancelled == ["p2"]
    assert [arn.rpartition(":")[2] for arn in running.tokens.stopped] == [f"{job.id}-1"]
    assert (job.spent, job.saved_cost) == (2 * PRICE, PRICE)
    assert running.ended(2) == ("cancelled", "lost")
    assert running.ended(3) == ("cancelled", "released")
    assert {clip.error_message for clip in running.jobs.clips(job.id)[1:]} == {CANCELLED}
    assert [event["DetailType"] for event in running.bus.events] == ["job.cancelled"]


def test_what_its_provider_had_not_begun_costs_nothing(running: Running) -> None:
    running.provider.cancelling = Answer(outcome=Outcome.CANCELLED, charged=False)
    running.attempt(1)
    running.mark()
    assert running.close().saved_cost == PRICE
    assert running.ended(1) == ("cancelled", "released")


def test_a_provider_that_does_not_hear_leaves_the_money_lost_not_the_job_open(running: Running) -> None:
    running.provider.deaf = ProviderBusy("later")
    running.attempt(1)
    running.mark()
    assert running.close().status is JobStatus.CANCELLED
    assert running.ended(1) == ("lost", "lost")


def test_a_create_whose_answer_is_still_to_come_is_found_and_cancelled(running: Running) -> None:
    running.attempt(1, status=AttemptStatus.ASKED, prediction_id=None, claim="us", claimed_at=seconds_ago(1))
    url = f"https://media.example/x?name={mark(running.job.id, '1.0001.video.1')}firstFrame.jpg"
    running.provider.known["p9"] = Prediction(id="p9", input={"image": url})
    running.mark()
    running.close()
    assert running.provider.cancelled == ["p9"]
    assert running.ended(1) == ("cancelled", "lost")


@pytest.mark.parametrize(("seconds", "money"), [(10, "lost"), (1000, "released")])
def test_a_create_that_nobody_knows_of_is_lost_until_it_is_sure_that_nothing_began(
    running: Running, seconds: float, money: str
) -> None:
    claimed = {"claim": "us", "claimed_at": seconds_ago(seconds)}
    running.attempt(1, status=AttemptStatus.UNKNOWN, prediction_id=None, **claimed)
    running.mark()
    running.close()
    assert running.ended(1)[1] == money


def test_a_clip_that_was_made_but_not_kept_yet_is_announced_to_whoever_keeps_it(running: Running) -> None:
    running.attempt(1, status=AttemptStatus.ANSWERED, answer=SUCCEEDED)
    running.mark()
    job = running.close()
    late, ended = running.bus.events
    assert (late["DetailType"], ended["DetailType"]) == ("clip.late", "job.cancelled")
    assert late["detail"] == {"jobId": job.id, "run": 1, "attemptId": "1.0001.video.1"}
    assert running.ended(1) == ("lost", "lost")


def test_a_cancelled_job_takes_no_film_that_was_just_made(running: Running) -> None:
    running.jobs.table.commit(running.jobs.films.film_made(running.job.id, 1, FILM))
    running.mark()
    with pytest.raises(StaleRun):
        deliver(running.job.id, 1, running.closing)
    assert running.close().film is None


def test_cancelling_again_and_again_changes_nothing(running: Running) -> None:
    running.attempt(1)
    running.mark()
    first = running.close()
    assert running.close() == running.jobs.job(first.id)
    assert running.jobs.job(first.id).status is JobStatus.CANCELLED
    assert running.provider.cancelled == ["p1"]
    assert len(running.bus.events) == 1


@pytest.mark.parametrize("crash_at", range(1, 12))
def test_whoever_cancels_may_crash_anywhere_and_the_next_one_ends_it(running: Running, crash_at: int) -> None:
    running.attempt(1)
    running.attempt(2, status=AttemptStatus.ASKED, prediction_id=None, postponed=True)
    running.mark()
    doomed = JobStore(Crashing(running.jobs.table, crash_at))
    with suppress(Crash):
        stop_run(running.job.id, 1, running.over(doomed))
    job = running.close()
    assert job.status is JobStatus.CANCELLED
    assert running.statuses == [ClipStatus.CANCELLED] * 2
    assert running.ledger.totals(job.id).reserved == 0
    assert (job.spent, job.saved_cost) == (PRICE, PRICE)


def test_a_job_that_is_failing_may_still_be_cancelled(running: Running) -> None:
    running.attempt(1)
    running.jobs.table.commit(running.jobs.begin_to_close(running.job.id, 1, "stopped"))
    running.mark()
    close_failed(running.job.id, 1, "stopped", running.closing)
    assert running.jobs.job(running.job.id).status is JobStatus.CANCELLED


def test_many_are_stopped_at_once(running: Running) -> None:
    for number in range(1, 31):
        running.attempt(number)
    running.mark()
    threads = replace(running.closing, brake=replace(running.closing.brake, each=at_once))
    stop_run(running.job.id, 1, threads)
    assert sorted(running.provider.cancelled) == sorted(f"p{number}" for number in range(1, 31))
    assert running.jobs.job(running.job.id).spent == 30 * PRICE


# who hears of it


def test_the_event_of_a_cancelling_is_read_as_what_is_to_be_stopped() -> None:
    event = {"source": "reelay", "detail-type": "job.cancelling", "detail": {"jobId": "j", "run": 2, "status": "x"}}
    message = read(event)
    assert isinstance(message, RunRef)
    assert not isinstance(message, CloseJob)
    assert (message.job_id, message.run) == ("j", 2)


def test_the_sweep_ends_a_cancelling_that_nobody_heard_of(running: Running) -> None:
    running.attempt(1)
    running.mark()
    soon = datetime.now(UTC)
    assert sweep(running.closing, soon)["stopped"] == 0
    assert sweep(running.closing, soon + GRACE + timedelta(seconds=1))["stopped"] == 1
    assert running.jobs.job(running.job.id).status is JobStatus.CANCELLED


def test_a_job_that_is_cancelled_before_its_run_began_is_not_started(jobs: JobStore, ledger: Ledger) -> None:
    fresh = Running(jobs, ledger, status=JobStatus.PLANNING, execution_arn=None)
    fresh.mark()
    later = datetime.now(UTC) + timedelta(minutes=10)
    sweep(fresh.closing, later)
    assert f"{fresh.job.id}-1" not in fresh.tokens.executions
    assert jobs.job(fresh.job.id).status is JobStatus.CANCELLED


# a job that has lost its hope of a film


def test_a_job_without_hope_is_stopped_and_its_workflow_goes_on_to_its_end(running: Running) -> None:
    running.attempt(1)
    running.attempt(2, status=AttemptStatus.ASKED, prediction_id=None, postponed=True)
    running.jobs.table.commit(running.jobs.begin_to_close(running.job.id, 1, "Clip 3 failed"))
    job = running.close()
    assert job.status is JobStatus.PROCESSING
    assert running.provider.cancelled == ["p1"]
    assert sorted(running.tokens.released) == ["token-1", "token-2"]
    assert running.tokens.stopped == []
    assert running.ledger.totals(job.id).reserved == 2 * PRICE, "KeepClip ends them"


class Hours:
    """A clock that goes on only where somebody waits."""

    def __init__(self) -> None:
        self.at = time.time()

    def time(self) -> float:
        return self.at

    def sleep(self, seconds: float, /) -> None:
        self.at += seconds


class Unreachable(ScriptedProvider):
    """Every call runs into its time-out."""

    def cancel(self, prediction_id: str) -> Prediction:
        sleep(30)
        raise ProviderBusy("nobody answers")


def test_a_provider_that_cannot_be_reached_does_not_keep_a_job_from_its_end(running: Running) -> None:
    for number in range(1, 21):
        running.attempt(number)
    running.mark()
    hours = Hours()
    given = CLOCK.set(hours)
    try:
        began = hours.at
        closing = replace(running.closing, brake=a_brake(running.jobs, Unreachable()))
        stop_run(running.job.id, 1, closing)
        assert hours.at - began < CLOSE_JOB_SECONDS
    finally:
        CLOCK.reset(given)
    assert running.jobs.job(running.job.id).status is JobStatus.CANCELLED
    assert running.ended(20) == ("lost", LineState.LOST)
