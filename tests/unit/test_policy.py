"""Whether a job that loses clips can still come to what its caller wants."""

from __future__ import annotations

import pytest

from functions.studio.clips import Clip, ClipStatus
from functions.studio.cut import Cut, Take
from functions.studio.jobs import OnClipFailure
from functions.studio.policy import hopeless, never_enough
from tests.scripted import a_clip, a_job

BEST, FAST = OnClipFailure(), OnClipFailure(kind="fail_fast")
WORDS = {
    "c": ClipStatus.COMPLETED,
    "f": ClipStatus.FAILED,
    "x": ClipStatus.CANCELLED,
    "p": ClipStatus.PROCESSING,
    "-": ClipStatus.PENDING,
}


def at_least(clips: int) -> OnClipFailure:
    return OnClipFailure(kind="min_clips", min_clips=clips)


def clips_of(statuses: str) -> list[Clip]:
    job = a_job()
    return [
        a_clip(job, number, status=WORDS[word], error_message="Nudity" if word == "f" else None)
        for number, word in enumerate(statuses, 1)
    ]


@pytest.mark.parametrize(
    ("wish", "statuses", "why"),
    [
        (BEST, "ccc", None),
        (BEST, "cff", None),
        (BEST, "ffp", None),
        (BEST, "ff-", None),
        (BEST, "fff", "All 3 clips failed: Nudity"),
        (BEST, "f", "The only clip failed: Nudity"),
        (BEST, "xfx", "All 3 clips failed: Nudity"),
        (FAST, "ccc", None),
        (FAST, "cp-", None),
        (FAST, "cpf", "Clip 3 failed, and the job was to stop at the first: Nudity"),
        (FAST, "xfc", "Clip 2 failed, and the job was to stop at the first: Nudity"),
        (at_least(2), "ccf", None),
        (at_least(2), "fp-", None),
        (at_least(2), "ffp", "Only 1 of 3 clips can be made, and at least 2 are wanted: Nudity"),
        (at_least(2), "ffc", "Only 1 of 3 clips can be made, and at least 2 are wanted: Nudity"),
        (at_least(3), "fpp", "Only 2 of 3 clips can be made, and at least 3 are wanted: Nudity"),
        (at_least(2), "fff", "All 3 clips failed: Nudity"),
    ],
)
def test_what_is_left_of_the_wish(wish: OnClipFailure, statuses: str, why: str | None) -> None:
    assert hopeless(wish, clips_of(statuses)) == why


def test_a_job_without_survivors_says_what_most_of_them_died_of() -> None:
    job = a_job()
    failed = [
        a_clip(job, number, status=ClipStatus.FAILED, error_message=reason)
        for number, reason in enumerate(["Prediction timed out", "Nudity", "Nudity"], 1)
    ]
    assert hopeless(BEST, failed) == "All 3 clips failed: Nudity"
    assert hopeless(BEST, failed[:1]) == "The only clip failed: Prediction timed out"


def test_a_kept_clip_that_the_film_has_to_do_without_is_lost_too() -> None:
    assert hopeless(BEST, clips_of("cc"), {1: "black"}) is None
    assert hopeless(FAST, clips_of("cc"), {1: "black"}) == "Clip 1 failed, and the job was to stop at the first: black"
    assert hopeless(BEST, clips_of("c"), {1: "black"}) == "The only clip failed: black"


@pytest.mark.parametrize(("wish", "clips", "ever"), [(BEST, 1, True), (FAST, 1, True), (at_least(3), 3, True)])
def test_what_can_be_had_is_not_refused_before_anything_is_spent(wish: OnClipFailure, clips: int, ever: bool) -> None:
    assert (never_enough(wish, clips) is None) is ever


def test_more_clips_than_there_are_can_never_be_had() -> None:
    assert never_enough(at_least(4), 3) == "The film would have 3 clips, and onClipFailure wants at least 4"


@pytest.mark.parametrize(
    ("wish", "statuses", "shown", "why"),
    [
        (FAST, "cfc", [1, 3], None),
        (FAST, "cfc", [2, 3], "Clip 2 failed, and the job was to stop at the first: Nudity"),
        (at_least(3), "ccc", [1], None),
        (at_least(3), "ccf", [1, 3], "Only 1 of 2 clips can be made, and at least 3 are wanted: Nudity"),
        (BEST, "cff", [2, 3], "All 2 clips failed: Nudity"),
    ],
)
def test_only_clips_that_the_film_is_cut_from_count(
    wish: OnClipFailure, statuses: str, shown: list[int], why: str | None
) -> None:
    cut = Cut(takes=[Take(clip=number) for number in shown])
    assert hopeless(wish, clips_of(statuses), cut=cut) == why
