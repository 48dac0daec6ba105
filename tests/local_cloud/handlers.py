"""Functions of the little cloud that these tests deploy."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools import Logger

Event = Any
seen = 0
logger = Logger()


def echo(event: Event, context: Any) -> Any:
    return event


def http(event: Event, context: Any) -> Any:
    """Answers with the event, or with what a test has put into its query to be answered."""
    query = event.get("queryStringParameters", {})
    if "wait" in query:
        time.sleep(float(query["wait"]))
    if query.get("answer") == "bytes":
        body = base64.b64encode(bytes(range(256))).decode()
        return {
            "statusCode": 201,
            "headers": {"content-type": "image/png", "x-number": 7, "access-control-allow-origin": "*"},
            "body": body,
            "isBase64Encoded": True,
            "cookies": ["a=1; Path=/", "b=2"],
        }
    if query.get("answer") == "nonsense":
        return {"statusCode": "many"}
    if query.get("answer") == "text":
        return {"statusCode": 200, "body": "ü"}
    if query.get("answer") == "error":
        raise ValueError("no")
    return event


def count(event: Event, context: Any) -> int:
    """How many invocations this worker has had."""
    global seen
    seen += 1
    return seen


def about(event: Event, context: Any) -> dict[str, Any]:
    return {
        "environment": dict(os.environ),
        "cwd": os.getcwd(),
        "id": context.aws_request_id,
        "name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(),
    }


def pid(event: Event, context: Any) -> int:
    time.sleep(event.get("wait", 0))
    return os.getpid()


def log(event: Event, context: Any) -> None:
    """Two lines with a key of this invocation, so that another's could come between."""
    logger.append_keys(clip=event["clip"])
    for line in ("first", "second"):
        logger.info(line, extra={"told": event["clip"]})
        time.sleep(0.01)


def leave(event: Event, context: Any) -> None:
    """A file in a folder of its own, which nobody removes."""
    Path(tempfile.mkdtemp(), event["file"]).touch()


def misbehave(event: Event, context: Any) -> Any:
    def fail() -> None:
        raise ValueError("not today")

    verbs: dict[str, Callable[[], Any]] = {
        "abort": os.abort,
        "big": lambda: "x" * 7_000_000,
        "child": lambda: subprocess.run(["sleep", event["seconds"]], check=True),
        "decimal": lambda: Decimal("1.5"),
        "exit": lambda: sys.exit(3),
        "fail": fail,
        "nothing": lambda: None,
        "object": threading.Lock,
        "sleep": lambda: time.sleep(60),
    }
    return verbs[event["do"]]()


def keep_messages(event: Event, context: Any) -> dict[str, Any]:
    """Writes the messages down, and reports as failed those whose body says so."""
    table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
    failures = []
    for record in event["Records"]:
        key = {"pk": record["body"], "sk": record["attributes"]["ApproximateReceiveCount"]}
        table.put_item(Item={**key, "batch": len(event["Records"]), "source": record["eventSourceARN"]})
        if "fail" in record["body"]:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def fail_twice(event: Event, context: Any) -> None:
    """Counts its tries in the table; the third is good."""
    table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
    tries = table.update_item(
        Key={"pk": event["name"], "sk": "tries"},
        UpdateExpression="ADD tries :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )["Attributes"]["tries"]
    if tries < 3:
        raise RuntimeError("again")


def client_reads(event: Event, context: Any) -> list[str]:
    """The files of botocore's own data that a first client opens."""
    opened: list[str] = []
    sys.addaudithook(lambda name, arguments: opened.append(str(arguments[0])) if name == "open" else None)
    for service in event["services"]:
        boto3.client(service)
    return [path for path in opened if "/botocore/data/" in path]
