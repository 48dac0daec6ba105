"""What may still be spent: counters that only conditional writes move, so that no two requests take the same dollar.

`T#{tenant}` → BUDGET is the tenant's, with its cap; BUDGET#{campaign} is a campaign's, whose cap is its `budgetUsd`; a job
counts for itself, in its own row. A run reserves when its clips are known, more when a clip's money was lost and it is
tried again, and gives all of it back for what it has come to, in the transaction that ends it.

CREDITS is the tenant's in the other unit; its cap is what was granted. A run reserves when it is accepted, and never more:
what bought nothing takes no credits.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from functions.studio.errors import ConditionLost, Conflict, FieldError, OverBudget, ShortOfCredits, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.library import Campaign, Library
from functions.studio.rows import Row
from functions.studio.table import AtMost, Table, Write, delete, update

Of = Literal["tenant", "campaign", "job"]

UNIT = "USD"
CREDITS = "credits"

TRIES = 10
"""Times that the counters are read again when they, or a cap, have changed since."""


class Counter(Row):
    """Of its unit. A cap lowered below what is used takes nothing back: nothing more is reserved."""

    unit: str = UNIT
    cap: Decimal | None = None
    """The tenant's; None is no limit."""
    reserved: Decimal = Decimal(0)
    settled: Decimal = Decimal(0)
    lost: Decimal = Decimal(0)
    used: Decimal = Decimal(0)
    """Their sum, for conditions, which cannot add."""

    @property
    def left(self) -> Decimal | None:
        """None: no limit."""
        return None if self.cap is None else max(self.cap - self.used, Decimal(0))


@dataclass(frozen=True)
class Account:
    """A counter as it was read, and the cap that held then."""

    of: Of
    field: str
    key: tuple[str, str]
    counter: Counter | None
    cap: Decimal | None
    unit: str = UNIT

    @property
    def used(self) -> Decimal:
        return self.counter.used if self.counter else Decimal(0)

    def reserve(self, amount: Decimal, counted: Literal["reserved", "lost"] = "reserved") -> Write:
        """Holds only where the cap still stands, and there is room for the amount."""
        when: dict[str, Any] = {"pk": None}
        if self.counter:
            when = {"pk": ..., "cap": self.counter.cap}
            if self.cap is not None and amount > 0:
                when["used"] = AtMost(self.cap - amount)
        return update(*self.key, {"unit": self.unit}, when, add={counted: amount, "used": amount})


class Budgets:
    def __init__(self, table: Table) -> None:
        self.table = table
        self.jobs = JobStore(table)
        self.library = Library(table)

    def accept(self, job: Job, *writes: Write) -> None:
        """Commits the writes that begin a run, and with them the reservation of its `reserved_cost` and `reserved_credits`,
        which may be nothing: a run that makes no clip needs no campaign either.

        OverBudget, ShortOfCredits, NotFound or Conflict where a budget, the balance or the campaign does not allow it, and
        nothing is written; ConditionLost where one of `writes` does not hold.
        """
        needed = job.purpose.chooses or job.reserved_cost > 0
        self._commit(_not_begun(job), job.reserved_cost, writes, beginning=needed, credits=job.reserved_credits)

    def check_beginning(self, job: Job) -> None:
        """OverBudget or ShortOfCredits where `accept` would be refused as things stand."""
        self.check(_not_begun(job), job.reserved_cost)
        if job.reserved_credits:
            _must_have(self._balance(job.tenant), job.reserved_credits)

    def change(self, job: Job, usd: Decimal, *writes: Write) -> None:
        """Commits writes of which one adds `usd` to the job's `reserved_cost`, or takes it away. Errors as of `accept`."""
        self._commit(job, usd, writes)

    def reserve_more(self, job: Job, usd: Decimal, *writes: Write) -> None:
        """For one clip of many: as `change`, but the job's row is written here, by none of `writes`.

        StaleRun when the run may not spend any more.
        """
        run = job.run
        for _ in range(TRIES):
            room = None if job.budget_usd is None else job.budget_usd - _of_earlier_runs(job) - usd
            try:
                self._commit(job, usd, (*writes, self.jobs.reserve_more(job, usd, room)))
                return
            except ConditionLost as lost:
                if lost.index < len(writes):
                    raise
            job = self.jobs.job(job.id)
            if job.run != run or not job.may_spend:
                raise StaleRun(f"run {run} of job {job.id} may not spend any more")
        raise ConditionLost(f"the row of job {job.id} kept changing")

    def check(self, job: Job, usd: Decimal) -> None:
        """OverBudget where `change` would be refused as things stand."""
        campaign = self.library.find(Campaign, job.tenant, job.campaign_id)
        self._check(job, usd, self._accounts(job.tenant, job.campaign_id, campaign))

    def room(self, tenant: str, campaign: Campaign, own: Decimal | None) -> list[tuple[Of, Decimal]]:
        """USD that a job which has not begun may come to, by each of the budgets that limit it; `own` is the job's."""
        accounts = self._accounts(tenant, campaign.id, campaign)
        limits = [("job", own, Decimal(0)), *((one.of, one.cap, one.used) for one in accounts)]
        return [(of, max(cap - used, Decimal(0))) for of, cap, used in limits if cap is not None]

    def advance(self, tenant: str, usd: Decimal, *writes: Write) -> None:
        """For what is paid at once, beside any job: counts as lost until `come_to` tells what it came to, so that nothing has to
        be found again after a crash. Commits it with the writes. OverBudget where the tenant's does not allow it."""
        for _ in range(TRIES):
            counter = self._counter(_of_tenant(tenant))
            account = Account("tenant", "Authorization", _of_tenant(tenant), counter, counter.cap if counter else None)
            _must_fit("tenant", "Authorization", account.cap, account.used, usd)
            try:
                self.table.commit(*writes, account.reserve(usd, "lost"))
                return
            except ConditionLost as lost:
                if lost.index < len(writes):
                    raise
        raise ConditionLost(f"the budget of {tenant} kept changing")

    def come_to(self, tenant: str, advanced: Decimal, settled: Decimal, lost: Decimal, *writes: Write) -> None:
        """Once, for what was advanced: it holds where all the writes do."""
        change = {"lost": lost - advanced, "settled": settled, "used": settled + lost - advanced}
        self.table.commit(*writes, update(*_of_tenant(tenant), {"unit": UNIT}, add=change))

    def tenant(self, tenant: str) -> Counter:
        return self._counter(_of_tenant(tenant)) or Counter()

    def cap_tenant(self, tenant: str, usd: Decimal | None) -> None:
        """From now on; None is no limit."""
        there = {"used": Decimal(0)}  # as conditions want it
        self.table.commit(update(*_of_tenant(tenant), {"unit": UNIT, "cap": usd}, add=there))

    def _commit(
        self, job: Job, usd: Decimal, writes: tuple[Write, ...], *, beginning: bool = False, credits: int = 0
    ) -> None:
        for _ in range(TRIES):
            campaign = self._campaign(job, beginning=beginning)
            accounts = self._accounts(job.tenant, job.campaign_id, campaign)
            self._check(job, usd, accounts)
            ours = [account.reserve(usd) for account in accounts] if usd else []
            if credits:
                balance = self._balance(job.tenant)
                _must_have(balance, credits)
                ours.append(balance.reserve(Decimal(credits)))
            if campaign and (beginning or usd > 0):
                ours.append(self.library.as_read(campaign, staying=beginning))
            try:
                self.table.commit(*writes, *ours)
                return
            except ConditionLost as lost:
                if lost.index < len(writes):
                    raise
        raise ConditionLost(f"the budgets of job {job.id} kept changing")

    def _campaign(self, job: Job, *, beginning: bool) -> Campaign | None:
        if not beginning:
            return self.library.find(Campaign, job.tenant, job.campaign_id)
        campaign = self.library.get(Campaign, job.tenant, job.campaign_id, field="campaignId")
        if campaign.deleting and not self.library.forget_deletion(job.tenant, job.campaign_id):
            detail = "is being deleted"
            raise Conflict(f"The campaign {detail}.", errors=(FieldError("campaignId", detail),))
        return campaign

    def _accounts(self, tenant: str, campaign_id: str, campaign: Campaign | None) -> list[Account]:
        own, all_of_them = _of_campaign(tenant, campaign_id), _of_tenant(tenant)
        counted, total = self._counter(own), self._counter(all_of_them)
        return [
            Account("campaign", "campaignId", own, counted, campaign.budget_usd if campaign else None),
            Account("tenant", "Authorization", all_of_them, total, total.cap if total else None),
        ]

    def _balance(self, tenant: str) -> Account:
        counter = self._counter(of_credits(tenant))
        granted = counter.cap if counter else None
        return Account("tenant", "Authorization", of_credits(tenant), counter, granted or Decimal(0), CREDITS)

    def _check(self, job: Job, usd: Decimal, accounts: list[Account]) -> None:
        if usd > 0:
            _must_fit("job", "budgetUsd", job.budget_usd, _of_earlier_runs(job) + job.reserved_cost, usd)
            for account in accounts:
                _must_fit(account.of, account.field, account.cap, account.used, usd)

    def _counter(self, key: tuple[str, str]) -> Counter | None:
        row = self.table.get(*key)
        return Counter.model_validate(row) if row else None


def closed(job: Job, settled: Decimal, lost: Decimal) -> list[Write]:
    """For the transaction that ends a run: what was reserved for it becomes what the run has come to."""
    change = {"reserved": -job.reserved_cost, "settled": settled, "lost": lost}
    if not any(change.values()):
        return []
    change["used"] = settled + lost - job.reserved_cost
    keys = (_of_campaign(job.tenant, job.campaign_id), _of_tenant(job.tenant))
    return [update(*key, {"unit": UNIT}, add=change) for key in keys]


def corrected(job: Job, settled: Decimal, lost: Decimal) -> list[Write]:
    """For the transaction that corrects what a run that is over has come to, by so much."""
    change = {"settled": settled, "lost": lost, "used": settled + lost}
    keys = (_of_campaign(job.tenant, job.campaign_id), _of_tenant(job.tenant))
    return [update(*key, {"unit": UNIT}, add=change) for key in keys]


def spent_afterwards(job: Job, usd: Decimal) -> list[Write]:
    """For the transaction that enters what a job's film has cost after its run was over."""
    keys = (_of_campaign(job.tenant, job.campaign_id), _of_tenant(job.tenant))
    return [update(*key, {"unit": UNIT}, add={"settled": usd, "used": usd}) for key in keys]


def forgotten(campaign: Campaign) -> Write:
    """For the transaction that deletes a campaign; what it has spent stays in its tenant's counter."""
    return delete(*_of_campaign(campaign.tenant, campaign.id))


def of_credits(tenant: str) -> tuple[str, str]:
    return f"T#{tenant}", "CREDITS"


def _of_tenant(tenant: str) -> tuple[str, str]:
    return f"T#{tenant}", "BUDGET"


def _of_campaign(tenant: str, campaign_id: str) -> tuple[str, str]:
    return f"T#{tenant}", f"BUDGET#{campaign_id}"


def _of_earlier_runs(job: Job) -> Decimal:
    return job.actual_cost + job.lost_cost


def _not_begun(job: Job) -> Job:
    return job.model_copy(update={"reserved_cost": Decimal(0)})


def _must_have(balance: Account, credits: int) -> None:
    left = int(max((balance.cap or Decimal(0)) - balance.used, Decimal(0)))
    if credits > left:
        raise ShortOfCredits(left, credits)


def _must_fit(of: Of, field: str, cap: Decimal | None, used: Decimal, usd: Decimal) -> None:
    if cap is not None and used + usd > cap:
        raise OverBudget(of, field, cap, max(cap - used, Decimal(0)), usd)
