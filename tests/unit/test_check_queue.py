from __future__ import annotations

import json
from typing import Any

import pytest

from functions.studio.check_queue import CheckQueue, heartbeat_limit, read_delays
from functions.studio.messages import CheckClip, ClipTask

TASK = ClipTask(job_id="j", run=1, clip=1, stage="video", attempt=1, timeout_seconds=600, heartbeat_seconds=30)


class Sent:
    """Stands in for SQS: keeps what it was asked to send."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def send_message(self, **message: Any) -> None:
        self.messages.append(message)


def test_delays_are_read_from_a_setting() -> None:
    assert read_delays("30,60, 120") == [30, 60, 120]


@pytest.mark.parametrize("text", ["", "a", "901", "-1", "1,,2"])
def test_delays_that_sqs_could_not_honour_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_delays(text)


@pytest.mark.parametrize(
    ("delays", "timeout", "limit"),
    [([30, 60, 120], 600, 480), ([100, 300], 3600, 900), ([3, 3, 5, 10], 600, 370), ([30, 60, 120], 200, 199)],
)
def test_the_heartbeat_outlasts_three_gaps_and_two_crashed_looks_but_not_the_step(
    delays: list[int], timeout: int, limit: int
) -> None:
    assert heartbeat_limit(delays, timeout) == limit


@pytest.mark.parametrize(("look", "delay"), [(0, 3), (1, 5), (2, 10), (9, 10)])
def test_each_look_waits_as_the_delays_say_and_the_last_one_repeats(look: int, delay: int) -> None:
    sent = Sent()
    CheckQueue("q", [3, 5, 10], sent).look_later(TASK, look)
    assert sent.messages[0]["DelaySeconds"] == delay


def test_the_next_look_is_of_the_same_attempt() -> None:
    sent = Sent()
    CheckQueue("q", [3], sent).look_later(CheckClip(**TASK.model_dump(), look=4), 5)
    message = json.loads(sent.messages[0]["MessageBody"])
    assert message["look"] == 5
    assert CheckClip.parse(message).attempt_id == TASK.attempt_id
