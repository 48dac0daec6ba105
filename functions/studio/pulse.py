"""What is counted of models' attempts, for the whole deployment: `HEALTH#{hour}` → {minute}#{model}#{mode}, in numbers
that only grow. An hour is a partition, so that the last one is two queries and nothing old is read.

`HEALTH` → KEYS says which providers lack a key, PROBE#… which job tries a model that has rested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from functions.studio.catalogue import Mode
from functions.studio.clock import epoch
from functions.studio.errors import ConditionLost
from functions.studio.health import HOUR, MINUTE, Counted, Health, Minute, healths, time_class
from functions.studio.table import Table, put, update

KEPT_FOR = 3 * HOUR


class Pulse:
    def __init__(self, table: Table) -> None:
        self.table = table

    def count(self, model: str, mode: Mode, what: Counted, seconds: float | None = None) -> None:
        """One attempt more; `seconds` from create to answer. Not part of any transaction: two that end at once only add.
        A repeated or lost count is of no consequence."""
        at = int(epoch()) // MINUTE * MINUTE
        took = {} if seconds is None else {f"took{time_class(seconds)}": 1}
        named = {"model": model, "mode": mode, "at": at, "expiresAt": at + KEPT_FOR}
        self.table.commit(update(_hour(at), f"{at}#{model}#{mode}", named, add={what: 1, **took}))

    def healths(self) -> dict[tuple[str, Mode], Health]:
        """Of the models and modes of which something is known."""
        now = epoch()
        hours = dict.fromkeys((_hour(now - HOUR), _hour(now)))
        return healths((_minute(row) for hour in hours for row in self.table.query(hour)), now)

    def take_probe(self, health: Health) -> bool:
        """Whether the caller, and nobody else, is to try a model that has rested."""
        now = epoch()
        name = f"PROBE#{health.model}#{health.mode}#{health.breaker.probe(now)}"
        try:
            self.table.commit(put("HEALTH", name, {"expiresAt": int(now) + KEPT_FOR}, {"pk": None}))
        except ConditionLost:
            return False
        return True

    def without_key(self) -> Mapping[str, str]:
        """By provider, what it lacks."""
        row = self.table.get("HEALTH", "KEYS")
        return row["missing"] if row else {}

    def note_keys(self, missing: Mapping[str, str]) -> None:
        if missing != self.without_key():
            self.table.commit(put("HEALTH", "KEYS", {"missing": missing}))


def _hour(at: float) -> str:
    return f"HEALTH#{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H}"


def _minute(row: Mapping[str, Any]) -> Minute:
    return Minute(
        model=row["model"],
        at=int(row["at"]),
        **{name: int(row.get(name, 0)) for name in ("made", "failed", "refused", "busy")},
        took=dict(_took(row)),
        mode=row["mode"],
    )


def _took(row: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    for name, many in row.items():
        if name.startswith("took"):
            yield int(name.removeprefix("took")), int(many)
