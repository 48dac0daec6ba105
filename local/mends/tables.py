"""DynamoDB: writes that hold under many hands."""

import base64
import copy
import hashlib
import inspect
import json
import threading
import time
from typing import Any, Final

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.core.serialize import JSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

TOKEN_SECONDS: Final = 600


def a_conditional_write_is_atomic() -> None:
    """Of many writes with one condition at the same moment one succeeds; moto checks and writes with threads between."""
    call_action = DynamoHandler.call_action
    lock = threading.Lock()

    def call_one_action(self: DynamoHandler) -> Any:
        with lock:
            return call_action(self)

    DynamoHandler.call_action = call_one_action


def a_transaction_costs_what_it_touches() -> None:
    """TransactWriteItems takes as long as its items, and one that fails leaves them as they were; moto copies every
    row of the table first (90 ms at 2,000 rows), to put the copy in its place on failure.
    """
    transact = DynamoDBBackend.transact_write_items

    def transact_and_restore(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        before = [
            (table, *keys, copy.deepcopy(table.get_item(*keys)))
            for table, keys in (_key(self, next(iter(item.values()))) for item in transact_items)
        ]
        try:
            transact(self, transact_items)
        except Exception:
            for table, hash_key, range_key, item in before:
                _put_back(table, hash_key, range_key, item)
            raise

    # moto's own copy, and its putting back, become the table itself; a backup, the only other thing copied
    # so, is nothing that the local cloud serves.
    Table.__deepcopy__ = lambda self, memo: self
    DynamoDBBackend.transact_write_items = transact_and_restore


def a_query_reads_its_own_rows() -> None:
    """A query takes as long as the rows that have its key; moto sorts all of the table first, by both keys (half of this
    process's work in our workflow tests). Of one call at a time, as `a_conditional_write_is_atomic` sees to.
    """
    query = Table.query
    signature = inspect.signature(query)

    def query_own(self: Table, *given: Any, **named: Any) -> Any:
        asked = signature.bind(self, *given, **named).arguments
        rows = _rows_of(self, asked)
        self.all_items = lambda: rows
        try:
            return query(self, *given, **named)
        finally:
            del self.all_items

    Table.query = query_own


def _rows_of(table: Table, asked: dict[str, Any]) -> list[Item]:
    """Those that a query can find, in no order; it sorts what it finds."""
    if not asked.get("index_name"):
        found = table.items.get(asked["hash_key"], {})
        return list(found.values()) if table.range_key_attr else [found] if found else []
    every = table.items.values()
    rows = [row for partition in every for row in partition.values()] if table.range_key_attr else list(every)
    wanted = [(name, value.value) for name, value in asked.get("hash_key_conditions") or ()]
    return [row for row in rows if all(name in row.attrs and row.attrs[name].value == value for name, value in wanted)]


def _key(backend: DynamoDBBackend, operation: dict[str, Any]) -> tuple[Table, tuple[Any, Any]]:
    table = backend.get_table(operation["TableName"])
    return table, backend.get_keys_value(table, operation.get("Key") or operation["Item"])


def _put_back(table: Table, hash_key: Any, range_key: Any, item: Any) -> None:
    rows, key = (table.items, hash_key) if range_key is None else (table.items[hash_key], range_key)
    if item is None:
        rows.pop(key, None)
    else:
        rows[key] = item


def a_transaction_sent_twice_is_done_once() -> None:
    """A TransactWriteItems that repeats a ClientRequestToken within ten minutes changes nothing more and succeeds; with
    other items it is refused. The SDKs send one with every transaction and repeat it when they try again.
    """
    transact = DynamoHandler.transact_write_items
    done: dict[str, tuple[float, str]] = {}

    def transact_once(self: DynamoHandler) -> ActionResult:
        token = self.body.get("ClientRequestToken")
        now = time.monotonic()
        for old in [known for known, (at, _) in done.items() if now - at > TOKEN_SECONDS]:
            del done[old]
        items = json.dumps(self.body["TransactItems"], sort_keys=True, default=repr)
        digest = hashlib.sha256(items.encode()).hexdigest()
        if token not in done:
            answer = transact(self)
            if token:
                done[token] = now, digest
            return answer
        if done[token][1] != digest:
            raise JsonRESTError(
                "IdempotentParameterMismatchException",
                "The request was sent with a client token that was used with other parameters",
            )
        return ActionResult({})

    DynamoHandler.transact_write_items = transact_once


def a_row_is_answered_as_it_is_kept() -> None:
    """A row costs what there is in it. moto looks for each of ten kinds in every value, under eight names, though all but
    bytes have their form on the wire already (a third of this process's work in a job of 50 clips).
    """
    serialize = JSONSerializer._serialize_type_structure

    def serialize_or_pass_on(self: JSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue":
            self._default_serialize(serialized, _on_the_wire(value), shape, key)
        else:
            serialize(self, serialized, value, shape, key)

    JSONSerializer._serialize_type_structure = serialize_or_pass_on


def _on_the_wire(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {kind: base64.b64encode(content).decode()}
        case "BS":
            return {kind: [base64.b64encode(one).decode() for one in content]}
        case "M":
            return {kind: {name: _on_the_wire(one) for name, one in content.items()}}
        case "L":
            return {kind: [_on_the_wire(one) for one in content]}
    return value
