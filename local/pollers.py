"""What calls a function without being asked: queues that have messages, and the time of day."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from local.credentials import ACCOUNT, REGION
from local.deployment.records import QueueMapping, Schedule
from local.logs import Log
from local.workers import MOST_WORKERS, Answer, TooManyRequests, Workers

LONG_POLL: Final = 20
AT_ONCE: Final = 10  # messages that SQS gives to one receive


class QueuePoller:
    """Receives for one event source mapping, and deletes what its function has dealt with."""

    def __init__(self, mapping: QueueMapping, sqs: Any, workers: Workers, log: Log) -> None:
        self._mapping = mapping
        self._sqs = sqs
        self._workers = workers
        self._log = log
        self._url = sqs.get_queue_url(QueueName=mapping.queue_arn.rpartition(":")[2])["QueueUrl"]
        self._slots = threading.Semaphore(min(MOST_WORKERS, mapping.most_at_once))
        self._batches = ThreadPoolExecutor(MOST_WORKERS, thread_name_prefix="queue")
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._poll, name=self._url, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """No batch is begun any more; the receive under way ends with the queue's process."""
        self._closing.set()
        self._batches.shutdown(wait=False, cancel_futures=True)

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._slots.acquire()
            try:
                messages = self._receive(LONG_POLL)
                deadline = time.monotonic() + self._mapping.window
                while 0 < len(messages) < self._mapping.batch_size and time.monotonic() < deadline:
                    time.sleep(0.1)
                    messages += self._receive(0, len(messages))
            except (BotoCoreError, ClientError) as error:
                self._slots.release()
                if not self._closing.wait(1):
                    self._log.write("queue", f"{self._url}: {error}")
                continue
            if messages and not self._closing.is_set():
                self._batches.submit(self._deal_with, messages)
            else:
                self._slots.release()

    def _receive(self, wait: int, held: int = 0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(AT_ONCE, self._mapping.batch_size - held),
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        return found

    def _deal_with(self, messages: list[dict[str, Any]]) -> None:
        try:
            event = {"Records": [record_of(message, self._mapping.queue_arn) for message in messages]}
            answer = self._workers.invoke(self._mapping.function, json.dumps(event).encode())
            ids = {message["MessageId"] for message in messages}
            done = ids - failed_messages(answer, ids, self._mapping.reports_failures)
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
                if message["MessageId"] in done
            ]
            for start in range(0, len(entries), AT_ONCE):
                self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries[start : start + AT_ONCE])
        except (BotoCoreError, ClientError, TooManyRequests) as error:  # they come back when their visibility ends
            self._log.write("queue", f"{self._url}: {error}")
        finally:
            self._slots.release()


def record_of(message: Mapping[str, Any], queue_arn: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {f"{key[0].lower()}{key[1:]}": part for key, part in value.items()}
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }


def failed_messages(answer: Answer, ids: set[str], reports_failures: bool) -> set[str]:
    """Those that stay in the queue: all of them when the function failed, or says what cannot be understood."""
    if answer.failed:
        return ids
    said = json.loads(answer.payload)
    if not reports_failures or said is None or said == {}:
        return set()
    try:
        named = {failure["itemIdentifier"] for failure in said["batchItemFailures"] or []}
    except (KeyError, TypeError):
        return ids
    return named if named <= ids else ids


class Later(Protocol):
    """Invokes functions whose answers nobody waits for: `Invoker` does."""

    def later(self, name: str, payload: bytes) -> None: ...


class Clock:
    """Invokes the function of a schedule each time that its rate has passed."""

    def __init__(self, schedules: Iterable[Schedule], invoker: Later) -> None:
        self._invoker = invoker
        self._closing = threading.Event()
        for schedule in schedules:
            threading.Thread(target=self._keep, args=(schedule,), name=schedule.name, daemon=True).start()

    def close(self) -> None:
        self._closing.set()

    def _keep(self, schedule: Schedule) -> None:
        due = time.monotonic() + schedule.rate
        while not self._closing.wait(max(0, due - time.monotonic())):
            due += schedule.rate
            event = schedule.input or json.dumps(scheduled_event(schedule))
            self._invoker.later(schedule.function, event.encode())


def scheduled_event(schedule: Schedule) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [schedule.arn],
        "detail": {},
    }
