from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import comb

import pytest

from functions.plan.questions import BYTES_AT_ONCE, PAIRS_AT_ONCE, PICTURES_AT_ONCE, Question, questions


def never() -> Sequence[str]:
    raise AssertionError("nothing has to be measured for one question")


def light(pictures: int) -> dict[str, int]:
    return {f"p{number}": 100 for number in range(pictures)}


@pytest.mark.parametrize(
    ("pictures", "wanted", "asked", "most"),
    [
        (2, None, None, 1),
        (3, None, None, 3),
        (40, None, None, 50),
        (2, 1, 1, 1),
        (40, 7, 7, 7),
        (40, 780, 100, 100),
    ],
)
def test_what_fits_into_one_question_is_asked_in_one(pictures: int, wanted: int | None, asked: int, most: int) -> None:
    weights = light(pictures)
    assert questions(weights, wanted, never) == [Question(tuple(weights), asked, most)]


@pytest.mark.parametrize("pictures", [41, 79, 80, 119, 200])
@pytest.mark.parametrize("wanted", [None, 1, 6, 50, 500])
def test_stretches_of_the_path_hold_every_step_of_it_once(pictures: int, wanted: int | None) -> None:
    weights = light(pictures)
    path = list(reversed(weights))
    asked = questions(weights, wanted, lambda: path)
    assert all(2 <= len(one.pictures) <= PICTURES_AT_ONCE for one in asked)
    steps = [step for one in asked for step in pairwise(one.pictures)]
    assert steps == list(pairwise(path))
    sizes = [len(one.pictures) for one in asked]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("pictures", "wanted"), [(41, 1), (41, 99), (200, 3), (200, 30), (200, 600)])
def test_the_shares_of_the_questions_make_up_what_is_wanted(pictures: int, wanted: int) -> None:
    asked = questions(light(pictures), wanted, lambda: list(light(pictures)))
    shares = [one.wanted or 0 for one in asked]
    assert all(share == one.most <= comb(len(one.pictures), 2) for share, one in zip(shares, asked, strict=True))
    assert wanted <= sum(shares) < wanted + len(asked)


def test_a_question_is_not_asked_for_more_than_it_can_answer() -> None:
    assert {one.wanted for one in questions(light(200), 1000, lambda: list(light(200)))} == {PAIRS_AT_ONCE}


def test_what_the_model_may_choose_is_shared_out() -> None:
    asked = questions(light(200), None, lambda: list(light(200)))
    assert [(one.wanted, one.most) for one in asked] == [(None, 8)] * 6


def test_pictures_that_are_sent_along_weigh() -> None:
    weights = dict.fromkeys("abcdef", BYTES_AT_ONCE // 3)
    asked = questions(weights, None, lambda: list("fedcba"))
    assert ["".join(one.pictures) for one in asked] == ["fed", "dc", "cba"]
    assert all(sum(weights[picture] for picture in one.pictures) <= BYTES_AT_ONCE for one in asked)


def test_pictures_too_heavy_for_any_question_of_two_are_asked_about_in_twos() -> None:
    asked = questions(dict.fromkeys("abc", BYTES_AT_ONCE), None, lambda: list("abc"))
    assert ["".join(one.pictures) for one in asked] == ["ab", "bc"]


@pytest.mark.parametrize(
    ("question", "pairs"),
    [
        (Question(tuple("abcdefg"), None, 50), 3),
        (Question(tuple("ab"), None, 1), 1),
        (Question(tuple("abcdefg"), None, 2), 2),
        (Question(tuple("abcdefg"), 9, 9), 9),
    ],
)
def test_a_question_that_is_not_answered_is_worth_each_picture_once(question: Question, pairs: int) -> None:
    assert question.expected == pairs
