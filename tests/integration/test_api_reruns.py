"""Asking for a job's next run: what it will do, when it is refused, and that there is one at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import boto3
import pytest

from functions.studio.catalogue import catalogue
from functions.studio.clips import ClipStatus
from functions.studio.cut import Cut, Music, Take, Transition, TransitionKind, Watermark
from functions.studio.errors import ConditionLost
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus, OnClipFailure, Purpose, RunKind
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.reruns import opened_again
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import Everything, uploaded
from tests.integration.rerun_stage import Ended, a_film
from tests.scripted import a_clip

DONE, FAILED, CANCELLED = ClipStatus.COMPLETED, ClipStatus.FAILED, ClipStatus.CANCELLED
ALL_KEPT = {1: DONE, 2: DONE, 3: DONE}

Ending = Callable[..., Ended]


@pytest.fixture
def ending(acme: Caller, jobs: JobStore, ledger: Ledger, library: Library) -> Ending:
    """A job that has ended, its clips and its row as told."""
    return lambda clips=None, **changes: Ended(acme, jobs, ledger, library, clips, **changes)


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def test_a_retry_takes_the_failed_and_the_cancelled_clips_and_no_other(ending: Ending) -> None:
    ended = ending({1: DONE, 2: FAILED, 3: CANCELLED, 4: DONE}, error_message="old")
    answer = ended.asks("retry")
    assert answer.status == 202, answer.text
    assert answer.headers["location"] == ended.path
    assert (answer.data["run"], answer.data["status"]) == (2, "planning")
    assert answer.data["message"] == "Run 2 (retry) of the job has begun: 2 clips are made anew, for $2.40."
    job = ended.job
    assert (job.run, job.status, job.purpose.kind, job.purpose.clips) == (2, JobStatus.PLANNING, "retry", [2, 3])
    assert (job.error_message, job.completed_at, job.closing) == (None, None, None)
    assert answer.data["estimatedCost"] == float(job.estimated_cost or 0) == 4.8
    assert [one.id for one in ended.jobs.unfinished_jobs()] == [job.id], "the sweep looks after it"
    assert [one.id for one in ended.jobs.running("acme", job.campaign_id)] == [job.id]


def test_the_next_run_is_started_under_a_name_of_its_own(ending: Ending) -> None:
    ended = ending()
    assert ended.asks("retry").status == 202
    arn = ended.job.execution_arn
    assert arn
    assert boto3.client("stepfunctions").describe_execution(executionArn=arn)["name"] == f"{ended.id}-2"


def test_a_job_that_failed_before_its_pairs_were_chosen_chooses_again(ending: Ending) -> None:
    ended = ending({1: FAILED, 2: FAILED}, started_at=None)
    answer = ended.asks("retry")
    assert answer.data["status"] == "image_pair_selection"
    assert answer.data["message"] == "Run 2 (retry) of the job has begun: the pairs are selected anew."
    assert (ended.job.purpose.chooses, ended.job.purpose.clips) == (True, [])


def test_there_must_be_pictures_to_choose_from_again(ending: Ending, everything: Everything) -> None:
    ended = ending({1: FAILED}, started_at=None)
    for picture in ended.pictures[:2]:
        assert ended.acme.delete(f"/api/v3/assets/{picture.id}").status == 204
    everything.refused(lambda: ended.asks("retry"), 422, "campaignId")
    assert ended.acme.delete(f"/api/v3/assets/{ended.pictures[2].id}").status == 204
    assert ended.acme.delete(f"/api/v3/campaigns/{ended.job.campaign_id}").status == 204
    everything.refused(lambda: ended.asks("retry"), 404, "campaignId")


def test_a_job_without_a_film_whose_clips_are_all_kept_is_only_put_together_again(ending: Ending) -> None:
    ended = ending(ALL_KEPT, status=JobStatus.FAILED)
    assert "no clip is made anew" in ended.asks("retry").data["message"]
    assert ended.job.purpose.clips == []


def test_what_a_recut_failed_at_is_what_a_retry_does(ending: Ending) -> None:
    purpose = Purpose(kind=RunKind.RECUT, chooses=False, cut=Cut(audio="strip"))
    ended = ending(status=JobStatus.FAILED, purpose=purpose)
    assert ended.asks("retry").status == 202
    assert ended.job.purpose.model_copy(update={"asked_at": None}) == purpose


def test_what_failed_with_a_model_to_fall_back_to_begins_anew_with_the_jobs_own(ending: Ending) -> None:
    ended = ending(duration_seconds=6, model="hailuo-2.0", fallback_models=["veo3"])
    fell_back = a_clip(ended.job, 2, model="veo3", aspect_ratio="16:9", estimated_cost=Decimal("0.90"))
    ended.put(fell_back, FAILED)
    shown = ended.asks("retry").data
    assert shown["estimatedCost"] == pytest.approx(float(ended.job.actual_cost) + 0.9), "whichever of them makes it"
    assert ended.job.reserved_cost == Decimal("0.90")
    again = opened_again(ended.jobs.clip(ended.id, 2), ended.job, catalogue())
    assert (again.model, again.aspect_ratio, again.estimated_cost) == ("hailuo-2.0", None, Decimal("0.20"))


def test_no_run_is_begun_that_could_come_to_no_film(ending: Ending, everything: Everything) -> None:
    """Clip 2 stays lost, and the caller wants all of them."""
    ended = ending(status=JobStatus.FAILED, on_clip_failure=OnClipFailure(kind="fail_fast"), film=None)
    everything.refused(lambda: ended.asks("sub-jobs/1/regenerate", {}), 409, "onClipFailure")
    everything.refused(lambda: ended.asks("recut", {"audio": "strip"}), 409, "onClipFailure")
    assert ended.asks("recut", {"clips": [{"subJobNumber": 1}, {"subJobNumber": 3}]}).status == 202


def test_a_film_is_cut_anew_when_its_campaign_is_gone(ending: Ending) -> None:
    ended = ending()
    for picture in ended.pictures:
        assert ended.acme.delete(f"/api/v3/assets/{picture.id}").status == 204
    assert ended.acme.delete(f"/api/v3/campaigns/{ended.job.campaign_id}").status == 204
    assert ended.asks("recut", {"audio": "strip"}).status == 202


def test_a_retried_clip_finds_its_place_in_a_film_that_was_cut_again(ending: Ending) -> None:
    takes = [Take(clip=3), Take(clip=1, ends_at=Decimal(2))]
    ended = ending(cut=Cut(takes=takes, audio="strip"))
    assert ended.asks("retry").status == 202
    cut = ended.job.purpose.cut
    assert cut
    assert ([take.clip for take in cut.takes or []], cut.audio) == ([2, 3, 1], "strip")


def test_a_completed_job_with_all_its_clips_has_nothing_to_retry(ending: Ending, everything: Everything) -> None:
    ended = ending(ALL_KEPT)
    problem = everything.refused(lambda: ended.asks("retry"), 409)
    assert "regenerate" in problem["hint"]


RUNNING = [JobStatus.PLANNING, JobStatus.PROCESSING, JobStatus.COMBINING, JobStatus.CANCELLING]
ASKED: dict[str, Any] = {
    "retry": None,
    "sub-jobs/1/regenerate": {"prompt": "Slowly"},
    "recut": {"audio": "strip"},
    "renditions": {"format": "webm"},
}


@pytest.mark.parametrize("what", ASKED)
def test_a_job_that_runs_is_left_alone_and_says_what_it_does(what: str, ending: Ending, everything: Everything) -> None:
    ended = ending()
    for status in RUNNING:
        running = ended.job.model_copy(update={"status": status, "run": 2})
        ended.jobs.table.put_all([ended.jobs.accept(running)])
        problem = everything.refused(lambda: ended.asks(what, ASKED[what]), 409, "job_id")
        assert "run 2" in problem["detail"]


def test_a_job_whose_end_is_not_published_yet_is_waited_for_and_then_refused(
    ending: Ending, everything: Everything
) -> None:
    ended = ending()
    ended.jobs.table.put_all([ended.jobs.accept(ended.job.model_copy(update={"announced_run": None}))])
    problem = everything.refused(lambda: ended.asks("retry"), 409, "job_id")
    assert problem["hint"] == "Try again in a moment."


@pytest.mark.parametrize("what", ASKED)
def test_another_tenants_job_is_not_there(what: str, ending: Ending, other: Caller, everything: Everything) -> None:
    ended = ending()
    everything.refused(lambda: other.post(f"{ended.path}/{what}", ASKED[what] or {}), 404, "job_id")


def test_of_many_at_once_one_begins_the_run_and_who_comes_late_hears_of_it(ending: Ending) -> None:
    ended = ending()
    job = ended.job

    def begins(turn: int) -> bool:
        purpose = Purpose(kind=[RunKind.RETRY, RunKind.RECUT][turn % 2], chooses=False)
        try:
            ended.jobs.table.commit(*ended.jobs.next_run(job, purpose, {}))
        except ConditionLost:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(begins, range(6))) == [False] * 5 + [True]
    assert ended.job.run == 2
    late = ended.asks("recut", {})
    assert (late.status, "The job has not ended" in late.problem["detail"]) == (409, True)


def test_the_same_key_is_the_same_run(ending: Ending) -> None:
    ended = ending()
    first, second = (ended.asks("retry", None, **{"idempotency-key": "again"}) for _ in range(2))
    assert (first.status, second.status) == (202, 202)
    assert first.data == second.data
    assert (second.headers["idempotent-replayed"], ended.job.run) == ("true", 2)


# regenerate


def test_a_clip_is_made_anew_as_the_caller_wishes(ending: Ending) -> None:
    ended = ending()
    body = {"prompt": " A slow turn ", "model": "veo3", "seed": 7}
    assert ended.asks("sub-jobs/3/regenerate", body).status == 202
    purpose = ended.job.purpose
    assert (purpose.kind, purpose.clips) == ("regenerate", [3])
    assert purpose.wish
    assert purpose.wish.model_dump(exclude_none=True) == {
        "model": "veo3",
        "duration_seconds": 8,
        "prompt": "A slow turn",
        "seed": 7,
        "aspect_ratio": "16:9",
    }
    assert ended.job.estimated_cost == Decimal("3.60"), "two that are paid for, and one more"


def test_without_a_wish_the_clip_is_made_as_it_was(ending: Ending) -> None:
    ended = ending()
    assert ended.asks("sub-jobs/2/regenerate").status == 202
    wish = ended.job.purpose.wish
    assert wish
    assert (wish.prompt, wish.model, wish.seed) == ("Smooth transition between images", "veo3", None)


def test_another_model_has_its_own_duration_price_and_shape(ending: Ending) -> None:
    ended = ending()
    answer = ended.asks("sub-jobs/1/regenerate", {"model": "hailuo-2.0"})
    assert "for $0.20" in answer.data["message"]
    warning = "Clip 1: clipDuration 8 was changed to 6: hailuo-2.0 makes clips of 6, 10 seconds."
    assert answer.data["warnings"] == [warning] == ended.acme.get(ended.path).data["warnings"][:1]
    wish = ended.job.purpose.wish
    assert wish
    assert (wish.duration_seconds, wish.aspect_ratio) == (6, None)


BAD_REGENERATES: list[tuple[dict[str, Any], str]] = [
    ({"model": "nothing"}, "model"),
    ({"model": "hailuo-2.0", "seed": 1}, "seed"),
    ({"seed": -1}, "seed"),
    ({"seed": 1.5}, "seed"),
    ({"prompt": "  "}, "prompt"),
    ({"prompt": 5}, "prompt"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("body", "field"), BAD_REGENERATES, ids=str)
def test_a_wish_that_cannot_be_fulfilled_is_named(
    body: dict[str, Any], field: str, ending: Ending, everything: Everything
) -> None:
    ended = ending()
    everything.refused(lambda: ended.asks("sub-jobs/1/regenerate", body), 422, field)


@pytest.mark.parametrize(("number", "status"), [("9", 404), ("0", 422), ("x", 422), ("1001", 422)])
def test_a_clip_that_there_is_not_cannot_be_made_anew(
    number: str, status: int, ending: Ending, everything: Everything
) -> None:
    ended = ending()
    everything.refused(lambda: ended.asks(f"sub-jobs/{number}/regenerate", {}), status, "number")


def test_a_clip_whose_picture_was_deleted_cannot_be_made_anew(ending: Ending, everything: Everything) -> None:
    ended = ending()
    assert ended.acme.delete(f"/api/v3/assets/{ended.pictures[1].id}").status == 204
    for what in ("retry", "sub-jobs/1/regenerate"):
        problem = everything.refused(lambda what=what: ended.asks(what), 409, "subJobNumber")  # type: ignore[misc]  # bound here
        assert ended.pictures[1].id in problem["detail"]
    assert ended.asks("recut", {"audio": "strip"}).status == 202, "which needs no picture"


# recut


def test_a_recut_is_of_the_clips_it_names_in_their_order_and_trimmed(ending: Ending) -> None:
    ended = ending(ALL_KEPT)
    clips = [{"subJobNumber": 3}, {"subJobNumber": 1, "startsAt": 0.5, "endsAt": 2}, {"subJobNumber": 3}]
    assert ended.asks("recut", {"clips": clips, "transition": "crossfade"}).status == 202
    cut = ended.job.purpose.cut
    assert cut
    assert cut.takes == [Take(clip=3), Take(clip=1, starts_at=Decimal("0.5"), ends_at=Decimal(2)), Take(clip=3)]
    assert cut.transition.kind is TransitionKind.CROSSFADE
    assert ended.job.cut == Cut(), "until the film is there"


def test_a_recut_leaves_as_it_is_what_it_does_not_name(ending: Ending) -> None:
    before = Cut(audio="strip", fps=30, resolution="480p", takes=[Take(clip=3), Take(clip=1)])
    ended = ending(cut=before)
    assert ended.asks("recut", {"resolution": None, "background": "plain"}).status == 202
    assert ended.job.purpose.cut == before.model_copy(update={"resolution": None, "background": "plain"})


BAD_RECUTS: list[tuple[dict[str, Any], str]] = [
    ({"clips": []}, "clips"),
    ({"clips": [{"subJobNumber": 9}]}, "clips.0.subJobNumber"),
    ({"clips": [{"subJobNumber": 1}, {"subJobNumber": 2}]}, "clips.1.subJobNumber"),
    ({"clips": [{"subJobNumber": 1, "startsAt": -1}]}, "clips.0.startsAt"),
    ({"clips": [{"subJobNumber": 1, "startsAt": 7.9}]}, "clips.0.startsAt"),
    ({"clips": [{"subJobNumber": 1, "endsAt": 8.1}]}, "clips.0.endsAt"),
    ({"clips": [{"subJobNumber": 1, "startsAt": 3, "endsAt": 3.1}]}, "clips.0.endsAt"),
    ({"clips": [{"subJobNumber": 1, "startsAt": 3, "endsAt": 2}]}, "clips.0.endsAt"),
    ({"clips": [{"number": 1}]}, "clips.0.subJobNumber"),
    ({"clips": [{"subJobNumber": 1}], "transitions": [{"after": 1, "kind": "wipe"}]}, "transitions.0.after"),
    ({"transitions": [{"after": 2, "kind": "wipe"}]}, "transitions.0.after"),
    ({"watermark": {"assetId": "none"}}, "watermark.assetId"),
    ({"audio": "louder"}, "audio"),
]


@pytest.mark.parametrize(("body", "field"), BAD_RECUTS, ids=str)
def test_a_cut_that_there_cannot_be_is_refused_by_its_field(
    body: dict[str, Any], field: str, ending: Ending, everything: Everything
) -> None:
    ended = ending()
    answer = ended.asks("recut", body)
    assert answer.status in (404, 422)
    assert field in answer.fields
    everything.refused(lambda: ended.asks("recut", body), answer.status)


def test_a_job_without_any_clip_has_nothing_to_cut(ending: Ending, everything: Everything) -> None:
    ended = ending({1: FAILED})
    everything.refused(lambda: ended.asks("recut", {}), 409, "job_id")


def test_a_picture_of_the_cut_that_was_deleted_has_to_be_replaced(ending: Ending, acme: Caller) -> None:
    ended = ending()
    logo = uploaded(acme, ended.job.campaign_id).data["id"]
    row = ended.job.model_copy(update={"cut": Cut(watermark=Watermark(asset_id=logo, key="k"))})
    ended.jobs.table.put_all([ended.jobs.accept(row)])
    assert acme.delete(f"/api/v3/assets/{logo}").status == 204
    assert ended.asks("recut", {"audio": "strip"}).status == 409
    assert ended.asks("recut", {"watermark": None}).status == 202


# renditions


def test_a_rendition_is_the_film_in_another_form(ending: Ending) -> None:
    ended = ending(cut=Cut(audio="strip"))
    wish = {"format": "webm", "aspectRatio": "9:16", "resolution": "480p", "fps": 25, "bitrate": 900}
    assert ended.asks("renditions", wish).status == 202
    purpose = ended.job.purpose
    assert purpose.kind is RunKind.RENDITION
    assert purpose.cut == Cut(
        audio="strip",
        format="webm",
        aspect_ratio="9:16",
        resolution="480p",
        fps=25,
        bitrate=900,
        takes=[Take(clip=1), Take(clip=3)],
    )
    assert ended.acme.get(ended.path).data["videoUrl"], "the film stays where it is meanwhile"


BAD_RENDITIONS: list[tuple[dict[str, Any], str]] = [
    ({}, "body"),
    ({"format": "gif"}, "format"),
    ({"bitrate": 1}, "bitrate"),
    ({"fps": 29}, "fps"),
    ({"aspectRatio": "2:1"}, "aspectRatio"),
    ({"transition": "cut"}, "transition"),
]


@pytest.mark.parametrize(("body", "field"), BAD_RENDITIONS, ids=str)
def test_a_rendition_that_there_cannot_be_is_refused_by_its_field(
    body: dict[str, Any], field: str, ending: Ending, everything: Everything
) -> None:
    ended = ending()
    everything.refused(lambda: ended.asks("renditions", body), 422, field)


def test_there_is_no_rendition_without_a_film(ending: Ending, everything: Everything) -> None:
    ended = ending({1: FAILED})
    everything.refused(lambda: ended.asks("renditions", {"format": "webm"}), 409, "job_id")


# the films of a job


def of_two_runs(ended: Ended) -> Job:
    second = a_film(ended.job, [1], run=2, made_by=RunKind.RECUT, key="acme/2/combined.mp4", cost=Decimal(0))
    undelivered = a_film(ended.job, [1], run=3, delivered_at=None)
    for film in (second, undelivered):
        ended.jobs.table.commit(ended.jobs.films.film_made(ended.id, film.run, film))
    job = ended.job.model_copy(update={"run": 3, "announced_run": 3, "film": second, "status": JobStatus.FAILED})
    ended.jobs.table.put_all([ended.jobs.accept(job)])
    return job


def test_a_job_shows_all_films_that_it_has_had(ending: Ending) -> None:
    ended = ending()
    of_two_runs(ended)
    films = ended.acme.get(ended.path).data["films"]
    assert [(film["run"], film["madeBy"], film["current"], film["cost"]) for film in films] == [
        (1, "first", False, 2.4),
        (2, "recut", True, 0.0),
    ]
    for film in films:
        answer = ended.acme.get(film["videoUrl"])
        assert (answer.status, f"/{film['run']}/" in answer.headers["location"]) == (302, True)
        assert ended.acme.get(film["thumbnailUrl"]).status == 302


def test_a_run_without_a_film_says_which_have_one(ending: Ending) -> None:
    ended = ending()
    of_two_runs(ended)
    problem = ended.acme.get(f"/api/v3/videos/{ended.id}/combined?run=3").problem
    assert (problem["status"], problem["hint"]) == (404, "The runs that have made one: 1, 2.")
    assert ended.acme.get(f"/api/v3/videos/{ended.id}/combined?run=0").status == 422


def test_a_job_of_one_run_has_its_one_film(ending: Ending) -> None:
    ended = ending()
    [film] = ended.acme.get(ended.path).data["films"]
    assert (film["run"], film["current"]) == (1, True)
    assert ended.acme.get(film["videoUrl"]).status == 302


@pytest.mark.parametrize(
    ("was", "asked", "becomes"),
    [
        (
            Cut(transition=Transition(kind=TransitionKind.CROSSFADE, seconds=Decimal(1))),
            {"transitions": [{"after": 2, "kind": "wipe"}]},
            {"joins": {"2": Transition(kind=TransitionKind.WIPE, seconds=Decimal(1))}},
        ),
        (Cut(audio="music", music=Music(asset_id="gone", key="k")), {"music": None}, {"music": None, "audio": "keep"}),
        (Cut(takes=[Take(clip=2), Take(clip=1)]), {"clips": None}, {"takes": None}),
        (Cut(takes=[Take(clip=2), Take(clip=1)]), {"fps": 30}, {"takes": [Take(clip=2), Take(clip=1)]}),
    ],
)
def test_a_recut_is_understood_together_with_what_stays(
    ending: Ending, was: Cut, asked: dict[str, Any], becomes: dict[str, Any]
) -> None:
    ended = ending(ALL_KEPT, cut=was)
    answer = ended.asks("recut", asked)
    assert answer.status == 202, answer.text
    cut = ended.job.purpose.cut
    assert cut
    assert {name: getattr(cut, name) for name in becomes} == becomes


def test_music_that_stays_need_not_be_sent_again(ending: Ending, everything: Everything) -> None:
    """Its asset is gone here: that is told, by the option's name, and not that music is required."""
    ended = ending(ALL_KEPT, cut=Cut(audio="strip", music=Music(asset_id=str(uuid4()), key="k")))
    everything.refused(lambda: ended.asks("recut", {"audio": "music"}), 409, "music")
