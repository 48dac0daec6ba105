"""The runs of a prompted job in its rows: opened, cut from the variants that are there, made again, cancelled, paid."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from functions.arrange.arrange import arrange
from functions.plan.board import Board
from functions.plan.choice import Editor
from functions.plan.plan import plan
from functions.studio.budgets import Budgets
from functions.studio.catalogue import catalogue
from functions.studio.chat import Chat
from functions.studio.clips import Clip, ClipStatus, Fault
from functions.studio.closing import close_failed, deliver
from functions.studio.cut import Take
from functions.studio.job_store import JobStore, said
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger, LineState
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTask, RunRef
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply
from tests.integration.prompt_stage import SCRIPT, prompted, reserved
from tests.integration.rerun_stage import a_film
from tests.scripted import a_booth, a_brake, a_closing, a_kept

FPS = 24
REFUSED = Fault(message="flagged", error_class="refused")


class Run:
    """A job that was asked for, and the functions of its runs."""

    def __init__(
        self, acme: Caller, jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, wishes: dict[str, Any]
    ) -> None:
        self.acme, self.jobs, self.ledger = acme, jobs, ledger
        editor = Editor(media, Chat(lambda: "key", "http://127.0.0.1:9/v1"), [], "url")
        self.board = Board(
            jobs, ledger, Budgets(jobs.table), library, editor, 600, 30, catalogue, a_booth(library, editor.media)
        )
        self.closing = a_closing(jobs, ledger)
        self.accepted = prompted(acme, **{"model": "veo3", "durationSeconds": 8, **wishes})
        self.id: str = self.accepted.data["jobId"]

    @property
    def job(self) -> Job:
        return self.jobs.job(self.id)

    @property
    def clips(self) -> list[Clip]:
        return self.jobs.clips(self.id)

    def asks(self, what: str, body: Any = None) -> Reply:
        return self.acme.post(f"/api/v3/jobs/{self.id}/{what}", body or {})

    def plans(self) -> list[ClipTask]:
        return plan(self.id, self.job.run, self.board, lambda: 300.0).tasks

    def keeps(self, task: ClipTask) -> None:
        clip = self.jobs.clip(self.id, task.clip)
        kept = a_kept(task.clip, frames=FPS * clip.duration_seconds, span=FPS * clip.duration_seconds * 512)
        cost = (clip.actual_cost or Decimal(0)) + clip.estimated_cost
        self.jobs.table.commit(
            self.jobs.clip_kept(self.id, task, kept, {"actualCost": cost}),
            self.ledger.end(self.id, task.attempt_id, LineState.SETTLED),
        )

    def refuses(self, task: ClipTask) -> None:
        clip = self.jobs.clip(self.id, task.clip)
        self.jobs.table.commit(
            self.jobs.clip_lost(self.id, clip, ClipStatus.FAILED, said(REFUSED)),
            self.ledger.end(self.id, task.attempt_id, LineState.RELEASED),
        )

    def cuts(self) -> list[tuple[int, int]]:
        """The film's pieces, each by its clip and its frames."""
        arrange(RunRef(job_id=self.id, run=self.job.run), a_brake(self.jobs), self.ledger)
        return [(piece.clips[0], piece.frames) for piece in self.jobs.films.pieces(self.id, self.job.run)]

    def delivers(self) -> None:
        shown = list(dict.fromkeys(clip for clip, _ in self.cuts()))
        self.jobs.table.commit(self.jobs.films.film_made(self.id, self.job.run, a_film(self.job, shown)))
        deliver(self.id, self.job.run, self.closing)


Beginning = Callable[..., Run]


@pytest.fixture
def beginning(acme: Caller, jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore) -> Beginning:
    return lambda **wishes: Run(acme, jobs, ledger, library, media, wishes)


def test_plan_opens_the_clips_that_were_there_when_the_job_was_accepted(beginning: Beginning, ledger: Ledger) -> None:
    run = beginning(script=SCRIPT, durationSeconds=30, fill=True)
    before = run.clips
    assert all(clip.expires_at for clip in before), "of a job that may never be accepted"
    assert [task.clip for task in run.plans()] == [1, 2, 3, 4]
    assert run.clips == [clip.model_copy(update={"expires_at": None}) for clip in before]
    assert (run.job.status, run.job.reserved_cost) == (JobStatus.PROCESSING, reserved(ledger, run.job))
    assert run.job.started_at
    assert [task.clip for task in run.plans()] == [1, 2, 3, 4], "a second try finds the same"


def test_a_filled_film_is_as_long_as_was_asked_to_the_frame(beginning: Beginning) -> None:
    run = beginning(script=SCRIPT, durationSeconds=29, fill=True)
    for task in run.plans():
        run.keeps(task)
    assert sum(frames for _, frames in run.cuts()) == 29 * FPS


def test_the_film_is_cut_from_the_first_variant_of_each_shot_that_is_there(beginning: Beginning) -> None:
    run = beginning(script=SCRIPT, durationSeconds=16, fill=True, count=2, onClipFailure="fail_fast")
    first, *others = run.plans()
    run.refuses(first)
    for task in others:
        run.keeps(task)
    assert [clip for clip, _ in run.cuts()] == [2, 3]
    shots = run.acme.get(f"/api/v3/jobs/{run.id}").data["comparison"]
    assert [[one["chosen"] for one in shot["variants"]] for shot in shots] == [[False, True], [True, False]]


def test_what_all_variants_cost_is_settled_and_the_budgets_agree(beginning: Beginning, table: Table) -> None:
    run = beginning(prompt="A lamp", compare=["veo3", "hailuo-2.0"], model=None)
    for task in run.plans():
        run.keeps(task)
    run.delivers()
    spent = Decimal("1.20") + Decimal("0.20")
    assert (run.job.status, run.job.actual_cost) == (JobStatus.COMPLETED, spent)
    counter = Budgets(table).tenant("acme")
    assert (counter.reserved, counter.settled, counter.used) == (0, spent, spent)
    shown = run.acme.get(f"/api/v3/jobs/{run.id}").data
    assert shown["progress"]["total_cost"] == float(spent)
    assert shown["warnings"] == ["durationSeconds 8 was changed to 6: hailuo-2.0 makes clips of 6, 10 seconds."]


def test_a_job_is_cancelled_and_its_money_comes_back(beginning: Beginning, table: Table) -> None:
    run = beginning(prompt="A lamp", count=3)
    kept, *_ = run.plans()
    run.keeps(kept)
    assert run.asks("cancel").data["status"] == "cancelling"
    close_failed(run.id, 1, "The job was cancelled.", run.closing)
    shown = run.acme.get(f"/api/v3/jobs/{run.id}").data
    assert (shown["status"], shown["spent"], shown["saved"]) == ("cancelled", 1.2, 2.4)
    assert Budgets(table).tenant("acme").used == Decimal("1.20")


@pytest.mark.parametrize("how", ["retry", "sub-jobs/1/regenerate"])
def test_a_job_cancelled_before_it_was_planned_can_be_tried_again(beginning: Beginning, how: str) -> None:
    run = beginning(prompt="A lamp")
    run.asks("cancel")
    close_failed(run.id, 1, "The job was cancelled.", run.closing)
    assert [clip.status for clip in run.clips] == [ClipStatus.CANCELLED]
    again = run.asks(how)
    assert again.status == 202, again.text
    assert [task.clip for task in run.plans()] == [1]
    assert (run.clips[0].prompt, run.clips[0].mode) == ("A lamp", "text")


def test_a_retry_makes_the_variants_that_failed_in_their_places(beginning: Beginning) -> None:
    run = beginning(script=SCRIPT, durationSeconds=15, fill=True, count=2)
    one, two, three, four = run.plans()
    for task in (two, three):
        run.keeps(task)
    for task in (one, four):
        run.refuses(task)
    run.delivers()
    before = run.clips
    assert run.asks("retry").status == 202
    assert [task.clip for task in run.plans()] == [1, 4]
    same = ("shot", "variant", "ends_at", "prompt", "mode", "duration_seconds")
    for was, now in zip(before, run.clips, strict=True):
        assert [getattr(was, name) for name in same] == [getattr(now, name) for name in same]
    for task in run.plans():
        run.keeps(task)
    assert [clip for clip, _ in run.cuts()] == [1, 3]


def test_a_clip_is_made_anew_by_another_model_of_its_mode(beginning: Beginning) -> None:
    run = beginning(prompt="A lamp", aspectRatio="9:16")
    run.keeps(*run.plans())
    run.delivers()
    wrong = run.asks("sub-jobs/1/regenerate", {"model": "wan-2.5"})
    assert (wrong.status, wrong.fields) == (422, ["model"]), "it takes a picture"
    long = run.asks("sub-jobs/1/regenerate", {"model": "hailuo-2.0", "prompt": "x" * 2001})
    assert (long.status, long.fields) == (422, ["prompt"])
    assert run.asks("sub-jobs/1/regenerate", {"model": "ray-flash-2", "prompt": "A candle"}).status == 202
    run.plans()
    (clip,) = run.clips
    assert (clip.model, clip.prompt, clip.mode, clip.aspect_ratio) == ("ray-flash-2", "A candle", "text", "9:16")


def test_a_recut_chooses_another_variant_and_a_rendition_keeps_what_is_trimmed(beginning: Beginning) -> None:
    run = beginning(script=SCRIPT, durationSeconds=15, fill=True, count=2)
    for task in run.plans():
        run.keeps(task)
    run.delivers()
    assert run.asks("renditions", {"format": "webm"}).status == 202
    cut = run.job.purpose.cut
    assert cut
    assert cut.takes == [Take(clip=1), Take(clip=3, ends_at=Decimal(7))]
    close_failed(run.id, 2, "gone", run.closing)
    joins = [{"after": 2, "kind": "wipe"}]
    answer = run.asks("recut", {"clips": [{"subJobNumber": 2}, {"subJobNumber": 3}], "transitions": joins})
    assert answer.status == 202, answer.text
    run.plans()
    assert [clip for clip, _ in run.cuts()] == [2, 2, 3]
