"""The one DynamoDB table beneath the stores: rows in and out, conditions as data, transactions that retry conflicts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from functions.studio.clock import sleep
from functions.studio.errors import ConditionLost

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

Write = dict[str, dict[str, Any]]
"""One entry of TransactWriteItems without its table's name."""

CONFLICTS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
CONFLICT_TRIES = 24
"""Nine seconds in the mean: a hundred that want one counter at once take turns, and the API has thirty."""
IN_PROGRESS = "TransactionInProgressException"
"""Nobody knows yet; the same token will tell."""


@dataclass(frozen=True)
class AtMost:
    """In a condition: a number that is there and not above `most`."""

    most: Decimal


def marshal(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}
        case int() | Decimal():
            return {"N": str(value)}
        case float():
            return {"N": str(Decimal(repr(value)))}
        case Mapping():
            return {"M": {key: marshal(entry) for key, entry in value.items()}}
        case Sequence():
            return {"L": [marshal(entry) for entry in value]}
    raise TypeError(f"{type(value).__name__} has no form in the table")


def unmarshal(value: Mapping[str, Any]) -> Any:
    ((kind, entry),) = value.items()
    match kind:
        case "N":
            return Decimal(entry)
        case "M":
            return {key: unmarshal(inner) for key, inner in entry.items()}
        case "L":
            return [unmarshal(inner) for inner in entry]
        case "NULL":
            return None
    return entry


def row(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: unmarshal(value) for key, value in item.items()}


class _Expression:
    """Names and values of one expression, numbered."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        placeholder = f"#{attribute}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = marshal(value)
        return placeholder

    def condition(self, when: Mapping[str, Any]) -> str:
        return " AND ".join(self._test(attribute, wanted) for attribute, wanted in when.items())

    def _test(self, attribute: str, wanted: Any) -> str:
        name = self.name(attribute)
        if wanted is None:
            return f"attribute_not_exists({name})"
        if wanted is ...:
            return f"attribute_exists({name})"
        if isinstance(wanted, AtMost):
            return f"{name} <= {self.value(wanted.most)}"
        if isinstance(wanted, list | tuple | set | frozenset):
            return f"{name} IN ({', '.join(self.value(one) for one in wanted)})"
        return f"{name} = {self.value(wanted)}"

    def parameters(self) -> dict[str, Any]:
        given = {"ExpressionAttributeNames": self.names, "ExpressionAttributeValues": self.values}
        return {key: entry for key, entry in given.items() if entry}


def put(pk: str, sk: str, attributes: Mapping[str, Any], when: Mapping[str, Any] | None = None) -> Write:
    """`when` as in `update`; `{"pk": None}` puts only what is not there."""
    expression = _Expression()
    write: dict[str, Any] = {"Item": {key: marshal(entry) for key, entry in {**attributes, "pk": pk, "sk": sk}.items()}}
    if when:
        write["ConditionExpression"] = expression.condition(when)
    return {"Put": write | expression.parameters()}


def update(
    pk: str,
    sk: str,
    changes: Mapping[str, Any],
    when: Mapping[str, Any] | None = None,
    add: Mapping[str, int | Decimal] | None = None,
) -> Write:
    """Sets `changes` (None removes the attribute), adds `add`, if `when` holds.

    `when` maps attributes to what they must be: a value, a list of which one, `AtMost`, None for absent, `...` for
    present.
    """
    expression = _Expression()
    sets = [
        f"{expression.name(key)} = {expression.value(entry)}" for key, entry in changes.items() if entry is not None
    ]
    removes = [expression.name(key) for key, entry in changes.items() if entry is None]
    adds = [f"{expression.name(key)} {expression.value(entry)}" for key, entry in (add or {}).items()]
    clauses = [("SET", sets), ("REMOVE", removes), ("ADD", adds)]
    write: dict[str, Any] = {
        "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
        "UpdateExpression": " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts),
    }
    if when:
        write["ConditionExpression"] = expression.condition(when)
    return {"Update": write | expression.parameters()}


def delete(pk: str, sk: str, when: Mapping[str, Any] | None = None) -> Write:
    expression = _Expression()
    write: dict[str, Any] = {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}
    if when:
        write["ConditionExpression"] = expression.condition(when)
    return {"Delete": write | expression.parameters()}


def check(pk: str, sk: str, when: Mapping[str, Any]) -> Write:
    """Changes nothing; the transaction that it is part of holds only if `when` does."""
    expression = _Expression()
    write = {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}, "ConditionExpression": expression.condition(when)}
    return {"ConditionCheck": write | expression.parameters()}


def dynamodb() -> DynamoDBClient:
    return boto3.client("dynamodb", config=Config(retries={"mode": "standard", "max_attempts": 6}))


class Table:
    def __init__(self, name: str, client: DynamoDBClient | None = None) -> None:
        self.name = name
        self.client = client or dynamodb()

    def get(self, pk: str, sk: str) -> dict[str, Any] | None:
        """Read consistently; None when there is no such row."""
        answer = self.client.get_item(TableName=self.name, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True)
        return row(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Read consistently, in no particular order; rows that do not exist are left out."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(keys), 100):
            wanted = {
                self.name: {
                    "Keys": [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys[start : start + 100]],
                    "ConsistentRead": True,
                }
            }
            while wanted:
                answer = self.client.batch_get_item(RequestItems=wanted)  # type: ignore[arg-type]  # the stubs want literal keys
                found += [row(item) for item in answer["Responses"].get(self.name, [])]
                wanted = answer.get("UnprocessedKeys", {})  # type: ignore[assignment]  # the same shape as was sent
        return found

    def query(self, pk: str, prefix: str = "") -> Iterator[dict[str, Any]]:
        """All rows of a partition whose sort key begins with `prefix`, in key order."""
        after: str | None = None
        while True:
            rows, after = self.page(pk, prefix, after=after, limit=None)
            yield from rows
            if after is None:
                return

    def page(
        self, pk: str, prefix: str, *, after: str | None = None, limit: int | None = None, last_first: bool = False
    ) -> tuple[list[dict[str, Any]], str | None]:
        """One page of a partition, and the sort key after which the next page begins."""
        asked: dict[str, Any] = {
            "TableName": self.name,
            "ConsistentRead": True,
            "ScanIndexForward": not last_first,
            "KeyConditionExpression": "pk = :pk" + (" AND begins_with(sk, :prefix)" if prefix else ""),
            "ExpressionAttributeValues": {":pk": {"S": pk}} | ({":prefix": {"S": prefix}} if prefix else {}),
        }
        if limit:
            asked["Limit"] = limit
        if after:
            asked["ExclusiveStartKey"] = {"pk": {"S": pk}, "sk": {"S": after}}
        answer = self.client.query(**asked)
        last = answer.get("LastEvaluatedKey")
        return [row(item) for item in answer["Items"]], last["sk"]["S"] if last else None

    def between(
        self, pk: str, low: str, high: str, *, limit: int, last_first: bool = False
    ) -> tuple[list[dict[str, Any]], bool]:
        """At most `limit` rows of a partition whose sort keys are neither below `low` nor above `high`; and whether there
        may be more."""
        if low > high:
            return [], False
        answer = self.client.query(
            TableName=self.name,
            ConsistentRead=True,
            ScanIndexForward=not last_first,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={":pk": {"S": pk}, ":low": {"S": low}, ":high": {"S": high}},
            Limit=limit,
        )
        return [row(item) for item in answer["Items"]], "LastEvaluatedKey" in answer

    def index(self, name: str, key: str, value: str) -> Iterator[dict[str, Any]]:
        """All rows of an index's partition; eventually consistent, as indexes are."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name,
            IndexName=name,
            KeyConditionExpression="#key = :value",
            ExpressionAttributeNames={"#key": key},
            ExpressionAttributeValues={":value": {"S": value}},
        )
        for page in pages:
            yield from (row(item) for item in page["Items"])

    def put_all(self, writes: Sequence[Write]) -> None:
        """Unconditional puts in batches of 25: for rows that nobody can see yet."""
        requests = [{"PutRequest": {"Item": write["Put"]["Item"]}} for write in writes]
        for start in range(0, len(requests), 25):
            left: Any = {self.name: requests[start : start + 25]}
            for pause in _pauses():
                left = self.client.batch_write_item(RequestItems=left).get("UnprocessedItems")
                if not left:
                    break
                sleep(pause)
            if left:
                raise TimeoutError("DynamoDB kept refusing a batch of writes")

    def commit(self, *writes: Write) -> None:
        """All of the writes or none; ConditionLost when a condition does not hold. Conflicts are tried again.

        Several writes are never lost to an earlier try of their own. A single one is, where the SDK repeats it because
        its answer did not come: who cannot live with that reads the row again.
        """
        pauses, token = _pauses(), str(uuid4())
        while True:
            try:
                self._commit(writes, token)
                return
            except ClientError as error:
                lost = _lost_condition(error)
                if lost is not None:
                    raise ConditionLost("a conditional write did not hold", lost) from None
                pause = next(pauses, None)
                if pause is None or not _is_conflict(error):
                    raise
                if error.response["Error"]["Code"] != IN_PROGRESS:
                    token = str(uuid4())  # that one did nothing, and AWS does not say what it is good for now
            sleep(pause)

    def _commit(self, writes: Sequence[Write], token: str) -> None:
        if len(writes) == 1:
            ((verb, write),) = writes[0].items()
            calls: dict[str, Callable[..., Any]] = {
                "Put": self.client.put_item,
                "Update": self.client.update_item,
                "Delete": self.client.delete_item,
            }
            calls[verb](TableName=self.name, **write)
            return
        items: Any = [{verb: {"TableName": self.name, **write}} for entry in writes for verb, write in entry.items()]
        self.client.transact_write_items(TransactItems=items, ClientRequestToken=token)


def _pauses() -> Iterator[float]:
    """Seconds between tries: doubling from 20 ms to a second, with full jitter."""
    for turn in range(CONFLICT_TRIES):
        yield random.uniform(0, min(1.0, 0.02 * 2**turn))


def _reasons(error: ClientError) -> list[str]:
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]  # not in the stubs' base shape
    return [reason.get("Code", "None") for reason in reasons]


def _lost_condition(error: ClientError) -> int | None:
    if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
        return 0
    reasons = _reasons(error)
    return reasons.index("ConditionalCheckFailed") if "ConditionalCheckFailed" in reasons else None


def _is_conflict(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    return code in {"TransactionConflictException", IN_PROGRESS} or bool(CONFLICTS & set(_reasons(error)))
