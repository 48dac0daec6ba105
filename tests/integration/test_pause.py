"""A job that shows its pictures before their videos are paid for: it waits, is told what goes on, and ends by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from functions.api.approval import Approvals, ApproveRequest
from functions.api.job_views import AcceptedView
from functions.api.reruns import Reruns
from functions.studio.balances import Balances
from functions.studio.catalogue import catalogue
from functions.studio.clips import Answer, ClipStatus, Outcome
from functions.studio.errors import ConditionLost, Conflict
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus, OnClipFailure, RunKind
from functions.studio.ledger import Ledger, LineState
from functions.studio.library import Library
from functions.studio.media_store import MediaStore, SharedStore
from functions.sweep.pauses import NOBODY, Pauses
from functions.sweep.sweep import sweep
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import a_reception, uploaded
from tests.integration.asset_stage import objects
from tests.integration.scene_film import BOTH, PICTURE, VIDEO, SceneFilm
from tests.media import Studio
from tests.outputs import Outputs
from tests.pictures import drawn, saved

REFUSED = Answer(outcome=Outcome.REFUSED, error="Nudity", charged=False)
WAITS, DONE, FAILED, CANCELLED = (
    ClipStatus.AWAITING_APPROVAL,
    ClipStatus.COMPLETED,
    ClipStatus.FAILED,
    ClipStatus.CANCELLED,
)


class Paused(SceneFilm):
    """And its caller."""

    acme: Caller

    def asks(
        self, what: str, body: dict[str, Any] | None = None, clip: int = 1, headers: dict[str, str] | None = None
    ) -> Reply:
        path = f"/api/v3/jobs/{self.id}/sub-jobs/{clip}/{what}"
        sent = {"content-type": "application/json", **(headers or {})}
        return self.acme.send("POST", path, json.dumps(body or {}), sent)

    def waits(self, scenes: int = 2, lost: tuple[int, ...] = (), **wishes: Any) -> Paused:
        """Its pictures are there, but for those that were lost."""
        self.accept(scenes, pause_after="image", **wishes)
        for task in self.plans():
            self.goes(task, REFUSED if task.clip in lost else None)
        self.ends()
        return self

    def later(self, **time: float) -> dict[str, int]:
        return self.sweeps(datetime.now(UTC) + timedelta(**time))

    @property
    def shown(self) -> dict[int, dict[str, Any]]:
        answer = self.acme.get(f"/api/v3/jobs/{self.id}/sub-jobs")
        return {one["subJobNumber"]: one for one in answer.data["subJobs"]}


@pytest.fixture
def film(
    acme: Caller,
    jobs: JobStore,
    ledger: Ledger,
    library: Library,
    media: MediaStore,
    shared: SharedStore,
    outputs: Outputs,
    studio: Studio,
) -> Paused:
    made = Paused(jobs, ledger, library, media, shared, outputs, studio)
    made.acme = acme
    return made


def balance(film: SceneFilm) -> tuple[Decimal, Decimal]:
    """Credits that are reserved, and taken."""
    there = Balances(film.jobs.table).balance("acme")
    return there.reserved, there.settled


# the pause


def test_a_run_ends_when_its_pictures_are_there_and_holds_nothing_while_it_waits(film: Paused) -> None:
    film.waits()
    job = film.job
    assert (job.status, film.statuses) == (JobStatus.AWAITING_APPROVAL, {1: WAITS, 2: WAITS})
    assert film.asked == ["image", "image"]
    assert {state for state, _, _ in film.lines.values()} == {LineState.SETTLED}
    assert (job.actual_cost, job.reserved_cost) == (2 * PICTURE, 0)
    assert (film.counter.reserved, film.counter.settled, film.counter.used) == (0, 2 * PICTURE, 2 * PICTURE)
    reserved, taken = balance(film)
    assert (reserved, taken) == (0, 2 * film.job.credits_of("image"))
    assert film.published == ["job.awaiting_approval"]
    assert job.pause
    waits = datetime.fromisoformat(job.pause.until) - datetime.now(UTC)
    assert timedelta(hours=71) < waits <= timedelta(hours=72)


def test_a_job_that_waits_is_shown_with_its_pictures_and_what_is_missing(film: Paused) -> None:
    film.waits()
    film.asks("approve", clip=2)
    shown = film.acme.get(f"/api/v3/jobs/{film.id}")
    assert (shown.data["status"], shown.headers.get("retry-after")) == ("awaiting_approval", None)
    assert (shown.data["approval"]["approved"], shown.data["approval"]["waiting"]) == ([2], [1])
    assert shown.data["approval"]["until"]
    one, two = film.shown[1], film.shown[2]
    assert (one["status"], one["currentStep"], one["approved"], two["approved"]) == (
        "awaiting_approval",
        "image",
        False,
        True,
    )
    assert film.clip.picture
    assert one["imageUrl"] == f"https://shared.example/{film.clip.picture.key}"
    listed = film.acme.get("/api/v3/jobs?status=awaiting_approval")
    assert [entry["id"] for entry in listed.data["items"]] == [film.id]


def test_a_job_that_waits_rings_no_alarm_and_is_left_alone_by_the_sweep(
    film: Paused, capsys: pytest.CaptureFixture[str]
) -> None:
    film.waits()
    told = sweep(film.closing, datetime.now(UTC) + timedelta(hours=71))
    assert told == {"started": 0, "stopped": 0, "closed": 0, "failed": 0}
    assert film.later(hours=71) == {"approved": 0, "cancelled": 0, "failed": 0}
    assert "OldestUnfinished" not in capsys.readouterr().out
    assert film.job.status is JobStatus.AWAITING_APPROVAL


def test_a_pause_that_nobody_was_told_of_is_told_by_the_sweep(film: Paused) -> None:
    film.accept(1, pause_after="image")
    for task in film.plans():
        film.goes(task)
    published, film.bus.events = film.bus.events, []
    film.bus.put_events = fails_once(film.bus.put_events)  # type: ignore[method-assign]  # the bus is out of order once
    with pytest.raises(RuntimeError):
        film.ends()
    assert (film.job.status, film.published, published) == (JobStatus.AWAITING_APPROVAL, [], [])
    assert sweep(film.closing, datetime.now(UTC) + timedelta(minutes=6))["closed"] == 1
    assert film.published == ["job.awaiting_approval"]
    assert film.asks("approve").status == 202


def fails_once(put: Any) -> Any:
    left = [RuntimeError("the bus does not answer")]

    def answer(**asked: Any) -> Any:
        if left:
            raise left.pop()
        return put(**asked)

    return answer


def test_with_too_few_pictures_for_what_is_wanted_the_job_fails_instead_of_waiting(film: Paused) -> None:
    film.waits(2, lost=(2,), on_clip_failure=OnClipFailure(kind="fail_fast"))
    assert film.job.status is JobStatus.FAILED
    assert film.statuses == {1: FAILED, 2: FAILED}
    assert film.job.reserved_cost == 0


# approved


def test_when_the_last_picture_is_approved_the_videos_are_made_of_the_pictures_that_are_there(film: Paused) -> None:
    film.waits()
    pictures = {clip.number: clip.picture for clip in film.clips}
    first = film.asks("approve")
    assert (first.status, first.data["status"], first.data["run"]) == (202, "awaiting_approval", 1)
    assert "Clip 2 still waits" in first.data["message"]
    assert film.job.run == 1
    last = film.asks("approve", clip=2)
    assert (last.status, last.data["status"], last.data["run"]) == (202, "planning", 2)
    job = film.job
    assert (job.purpose.kind, job.purpose.clips, job.reserved_cost) == (RunKind.APPROVED, [1, 2], 2 * VIDEO)
    assert (job.estimated_cost, film.counter.reserved) == (2 * BOTH, 2 * VIDEO)
    assert balance(film)[0] == 2 * job.credits_of("video")
    assert film.runs().status is JobStatus.COMPLETED
    assert film.asked == ["image"] * 2 + ["video"] * 2
    assert {clip.number: clip.picture for clip in film.clips} == pictures
    assert (film.job.actual_cost, film.counter.used, film.counter.reserved) == (2 * BOTH, 2 * BOTH, 0)
    assert [clip.attempts_before for clip in film.clips] == [0, 0], "nothing was tried twice"
    assert film.published == ["job.awaiting_approval", "job.completed"]


def test_a_picture_can_be_approved_twice_and_is_approved_once(film: Paused) -> None:
    film.waits()
    film.asks("approve")
    again = film.asks("approve")
    assert again.status == 202
    assert film.job.pause
    assert (film.job.pause.approved, film.job.run) == ([1], 1)


def test_the_same_key_is_the_same_word(film: Paused) -> None:
    film.waits(1)
    first, second = (film.asks("approve", headers={"idempotency-key": "go"}) for _ in range(2))
    assert (first.status, second.status, first.data) == (202, 202, second.data)
    assert film.job.run == 2


def test_a_start_makes_what_is_approved_and_gives_up_the_rest(film: Paused) -> None:
    film.waits(3)
    film.asks("approve", clip=3)
    assert film.asks("approve", {"start": True}).status == 202
    film.runs()
    assert (film.job.status, film.statuses) == (JobStatus.COMPLETED, {1: DONE, 2: CANCELLED, 3: DONE})
    given_up = film.clips[1]
    assert (given_up.error_message, given_up.error_class) == ("Its picture was not approved", "cancelled")
    assert given_up.picture, "it was paid for"
    assert film.job.actual_cost == 3 * PICTURE + 2 * VIDEO


def test_a_start_without_what_the_film_needs_is_refused_and_the_job_goes_on_waiting(film: Paused) -> None:
    film.waits(2, on_clip_failure=OnClipFailure(kind="fail_fast"))
    assert film.asks("approve", {"start": True}).status == 409
    assert (film.job.status, film.job.pause and film.job.pause.approved) == (JobStatus.AWAITING_APPROVAL, [])


def test_two_words_at_the_same_moment_are_both_heard(film: Paused) -> None:
    film.waits(3)
    job = film.job
    film.jobs.table.commit(film.jobs.approved(job, [2]))
    with pytest.raises(Exception, match="conditional"):
        film.jobs.table.commit(film.jobs.approved(job, [3]))
    film.asks("approve", clip=3)
    assert film.job.pause
    assert film.job.pause.approved == [2, 3]


def test_without_the_money_for_the_videos_nothing_begins_and_the_job_goes_on_waiting(film: Paused) -> None:
    film.waits(1, campaign_budget=BOTH)
    campaign = film.job.campaign_id
    film.acme.patch(f"/api/v3/campaigns/{campaign}", {"budgetUsd": float(PICTURE)})
    refused = film.asks("approve")
    assert (refused.status, refused.problem["code"]) == (402, "over_budget")
    assert (film.job.status, film.job.run) == (JobStatus.AWAITING_APPROVAL, 1)
    assert film.job.pause
    assert film.job.pause.approved == []
    film.acme.patch(f"/api/v3/campaigns/{campaign}", {"budgetUsd": 1})
    assert film.asks("approve").status == 202
    assert film.runs().actual_cost == BOTH


@pytest.mark.parametrize("status", [JobStatus.PROCESSING, JobStatus.COMPLETED])
def test_there_is_nothing_to_approve_of_a_job_that_does_not_wait(film: Paused, status: JobStatus) -> None:
    film.accept(1)
    if status is JobStatus.COMPLETED:
        film.runs()
    answer = film.asks("approve")
    assert (answer.status, answer.fields) == (409, ["job_id"])


def test_a_clip_whose_picture_was_lost_cannot_be_approved(film: Paused) -> None:
    film.waits(2, lost=(2,))
    assert (film.asks("approve", clip=2).status, film.asks("approve", clip=2).fields) == (409, ["number"])
    assert film.asks("approve", clip=7).status == 404
    assert film.asks("approve").data["run"] == 2, "nothing else waits"
    film.runs()
    assert film.statuses == {1: DONE, 2: FAILED}


def test_a_job_that_waits_takes_no_other_run(film: Paused) -> None:
    film.waits(1)
    for what, body in (("retry", {}), ("recut", {"fps": 24}), ("renditions", {"fps": 24})):
        answer = film.acme.post(f"/api/v3/jobs/{film.id}/{what}", body)
        assert (answer.status, "approve" in answer.problem["hint"]) == (409, True)


# another picture


def test_the_caller_s_own_picture_takes_the_place_of_the_one_that_was_made(film: Paused) -> None:
    film.waits(1)
    made = film.clip.picture
    body = saved(drawn(320, 180), "PNG")
    asset = uploaded(film.acme, film.job.campaign_id, body).data["id"]
    assert film.asks("approve", {"imageAssetId": asset}).status == 202
    picture = film.clip.picture
    assert picture
    assert made
    assert (picture.width, picture.key != made.key) == (320, True)
    film.runs()
    assert picture.key in film.provider.orders[-1].input["image"]
    assert film.shown[1]["imageUrl"].endswith(picture.key)
    assert film.job.actual_cost == BOTH


def test_a_picture_of_the_caller_s_is_not_shared_where_its_word_is_refused(film: Paused, shared: SharedStore) -> None:
    film.waits(1, campaign_budget=BOTH)
    campaign, before = film.job.campaign_id, objects(shared)
    asset = uploaded(film.acme, campaign, saved(drawn(320, 180), "PNG")).data["id"]
    film.acme.patch(f"/api/v3/campaigns/{campaign}", {"budgetUsd": float(PICTURE)})
    assert film.asks("approve", {"imageAssetId": asset}).status == 402
    assert objects(shared) == before
    film.acme.patch(f"/api/v3/campaigns/{campaign}", {"budgetUsd": 1})
    assert film.asks("approve", {"imageAssetId": asset}).status == 202
    assert film.clip.picture
    assert {*objects(shared)} == {*before, film.clip.picture.key}


def test_a_picture_that_was_taken_stays_although_the_answer_was_lost(film: Paused, shared: SharedStore) -> None:
    class Unheard(Approvals):
        def _decided(self, *args: Any) -> AcceptedView:
            super()._decided(*args)
            film.acme.post(f"/api/v3/jobs/{film.id}/cancel", {})
            raise ConditionLost("its own")

    film.waits(2)
    asset = uploaded(film.acme, film.job.campaign_id, saved(drawn(320, 180), "PNG")).data["id"]
    approvals = Unheard(
        Reruns(a_reception(film.jobs.table, f"/api/v3/jobs/{film.id}"), film.library), film.media, shared
    )
    with pytest.raises(Conflict):
        approvals.approve(ApproveRequest.model_validate({"imageAssetId": asset}), "acme", film.id, 1)
    assert film.clip.picture
    assert film.clip.picture.key in objects(shared)


def test_what_is_no_picture_of_the_caller_s_is_refused(film: Paused, other: Caller) -> None:
    film.waits(1)
    theirs = uploaded(other, other.post("/api/v3/campaigns", {"name": "Theirs"}).data["id"]).data["id"]
    assert film.asks("approve", {"imageAssetId": theirs}).status == 404
    assert film.job.status is JobStatus.AWAITING_APPROVAL


def test_another_picture_is_made_and_the_job_waits_again(film: Paused) -> None:
    film.waits()
    film.asks("approve", clip=2)
    before = film.clip.picture
    asked = film.asks("regenerate", {"imagePrompt": "A blue lamp"})
    assert (asked.status, film.job.reserved_cost, film.job.estimated_cost) == (202, BOTH, 3 * PICTURE + 2 * VIDEO)
    film.runs()
    assert (film.job.status, film.job.run, film.statuses) == (JobStatus.AWAITING_APPROVAL, 2, {1: WAITS, 2: WAITS})
    assert film.provider.orders[-1].input["prompt"] == "A blue lamp"
    assert film.clip.picture != before
    assert (film.clip.former, film.clip.actual_cost) == (None, 2 * PICTURE)
    assert film.job.pause
    assert film.job.pause.approved == [2], "what was approved stays so, what is new is not"
    assert film.asks("approve").data["run"] == 3
    film.runs()
    assert (film.job.status, film.job.actual_cost) == (JobStatus.COMPLETED, 3 * PICTURE + 2 * VIDEO)
    assert film.counter.used == film.job.actual_cost


def test_a_picture_that_could_not_be_made_anew_is_there_as_it_was(film: Paused) -> None:
    film.waits(1)
    before = film.clip
    film.asks("regenerate")
    [task] = film.plans()
    film.goes(task, REFUSED)
    film.ends()
    assert (film.job.status, film.clip.status) == (JobStatus.AWAITING_APPROVAL, WAITS)
    assert (film.clip.picture, film.clip.image1_key, film.clip.former) == (before.picture, before.image1_key, None)
    assert film.clip.error_message == "Nudity"
    film.asks("approve")
    film.runs()
    assert film.job.actual_cost == BOTH


def test_a_lost_picture_can_be_made_while_the_others_wait(film: Paused) -> None:
    film.waits(2, lost=(2,))
    assert film.asks("regenerate", {"imageModel": "nano-banana"}, clip=2).status == 202
    [task] = film.plans()
    film.goes(task)
    film.ends()
    assert film.provider.orders[-1].slug == "google/nano-banana"
    assert film.statuses == {1: WAITS, 2: WAITS}
    assert film.clips[1].image_model == "nano-banana"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"imageModel": "nothing"}, "imageModel"),
        ({"imageModel": "veo3"}, "imageModel"),
        ({"imageModel": "gen4_image_turbo"}, "imageModel"),
        ({"imagePrompt": "x" * 5000, "imageModel": "gen4_image"}, "imagePrompt"),
        ({"imagePrompt": " "}, "imagePrompt"),
        ({"stage": "sound"}, "stage"),
    ],
)
def test_a_wish_for_another_picture_that_cannot_be_fulfilled_is_refused(
    film: Paused, body: dict[str, Any], field: str
) -> None:
    film.waits(1)
    answer = film.asks("regenerate", body)
    assert (answer.status, answer.fields) == (422, [field])
    assert film.job.run == 1


def test_a_video_is_not_made_anew_before_its_picture_is_approved(film: Paused) -> None:
    film.waits(1)
    assert film.asks("regenerate", {"stage": "video"}).status == 409


def test_when_its_film_is_there_a_scene_s_video_or_its_picture_too_can_be_made_anew(film: Paused) -> None:
    film.accept(1)
    film.runs()
    assert film.asks("regenerate", {"prompt": "Slowly"}).status == 202
    film.runs()
    assert film.asked == ["image", "video", "video"]
    assert film.asks("regenerate", {"stage": "image"}).status == 202
    film.runs()
    assert film.asked == ["image", "video", "video", "image", "video"]
    assert film.clip.prompt == "Slowly"
    assert film.job.actual_cost == 2 * PICTURE + 3 * VIDEO


def test_a_new_picture_of_a_finished_scene_waits_and_its_video_stays_until_there_is_another(film: Paused) -> None:
    film.waits(1)
    film.asks("approve")
    film.runs()
    video = film.clip.video
    assert video
    film.asks("regenerate", {"stage": "image"})
    film.runs()
    assert (film.job.status, film.clip.status, film.clip.latest) == (JobStatus.AWAITING_APPROVAL, WAITS, video)
    film.asks("regenerate")
    film.runs()
    assert film.clip.former
    assert (film.clip.former.status, film.clip.former.former) == (DONE, None)
    film.acme.post(f"/api/v3/jobs/{film.id}/cancel", {})
    film.breaks("The job was cancelled.")
    assert (film.clip.status, film.clip.video, film.clip.former) == (DONE, video, None)
    assert film.job.actual_cost == film.clip.actual_cost == 3 * PICTURE + VIDEO


def test_pictures_cannot_be_named_for_a_job_that_makes_none(film: Paused) -> None:
    film.accept(1, kind="prompt", clip={"image_model": None, "scene_id": None, "mode": "text"})
    film.runs()
    for body, field in (({"stage": "image"}, "stage"), ({"imagePrompt": "A lamp"}, "imagePrompt")):
        answer = film.asks("regenerate", body)
        assert (answer.status, answer.fields) == (422, [field])


# its end


def test_a_job_can_be_cancelled_while_it_waits(film: Paused) -> None:
    film.waits()
    said = film.acme.post(f"/api/v3/jobs/{film.id}/cancel", {})
    assert (said.status, said.data["status"]) == (202, "cancelling")
    job = film.breaks("The job was cancelled.")
    assert (job.status, film.statuses) == (JobStatus.CANCELLED, {1: CANCELLED, 2: CANCELLED})
    assert (job.actual_cost, film.counter.settled, film.counter.used) == (2 * PICTURE, 2 * PICTURE, 2 * PICTURE)
    assert balance(film) == (0, 2 * job.credits_of("image")), "told once"
    assert film.published[-1] == "job.cancelled"
    assert film.jobs.unfinished_jobs() == film.jobs.waiting_jobs() == []
    assert film.jobs.running("acme") == []
    assert film.asks("approve").status == 409


def test_after_three_days_what_is_approved_goes_on_and_the_rest_is_given_up(film: Paused) -> None:
    film.waits(3)
    film.asks("approve", clip=2)
    assert film.later(hours=73) == {"approved": 1, "cancelled": 0, "failed": 0}
    job = film.job
    assert (job.run, job.purpose.kind, job.reserved_cost) == (2, RunKind.APPROVED, VIDEO)
    assert f"{film.id}-2" in film.tokens.executions
    film.runs()
    assert film.statuses == {1: CANCELLED, 2: DONE, 3: CANCELLED}
    assert film.job.status is JobStatus.COMPLETED
    assert film.later(hours=73) == {"approved": 0, "cancelled": 0, "failed": 0}


def test_after_three_days_without_a_word_the_job_is_cancelled_and_says_so(film: Paused) -> None:
    film.waits()
    assert film.later(hours=73) == {"approved": 0, "cancelled": 1, "failed": 0}
    job = film.job
    assert (job.status, job.error_message) == (JobStatus.CANCELLED, NOBODY)
    assert {clip.error_message for clip in film.clips} == {NOBODY}
    assert (job.actual_cost, film.counter.used) == (2 * PICTURE, 2 * PICTURE)
    assert film.published[-1] == "job.cancelled"


class Behind(JobStore):
    """Its index shows a job as it was; and so does its row, as often as it is `stale`."""

    def __init__(self, jobs: JobStore, before: Job, stale: int = 0) -> None:
        super().__init__(jobs.table)
        self.before, self.stale = before, stale

    def waiting_jobs(self) -> list[Job]:
        return [self.before]

    def job(self, job_id: str) -> Job:
        self.stale -= 1
        return self.before if self.stale >= 0 else super().job(job_id)


@pytest.mark.parametrize("stale", [0, 1], ids=["the index is behind", "between reading and writing"])
def test_what_is_approved_in_the_last_moment_is_not_cancelled_as_if_nobody_had(film: Paused, stale: int) -> None:
    film.waits()
    jobs = Behind(film.jobs, film.job, stale)
    film.asks("approve", clip=2)
    pauses = Pauses(replace(film.closing, jobs=jobs), film.budgets, catalogue())
    at = datetime.now(UTC) + timedelta(hours=73)
    for _ in range(stale):
        assert pauses.end(at) == {"approved": 0, "cancelled": 0, "failed": 0}
        assert film.job.status is JobStatus.AWAITING_APPROVAL
    assert pauses.end(at) == {"approved": 1, "cancelled": 0, "failed": 0}
    film.runs()
    assert film.statuses == {1: CANCELLED, 2: DONE}


def test_what_is_approved_and_cannot_be_paid_for_by_then_is_cancelled_with_the_reason(film: Paused) -> None:
    film.waits(2, campaign_budget=2 * BOTH)
    film.asks("approve")
    film.acme.patch(f"/api/v3/campaigns/{film.job.campaign_id}", {"budgetUsd": float(2 * PICTURE)})
    assert film.later(hours=73)["cancelled"] == 1
    assert film.job.status is JobStatus.CANCELLED
    assert "budget" in (film.job.error_message or "")


def test_a_retry_of_what_was_given_up_makes_its_video_and_no_second_picture(film: Paused) -> None:
    film.waits()
    film.later(hours=73)
    assert film.acme.post(f"/api/v3/jobs/{film.id}/retry", {}).status == 202
    film.runs()
    assert film.asked == ["image"] * 2 + ["video"] * 2
    assert (film.job.status, film.job.actual_cost) == (JobStatus.COMPLETED, 2 * BOTH)


def test_a_run_of_approved_pictures_that_breaks_off_leaves_nobody_waiting(film: Paused) -> None:
    film.waits()
    film.asks("approve", {"start": True})
    job = film.breaks()
    assert (job.status, job.reserved_cost, film.counter.reserved) == (JobStatus.FAILED, 0, 0)
    assert film.statuses == {1: FAILED, 2: FAILED}
    assert film.acme.post(f"/api/v3/jobs/{film.id}/retry", {}).status == 202
    film.runs()
    assert film.job.actual_cost == 2 * BOTH
