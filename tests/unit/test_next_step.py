"""What follows an attempt's end."""

from __future__ import annotations

import pytest

from functions.studio.clips import next_step
from functions.studio.messages import ClipTask

IMAGE_1 = ClipTask(job_id="j", run=1, clip=3, stage="image", attempt=1, timeout_seconds=600, heartbeat_seconds=30)
IMAGE_2 = IMAGE_1.model_copy(update={"attempt": 2})
VIDEO_1 = IMAGE_1.model_copy(update={"stage": "video"})
VIDEO_2 = VIDEO_1.model_copy(update={"attempt": 2})
ONE, TWO = ("video",), ("image", "video")


@pytest.mark.parametrize(
    ("task", "stages", "kept", "error_class", "limits", "following"),
    [
        (VIDEO_1, ONE, True, None, {}, None),
        (IMAGE_1, TWO, True, None, {}, VIDEO_1),
        (IMAGE_2, TWO, True, None, {}, VIDEO_1),
        (VIDEO_1, TWO, True, None, {}, None),
        (VIDEO_1, ONE, False, "failed", {}, None),
        (VIDEO_1, ONE, False, "failed", {"failed": 2}, VIDEO_2),
        (VIDEO_2, ONE, False, "failed", {"failed": 2}, None),
        (VIDEO_1, ONE, False, "refused", {"failed": 2}, None),
        (IMAGE_1, TWO, False, "timeout", {"timeout": 3}, IMAGE_2),
        (VIDEO_1, ONE, False, None, {"failed": 2}, None),
    ],
)
def test_what_follows(
    task: ClipTask,
    stages: tuple[str, ...],
    kept: bool,
    error_class: str | None,
    limits: dict[str, int],
    following: ClipTask | None,
) -> None:
    assert next_step(task, stages, kept, error_class, limits) == following
