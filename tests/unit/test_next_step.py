"""What follows an attempt's end."""

from __future__ import annotations

from typing import Any

import pytest

from functions.studio.attempts import CLIP_TIME, LIMITS, SHORTEST, Following, in_time, next_stage, next_step, stage_ends
from functions.studio.messages import ClipTask

IMAGE_1 = ClipTask(job_id="j", run=1, clip=3, stage="image", attempt=1, timeout_seconds=600, heartbeat_seconds=30)
IMAGE_2 = IMAGE_1.model_copy(update={"attempt": 2, "tries": 2})
VIDEO_1 = IMAGE_1.model_copy(update={"stage": "video"})
VIDEO_2 = VIDEO_1.model_copy(update={"attempt": 2, "tries": 2})
VIDEO_3 = VIDEO_1.model_copy(update={"attempt": 3, "tries": 1})
VIDEO_4 = VIDEO_1.model_copy(update={"attempt": 4, "tries": 2})
VIDEO_5 = VIDEO_1.model_copy(update={"attempt": 5, "tries": 1})
ONE, TWO = ("video",), ("image", "video")
ALONE, CHAIN = ("veo",), ("veo", "hailuo", "kling")


@pytest.mark.parametrize(
    ("task", "stages", "following"),
    [(VIDEO_1, ONE, None), (IMAGE_1, TWO, VIDEO_1), (IMAGE_2, TWO, VIDEO_1), (VIDEO_1, TWO, None)],
)
def test_a_kept_stage_leads_to_the_next(task: ClipTask, stages: tuple[str, ...], following: ClipTask | None) -> None:
    assert next_stage(task, stages) == following


@pytest.mark.parametrize(
    ("task", "models", "model", "error_class", "following"),
    [
        (VIDEO_1, ALONE, "veo", "failed", (VIDEO_2, "veo")),
        (VIDEO_2, ALONE, "veo", "failed", None),
        (VIDEO_1, ALONE, "veo", "broken", (VIDEO_2, "veo")),
        (VIDEO_1, ALONE, "veo", "expired", (VIDEO_2, "veo")),
        (VIDEO_1, CHAIN, "veo", "failed", (VIDEO_2, "veo")),
        (VIDEO_2, CHAIN, "veo", "failed", (VIDEO_3, "hailuo")),
        (VIDEO_3, CHAIN, "hailuo", "failed", (VIDEO_4, "hailuo")),
        (VIDEO_4, CHAIN, "hailuo", "broken", (VIDEO_5, "kling")),
        (VIDEO_5.model_copy(update={"tries": 2}), CHAIN, "kling", "failed", None),
        (VIDEO_1, ALONE, "veo", "gone", None),
        (VIDEO_1, CHAIN, "veo", "gone", (VIDEO_2.model_copy(update={"tries": 1}), "hailuo")),
        (VIDEO_1, CHAIN, "veo", "refused", None),
        (VIDEO_1, CHAIN, "veo", "busy", None),
        (VIDEO_1, CHAIN, "veo", "timeout", None),
        (VIDEO_1, CHAIN, "veo", "unknown", None),
        (VIDEO_1, CHAIN, "veo", "cancelled", None),
        (VIDEO_1, CHAIN, "veo", "unconfigured", None),
        (VIDEO_1, CHAIN, "veo", None, None),
        (VIDEO_2, CHAIN, "a model that the job does not name", "failed", None),
    ],
)
def test_a_failure_is_tried_again_or_not_as_its_class_says(
    task: ClipTask,
    models: tuple[str, ...],
    model: str,
    error_class: str | None,
    following: tuple[ClipTask, str] | None,
) -> None:
    expected = Following(*following) if following else None
    assert next_step(task, ONE, models, model, error_class=error_class) == expected


@pytest.mark.parametrize(
    ("passed", "timeout", "heartbeat"),
    [(0, 600, 30), (CLIP_TIME - 600, 600, 30), (CLIP_TIME - 100, 100, 30), (CLIP_TIME - 20, 20, 19)],
)
def test_all_attempts_together_take_no_longer_than_one_may(passed: float, timeout: int, heartbeat: int) -> None:
    following = next_step(VIDEO_1, ONE, ALONE, "veo", error_class="failed", passed=passed)
    assert following
    assert (following.task.timeout_seconds, following.task.heartbeat_seconds) == (timeout, heartbeat)


def test_without_time_left_nothing_is_begun() -> None:
    asked: dict[str, Any] = {"error_class": "failed", "passed": CLIP_TIME - SHORTEST + 1}
    assert next_step(VIDEO_1, ONE, ALONE, "veo", **asked) is None
    assert next_stage(IMAGE_1, TWO, CLIP_TIME - SHORTEST + 1) is None


def test_each_stage_ends_in_time_for_those_that_follow_it() -> None:
    assert (stage_ends(ONE, "video"), stage_ends(TWO, "image"), stage_ends(TWO, "video")) == (3600, 1800, 3600)


@pytest.mark.parametrize("timeout", [10, 600, 1000, 1800])
@pytest.mark.parametrize("spent", [0.0, 0.3, 0.7, 1.0])
def test_attempts_at_a_picture_leave_half_of_the_time_and_the_whole_limit_to_the_video(
    timeout: int, spent: float
) -> None:
    """Each attempt at the picture fails when that share of its time is over, and the last one comes at its very end."""
    task: ClipTask | None = in_time(IMAGE_1.model_copy(update={"timeout_seconds": timeout}), stage_ends(TWO, "image"))
    passed = 0.0
    while task:
        ended = task
        again = next_step(task, TWO, ALONE, "veo", error_class="failed", passed=passed + spent * task.timeout_seconds)
        passed += (spent if again else 1.0) * task.timeout_seconds
        task = again.task if again else None
    assert passed <= CLIP_TIME / 2
    following = next_stage(ended, TWO, passed)
    assert following
    assert (following.timeout_seconds, following.attempt) == (min(timeout, 1800), 1)


def test_a_picture_is_not_tried_again_where_its_time_limit_would_have_to_be_cut_for_the_video_too() -> None:
    asked: dict[str, Any] = {"error_class": "failed", "passed": CLIP_TIME / 2 - 599}
    assert next_step(IMAGE_1, TWO, ALONE, "veo", **asked) is None
    assert next_step(VIDEO_1, TWO, ALONE, "veo", **asked) == Following(VIDEO_2, "veo")


def test_a_video_has_what_is_left_when_its_picture_took_long_to_be_kept() -> None:
    following = next_stage(IMAGE_1, TWO, CLIP_TIME - 100)
    assert following
    assert (following.timeout_seconds, following.heartbeat_seconds) == (100, 30)


def test_no_class_is_tried_for_ever() -> None:
    assert all(1 <= limit <= 2 for limit in LIMITS.values())
