"""How pictures share the time of a narration."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest

from functions.studio.cut import Transition, TransitionKind
from functions.studio.narration import Word
from functions.studio.timeline import (
    LEAD,
    LEAST,
    PRICE,
    TAIL,
    TITLE,
    Timeline,
    most_pictures,
    moved,
    sentence_starts,
    shared,
    timeline,
    too_many,
)

CUT = Transition()
FADE = Transition(kind=TransitionKind.CROSSFADE)


def told(seconds: float, pictures: int, *, sentences: tuple[float, ...] = (), transition: Transition = CUT) -> Timeline:
    return timeline(seconds, sentences, [None] * pictures, [transition] * pictures, 30)


def changes(of: Timeline) -> list[int]:
    """The frames in the middle of each change of picture."""
    return [start + (join + 1) // 2 for start, join in zip(of.starts[1:], of.joins, strict=True)]


SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_told_the_frames_add_up_and_no_picture_is_seen_too_briefly(seed: int) -> None:
    chance = random.Random(seed)
    fps = chance.choice((24, 25, 30))
    seconds = round(chance.uniform(0.5, 90), 4)
    count = chance.randint(1, 50)
    lasting = [chance.choice((None, None, chance.randint(1, 400))) for _ in range(count)]
    transitions = [
        Transition(kind=chance.choice(list(TransitionKind)), seconds=Decimal(chance.choice(("0.1", "0.5", "2"))))
        for _ in range(count)
    ]
    sentences = sorted(chance.uniform(0, seconds) for _ in range(chance.randint(0, 12)))
    title, price = chance.random() < 0.5, chance.random() < 0.5

    made = timeline(seconds, sentences, lasting, transitions, fps, title=title, price=price)

    before, card = round((TITLE if title else LEAD) * fps), round(PRICE * fps) if price else 0
    least = round(LEAST * fps)
    planned = math.ceil(Fraction(seconds) * fps) + round(TAIL * fps)
    behind = before + max(planned, count * least)
    assert made.narration == before
    assert made.frames == behind + card == sum(made.windows) - sum(made.joins)
    assert len(made.windows) == count + price
    assert len(made.joins) == len(made.windows) - 1
    assert all(window >= least for window in made.windows)
    assert all(
        head + tail <= window
        for window, head, tail in zip(made.windows, [0, *made.joins], [*made.joins, 0], strict=True)
    )
    assert all(
        2 * join <= min(before, after) for join, (before, after) in zip(made.joins, pairwise(made.windows), strict=True)
    )
    assert all(one < other for one, other in pairwise(made.starts))
    long_enough = [one and one - made.narration - 2 * fps - least >= 0 for one in lasting]
    if None in lasting:
        assert all(
            window <= (length or 0)
            for window, length, known in zip(made.windows, lasting, long_enough, strict=False)
            if known
        )
    assert (too_many(count, seconds) is None) == (count <= seconds + TAIL)


def test_pictures_have_equal_shares_of_what_is_told_and_the_first_one_the_time_before() -> None:
    made = told(15, 6)
    assert made.frames == 12 + 450 + 18
    assert made.windows == [12 + 78, *[78] * 5]
    assert made.joins == [0] * 5


def test_joins_lie_half_on_either_side_of_a_change_and_take_nothing_from_the_film() -> None:
    made = told(15, 6, transition=FADE)
    assert made.joins == [15] * 5
    assert made.frames == told(15, 6).frames
    assert changes(made) == [90, 168, 246, 324, 402]


def test_a_picture_changes_where_a_sentence_begins_if_that_is_near() -> None:
    made = told(15, 3, sentences=(5.4, 7.0))
    assert made.starts == [0, 12 + 162, 12 + 312]


def test_no_picture_is_cut_short_for_a_sentence() -> None:
    shares = moved([40, 40, 40], [10, 48, 52, 100], [None] * 3, 30)
    assert sum(shares) == 120
    assert min(shares) >= 30


def test_a_video_has_no_more_time_than_it_lasts_while_others_can_take_it() -> None:
    assert shared(300, [None, 60, None], 30) == [120, 60, 120]
    assert shared(300, [None, 600, None], 30) == [100, 100, 100]
    assert shared(300, [10, 60], 30) == [100, 200]
    assert shared(301, [None] * 3, 30) == [100, 100, 101]


def test_no_sentence_keeps_a_video_for_longer_than_it_lasts() -> None:
    assert moved([70, 70, 70], [60, 150], [None, 74, None], 30) == [70, 70, 70]
    assert moved([70, 70, 70], [68, 142], [None, 74, None], 30) == [68, 74, 68]
    assert moved([70, 70, 70], [80, 130], [None, 74, None], 30) == [80, 50, 80]


def test_the_joins_of_a_video_come_out_of_what_it_lasts() -> None:
    made = timeline(15, [], [None, 90, None], [FADE] * 3, 30)
    assert made.windows[1] == 90


def test_a_video_that_is_shown_whole_is_not_moved_by_sentences() -> None:
    made = timeline(15, [(189 + 5) / 30], [None, 90, None], [CUT] * 3, 30)
    assert made.windows == [12 + 189, 90, 189]


def test_more_pictures_than_there_is_time_for_have_a_second_each_and_the_caller_is_told() -> None:
    made = told(15, 50)
    assert made.windows == [12 + 30, *[30] * 49]
    assert made.frames == 1512
    assert too_many(50, 15) == (
        "50 pictures need more time than the 15.0 s that are spoken: each is seen for 1 s, and the film goes on for 35.0 s"
        " behind the last word"
    )


def test_it_can_be_said_beforehand_how_many_pictures_there_is_time_for() -> None:
    most = most_pictures(15)
    assert most == 15
    assert too_many(most, 15) is None
    assert too_many(most + 1, 15)


def test_title_and_price_have_times_of_their_own() -> None:
    made = timeline(15, [], [None] * 3, [FADE] * 3, 30, title=True, price=True)
    assert made.narration == 54
    assert made.frames == 54 + 450 + 18 + 72
    assert made.starts[-1] + 8 == made.frames - 72


@pytest.mark.parametrize(
    ("script", "starts"),
    [
        (["One", "two.", "Three", "four!", "Five?"], [2, 4]),
        (["It", "costs", "3.5", "dollars"], []),
        (['"Stop."', "He", "did."], [1]),
        (["これ。", "それ"], [1]),
        ([], []),
    ],
)
def test_sentences_begin_behind_what_ends_one(script: list[str], starts: list[int]) -> None:
    words = [Word(text=text, start=turn, end=turn + 0.5) for turn, text in enumerate(script)]
    assert sentence_starts(words) == starts
