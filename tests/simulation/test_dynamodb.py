"""The table of the simulation answers as another implementation does, and where that one is silent, as AWS documents."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from functions.studio.errors import ConditionLost
from functions.studio.table import Table, Write, check, delete, put, update
from simulation.dynamodb import DynamoDB
from simulation.expressions import Malformed
from simulation.weather import Weather
from simulation.world import Crew, World


def a_table() -> Table:
    """Nobody else writes to it, and nothing goes wrong."""
    world = World(Crew(), 0, Weather(), random.Random(0))
    return Table("rows", DynamoDB(world, lambda key, was, item: None))  # type: ignore[arg-type]  # as far as it is used


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="rows",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        )
        yield Table("rows", client)


def a_write(chance: random.Random, sk: str) -> Write:
    when: dict[str, Any] = chance.choice(
        [
            {},
            {"pk": ...},
            {"pk": None},
            {"status": "one"},
            {"status": ["one", "two"], "count": 1},
            {"count": 1.0},
            {"note": None, "pk": ...},
        ]
    )
    match chance.randrange(4):
        case 0:
            return put("a", sk, {"status": chance.choice(["one", "two"]), "count": chance.randrange(3)}, when)
        case 1:
            changes = {"status": chance.choice(["one", "two"]), "note": chance.choice([None, "words"])}
            return update("a", sk, changes, when, {"count": chance.randrange(-1, 3)} if chance.random() < 0.5 else None)
        case 2:
            return delete("a", sk, when)
    return update("a", sk, {"nested": {"list": [1, "two", None, True]}}, when)


def outcome(table: Table, writes: list[Write]) -> str:
    try:
        table.commit(*writes)
    except ConditionLost as lost:
        return f"lost {lost.index}"
    return "done"


def test_it_answers_as_another_implementation_does(other: Table) -> None:
    ours, chance = a_table(), random.Random(1)
    for _ in range(400):
        keys = chance.sample(["1", "2", "3", "4", "5"], chance.randint(1, 3))
        writes = [a_write(chance, sk) for sk in keys]
        if len(writes) > 1 and chance.random() < 0.3:
            writes.append(check("a", "6", chance.choice([{"pk": None}, {"pk": ...}])))
        assert outcome(ours, writes) == outcome(other, writes)
        assert list(ours.query("a")) == list(other.query("a"))
    assert ours.get("a", "1") == other.get("a", "1")
    assert ours.page("a", "", limit=2) == other.page("a", "", limit=2)
    for last_first in (False, True):
        spans = [table.between("a", "1", "4", limit=2, last_first=last_first) for table in (ours, other)]
        assert spans[0] == spans[1]


@pytest.mark.parametrize(
    ("expression", "held"),
    [
        ("count < :n", True),
        ("count <= :n AND NOT count = :n", True),
        ("count > :n OR attribute_not_exists(gone)", True),
        ("count BETWEEN :n AND :n", False),
        ("(count <> :n) AND begins_with(word, :w)", True),
        ("gone = :n", False),
        ("gone <> :n", True),
    ],
)
def test_conditions_of_budgets_to_come_are_understood_as_by_another_implementation(
    other: Table, expression: str, held: bool
) -> None:
    for table in (a_table(), other):
        table.commit(put("a", "1", {"count": 3, "word": "words"}))
        values = {":n": {"N": "5"}, ":w": {"S": "wo"}}
        asked = {
            "Key": {"pk": {"S": "a"}, "sk": {"S": "1"}},
            "UpdateExpression": "SET summed = if_not_exists(summed, #c) + :one, #c = #c - :one",
            "ConditionExpression": expression.replace("count", "#c"),
            "ExpressionAttributeNames": {"#c": "count"},
            "ExpressionAttributeValues": {
                ":one": {"N": "1"},
                **{name: value for name, value in values.items() if name in expression},
            },
        }
        if "count" not in expression:
            asked["ConditionExpression"] += " AND attribute_exists(#c)"
        assert outcome(table, [{"Update": asked}]) == ("done" if held else "lost 0")
        row = table.get("a", "1")
        assert row
        assert (row["count"], row.get("summed")) == ((2, 4) if held else (3, None))


def test_a_token_is_carried_out_once() -> None:
    table = a_table()
    item = {"Update": {"TableName": "rows", **update("a", "1", {}, None, {"count": 1})["Update"]}}
    for _ in range(2):
        table.client.transact_write_items(TransactItems=[item], ClientRequestToken="same")  # type: ignore[list-item]  # as the table builds it
    row = table.get("a", "1")
    assert row
    assert row["count"] == 1


def test_a_token_that_comes_with_another_request_is_refused() -> None:
    table = a_table()
    for number, refused in ((1, False), (2, True)):
        item: Any = {"Update": {"TableName": "rows", **update("a", "1", {}, None, {"count": number})["Update"]}}
        if not refused:
            table.client.transact_write_items(TransactItems=[item], ClientRequestToken="same")
            continue
        with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
            table.client.transact_write_items(TransactItems=[item], ClientRequestToken="same")


def test_what_a_transaction_in_flight_holds_cannot_be_written_meanwhile() -> None:
    table = a_table()
    database: Any = table.client
    database.locked.add(("a", "1"))
    with pytest.raises(ClientError) as single:
        database.put_item(Item={"pk": {"S": "a"}, "sk": {"S": "1"}}, TableName="rows")
    assert single.value.response["Error"]["Code"] == "TransactionConflictException"
    items = [{"Put": {"TableName": "rows", **put("a", sk, {})["Put"]}} for sk in ("1", "2")]
    with pytest.raises(ClientError) as several:
        database.transact_write_items(TransactItems=items, ClientRequestToken="t")
    reasons: Any = several.value.response
    assert [reason["Code"] for reason in reasons["CancellationReasons"]] == ["TransactionConflict", "None"]
    assert table.get("a", "2") is None


def test_what_is_given_and_not_used_is_a_mistake() -> None:
    database: Any = a_table().client
    with pytest.raises(Malformed):
        database.put_item(
            TableName="rows",
            Item={"pk": {"S": "a"}, "sk": {"S": "1"}},
            ConditionExpression="attribute_not_exists(pk)",
            ExpressionAttributeNames={"#pk": "pk"},
        )
