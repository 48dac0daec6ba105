"""Dead letters: looks at providers that kept failing, put back among those that are taken."""

from __future__ import annotations

import boto3

SECONDS_TO_WAIT = 1


def redrive(aside: str) -> int:
    """How many messages went back from the queue at that URL to the one they came from. One that is interrupted in between
    is there twice, which a look does not mind; none is lost."""
    sqs = boto3.client("sqs")
    [source] = sqs.list_dead_letter_source_queues(QueueUrl=aside)["queueUrls"]
    moved = 0
    while True:
        asked = sqs.receive_message(QueueUrl=aside, MaxNumberOfMessages=10, WaitTimeSeconds=SECONDS_TO_WAIT)
        messages = asked.get("Messages", [])
        if not messages:
            return moved
        for message in messages:
            sqs.send_message(QueueUrl=source, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=aside, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
