"""Money as the API shows it: the lines of a job's ledger, what a tenant's budget has left, and its credits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from functions.api.envelope import Money, View
from functions.studio.balances import Entry
from functions.studio.budgets import UNIT, Counter
from functions.studio.credits import Tariff
from functions.studio.jobs import Job
from functions.studio.ledger import Line, LineState, credits_taken, totals


class LineView(View):
    id: str
    sub_job_number: int
    run: int
    stage: str
    attempt: int
    model_id: str
    state: LineState
    amount: Money
    """That was reserved."""
    cost: Money | None
    """What it came to: nothing of what was released. None while it is reserved."""
    provider_reported_cost: Money | None
    """What the provider says that it took; None where it says nothing."""
    credits: int | None
    """That are held for it, or that it took: none of what was released or lost. None of a job that takes none."""
    reserved_at: str
    ended_at: str | None


class TotalsView(View):
    """Whatever was ever reserved is in one of the four."""

    reserved: Money
    settled: Money
    released: Money
    lost: Money


class CreditTotalsView(View):
    reserved: int
    """For all that the run may still keep."""
    taken: int
    """By all runs."""


class LedgerView(View):
    id: str
    job_id: str
    unit: str
    budget: Money | None
    """The job's own."""
    totals: TotalsView
    planning_cost: Money
    """Beside the ledger, and outside of budgets."""
    credits: CreditTotalsView | None
    """None of a job that takes none."""
    lines: list[LineView]


class CostsView(View):
    """What a listing's film was paid for."""

    script: Money
    voice: Money
    captions: Money
    storage: Money
    """Of a copy elsewhere; our own bucket is not billed to anybody."""
    clips: Money
    """That a model made."""


class BalanceView(View):
    unit: str
    budget: Money | None
    """Of credits, all that were ever granted."""
    reserved: Money
    settled: Money
    lost: Money
    left: Money | None
    """Both are None where there is no limit."""


class ActionView(View):
    name: str
    credits: int


class CreditsView(View):
    id: str
    user_id: str
    balance: int
    """What is left: neither taken nor reserved."""
    granted: int
    reserved: int
    taken: int
    actions: list[ActionView]
    """What each takes, once its result is kept."""


class EntryView(View):
    id: str
    user_id: str
    kind: Literal["grant", "taking"]
    credits: int
    """Less than nothing where they were taken."""
    reason: str | None
    job_id: str | None
    run: int | None
    created_at: str


def ledger_view(job: Job, lines: Sequence[Line]) -> LedgerView:
    return LedgerView(
        id=job.id,
        job_id=job.id,
        unit=UNIT,
        budget=job.budget_usd,
        totals=TotalsView.model_validate(totals(lines).model_dump()),
        planning_cost=job.planning_cost,
        credits=_credits(job, lines),
        lines=[_line(line, job) for line in lines],
    )


def costs_view(job: Job, paid: Decimal) -> CostsView | None:
    """`paid` is all that the job has paid so far; None of a job that pays for clips alone."""
    if job.listing is None:
        return None
    by_stage = {stage: job.beside_clips.get(stage, Decimal(0)) for stage in ("script", "voice", "captions", "storage")}
    return CostsView(**by_stage, clips=paid - sum(job.beside_clips.values()))


def _credits(job: Job, lines: Sequence[Line]) -> CreditTotalsView | None:
    if not job.credit_costs:
        return None
    of_run = credits_taken(line for line in lines if line.run == job.run)
    return CreditTotalsView(reserved=max(job.reserved_credits - of_run, 0), taken=credits_taken(lines))


def _line(line: Line, job: Job) -> LineView:
    held = line.credits if line.state is LineState.RESERVED else line.taken
    return LineView(
        id=line.attempt_id,
        sub_job_number=line.clip,
        run=line.run,
        stage=line.stage,
        attempt=int(line.attempt_id.rpartition(".")[2]),
        model_id=line.model,
        state=line.state,
        amount=line.amount,
        cost=None if line.state is LineState.RESERVED else line.counts,
        provider_reported_cost=line.reported_cost,
        credits=held if job.credit_costs else None,
        reserved_at=line.reserved_at,
        ended_at=line.ended_at,
    )


def balance_view(counter: Counter) -> BalanceView:
    return BalanceView(
        unit=counter.unit,
        budget=counter.cap,
        reserved=counter.reserved,
        settled=counter.settled,
        lost=counter.lost,
        left=counter.left,
    )


def credits_view(tenant: str, balance: Counter, tariff: Tariff) -> CreditsView:
    return CreditsView(
        id=tenant,
        user_id=tenant,
        balance=int(balance.left or 0),
        granted=int(balance.cap or 0),
        reserved=int(balance.reserved),
        taken=int(balance.settled),
        actions=[ActionView(name=one.name, credits=one.credits) for one in tariff.actions],
    )


def entry_view(tenant: str, entry: Entry) -> EntryView:
    return EntryView.model_validate(
        {**entry.model_dump(), "user_id": tenant, "kind": "taking" if entry.job_id else "grant"}
    )
