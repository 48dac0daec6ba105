"""A job's next run in its rows: what is opened again, what stays, what comes back, and what is paid."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from functions.keep_clip.keep import Keeper
from functions.plan.board import Board
from functions.plan.choice import Editor
from functions.plan.plan import plan
from functions.studio import wiring
from functions.studio.budgets import Budgets
from functions.studio.catalogue import catalogue
from functions.studio.chat import Chat
from functions.studio.clips import STAGES, Answer, AttemptStatus, ClipStatus, Outcome
from functions.studio.closing import close_failed, deliver, stop_run
from functions.studio.cut import Cut
from functions.studio.errors import NotFound, StaleRun
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus, RunKind
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTask, StateError
from functions.studio.rows import new_id
from functions.studio.settlement import settle_open_clips
from tests.integration.api_events import Caller
from tests.integration.rerun_stage import COST, Ended, a_film
from tests.scripted import Bus, a_booth, a_closing, a_kept, an_attempt

DONE, FAILED, CANCELLED, PENDING = (
    ClipStatus.COMPLETED,
    ClipStatus.FAILED,
    ClipStatus.CANCELLED,
    ClipStatus.PENDING,
)
REFUSED = Answer(outcome=Outcome.REFUSED, error="flagged anew", charged=False)


class Rerun(Ended):
    """And the functions of its next run."""

    def __init__(self, acme: Caller, jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore) -> None:
        super().__init__(acme, jobs, ledger, library)
        editor = Editor(media, Chat(lambda: "key", "http://127.0.0.1:9/v1"), [], "url")
        self.board = Board(
            jobs, ledger, Budgets(jobs.table), library, editor, 600, 30, catalogue, a_booth(library, editor.media)
        )
        self.bus = Bus()
        self.events = JobEvents("bus", self.bus)
        self.closing = a_closing(jobs, ledger, self.bus)
        self.keeper = Keeper(jobs, ledger, media, wiring.shared, _no_provider, {}, {}, STAGES, self.events, catalogue)

    def begins(self, what: str, body: object = None) -> list[ClipTask]:
        assert self.asks(what, body).status == 202
        return self.plans()

    def plans(self) -> list[ClipTask]:
        return plan(self.id, self.job.run, self.board, lambda: 300.0).tasks

    def keeps(self, task: ClipTask, key: str) -> None:
        """As KeepClip ends it well."""
        clip = self.jobs.clip(self.id, task.clip)
        cost = (clip.actual_cost or Decimal(0)) + clip.estimated_cost
        begun = self.jobs.move_clip(self.id, task.run, task.clip, ClipStatus.PROCESSING, {"attemptId": task.attempt_id})
        self.jobs.table.commit(begun)
        kept = a_kept(task.clip).model_copy(update={"key": key})
        self.jobs.table.commit(
            self.jobs.clip_kept(self.id, task, kept, {"actualCost": cost}),
            self.ledger.end(self.id, task.attempt_id, self.ledger.line(self.id, task.attempt_id).state.SETTLED),
        )

    def refuses(self, task: ClipTask) -> None:
        begun = {"attemptId": task.attempt_id, "retryCount": 0}
        attempt = an_attempt(
            self.job, task.clip, id=task.attempt_id, run=task.run, status=AttemptStatus.ANSWERED, answer=REFUSED
        )
        self.jobs.table.commit(
            self.jobs.new_attempt(self.id, attempt),
            self.jobs.move_clip(self.id, task.run, task.clip, ClipStatus.PROCESSING, begun),
        )
        assert self.keeper.keep(task, None).next is None

    def combined(self, clips: list[int]) -> None:
        """As Arrange and Assemble leave it; then it is delivered."""
        job = self.job
        self.jobs.table.commit(self.jobs.move_job(job.id, job.run, JobStatus.COMBINING))
        film = a_film(job, clips, made_by=job.purpose.kind, cost=None, delivered_at=None)
        self.jobs.table.commit(self.jobs.films.film_made(job.id, job.run, film))
        deliver(job.id, job.run, self.closing)

    @property
    def statuses_now(self) -> dict[int, ClipStatus]:
        return {clip.number: clip.status for clip in self.jobs.clips(self.id)}


def _no_provider(name: str) -> None:
    raise AssertionError(f"{name} is not asked")


@pytest.fixture
def rerun(acme: Caller, jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore) -> Rerun:
    """Clips 1 and 3 are kept, clip 2 has failed."""
    return Rerun(acme, jobs, ledger, library, media)


def test_only_what_failed_is_opened_again_and_reserved(rerun: Rerun) -> None:
    tasks = rerun.begins("retry")
    assert [(task.attempt_id, task.clip) for task in tasks] == [("2.0002.video.1", 2)]
    assert rerun.statuses_now == {1: DONE, 2: PENDING, 3: DONE}
    assert [clip.run for clip in rerun.jobs.clips(rerun.id)] == [1, 2, 1]
    clip = rerun.jobs.clip(rerun.id, 2)
    assert (clip.attempt_id, clip.error_message, clip.error_class, clip.attempts_before) == (None, None, None, 1)
    assert rerun.ledger.totals(rerun.id).reserved == COST
    assert rerun.job.status is JobStatus.PROCESSING


def test_planning_the_run_twice_opens_nothing_twice(rerun: Rerun) -> None:
    first = rerun.begins("retry")
    assert rerun.plans() == first
    assert [line.attempt_id for line in rerun.ledger.lines(rerun.id)] == [
        "1.0001.video.1",
        "1.0002.video.1",
        "1.0003.video.1",
        "2.0002.video.1",
    ]


def test_a_try_of_planning_that_broke_off_is_finished_by_the_next(rerun: Rerun) -> None:
    """It had opened the clip, and the job's move was lost."""
    tasks = rerun.begins("retry")
    back = rerun.job.model_copy(update={"status": JobStatus.PLANNING, "planner": new_id()})
    rerun.jobs.table.put_all([rerun.jobs.accept(back)])
    assert rerun.plans() == tasks
    assert rerun.jobs.clip(rerun.id, 2).attempts_before == 1
    assert rerun.ledger.totals(rerun.id).reserved == COST


def test_what_is_paid_over_all_runs_is_what_the_ledger_the_clips_and_the_job_say(rerun: Rerun) -> None:
    rerun.keeps(*rerun.begins("retry"), key="second")
    rerun.combined([1, 2, 3])
    rerun.keeps(*rerun.begins("sub-jobs/1/regenerate"), key="third")
    rerun.combined([1, 2, 3])
    job, clips = rerun.job, rerun.jobs.clips(rerun.id)
    money = rerun.ledger.totals(rerun.id)
    assert money.reserved == 0
    assert job.actual_cost == money.settled == sum(clip.actual_cost or 0 for clip in clips) == 4 * COST
    assert job.estimated_cost == 4 * COST
    assert clips[0].actual_cost == 2 * COST, "both of its videos"
    films = rerun.jobs.films.of(job)
    assert [(film.run, film.made_by, film.cost) for film in films] == [
        (1, RunKind.FIRST, 2 * COST),
        (2, RunKind.RETRY, COST),
        (3, RunKind.REGENERATE, COST),
    ]
    assert [event["detail"]["run"] for event in rerun.bus.events] == [2, 3]


def test_a_clip_keeps_its_video_until_it_has_been_made_anew(rerun: Rerun) -> None:
    (task,) = rerun.begins("sub-jobs/1/regenerate", {"prompt": "Slowly"})
    address = f"/api/v3/videos/{rerun.id}/clips/clip_001.mp4"
    assert "clip-1" in rerun.acme.get(address).headers["location"]
    shown = rerun.acme.get(f"{rerun.path}/sub-jobs").data["subJobs"][0]
    assert (shown["status"], shown["prompt"], shown["videoUrl"]) == ("pending", "Slowly", address)
    assert shown["videoBlobId"] == f"{rerun.id}.1.0001.video.1"
    rerun.keeps(task, key="anew")
    assert "anew" in rerun.acme.get(address).headers["location"]
    clip = rerun.jobs.clip(rerun.id, 1)
    assert (clip.former, clip.prompt, clip.status) == (None, "Slowly", DONE)


def test_a_clip_that_cannot_be_made_anew_is_as_it_was_and_says_why(rerun: Rerun) -> None:
    before = rerun.jobs.clip(rerun.id, 1)
    (task,) = rerun.begins("sub-jobs/1/regenerate", {"prompt": "Slowly", "model": "hailuo-2.0"})
    rerun.refuses(task)
    clip = rerun.jobs.clip(rerun.id, 1)
    assert (clip.status, clip.error_message, clip.error_class) == (DONE, "flagged anew", "refused")
    for field in ("kept", "attempt_id", "prediction_id", "prompt", "model", "duration_seconds", "actual_cost"):
        assert getattr(clip, field) == getattr(before, field)
    assert rerun.ledger.totals(rerun.id).released == 2 * COST - Decimal(1), "clip 2 of the first run, and this one"
    rerun.combined([1, 3])
    warnings = rerun.acme.get(rerun.path).data["warnings"]
    assert "Clip 1 could not be made anew, and is as it was: flagged anew" in warnings
    assert rerun.job.actual_cost == 2 * COST
    (task,) = rerun.begins("sub-jobs/1/regenerate")
    assert rerun.jobs.clip(rerun.id, 1).attempts_before == 2


@pytest.mark.parametrize("status", [FAILED, CANCELLED])
def test_a_run_that_is_broken_off_leaves_every_clip_that_there_was(status: ClipStatus, rerun: Rerun) -> None:
    rerun.begins("sub-jobs/1/regenerate")
    settle_open_clips(rerun.closing.brake, rerun.ledger, rerun.job, 2, "stopped", status=status)
    assert rerun.statuses_now == {1: DONE, 2: FAILED, 3: DONE}
    assert rerun.ledger.totals(rerun.id).reserved == 0


def test_a_regenerate_that_is_cancelled_saves_its_price_and_leaves_the_clip_as_it_was(rerun: Rerun) -> None:
    rerun.begins("sub-jobs/1/regenerate")
    assert rerun.asks("cancel").status == 202
    stop_run(rerun.id, 2, rerun.closing)
    job = rerun.job
    assert (job.status, job.saved_cost, job.actual_cost, job.reserved_cost) == (JobStatus.CANCELLED, COST, 2 * COST, 0)
    assert rerun.statuses_now == {1: DONE, 2: FAILED, 3: DONE}
    assert job.film
    rerun.begins("retry")
    assert (rerun.job.saved_cost, rerun.job.closing) == (None, None)
    assert [clip.status for clip in rerun.jobs.clips(rerun.id)] == [DONE, PENDING, DONE]


def test_a_run_that_fails_leaves_the_film_of_the_run_before(rerun: Rerun) -> None:
    rerun.begins("recut", {"audio": "strip"})
    close_failed(rerun.id, 2, "The film is not what was planned.", rerun.closing)
    job = rerun.job
    assert (job.status, job.error_message) == (JobStatus.FAILED, "The film is not what was planned.")
    assert job.film
    assert (job.film.run, job.cut) == (1, Cut())
    assert rerun.acme.get(f"/api/v3/videos/{rerun.id}/combined").status == 302
    rerun.begins("retry")
    assert rerun.job.run_cut.audio == "strip"


def test_a_recut_becomes_the_jobs_film_and_a_rendition_does_not(rerun: Rerun) -> None:
    assert rerun.begins("recut", {"clips": [{"subJobNumber": 3}], "audio": "strip"}) == []
    rerun.combined([3])
    assert rerun.begins("renditions", {"format": "hevc"}) == []
    rerun.combined([3])
    job = rerun.job
    assert job.film
    assert (job.film.run, job.cut.audio, job.cut.format) == (2, "strip", "mp4")
    assert [film.run for film in rerun.jobs.films.of(job)] == [1, 2, 3]
    assert (job.successful_clips, job.failed_clips) == (2, 1)


def test_a_film_that_leaves_clips_out_on_purpose_misses_none(rerun: Rerun) -> None:
    rerun.begins("recut", {"clips": [{"subJobNumber": 3}]})
    rerun.combined([3])
    assert rerun.acme.get(rerun.path).data["warnings"] == ["Clip 2 is missing from the film: flagged"]


def _kept_late(rerun: Rerun) -> None:
    rerun.keeper.keep(ClipTask(**_task(rerun, 1)), StateError(Error="States.Timeout"))


def _task(rerun: Rerun, run: int) -> dict[str, object]:
    limits = {"timeout_seconds": 600, "heartbeat_seconds": 30}
    return {"job_id": rerun.id, "run": run, "clip": 2, "stage": "video", "attempt": 1, **limits}


LATE: dict[str, Callable[[Rerun], None]] = {
    "KeepClip": _kept_late,
    "CloseJob": lambda rerun: close_failed(rerun.id, 1, "late", rerun.closing),
    "Deliver": lambda rerun: deliver(rerun.id, 1, rerun.closing),
    "Plan": lambda rerun: plan(rerun.id, 1, rerun.board, lambda: 300.0) and None,
}


@pytest.mark.parametrize("step", LATE)
def test_a_step_of_the_run_before_that_comes_late_changes_nothing(step: str, rerun: Rerun) -> None:
    rerun.begins("retry")
    rows = rerun.jobs.table.client.scan(TableName="rows")["Items"]
    try:
        LATE[step](rerun)
    except (StaleRun, NotFound):
        assert step in ("Deliver", "Plan")
    assert rerun.jobs.table.client.scan(TableName="rows")["Items"] == rows
