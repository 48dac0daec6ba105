"""The table of what is survived: its rows, as a line of the terminal and as a document."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.survival.ways import LISTED, WAYS

TABLE = Path(__file__).parents[2] / "docs" / "survival.md"

ROWS = frozenset(range(1, 33)) - {27}
"""27, a customer's webhook that is down, comes with the webhooks that we send."""

HEAD = """# What is survived

Each row is a test of that number in `tests/survival`, against the real functions, state machine and stores on the local cloud,
with services that misbehave. `make survive` runs them all and writes this table; `make survive ROW=11` runs one again.

What the rows are done with, where it makes a difference what that is:

{ways}

| # | failure | with | what was done | what was seen |
|---|---|---|---|---|
"""

_NAME = re.compile(r"test_row_(\d+)_(\w+)")


@dataclass(frozen=True)
class Row:
    number: int
    failure: str
    ways: str
    did: str
    saw: str
    held: bool
    fault: str = ""


def number_of(test: str) -> int | None:
    """The row that a test is of."""
    found = _NAME.fullmatch(test)
    return int(found[1]) if found else None


def name_of(test: str) -> str:
    found = _NAME.fullmatch(test)
    assert found
    return found[2].replace("_", " ")


def whole(parts: Iterable[Row]) -> list[Row]:
    """The rows, each of all its tests: listings' films are struck by tests of their own."""
    rows: dict[int, Row] = {}
    for one in sorted(parts, key=lambda row: (row.number, row.ways == LISTED)):
        if other := rows.get(one.number):
            one = replace(
                other,
                ways=f"{other.ways}, {one.ways}",
                did=f"{other.did} Listings: {one.did}",
                saw=f"{other.saw}; {one.ways}: {one.saw}",
                held=other.held and one.held,
                fault=other.fault or one.fault,
            )
        rows[one.number] = one
    return list(rows.values())


def as_line(row: Row) -> str:
    return f"{row.number} | {row.failure} | {row.ways} | {row.did} | {row.saw} | {'held' if row.held else f'NOT HELD: {row.fault}'}"


def as_document(rows: Iterable[Row]) -> str:
    lines = [
        f"| {row.number} | {row.failure} | {row.ways} | {row.did} | {row.saw} |\n"
        for row in sorted(rows, key=lambda row: row.number)
    ]
    ways = "\n".join(f"- *{way.name}*: {way.told}" for way in WAYS.values())
    return HEAD.format(ways=ways) + "".join(lines)
