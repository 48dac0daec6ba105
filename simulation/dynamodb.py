"""DynamoDB beneath the stores: conditions, batches, pages, transactions that conflict while they are in flight, client
tokens, reads that lag behind. What the stores do not use is refused, not guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulation import expressions
from simulation.aws import Sdk, refusal
from simulation.expressions import Item, Malformed
from simulation.world import World

Key = tuple[str, str]
Watcher = Callable[[Key, Item | None, Item | None], None]
"""Hears of every write: the key, the item before, the item after."""

INDEXED = "unfinished"
MOST_OF_A_TRANSACTION = 100
TOKEN_HOLDS = 600.0


@dataclass
class Transaction:
    """One that came with a token: what it asked for, and what has become of it."""

    asked: Any
    at: float
    state: str
    """in flight, done, or cancelled"""


def key_of(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


class DynamoDB(Sdk):
    def __init__(self, world: World, watch: Watcher) -> None:
        super().__init__(world)
        self.items: dict[Key, Item] = {}
        self.watch = watch
        self.locked: set[Key] = set()
        """By transactions in flight."""
        self._by_partition: dict[str, set[str]] = {}
        self._tokens: dict[str, Transaction] = {}
        self._index: dict[Key, Item] = {}
        self._index_lag: list[tuple[float, Key, Item | None]] = []
        self._before: dict[Key, tuple[float, Item | None]] = {}
        self.touched: Callable[[str], None] = lambda pk: None
        self.committed: Callable[[], None] = lambda: None
        """Told when all of what belongs together is written."""

    # what is there

    def partition(self, pk: str) -> list[Item]:
        """In key order; for whoever looks from outside of the world."""
        return [self.items[pk, sk] for sk in sorted(self._by_partition.get(pk, ()))]

    def _write(self, key: Key, item: Item | None) -> None:
        was = self.items.get(key)
        self._before[key] = self.world.time, was
        if item is None:
            self.items.pop(key, None)
            self._by_partition.get(key[0], set()).discard(key[1])
        else:
            self.items[key] = item
            self._by_partition.setdefault(key[0], set()).add(key[1])
        if (was and INDEXED in was) or (item and INDEXED in item):
            lag = (
                self.world.chance.choice((0.1, 2.0, 70.0))
                if self.world.strikes(self.world.weather.stale_index)
                else 0.05
            )
            # An index lags behind its table, but never goes back.
            shows = max([self.world.time + lag, *(at for at, other, _ in self._index_lag if other == key)])
            self._index_lag.append((shows, key, item))
        self.watch(key, was, item)

    # requests

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool = False) -> dict[str, Any]:
        key = key_of(Key)
        self.touched(key[0])

        def get() -> dict[str, Any]:
            item = self.items.get(key)
            if not ConsistentRead:
                at, was = self._before.get(key, (0.0, None))
                item = was if self.world.time - at < 1.0 and self.world.chance.random() < 0.5 else item
            return {"Item": item} if item is not None else {}

        return self.ask(f"get {key[0]} {key[1]}", get)

    def batch_get_item(self, *, RequestItems: Any) -> dict[str, Any]:
        [(name, asked)] = RequestItems.items()
        keys = [key_of(key) for key in asked["Keys"]]
        if len(keys) > 100:
            raise Malformed("more than 100 keys")
        for pk, _ in keys:
            self.touched(pk)

        def get() -> dict[str, Any]:
            given = self._part_of(keys)
            left = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys[given:]]
            found = [self.items[key] for key in keys[:given] if key in self.items]
            return {"Responses": {name: found}, "UnprocessedKeys": {name: {**asked, "Keys": left}} if left else {}}

        return self.ask(f"get {len(keys)} rows", get)

    def _part_of(self, all_of: Sequence[Any]) -> int:
        """How many of them are answered: at least one."""
        if len(all_of) > 1 and self.world.strikes(self.world.weather.partial):
            return self.world.chance.randint(1, len(all_of))
        return len(all_of)

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeValues: Any,
        ConsistentRead: bool = False,
        ScanIndexForward: bool = True,
        Limit: int | None = None,
        ExclusiveStartKey: Any = None,
    ) -> dict[str, Any]:
        values = {name: value["S"] for name, value in ExpressionAttributeValues.items()}
        if KeyConditionExpression not in (
            "pk = :pk",
            "pk = :pk AND begins_with(sk, :prefix)",
            "pk = :pk AND sk BETWEEN :low AND :high",
        ):
            raise Malformed(f"a query that nobody has taught this table: {KeyConditionExpression}")
        pk, prefix, low, high = (values.get(name, "") for name in (":pk", ":prefix", ":low", ":high"))
        after = ExclusiveStartKey["sk"]["S"] if ExclusiveStartKey else None
        self.touched(pk)

        def page() -> dict[str, Any]:
            keys = sorted(
                (
                    sk
                    for sk in self._by_partition.get(pk, ())
                    if sk.startswith(prefix) and low <= sk and (not high or sk <= high)
                ),
                reverse=not ScanIndexForward,
            )
            if after is not None:
                keys = [sk for sk in keys if (sk > after) is ScanIndexForward and sk != after]
            many = self._part_of(keys)
            if Limit is not None:
                many = min(many, Limit)
            answer: dict[str, Any] = {"Items": [self.items[pk, sk] for sk in keys[:many]]}
            if many < len(keys) or (Limit is not None and many == Limit):
                answer["LastEvaluatedKey"] = {"pk": {"S": pk}, "sk": {"S": keys[many - 1]}} if keys else None
            return answer

        return self.ask(f"query {pk} {prefix}", page)

    def get_paginator(self, operation: str) -> Pages:
        if operation != "query":
            raise Malformed(f"{operation} has no pages here")
        return Pages(self)

    def index_page(self) -> list[Item]:
        """What the index shows by now."""
        due = sorted((lag for lag in self._index_lag if lag[0] <= self.world.time), key=lambda lag: lag[0])
        self._index_lag = [lag for lag in self._index_lag if lag[0] > self.world.time]
        for _, key, item in due:
            if item and INDEXED in item:
                self._index[key] = item
            else:
                self._index.pop(key, None)
        return list(self._index.values())

    def put_item(self, **asked: Any) -> None:
        self._single("Put", asked)

    def update_item(self, **asked: Any) -> None:
        self._single("Update", asked)

    def delete_item(self, **asked: Any) -> None:
        self._single("Delete", asked)

    def _single(self, verb: str, asked: dict[str, Any]) -> None:
        key, holds, result = self._read_write(verb, asked)
        self.touched(key[0])

        def write() -> None:
            if key in self.locked:
                raise refusal("TransactionConflictException", verb)
            if not holds():
                raise refusal("ConditionalCheckFailedException", verb)
            self._write(key, result())
            self.committed()

        self.ask(self._words(f"write {key[0]}", [{verb: asked}]), write)

    def batch_write_item(self, *, RequestItems: Any) -> dict[str, Any]:
        [(name, requests)] = RequestItems.items()
        if not 1 <= len(requests) <= 25:
            raise Malformed("a batch holds 1 to 25 writes")
        items = [request["PutRequest"]["Item"] for request in requests]
        if len({key_of(item) for item in items}) < len(items):
            raise Malformed("an item twice in a batch")
        for item in items:
            self.touched(key_of(item)[0])

        def write() -> dict[str, Any]:
            done = self._part_of(items)
            for item in items[:done]:
                self._write(key_of(item), item)
            return {"UnprocessedItems": {name: requests[done:]} if done < len(items) else {}}

        return self.ask(f"put {len(items)} rows", write)

    def transact_write_items(self, *, TransactItems: Any, ClientRequestToken: str) -> None:
        if not 1 <= len(TransactItems) <= MOST_OF_A_TRANSACTION:
            raise Malformed("a transaction holds 1 to 100 items")
        writes = [self._read_write(verb, asked) for entry in TransactItems for verb, asked in entry.items()]
        keys = [key for key, _, _ in writes]
        if len(set(keys)) < len(keys):
            raise refusal("ValidationException", "TransactWriteItems")
        for pk, _ in keys:
            self.touched(pk)
        verbs = [next(iter(entry)) for entry in TransactItems]

        def begin() -> bool:
            """Whether it is carried out now: False where the same one was before."""
            known = self._tokens.get(ClientRequestToken)
            if known and known.at + TOKEN_HOLDS > self.world.time and known.state != "cancelled":
                if known.asked != TransactItems:
                    raise refusal("IdempotentParameterMismatchException", "TransactWriteItems")
                if known.state == "in flight":
                    raise refusal("TransactionInProgressException", "TransactWriteItems")
                return False
            transaction = Transaction(TransactItems, self.world.time, "cancelled")
            self._tokens[ClientRequestToken] = transaction
            reasons = [
                "TransactionConflict" if key in self.locked else "None" if holds() else "ConditionalCheckFailed"
                for key, holds, _ in writes
            ]
            if set(reasons) != {"None"}:
                given = [{"Code": reason} for reason in reasons]
                raise refusal("TransactionCanceledException", "TransactWriteItems", CancellationReasons=given)
            transaction.state = "in flight"
            self.locked.update(keys)
            flight = self.world.latency() if self.world.playing and self.world.chance.random() < 0.5 else 0.0
            self.world.after(flight, lambda: commit(transaction)) if flight else commit(transaction)
            return True

        def commit(transaction: Transaction) -> None:
            self.locked.difference_update(keys)
            transaction.state = "done"
            for verb, (key, _, result) in zip(verbs, writes, strict=True):
                if verb != "ConditionCheck":
                    self._write(key, result())
            self.committed()

        self.ask(self._words(f"transact {keys[0][0]}", TransactItems), begin)
        while self._tokens[ClientRequestToken].state != "done":
            self.world.sleep(0.01)

    def _words(self, what: str, writes: Any) -> str:
        """What is written, for the trace."""
        if self.world.trace is None:
            return what
        return f"{what}: " + "; ".join(_told(verb, asked) for entry in writes for verb, asked in entry.items())

    def _read_write(
        self, verb: str, asked: dict[str, Any]
    ) -> tuple[Key, Callable[[], bool], Callable[[], Item | None]]:
        """The key that a write is about, whether its condition holds, and what becomes of the item."""
        names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
        said, changes = asked.get("ConditionExpression", ""), asked.get("UpdateExpression", "")
        used = (expressions.mentioned(said) if said else frozenset()) | (
            expressions.mentioned(changes) if changes else frozenset()
        )
        if used != names.keys() | values.keys():
            raise Malformed(f"given and not used, or the other way: {used ^ (names.keys() | values.keys())}")
        key = key_of(asked["Item"] if verb == "Put" else asked["Key"])
        condition = expressions.condition(said) if said else None

        def holds() -> bool:
            return condition is None or condition(self.items.get(key, {}), names, values)

        def result() -> Item | None:
            if verb == "Put":
                return dict(asked["Item"])
            if verb == "Delete":
                return None
            was = self.items.get(key, asked["Key"])
            item = dict(was)
            for change in expressions.update(changes):
                change(was, item, names, values)
            return item

        return key, holds, result


def _told(verb: str, asked: dict[str, Any]) -> str:
    if verb == "Put":
        return f"put {key_of(asked['Item'])[1]} {asked.get('ConditionExpression', '')}".rstrip()
    said = asked.get("UpdateExpression", "")
    said += f" if {asked['ConditionExpression']}" if "ConditionExpression" in asked else ""
    values = asked.get("ExpressionAttributeValues", {})
    said = re.sub(r":\w+", lambda name: str(next(iter(values[name[0]].values()))), said).replace("#", "")
    return f"{verb.lower()} {key_of(asked['Key'])[1]} {said}".rstrip()


class Pages:
    """The paginator of the one query that goes to the index."""

    def __init__(self, table: DynamoDB) -> None:
        self.table = table

    def paginate(self, *, IndexName: str, **asked: Any) -> Iterator[dict[str, Any]]:
        if IndexName != INDEXED or asked["KeyConditionExpression"] != "#key = :value":
            raise Malformed(f"an index that nobody has taught this table: {IndexName}")
        yield {"Items": self.table.ask(f"query the index {IndexName}", self.table.index_page)}
