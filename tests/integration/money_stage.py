"""What the tests of budgets begin with: counters, campaigns, and a table on which writers conflict."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from functions.studio.budgets import Budgets, Counter
from functions.studio.closing import close_failed
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger
from functions.studio.library import Campaign, Library
from functions.studio.rows import new_id, now
from tests.scripted import a_closing

USD = Decimal


def of_campaign(budgets: Budgets, campaign_id: str) -> Counter:
    row = budgets.table.get("T#acme", f"BUDGET#{campaign_id}")
    return Counter.model_validate(row) if row else Counter()


def a_stored_campaign(library: Library, budget: Decimal | None = None) -> Campaign:
    stamp = {"created_at": now(), "updated_at": now()}
    campaign = Campaign(id=new_id(), tenant="acme", name="Spring", budget_usd=budget, **stamp)
    library.add(campaign)
    return campaign


def money(counter: Counter) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return counter.reserved, counter.settled, counter.lost, counter.used


class Contended:
    """DynamoDB's client, of whose transactions those that touch a row of another one that is on its way are cancelled: the
    first few, so that slow machines come to an end too; later ones wait."""

    def __init__(self, client: Any, conflicts: int = 40) -> None:
        self.client = client
        self.free = threading.Condition()
        self.busy: set[str] = set()
        self.left, self.conflicts = conflicts, 0

    def transact_write_items(self, **asked: Any) -> Any:
        rows = [_row(write) for item in asked["TransactItems"] for write in item.values()]
        with self._alone(rows):
            return self.client.transact_write_items(**asked)

    @contextmanager
    def _alone(self, rows: list[str]) -> Iterator[None]:
        with self.free:
            if self.conflicts < self.left and not self.busy.isdisjoint(rows):
                self.conflicts += 1
                reasons = [{"Code": "TransactionConflict" if row in self.busy else "None"} for row in rows]
                error: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
                raise ClientError(error, "TransactWriteItems")
            self.free.wait_for(lambda: self.busy.isdisjoint(rows))
            self.busy |= set(rows)
        try:
            yield
        finally:
            with self.free:
                self.busy -= set(rows)
                self.free.notify_all()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def _row(write: dict[str, Any]) -> str:
    key = write.get("Key") or write["Item"]
    return f"{key['pk']['S']} {key['sk']['S']}"


def ended(jobs: JobStore, ledger: Ledger, job: Job, reason: str = "over") -> None:
    close_failed(job.id, job.run, reason, a_closing(jobs, ledger))
