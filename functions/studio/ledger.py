"""Money, line by line: `J#{job}` → LEDGER#{attempt}. A line is reserved once and ends once: settled, released or lost. A
narration's alone is corrected when its film uses, or cannot use, what it has bought.

Reserved before anything is sent; settled when the output is kept; released when nothing was started or the provider
reports that it charged nothing; lost when money bought nothing. It never comes to more than was reserved; what it comes
to less is released.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from functions.studio.clips import Clip, made_with
from functions.studio.errors import NotFound
from functions.studio.messages import attempt_id
from functions.studio.rows import Row, now
from functions.studio.table import Table, Write, delete, put, update

NARRATION = 0
"""The clip of the lines that pay for what a film says: no clip has that number."""


class LineState(StrEnum):
    RESERVED = "reserved"
    SETTLED = "settled"
    RELEASED = "released"
    LOST = "lost"


class Line(Row):
    attempt_id: str
    clip: int
    run: int
    stage: str
    amount: Decimal
    """That was reserved."""
    cost: Decimal | None = None
    """What it came to, settled or lost; None where that is all of it."""
    reported_cost: Decimal | None = None
    """What its provider says that it took; beside our own figure, and counted nowhere."""
    unit: Literal["USD"] = "USD"
    credits: int = 0
    """Beside the money: what its tenant gives when it is settled, of this stage alone. They are never lost."""
    state: LineState = LineState.RESERVED
    model: str
    reserved_at: str
    ended_at: str | None = None
    expires_at: int | None = None
    """As on the clip that it pays for."""
    request: str | None = None
    """Of a narration, which is paid for beside the clips: the fingerprint of what was asked."""

    def comes_to(self, price: Decimal | None) -> Decimal:
        """For what was sent at that price: never more than was reserved, whatever the catalogue says by then."""
        return self.amount if price is None else min(self.amount, price)

    @property
    def counts(self) -> Decimal:
        """What it takes of a budget."""
        if self.state is LineState.RELEASED:
            return Decimal(0)
        return self.amount if self.cost is None else self.cost

    @property
    def taken(self) -> int:
        """Credits that its tenant has given for it."""
        return self.credits if self.state is LineState.SETTLED else 0


class Totals(Row):
    """USD by state."""

    reserved: Decimal = Decimal(0)
    settled: Decimal = Decimal(0)
    released: Decimal = Decimal(0)
    lost: Decimal = Decimal(0)


def reservation(
    clip: Clip, *, stage: str = "", attempt: int = 1, amount: Decimal | None = None, credits: int = 0
) -> Line:
    """The line that pays for one attempt at one stage of a clip; `amount` where that may come to more than its price,
    `credits` where its stage takes some."""
    return Line(
        attempt_id=attempt_id(clip.run, clip.number, stage or clip.stage, attempt),
        clip=clip.number,
        run=clip.run,
        stage=stage or clip.stage,
        amount=clip.estimated_cost if amount is None else amount,
        credits=credits,
        model=made_with(clip, stage or clip.stage)[0],
        reserved_at=now(),
        expires_at=clip.expires_at,
    )


def totals(lines: Iterable[Line]) -> Totals:
    sums = dict.fromkeys(LineState, Decimal(0))
    for line in lines:
        sums[line.state] += line.counts
        sums[LineState.RELEASED] += line.amount - line.counts
    return Totals.model_validate({state.value: amount for state, amount in sums.items()})


def beside_clips(lines: Iterable[Line]) -> dict[str, Decimal]:
    """USD that were settled for other things than clips, by stage."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        if line.clip == NARRATION and line.state is LineState.SETTLED:
            sums[line.stage] = sums.get(line.stage, Decimal(0)) + line.counts
    return sums


def credits_taken(lines: Iterable[Line]) -> int:
    return sum(line.taken for line in lines)


class Ledger:
    def __init__(self, table: Table) -> None:
        self.table = table

    def reserve(self, job_id: str, line: Line) -> Write:
        return put(f"J#{job_id}", f"LEDGER#{line.attempt_id}", line.attributes())

    def enter(self, job_id: str, line: Line) -> Write:
        """Of money that is spent already; holds once."""
        return put(f"J#{job_id}", f"LEDGER#{line.attempt_id}", line.attributes(), {"pk": None})

    def remove(self, job_id: str, line: Line) -> Write:
        """Of a clip that was never chosen."""
        return delete(f"J#{job_id}", f"LEDGER#{line.attempt_id}")

    def end(
        self,
        job_id: str,
        attempt_id: str,
        state: LineState,
        cost: Decimal | None = None,
        *,
        reported: Decimal | None = None,
    ) -> Write:
        """Holds only while the line is reserved: money moves exactly once. `cost` and `reported` as on the line."""
        return update(
            f"J#{job_id}",
            f"LEDGER#{attempt_id}",
            {"state": state.value, "cost": cost, "reportedCost": reported, "endedAt": now(), "expiresAt": None},
            {"state": LineState.RESERVED.value},
        )

    def correct(self, job_id: str, line: Line, state: LineState, cost: Decimal) -> Write:
        """Of a narration's line that has ended; holds only while it is as it was read."""
        return update(
            f"J#{job_id}",
            f"LEDGER#{line.attempt_id}",
            {"state": state.value, "cost": cost},
            {"state": line.state.value, "cost": line.cost},
        )

    def line(self, job_id: str, attempt_id: str) -> Line:
        row = self.table.get(f"J#{job_id}", f"LEDGER#{attempt_id}")
        if row is None:
            raise NotFound(f"Nothing was reserved for attempt {attempt_id!r} of job {job_id!r}.")
        return Line.model_validate(row)

    def lines(self, job_id: str) -> list[Line]:
        return [Line.model_validate(row) for row in self.table.query(f"J#{job_id}", "LEDGER#")]

    def totals(self, job_id: str) -> Totals:
        return totals(self.lines(job_id))
