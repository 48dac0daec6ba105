from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.studio.errors import ConditionLost
from functions.studio.table import Table, delete, put, update
from tests.scripted import Answering


def test_what_is_put_is_read_as_it_was(table: Table) -> None:
    row = {"text": "é", "n": 3, "usd": Decimal("1.20"), "yes": True, "list": [1, "a", None], "map": {"x": None}}
    table.commit(put("a", "b", row))
    assert table.get("a", "b") == {**row, "pk": "a", "sk": "b"}


def test_a_row_that_is_not_there_is_none(table: Table) -> None:
    assert table.get("a", "b") is None


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"status": "open"}, True),
        ({"status": "shut"}, False),
        ({"status": ["shut", "open"]}, True),
        ({"status": ["shut"]}, False),
        ({"status": ...}, True),
        ({"other": ...}, False),
        ({"other": None}, True),
        ({"status": None}, False),
        ({"status": "open", "n": 2}, False),
    ],
)
def test_a_condition_holds_or_the_write_is_lost(table: Table, when: dict[str, Any], holds: bool) -> None:
    table.commit(put("a", "b", {"status": "open", "n": 1}))
    write = update("a", "b", {"seen": True}, when)
    if holds:
        table.commit(write)
    else:
        with pytest.raises(ConditionLost):
            table.commit(write)
    assert ("seen" in (table.get("a", "b") or {})) is holds


def test_an_update_sets_removes_and_adds(table: Table) -> None:
    table.commit(put("a", "b", {"old": 1, "count": 2}))
    table.commit(update("a", "b", {"new": "x", "old": None}, add={"count": Decimal("0.5")}))
    assert table.get("a", "b") == {"pk": "a", "sk": "b", "new": "x", "count": Decimal("2.5")}


def test_a_transaction_is_all_or_nothing_and_tells_which_write_was_lost(table: Table) -> None:
    table.commit(put("a", "2", {"n": 1}))
    with pytest.raises(ConditionLost) as lost:
        table.commit(put("a", "1", {}), put("a", "2", {}, {"pk": None}), delete("a", "3"))
    assert lost.value.index == 1
    assert table.get("a", "1") is None


def test_pages_go_on_where_the_last_one_ended(table: Table) -> None:
    table.put_all([put("a", f"X#{number:03d}", {"n": number}) for number in range(60)])
    table.put_all([put("a", "Y#1", {})])
    first, after = table.page("a", "X#", limit=25)
    second, _ = table.page("a", "X#", after=after, limit=25)
    assert [row["n"] for row in first + second] == list(range(50))
    assert len(list(table.query("a", "X#"))) == 60


def test_many_rows_are_read_at_once(table: Table) -> None:
    table.put_all([put("a", f"{number:03d}", {"n": number}) for number in range(130)])
    found = table.get_many([("a", f"{number:03d}") for number in range(140)])
    assert sorted(row["n"] for row in found) == list(range(130))


class Conflicting:
    """A client of DynamoDB whose transactions conflict with somebody else's for the first few times."""

    def __init__(self, times: int, reason: str) -> None:
        self.times = times
        self.reason = reason
        self.tries = 0
        self.tokens: set[str] = set()

    def transact_write_items(self, **asked: Any) -> None:
        self.tries += 1
        self.tokens.add(asked["ClientRequestToken"])
        if self.tries <= self.times:
            error: Any = {
                "Error": {"Code": "TransactionCanceledException", "Message": ""},
                "CancellationReasons": [{"Code": "None"}, {"Code": self.reason}],
            }
            raise ClientError(error, "TransactWriteItems")


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError"])
def test_a_transaction_that_conflicts_is_tried_again(reason: str) -> None:
    client = Conflicting(3, reason)
    Table("rows", client).commit(put("a", "1", {}), put("a", "2", {}))
    assert client.tries == len(client.tokens) == 4


def test_a_transaction_that_was_carried_out_while_it_was_said_to_be_in_progress_is_not_lost_to_itself(
    table: Table,
) -> None:
    hesitant = Table(table.name, Answering(table, "TransactionInProgressException", done=True))
    hesitant.commit(put("a", "1", {"n": 1}, {"pk": None}), update("a", "2", {}, add={"n": 1}))
    assert [row["n"] for row in table.query("a")] == [1, 1]


def test_an_error_that_is_no_conflict_is_not_tried_again() -> None:
    client = Conflicting(3, "ValidationError")
    with pytest.raises(ClientError):
        Table("rows", client).commit(put("a", "1", {}), put("a", "2", {}))
    assert client.tries == 1


def test_a_row_that_is_there_is_not_put_again(table: Table) -> None:
    table.commit(put("a", "b", {"by": 1}, {"pk": None}))
    with pytest.raises(ConditionLost):
        table.commit(put("a", "b", {"by": 2}, {"pk": None}))
    assert (table.get("a", "b") or {})["by"] == 1
