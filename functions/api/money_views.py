"""Money as the API shows it: the lines of a job's ledger, and what a tenant's budget has left."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from functions.api.envelope import Money, View
from functions.studio.budgets import UNIT, Counter
from functions.studio.jobs import Job
from functions.studio.ledger import Line, LineState, totals


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
    reserved_at: str
    ended_at: str | None


class TotalsView(View):
    """Whatever was ever reserved is in one of the four."""

    reserved: Money
    settled: Money
    released: Money
    lost: Money


class LedgerView(View):
    id: str
    job_id: str
    unit: str
    budget: Money | None
    """The job's own."""
    totals: TotalsView
    planning_cost: Money
    """Beside the ledger, and outside of budgets."""
    lines: list[LineView]


class BalanceView(View):
    unit: str
    budget: Money | None
    reserved: Money
    settled: Money
    lost: Money
    left: Money | None
    """Both are None where there is no limit."""


def ledger_view(job: Job, lines: Sequence[Line]) -> LedgerView:
    return LedgerView(
        id=job.id,
        job_id=job.id,
        unit=UNIT,
        budget=job.budget_usd,
        totals=TotalsView.model_validate(totals(lines).model_dump()),
        planning_cost=job.planning_cost,
        lines=[_line(line) for line in lines],
    )


def _line(line: Line) -> LineView:
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
        reserved_at=line.reserved_at,
        ended_at=line.ended_at,
    )


def balance_view(counter: Counter) -> BalanceView:
    left = None if counter.cap is None else max(counter.cap - counter.used, Decimal(0))
    return BalanceView(
        unit=counter.unit,
        budget=counter.cap,
        reserved=counter.reserved,
        settled=counter.settled,
        lost=counter.lost,
        left=left,
    )
