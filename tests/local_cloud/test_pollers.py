"""What calls functions unasked: queues, and the clock."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from local.cloud import LocalCloud
from local.deployment.records import Schedule
from local.pollers import Clock, failed_messages, record_of
from local.workers import Answer
from tests.local_cloud.waiting import eventually


def kept(cloud: LocalCloud, body: str) -> list[dict[str, Any]]:
    """What the function wrote down of a message, a row for each time that it got it."""
    found: list[dict[str, Any]] = cloud.client("dynamodb").query(
        TableName=cloud.table,
        KeyConditionExpression="pk = :body",
        ExpressionAttributeValues={":body": {"S": body}},
    )["Items"]
    return found


def test_messages_are_brought_in_a_batch_and_deleted(cloud: LocalCloud) -> None:
    sqs, url = cloud.client("sqs"), cloud.outputs["QueueUrl"]
    bodies = [f"batch {number}" for number in range(5)]
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    for body in bodies:
        [row] = eventually(lambda body=body: kept(cloud, body))
        assert row["source"]["S"] == "arn:aws:sqs:us-east-1:123456789012:little-Queue"
    assert max(int(kept(cloud, body)[0]["batch"]["N"]) for body in bodies) > 1
    eventually(lambda: messages_left(cloud) == 0)


def messages_left(cloud: LocalCloud) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = cloud.outputs["QueueUrl"]
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(value) for value in found.values())


def test_a_message_reported_as_failed_comes_again_and_its_neighbour_does_not(cloud: LocalCloud) -> None:
    bodies = ("will fail", "went well")
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    cloud.client("sqs").send_message_batch(QueueUrl=cloud.outputs["QueueUrl"], Entries=entries)
    eventually(lambda: len(kept(cloud, "will fail")) >= 2)
    assert len(kept(cloud, "went well")) == 1


@pytest.mark.parametrize(
    ("answer", "reports", "failed"),
    [
        (None, False, set()),
        (None, True, set()),
        ({}, True, set()),
        ({"batchItemFailures": []}, True, set()),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, True, {"a"}),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, False, set()),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, True, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, True, {"a", "b"}),
        ({"other": 1}, True, {"a", "b"}),
    ],
)
def test_an_answer_says_which_messages_stay(answer: Any, reports: bool, failed: set[str]) -> None:
    assert failed_messages(Answer(json.dumps(answer).encode()), {"a", "b"}, reports) == failed


def test_all_messages_stay_when_the_function_failed() -> None:
    assert failed_messages(Answer(b"{}", failed=True), {"a", "b"}, True) == {"a", "b"}


def test_a_record_is_written_as_lambda_writes_it() -> None:
    message = {
        "MessageId": "1",
        "ReceiptHandle": "r",
        "Body": "b",
        "MD5OfBody": "m",
        "Attributes": {"SentTimestamp": "5"},
        "MessageAttributes": {"kind": {"StringValue": "x", "DataType": "String"}},
    }
    assert record_of(message, "arn:q") == {
        "messageId": "1",
        "receiptHandle": "r",
        "body": "b",
        "attributes": {"SentTimestamp": "5"},
        "messageAttributes": {"kind": {"stringValue": "x", "dataType": "String"}},
        "md5OfBody": "m",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:q",
        "awsRegion": "us-east-1",
    }


class Calls:
    """An invoker that remembers."""

    def __init__(self, enough: int) -> None:
        self.events: list[tuple[str, Any]] = []
        self.enough = threading.Event()
        self._count = enough

    def later(self, name: str, payload: bytes) -> None:
        self.events.append((name, json.loads(payload)))
        if len(self.events) == self._count:
            self.enough.set()


def test_a_schedule_invokes_its_function_again_and_again() -> None:
    calls = Calls(enough=3)
    clock = Clock([Schedule("minutely", "arn:rule", 0.05, "sweep")], calls)
    assert calls.enough.wait(10)
    clock.close()
    name, event = calls.events[0]
    assert (name, event["source"], event["detail-type"]) == ("sweep", "aws.events", "Scheduled Event")
    assert (event["resources"], event["detail"]) == (["arn:rule"], {})


def test_a_schedule_may_say_what_its_function_gets() -> None:
    calls = Calls(enough=1)
    clock = Clock([Schedule("minutely", "arn:rule", 0.05, "sweep", '{"dry": true}')], calls)
    assert calls.enough.wait(10)
    clock.close()
    assert calls.events[0] == ("sweep", {"dry": True})
