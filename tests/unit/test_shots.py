"""Shots and their variants: which of them the film is cut from, and what counts when clips are lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from functions.api.reruns import put_among
from functions.studio.clips import Clip, ClipStatus
from functions.studio.cut import Cut, Take
from functions.studio.jobs import OnClipFailure
from functions.studio.policy import hopeless
from functions.studio.shots import by_shot, numbered, one_of_each, takes
from tests.scripted import a_clip, a_job

DONE, FAILED, OPEN, CANCELLED = (
    ClipStatus.COMPLETED,
    ClipStatus.FAILED,
    ClipStatus.PROCESSING,
    ClipStatus.CANCELLED,
)
JOB = a_job(kind="prompt")


def variants(*shots: list[ClipStatus]) -> list[Clip]:
    """Clips of shots whose variants are in these statuses."""
    many = len(shots[0])
    return [
        a_clip(JOB, numbered(shot, variant, many), shot=shot, variant=variant, status=status, error_message="flagged")
        for shot, statuses in enumerate(shots, 1)
        for variant, status in enumerate(statuses, 1)
    ]


@pytest.mark.parametrize(
    ("shots", "shown"),
    [
        (([DONE, DONE], [DONE, DONE]), [1, 3]),
        (([FAILED, DONE], [DONE, FAILED]), [2, 3]),
        (([OPEN, DONE], [CANCELLED, OPEN]), [1, 4]),
        (([FAILED, FAILED], [FAILED, DONE]), [1, 4]),
    ],
)
def test_of_each_shot_the_first_variant_that_is_not_lost_is_shown(
    shots: tuple[list[ClipStatus], ...], shown: list[int]
) -> None:
    assert [clip.number for clip in one_of_each(variants(*shots))] == shown
    assert [take.clip for take in takes(variants(*shots), Cut())] == shown


def test_a_variant_that_no_film_can_be_made_with_gives_way_to_the_next() -> None:
    assert [take.clip for take in takes(variants([DONE, DONE], [DONE, DONE]), Cut(), {1})] == [2, 3]


def test_what_a_recut_names_is_shown_whatever_its_shot() -> None:
    named = [Take(clip=4), Take(clip=3)]
    assert takes(variants([DONE, DONE], [DONE, DONE]), Cut(takes=named)) == named


def test_clips_of_a_job_without_variants_are_shots_of_their_own() -> None:
    clips = [a_clip(JOB, 2), a_clip(JOB, 1)]
    assert [[clip.number for clip in shot] for shot in by_shot(clips)] == [[1], [2]]


def test_the_last_clip_of_a_filled_film_is_left_where_it_says() -> None:
    clips = [a_clip(JOB, 1), a_clip(JOB, 2, ends_at=Decimal(5))]
    assert takes(clips, Cut()) == [Take(clip=1), Take(clip=2, ends_at=Decimal(5))]


@pytest.mark.parametrize(
    ("wish", "shots", "hope"),
    [
        (OnClipFailure(kind="fail_fast"), ([FAILED, OPEN], [DONE, FAILED]), True),
        (OnClipFailure(kind="fail_fast"), ([FAILED, FAILED], [DONE, DONE]), False),
        (OnClipFailure(kind="min_clips", min_clips=2), ([FAILED, FAILED], [DONE, DONE]), False),
        (OnClipFailure(kind="min_clips", min_clips=1), ([FAILED, FAILED], [DONE, DONE]), True),
        (OnClipFailure(), ([FAILED, FAILED], [FAILED, DONE]), True),
        (OnClipFailure(), ([FAILED, FAILED], [FAILED, FAILED]), False),
    ],
)
def test_what_the_caller_wants_counts_shots_and_not_variants(
    wish: OnClipFailure, shots: tuple[list[ClipStatus], ...], hope: bool
) -> None:
    assert (hopeless(wish, variants(*shots)) is None) == hope


def test_a_retry_puts_one_variant_of_a_shot_that_a_recut_lacks_among_its_takes() -> None:
    clips = variants([DONE, DONE], [FAILED, FAILED], [DONE, FAILED])
    order = put_among([Take(clip=2), Take(clip=5)], clips, {3, 4, 6})
    assert [take.clip for take in order] == [2, 3, 5]
