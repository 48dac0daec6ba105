"""Many pictures in many questions, and how the pictures get to the model."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from threading import Event, get_ident
from typing import cast

import pytest

from functions.plan.choice import choose
from functions.plan.questions import BYTES_AT_ONCE
from functions.studio.chat import Chat
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.services import Seen
from local.standins.xai import Xai
from tests.integration.plan_stage import Laptop, Stage, named, pairs_of, shown


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, xai: Xai) -> Stage:
    return Stage(jobs, ledger, library, media, xai.url)


@pytest.fixture
def outside() -> Iterator[Xai]:
    """xAI as the real one is: nothing on this machine can be fetched from there."""
    service = Xai(token="key", refuse_loopback=True).start()
    yield service
    service.stop()


def test_two_hundred_pictures_are_looked_at_in_several_questions_and_no_more_than_that(stage: Stage) -> None:
    stage.draw_pictures(199)
    ids = [asset.id for asset in stage.pictures]
    choice = stage.chosen(30)
    pairs = pairs_of(choice)
    assert len({frozenset(pair) for pair in pairs}) == len(pairs) == 30
    assert all(one != other and {one, other} <= set(ids[3:]) for one, other in pairs)
    assert choice.model == "grok-4.3"
    assert choice.warnings == ["The campaign has 203 pictures: the 200 newest of them were considered."]
    questions = [named(question) for question in stage.asked()]
    assert len(questions) == 6
    assert all(len(set(question)) == len(question) <= 40 for question in questions)
    assert {one for question in questions for one in question} == set(ids[3:])
    # No two pictures are asked about twice.
    assert all(len(set(one) & set(other)) <= 1 for one, other in combinations(questions, 2))


def test_a_question_that_is_not_answered_leaves_the_others_their_pairs(stage: Stage) -> None:
    stage.draw_pictures(41)
    first = stage.pictures[0].id
    stage.script("server_error", times=3, match={"prompt": f"asset {first}:"})
    choice = stage.chosen(10)
    assert choice.model == "grok-4.3 + visual-continuity"
    [warning] = choice.warnings
    assert warning.startswith("5 of 10 pairs were chosen by visual continuity")
    assert "503" in warning
    failed = next(set(named(question)) for question in stage.asked() if first in named(question))
    answered = next(set(named(question)) for question in stage.asked() if first not in named(question))
    pairs = pairs_of(choice)
    assert all(set(pair) <= answered for pair in pairs[:5])
    assert all(set(pair) <= failed for pair in pairs[5:])
    assert len({frozenset(pair) for pair in pairs}) == 10


class Trickling:
    """A model whose first answer holds one pair, and whose second never ends."""

    def __init__(self, pair: tuple[str, str]) -> None:
        said = {"image1AssetId": pair[0], "image2AssetId": pair[1], "score": 0.9, "reason": "Both glow."}
        self._seen = Seen(json.dumps({"pairs": [said]}), None, "stop", 100_000, 10_000)
        self.again, self.ended = Event(), Event()
        self._asked = 0

    def answer(self, *asked: object) -> Seen:
        self._asked += 1
        if self._asked > 1:
            self.again.set()
            self.ended.wait(60)
        return self._seen


def test_what_was_answered_and_paid_counts_though_a_later_answer_to_the_same_question_does_not_end(
    stage: Stage,
) -> None:
    first, second, *_ = (asset.id for asset in stage.pictures)
    vision = Trickling((first, second))
    waits_for_answers = get_ident()

    def left() -> float:
        if get_ident() != waits_for_answers:
            return 60.0
        assert vision.again.wait(60)
        return 0.0

    editor = replace(stage.board.editor, vision=cast(Chat, vision))
    choice = choose(stage.pictures, 3, stage.campaign, stage.client, editor, left)
    vision.ended.set()
    assert pairs_of(choice)[0] == (first, second)
    assert choice.model == "grok-4.3 + visual-continuity"
    assert choice.cost > 0
    [warning] = choice.warnings
    assert warning.startswith("2 of 3 pairs were chosen by visual continuity")
    assert warning.endswith("xAI did not end its answer")
    assert len(choice.faults) == 2


def test_a_question_that_is_not_answered_has_its_part_in_a_film_of_the_models_length(stage: Stage) -> None:
    stage.draw_pictures(41)
    stage.script("server_error", times=3, match={"prompt": f"asset {stage.pictures[0].id}:"})
    choice = stage.chosen(None)
    [warning] = choice.warnings
    assert warning.startswith(f"11 of {len(choice.pairs)} pairs")
    assert len(choice.pairs) > 11


def test_as_many_pairs_as_the_pictures_make_are_found_and_what_the_model_is_not_asked_for_by_continuity(
    stage: Stage,
) -> None:
    stage.draw_pictures(12)
    choice = stage.chosen(120)
    assert len({frozenset(pair) for pair in pairs_of(choice)}) == len(choice.pairs) == 120
    [warning] = choice.warnings
    assert warning.startswith("20 of 120 pairs were chosen by visual continuity")
    assert warning.endswith("more were asked for than the vision model is asked for at once")


def test_a_model_that_cannot_fetch_from_here_leaves_the_pairs_to_continuity_and_no_signature_is_told(
    stage: Stage, outside: Xai
) -> None:
    stage.edits(media=Laptop(stage.media.bucket, stage.media.client), vision=Chat(lambda: "key", f"{outside.url}/v1"))
    job = stage.planned()
    assert job.planning_model == "visual-continuity"
    [warning] = job.warnings
    assert "cannot reach http://127.0.0.1:9/" in warning
    assert "Signature" not in warning


def test_pictures_are_sent_along_where_the_model_cannot_fetch_them(stage: Stage, outside: Xai) -> None:
    stage.xai = outside.url
    stage.edits(
        media=Laptop(stage.media.bucket, stage.media.client),
        vision=Chat(lambda: "key", f"{outside.url}/v1"),
        handover="upload",
    )
    job = stage.planned()
    assert (job.planning_model, job.warnings, job.total_clips) == ("grok-4.3", [], 3)
    [question] = stage.asked()
    sent = [base64.b64decode(url.removeprefix("data:image/jpeg;base64,")) for url in shown(question)]
    assert sent == [stage.media.read(asset.thumbnail_key) for asset in stage.pictures]


def test_pictures_that_are_sent_along_are_spread_over_as_many_questions_as_their_bytes_take(stage: Stage) -> None:
    heavy = b"\0" * (BYTES_AT_ONCE // 4)
    for asset in stage.pictures:
        # A JPEG may be followed by anything.
        stage.media.put(asset.thumbnail_key, stage.media.read(asset.thumbnail_key) + heavy, "image/jpeg")
    stage.edits(handover="upload")
    job = stage.planned()
    assert (job.planning_model, job.total_clips) == ("grok-4.3", 3)
    questions = stage.asked()
    assert [len(shown(question)) for question in questions] == [2, 2, 2]
    assert all(sum(map(len, shown(question))) <= BYTES_AT_ONCE for question in questions)
