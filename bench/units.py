"""What a request to AWS is billed as, read from the request and its answer alone."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

READ: Final = "DynamoDB read units"
WRITE: Final = "DynamoDB write units"
FREE: Final = frozenset({"SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat", "StartExecution"})

Asked = Mapping[str, Any]
Item = Mapping[str, Mapping[str, Any]]
Rows = Mapping[tuple[str, str], Item]
"""Rows of the table by their keys, as they are in the end: an update says what it changes, not how large the row is."""


def billed(service: str, operation: str, asked: Asked, answer: Asked, rows: Rows) -> tuple[str, float]:
    """What is billed, and how many of it. `operation` of S3 is the HTTP method, or LIST. Raises KeyError for what it does not
    know: nothing may be left out unsaid."""
    match service, operation:
        case "dynamodb", _:
            return dynamodb(operation, asked, answer, rows)
        case "s3", "GET" | "HEAD":
            return "S3 reads", 1
        case "s3", "DELETE":
            return "S3 writes and lists", 0
        case "s3", "PUT" | "POST" | "LIST":
            return "S3 writes and lists", 1
        case "sqs", "SendMessage":
            return "SQS requests", 3  # what is sent is also received and deleted
        case "events", "PutEvents":
            return "events published", len(asked["Entries"])
        case "secretsmanager", "GetSecretValue":
            return "secret reads", 1
        case "stepfunctions", _ if operation in FREE:
            return "state transitions", 0
    raise KeyError(f"{service} {operation}")


def dynamodb(operation: str, asked: Asked, answer: Asked, rows: Rows) -> tuple[str, float]:
    """On-demand request units; index writes (of a job's row alone, a few a job) are left out."""
    match operation:
        case "GetItem":
            return READ, read_units(size(answer.get("Item", {})), asked)
        case "Query":
            return READ, read_units(sum(map(size, answer.get("Items", []))), asked)
        case "BatchGetItem":
            return READ, sum(
                sum(read_units(size(item), wanted) for item in answer["Responses"].get(table, []))
                + (len(wanted["Keys"]) - len(answer["Responses"].get(table, []))) * read_units(0, wanted)
                for table, wanted in asked["RequestItems"].items()
            )
        case "PutItem" | "UpdateItem" | "DeleteItem":
            return WRITE, write_units(asked, rows)
        case "BatchWriteItem":
            return WRITE, sum(
                write_units(write, rows)
                for entries in asked["RequestItems"].values()
                for entry in entries
                for write in entry.values()
            )
        case "TransactWriteItems":  # twice the writes; a check of a condition counts as one
            return WRITE, 2 * sum(
                write_units(write, rows) for entry in asked["TransactItems"] for write in entry.values()
            )
    raise KeyError(f"dynamodb {operation}")


def read_units(bytes_read: int, asked: Asked) -> float:
    return max(1, ceil(bytes_read / 4096)) * (1.0 if asked.get("ConsistentRead") else 0.5)


def write_units(write: Asked, rows: Rows) -> int:
    item: Item = write.get("Item") or {}
    key = item or write["Key"]
    final = rows.get((key["pk"]["S"], key["sk"]["S"]), {})
    return max(1, ceil(max(size(item), size(final)) / 1024))


def size(item: Item) -> int:
    """Bytes, by DynamoDB's rules: names and values, three for a list or map and one for each of its entries."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content.lstrip("-").replace(".", "")) // 2 + 2
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size(entry) for name, entry in content.items())
        case "L":
            return 3 + sum(1 + _size(entry) for entry in content)
    return 1


def steps(machine: Mapping[str, Any]) -> list[str]:
    """The states that an execution passes through where nothing goes wrong."""
    passed: list[str] = []
    state = machine["StartAt"]
    while state:
        passed.append(state)
        state = machine["States"][state].get("Next") or machine["States"][state].get("Default")
    return passed


def transitions(machine: Mapping[str, Any], map_name: str, clips: int) -> int:
    """Of a run with that many clips in which nothing was tried again. Each execution begins and ends with one too, as
    AWS counts in its examples; a clip has an execution of its own."""
    child = machine["States"][map_name]["ItemProcessor"]
    return len(steps(machine)) + 2 + clips * (len(steps(child)) + 2)
