"""A tenant's credits, and how it came by them and what took them: `T#{tenant}` → CREDITS, a counter of `budgets`, and
CREDITS#{entry}, its history.

Every entry is written in the transaction that moves the counter, so that their sum is what was granted less what was taken.
"""

from __future__ import annotations

from decimal import Decimal

from functions.studio.budgets import CREDITS, TRIES, Counter, of_credits
from functions.studio.errors import ConditionLost, Conflict, FieldError
from functions.studio.jobs import Job
from functions.studio.rows import Row, id_before, new_id, now
from functions.studio.table import AtMost, Table, Write, put, update

ENTRIES = "CREDITS#"
LAST = "~"
"""Above every id."""


class Entry(Row):
    id: str
    credits: int
    """Granted; less than nothing where they were taken, by a job's run or back."""
    reason: str | None = None
    """Why they were granted."""
    job_id: str | None = None
    run: int | None = None
    """What has taken them."""
    created_at: str


class Balances:
    def __init__(self, table: Table) -> None:
        self.table = table

    def balance(self, tenant: str) -> Counter:
        row = self.table.get(*of_credits(tenant))
        return Counter.model_validate(row) if row else Counter(unit=CREDITS, cap=Decimal(0))

    def grant(self, tenant: str, entry: Entry, *writes: Write) -> None:
        """From now on, with the other writes; less than nothing takes back what is neither taken nor reserved.

        Conflict where there is less than is to be taken back; ConditionLost where one of `writes` does not hold.
        """
        amount = Decimal(entry.credits)
        for _ in range(TRIES):
            there = self.balance(tenant)
            if there.left is not None and there.left + amount < 0:
                detail = f"can take back {there.left} at most"
                raise Conflict(
                    f"{tenant} has {there.left} credits left.",
                    hint="What running jobs do not take comes back when they have ended.",
                    errors=(FieldError("credits", detail),),
                )
            # Who is granted more has more, whatever is reserved meanwhile.
            when = {"cap": there.cap, "used": AtMost((there.cap or 0) + amount)} if amount < 0 else None
            change = {"cap": amount, "used": Decimal(0)}  # as conditions want it
            try:
                self.table.commit(
                    *writes, update(*of_credits(tenant), {"unit": CREDITS}, when, change), _entered(tenant, entry)
                )
                return
            except ConditionLost as lost:
                if lost.index < len(writes):
                    raise
        raise ConditionLost(f"the credits of {tenant} kept changing")

    def history(self, tenant: str, *, limit: int, after: str | None = None) -> tuple[list[Entry], bool]:
        """Newest first, those before the entry `after`; and whether there are more."""
        high = ENTRIES + (id_before(after) if after else LAST)
        rows, more = self.table.between(f"T#{tenant}", ENTRIES, high, limit=limit + 1, last_first=True)
        return [Entry.model_validate(row) for row in rows[:limit]], more or len(rows) > limit


def granted(credits: int, reason: str) -> Entry:
    return Entry(id=new_id(), credits=credits, reason=reason, created_at=now())


def taken(job: Job, credits: int) -> list[Write]:
    """For the transaction that ends a run: what was reserved for it becomes what the run has taken."""
    change = {"reserved": -job.reserved_credits, "settled": credits, "used": credits - job.reserved_credits}
    if not any(change.values()):
        return []
    writes = [update(*of_credits(job.tenant), {"unit": CREDITS}, add=change)]
    if credits:
        entry = Entry(id=new_id(), credits=-credits, job_id=job.id, run=job.run, created_at=now())
        writes.append(_entered(job.tenant, entry))
    return writes


def _entered(tenant: str, entry: Entry) -> Write:
    return put(f"T#{tenant}", ENTRIES + entry.id, entry.attributes(), {"pk": None})
