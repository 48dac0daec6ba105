"""What the vision model and its service may do instead of answering, and what the job then makes of it."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from functions.studio.chat import Chat
from functions.studio.errors import BrokenMedia, KeyUnreachable, NotConfigured, ProviderFailed
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.services import Seen
from local.standins.xai import Xai
from tests.integration.plan_stage import Stage, a_model


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, xai: Xai) -> Stage:
    return Stage(jobs, ledger, library, media, xai.url)


def chosen_by_the_model(job: Job) -> bool:
    return job.planning_model == "grok-4.3" and job.warnings == [] and job.total_clips == 3


def chosen_by_continuity(job: Job, why: str) -> bool:
    """All of its pairs, and it says why."""
    [warning] = job.warnings
    assert warning.startswith("All 3 pairs were chosen by visual continuity, not by the vision model: ")
    assert why in warning
    return job.planning_model == "visual-continuity" and job.total_clips == 3


def test_a_rate_limit_is_waited_out_as_told(stage: Stage) -> None:
    stage.script("throttle", times=2, seconds=7)
    assert chosen_by_the_model(stage.planned())
    assert stage.clock.waits == [7, 7]


def test_a_rate_limit_without_a_hint_is_waited_out_longer_each_time(stage: Stage) -> None:
    stage.script("throttle", times=3)
    assert chosen_by_the_model(stage.planned())
    assert stage.clock.waits == [1, 2, 4]


def test_a_rate_limit_that_lasts_longer_than_the_selection_may_is_not_waited_for(stage: Stage) -> None:
    stage.script("throttle", seconds=250)
    assert chosen_by_continuity(stage.planned(), "429")
    assert stage.clock.waits == []


def test_a_rate_limit_without_end_ends_in_a_selection_by_continuity(stage: Stage) -> None:
    stage.script("throttle", times=100, seconds=1)
    assert chosen_by_continuity(stage.planned(), "429")
    assert len(stage.asked()) == 7


@pytest.mark.parametrize("verb", ["fail", "server_error", "lose_answer"])
def test_a_service_that_fails_once_is_asked_again(stage: Stage, verb: str) -> None:
    stage.script(verb)
    assert chosen_by_the_model(stage.planned())
    assert len(stage.asked()) == 2


@pytest.mark.parametrize(
    ("verb", "why"),
    [("fail", "xAI answered 500"), ("server_error", "xAI answered 503"), ("lose_answer", "xAI did not answer")],
)
def test_a_service_that_keeps_failing_is_asked_three_times(stage: Stage, verb: str, why: str) -> None:
    stage.script(verb, times=100)
    job = stage.planned()
    assert chosen_by_continuity(job, why)
    assert (len(stage.asked()), job.planning_cost) == (3, 0)


def test_a_refusal_is_not_asked_for_again_and_its_answer_is_in_the_costs(stage: Stage) -> None:
    stage.script("refuse")
    job = stage.planned()
    assert chosen_by_continuity(job, "xAI refused to choose: I can't help with these pictures.")
    assert len(stage.asked()) == 1
    assert job.planning_cost > 0


@pytest.mark.parametrize(("verb", "why"), [("truncate_output", "length"), ("corrupt_output", "schema")])
def test_an_answer_that_is_no_selection_is_asked_for_again(stage: Stage, verb: str, why: str) -> None:
    once = stage.planned().planning_cost
    stage.script(verb)
    job = stage.planned()
    assert chosen_by_the_model(job)
    assert once < job.planning_cost <= 2 * once


@pytest.mark.parametrize(("verb", "why"), [("truncate_output", "length"), ("corrupt_output", "schema")])
def test_three_answers_that_are_no_selection_are_paid_for_and_continuity_chooses(
    stage: Stage, verb: str, why: str
) -> None:
    once = stage.planned().planning_cost
    stage.script(verb, times=3)
    job = stage.planned()
    assert chosen_by_continuity(job, why)
    assert 2 * once < job.planning_cost <= 3 * once


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        ((0, 0), "with itself"),
        ({"image1AssetId": "nobody"}, "'nobody', which is no picture of the campaign"),
        ({"score": None}, "schema"),
    ],
)
def test_answers_of_pairs_that_cannot_be_are_not_used(stage: Stage, tmp_path: Path, pair: Any, why: str) -> None:
    stage.says(tmp_path, pair, pair, pair, times=3)
    assert chosen_by_continuity(stage.planned(), why)


def test_pairs_that_are_too_many_or_come_twice_are_left_out_and_the_order_is_the_models(
    stage: Stage, tmp_path: Path
) -> None:
    stage.says(tmp_path, (2, 3), (3, 2), (1, 1), (0, 1), (1, 2), (0, 2))
    job = stage.planned()
    assert chosen_by_the_model(job)
    ids = [asset.id for asset in stage.pictures]
    assert stage.pairs(job) == [(ids[2], ids[3]), (ids[0], ids[1]), (ids[1], ids[2])]
    assert len(stage.asked()) == 1


def test_what_is_missing_after_three_answers_is_added_by_continuity(stage: Stage, tmp_path: Path) -> None:
    stage.says(tmp_path, (3, 0))
    stage.says(tmp_path, (2, 3), (3, 2), (0, 1))
    stage.says(tmp_path, (2, 2))
    job = stage.planned()
    ids = [asset.id for asset in stage.pictures]
    pairs = stage.pairs(job)
    assert pairs[:2] == [(ids[2], ids[3]), (ids[0], ids[1])]
    assert len({frozenset(pair) for pair in pairs}) == 3
    assert job.planning_model == "grok-4.3 + visual-continuity"
    [warning] = job.warnings
    assert warning.startswith("1 of 3 pairs were chosen by visual continuity")


def test_a_model_that_was_retired_is_followed_by_the_next_one(stage: Stage) -> None:
    stage.edits(models=[a_model("grok-4-1-fast-non-reasoning"), a_model("grok-3"), a_model("grok-4.20")])
    job = stage.planned()
    assert (job.planning_model, job.warnings, job.total_clips) == ("grok-4.20", [], 3)
    assert [question["model"] for question in stage.asked()] == ["grok-4-1-fast-non-reasoning", "grok-3", "grok-4.20"]


def test_when_all_models_are_retired_continuity_chooses(stage: Stage) -> None:
    stage.edits(models=[a_model("grok-4-0709"), a_model("grok-3")])
    assert chosen_by_continuity(stage.planned(), "The model grok-3 has been retired.")


def test_without_a_number_continuity_shows_each_picture_once(stage: Stage) -> None:
    stage.script("refuse")
    job = stage.planned(num_pairs=None)
    pairs = stage.pairs(job)
    assert {picture for pair in pairs for picture in pair} == {asset.id for asset in stage.pictures}
    assert len(pairs) == job.total_clips == 2


def test_continuity_gives_the_same_pairs_each_time_the_likest_first(stage: Stage) -> None:
    stage.script("refuse", times=2)
    one, other = stage.planned(num_pairs=6), stage.planned(num_pairs=6)
    assert stage.pairs(one) == stage.pairs(other)
    assert len({frozenset(pair) for pair in stage.pairs(one)}) == 6
    clips = stage.jobs.clips(one.id)
    scores = [clip.score for clip in clips if clip.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    assert all(clip.reason and clip.reason.startswith("Colours agree by ") for clip in clips)


def test_what_the_job_was_warned_of_at_its_acceptance_is_kept(stage: Stage) -> None:
    stage.script("refuse")
    warnings = stage.planned(warnings=["clipDuration 5 was changed to 4"]).warnings
    assert warnings[0] == "clipDuration 5 was changed to 4"
    assert len(warnings) == 2


def test_without_time_nobody_is_asked(stage: Stage) -> None:
    stage.clock.seconds = 62
    assert chosen_by_continuity(stage.planned(), "no time left")
    assert stage.asked() == []


class Endless(Chat):
    """Begins to answer, and does not end: no silence of it is ever long enough to be noticed."""

    def __init__(self) -> None:
        self.released = Event()

    def answer(self, *asked: Any) -> Seen:
        self.released.wait()
        raise ProviderFailed("released")


def test_an_answer_without_an_end_is_not_waited_for(stage: Stage) -> None:
    endless = Endless()
    stage.edits(vision=endless)
    stage.clock.seconds = 65.5
    assert chosen_by_continuity(stage.planned(), "xAI did not end its answer")
    endless.released.set()


def test_a_missing_key_fails_the_job_in_the_seeds_words(stage: Stage) -> None:
    def missing() -> str:
        raise NotConfigured("XAI_API_KEY not configured")

    stage.edits(vision=Chat(missing, f"{stage.xai}/v1"))
    job = stage.job()
    with pytest.raises(NotConfigured, match=r"^XAI_API_KEY not configured$"):
        stage.plan(job)
    assert stage.jobs.clips(job.id) == []


def test_a_key_that_cannot_be_read_now_chooses_nothing_and_the_state_tries_again(stage: Stage) -> None:
    def unreachable() -> str:
        raise KeyUnreachable("Secrets Manager does not tell XAI_API_KEY")

    vision = stage.board.editor.vision
    stage.edits(vision=Chat(unreachable, f"{stage.xai}/v1"))
    job = stage.job()
    with pytest.raises(KeyUnreachable):
        stage.plan(job)
    stage.edits(vision=vision)
    assert len(stage.plan(job).tasks) == 3


def test_a_key_that_is_not_accepted_fails_the_job_too(stage: Stage) -> None:
    stage.edits(vision=Chat(lambda: "wrong", f"{stage.xai}/v1"))
    with pytest.raises(NotConfigured, match=r"^XAI_API_KEY not configured: xAI does not accept the key$"):
        stage.plan(stage.job())


def test_a_key_that_was_changed_is_used_at_the_next_call(stage: Stage) -> None:
    keys = ["wrong", "key"]
    stage.edits(vision=Chat(lambda: keys.pop(0), f"{stage.xai}/v1"))
    job = stage.job()
    with pytest.raises(NotConfigured):
        stage.plan(job)
    assert len(stage.plan(job).tasks) == 3


def test_a_picture_that_nobody_can_read_fails_the_job_and_is_named(stage: Stage) -> None:
    broken = stage.pictures[1]
    stage.media.put(broken.thumbnail_key, b"no picture", "image/jpeg")
    with pytest.raises(BrokenMedia, match=f"'Picture 1' \\({broken.id}\\) cannot be read"):
        stage.plan(stage.job())
