"""The queue of delayed looks at a provider, for webhooks that are not sent or lost; and of creates that were put off."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from functions.studio.messages import CheckClip, ClipTask

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

LONGEST_DELAY = 900
"""Seconds; what SQS allows."""

UNTOLD = (2, 4, 8, 16, 32, 60)
"""Seconds until a create is sent again to a provider that was busy and did not say for how long; the last repeats."""

LONGEST_SEND = 120
"""Seconds that whoever sends a create may run, request_clip and check_clip: two uploads and the create take their time."""

VISIBILITY = LONGEST_SEND + 60
"""Seconds until a look that did not end is taken again: longer than check_clip may run."""


def read_delays(text: str) -> list[int]:
    """Seconds between looks from a setting such as "30,60,120"; the last one repeats."""
    delays = [int(part) for part in text.split(",")]
    if not delays or not all(0 <= delay <= LONGEST_DELAY for delay in delays):
        raise ValueError(f"delays of 0 to {LONGEST_DELAY} seconds are wanted, separated by commas; got {text!r}")
    return delays


def heartbeat_limit(delays: list[int], timeout: int) -> int:
    """Seconds without a look after which a waiting step is given up.

    Three times the longest gap, and never so short that a look which crashed, twice, is not taken again in time. AWS
    wants it below the step's `timeout`.
    """
    return min(max(3 * max(delays), max(delays) + 2 * VISIBILITY), timeout - 1)


class CheckQueue:
    def __init__(self, url: str, delays: list[int], client: SQSClient | None = None) -> None:
        self.url = url
        self.delays = delays
        self.client = client or boto3.client("sqs", config=Config(retries={"mode": "standard", "max_attempts": 5}))

    def look_later(self, task: ClipTask, look: int = 0) -> None:
        """Queues the look with that number, as late as the delays say."""
        self._queue(task, self.delays[min(look, len(self.delays) - 1)], look=look)

    def create_later(self, task: ClipTask, turn: int, told: float | None) -> None:
        """Queues a create that was put off for the `turn`-th time, for as long as the provider told."""
        seconds = told if told and told > 0 else UNTOLD[min(turn, len(UNTOLD)) - 1]
        self._queue(task, ceil(min(seconds, LONGEST_DELAY)), look=turn, create=True)

    def _queue(self, task: ClipTask, seconds: int, **changes: Any) -> None:
        step = ClipTask.model_validate(task.model_dump(include=set(ClipTask.model_fields)))
        message = CheckClip(**step.model_dump(), **changes)
        self.client.send_message(
            QueueUrl=self.url, MessageBody=message.model_dump_json(by_alias=True), DelaySeconds=seconds
        )
