"""SQS."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.utils import camelcase_to_underscores, unix_time_millis
from moto.sqs.models import Message, Queue


class Attributes(Mapping[str, Any]):
    """A queue's attributes, each worked out when it is read."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._names = [
            *queue.BASE_ATTRIBUTES,
            *(queue.FIFO_ATTRIBUTES if queue.fifo_queue else ()),
            *(queue.KMS_ATTRIBUTES if queue.kms_master_key_id else ()),
        ]

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        value = getattr(self._queue, camelcase_to_underscores(name))
        if name == "RedrivePolicy" and value:
            return json.dumps(value)
        return str(value).lower() if isinstance(value, bool) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def attributes_are_not_counted_on_every_send() -> None:
    """Sending costs the same however full the queue; moto counts all messages three times for each one sent."""
    Queue.attributes = property(Attributes)


def a_look_into_a_queue_asks_for_the_time_once() -> None:
    """Every message that is sent wakes whoever waits, and they look through all that are not due yet: moto asks for the time
    twice a message, which for 500 clips costs a second."""

    def messages(queue: Queue) -> list[Message]:
        now = unix_time_millis()
        return [one for one in queue._messages if one.visible_at < now and one.delayed_until <= now]

    Queue.messages = property(messages)
