"""Plan crashes at each of its steps while it narrates: whoever begins anew pays for nothing that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from threading import Lock
from typing import Any, Literal

import pytest
import requests

from functions.studio.budgets import Counter
from functions.studio.closing import close_failed
from functions.studio.errors import NarrationFailed, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger, LineState
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.settlement import settle_open_clips
from local.standins.openai import OpenAi
from tests.integration.narration_stage import Stage
from tests.scripted import a_brake, a_closing

SAID = "Meet the car. It is quiet."
WRITES = ("transact_write_items", "put_item", "update_item", "delete_item", "put_object")
"""What a crash can fall on: all that Plan changes, outside of the services that it asks."""


class Crash(BaseException):
    """The process is gone: nothing catches it."""


class Fuse:
    """Crashes once, before or after the nth of all calls that it sees."""

    def __init__(self, at: int, when: Literal["before", "after"]) -> None:
        self.at, self.when, self.seen = at, when, 0
        self.blown = False
        self._lock = Lock()

    def next_one(self) -> bool:
        with self._lock:
            self.seen += 1
            return self.seen == self.at

    def blow(self) -> None:
        self.blown = True
        raise Crash

    def on(self, client: Any) -> Fused:
        return Fused(client, self)


class Fused:
    """A client whose writes may be the last thing that happens."""

    def __init__(self, client: Any, fuse: Fuse) -> None:
        self._client, self._fuse = client, fuse

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name not in WRITES:
            return call

        def carried_out(**asked: Any) -> Any:
            last = self._fuse.next_one()
            if last and self._fuse.when == "before":
                self._fuse.blow()
            answer = call(**asked)
            if last:
                self._fuse.blow()
            return answer

        return carried_out


@pytest.fixture(scope="session")
def openai_service() -> Iterator[OpenAi]:
    service = OpenAi(token="key").start()
    yield service
    service.stop()


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, openai_service: OpenAi) -> Stage:
    requests.post(f"{openai_service.url}/_reset", timeout=5).raise_for_status()
    return Stage(jobs, ledger, library, media, openai_service.url)


def crashed(stage: Stage, at: int, when: Literal["before", "after"]) -> bool:
    """Whether planning got as far as to crash there; then it is planned again, and what was paid for is looked at."""
    requests.post(f"{stage.openai}/_reset", timeout=5).raise_for_status()
    job = stage.job(stage.listing(target_seconds=4))
    table, bucket = stage.jobs.table.client, stage.media.client
    fuse = Fuse(at, when)
    stage.jobs.table.client, stage.media.client = fuse.on(table), fuse.on(bucket)  # type: ignore[assignment]  # as boto3's
    try:
        stage.plan(job)
    except Crash:
        pass
    finally:
        stage.jobs.table.client, stage.media.client = table, bucket
    stage.plan(job)
    after, lines, asked = stage.jobs.job(job.id), stage.lines(job), stage.asked()
    told = stage.narration(after)
    where = f"{when} write {at}"
    assert after.status is JobStatus.PROCESSING, where
    assert [word.text for word in told.words] == told.script.split(), where
    settled = {line.stage: line for line in lines if line.state is LineState.SETTLED}
    assert settled.keys() == {"script", "voice", "captions"}, where
    assert not [line for line in lines if line.state is LineState.RESERVED], where
    assert sum(asked.values()) <= len(lines) <= 4, where  # a line may be without a question, never the other way round
    assert all(asked[one] <= sum(line.stage == one for line in lines) for one in asked), where
    paid = sum((line.counts for line in lines), Decimal(0))
    assert after.reserved_cost == after.estimated_cost == paid <= job.reserved_cost, where
    assert len(stage.jobs.clips(job.id)) == 2, where
    return fuse.blown


@pytest.mark.parametrize("when", ["before", "after"])
def test_wherever_plan_crashes_nothing_that_is_there_is_paid_for_again(
    stage: Stage, when: Literal["before", "after"]
) -> None:
    at = 1
    while crashed(stage, at, when):
        at += 1
    assert at > 12, "each step writes"


def test_planning_again_asks_nobody_and_makes_the_same(stage: Stage) -> None:
    job = stage.planned()
    before = stage.jobs.job(job.id)
    stage.plan(job)
    assert stage.jobs.job(job.id) == before
    assert sum(stage.asked().values()) == 3


def test_the_next_run_finds_what_the_one_before_has_paid_for(stage: Stage) -> None:
    """A run that failed at its voice has its script; the next one writes none."""
    stage.script("server_error", match={"voice": "alloy"}, times=50)
    job = stage.job()
    with pytest.raises(NarrationFailed, match="could not be spoken"):
        stage.plan(job)
    failed = next_run(stage, job)
    assert failed.beside_clips == {"script": failed.actual_cost}
    stage.plan(stage.jobs.job(job.id))
    assert stage.asked() == {"voice": 1, "captions": 1}


def test_the_next_run_asks_again_for_a_script_that_was_refused(stage: Stage) -> None:
    stage.script("refuse", match={"store": False})
    job = stage.job()
    for _ in range(2):  # a second try of the same run is told the same, and nobody is asked
        with pytest.raises(NarrationFailed, match="the model refused"):
            stage.plan(job)
    assert stage.asked() == {"script": 1}
    next_run(stage, job)
    stage.plan(stage.jobs.job(job.id))
    assert stage.asked() == {"script": 1, "voice": 1, "captions": 1}
    assert [line.run for line in stage.lines(job) if line.stage == "script"] == [1, 2]


def next_run(stage: Stage, job: Job) -> Job:
    """The job as its first run has left it; the second has begun, before services that have forgotten everything."""
    requests.post(f"{stage.openai}/_reset", timeout=5).raise_for_status()
    close_failed(job.id, 1, "The job's workflow failed.", a_closing(stage.jobs, stage.ledger))
    failed = stage.jobs.job(job.id)
    stage.board.budgets.accept(
        job.model_copy(update={"run": 2}),
        *stage.jobs.next_run(failed, job.purpose, {"reservedCost": job.reserved_cost}),
    )
    return failed


def test_of_two_tries_at_once_the_later_one_plans_and_money_is_counted_for_both(stage: Stage) -> None:
    job = stage.job(stage.listing(script=SAID))

    def another_try() -> None:
        stage.media.client = bucket
        stage.plan(job)

    bucket = stage.media.client
    stage.media.client = Interrupting(bucket, another_try)  # type: ignore[assignment]  # as boto3's
    stage.plan(job)
    lines = stage.lines(job)
    assert stage.jobs.job(job.id).status is JobStatus.PROCESSING
    assert sum(stage.asked().values()) <= len(lines)
    assert {line.state for line in lines} <= {LineState.SETTLED, LineState.LOST}
    assert stage.jobs.job(job.id).reserved_cost == sum((line.counts for line in lines), Decimal(0))


class Interrupting:
    """A bucket: before something is put there first, something else happens."""

    def __init__(self, client: Any, happens: Any) -> None:
        self._client, self._happens = client, happens

    def __getattr__(self, name: str) -> Any:
        if name == "put_object" and self._happens:
            happens, self._happens = self._happens, None
            happens()
        return getattr(self._client, name)


def test_what_was_asked_when_the_run_was_closed_is_lost(stage: Stage) -> None:
    job = stage.job(stage.listing(script=SAID))
    table, fuse = stage.jobs.table.client, Fuse(1, "before")
    bucket = stage.media.client
    stage.media.client = fuse.on(bucket)  # type: ignore[assignment]  # as boto3's
    with pytest.raises(Crash):
        stage.plan(job)
    stage.media.client, stage.jobs.table.client = bucket, table
    assert stage.money(job) == [("voice", "reserved")]
    settle_open_clips(a_brake(stage.jobs), stage.ledger, stage.jobs.job(job.id), 1, "The job's workflow failed.")
    assert stage.money(job) == [("voice", "lost")]


@pytest.mark.parametrize("late", ["script", "voice", "captions"])
def test_an_answer_that_comes_after_the_end_is_paid_for_by_the_run_that_uses_it(stage: Stage, late: str) -> None:
    job = stage.job(stage.listing(target_seconds=4))
    table, bucket = stage.jobs.table, stage.media.client
    closing = a_closing(stage.jobs, stage.ledger)

    def ends() -> None:
        [open_one] = [line for line in stage.lines(job) if line.state is LineState.RESERVED]
        if open_one.stage == late:
            stage.media.client = bucket
            table.commit(stage.jobs.begin_to_cancel(job, "The job was cancelled."))
            close_failed(job.id, 1, "The job was cancelled.", closing)

    stage.media.client = BeforeEach(bucket, ends)  # type: ignore[assignment]  # as boto3's
    with pytest.raises(StaleRun):
        stage.plan(job)
    cancelled, [lost] = stage.jobs.job(job.id), [line for line in stage.lines(job) if line.state is LineState.LOST]
    assert (cancelled.status, lost.stage, cancelled.lost_cost) == (JobStatus.CANCELLED, late, lost.amount)
    assert cancelled.saved_cost == job.reserved_cost - cancelled.spent > 0, "what will not be spent any more"
    asked = dict(stage.asked())

    next_run(stage, job)
    stage.plan(stage.jobs.job(job.id))
    assert {**asked, **stage.asked()} == {"script": 1, "voice": 1, "captions": 1}, "nothing is asked for again"
    assert not asked.keys() & stage.asked().keys()
    used = stage.ledger.line(job.id, lost.attempt_id)
    assert used.state is LineState.SETTLED
    assert used.counts <= lost.amount
    after, totals = stage.jobs.job(job.id), stage.ledger.totals(job.id)
    of_first = sum((line.counts for line in stage.lines(job) if line.run == 1), Decimal(0))
    assert (after.actual_cost, after.lost_cost, totals.lost) == (of_first, 0, 0)
    assert after.beside_clips == {line.stage: line.counts for line in stage.lines(job)}
    for row in ("BUDGET", f"BUDGET#{job.campaign_id}"):
        counter = Counter.model_validate(table.get("T#acme", row))
        assert (counter.reserved, counter.settled, counter.lost) == (after.reserved_cost, of_first, 0)
        assert counter.used == totals.settled


def test_a_listing_that_is_cancelled_before_anything_is_asked_saves_all_of_it_and_later_only_its_clips(
    stage: Stage,
) -> None:
    saved = []
    for planned in (False, True):
        job = stage.job(stage.listing(script=SAID))
        if planned:
            stage.plan(job)
        stage.jobs.table.commit(stage.jobs.begin_to_cancel(stage.jobs.job(job.id), "The job was cancelled."))
        close_failed(job.id, 1, "The job was cancelled.", a_closing(stage.jobs, stage.ledger))
        saved.append(stage.jobs.job(job.id).saved_cost)
    assert saved == [job.reserved_cost, 0]


class BeforeEach:
    """A bucket: before something is put there, something else happens."""

    def __init__(self, client: Any, happens: Callable[[], None]) -> None:
        self._client, self._happens = client, happens

    def __getattr__(self, name: str) -> Any:
        if name == "put_object":
            self._happens()
        return getattr(self._client, name)


def test_the_next_run_has_a_speech_that_was_cut_short_spoken_again(stage: Stage) -> None:
    stage.script("truncate_output", match={"voice": "alloy"}, times=2)
    job = stage.job(stage.listing(script="Meet the car. It is large, and it is quiet."))
    with pytest.raises(NarrationFailed, match="the speech ends before"):
        stage.plan(job)
    failed = next_run(stage, job)
    assert (failed.actual_cost, failed.beside_clips) == (0, {})
    stage.plan(stage.jobs.job(job.id))
    assert stage.asked() == {"voice": 1, "captions": 1}


def test_a_job_that_ends_while_it_is_narrated_gets_no_clips(stage: Stage) -> None:
    job = stage.job(stage.listing(script=SAID))
    bucket = stage.media.client

    def ends() -> None:
        stage.media.client = bucket
        stage.jobs.table.commit(stage.jobs.move_job(job.id, 1, JobStatus.FAILED))

    stage.media.client = Interrupting(bucket, ends)  # type: ignore[assignment]  # as boto3's
    with pytest.raises(StaleRun):
        stage.plan(job)
    assert stage.jobs.clips(job.id) == []
