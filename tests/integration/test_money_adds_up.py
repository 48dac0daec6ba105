"""failures.md, row 23: prices change and clips end in every way; whatever the order, the sums hold after every step."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from functions.studio.budgets import Budgets, Counter
from functions.studio.clips import Attempt, Clip, ClipStatus
from functions.studio.closing import close_failed, deliver
from functions.studio.errors import OverBudget
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger, Line, LineState, reservation, totals
from functions.studio.library import Campaign, Library
from functions.studio.rows import new_id, now
from functions.studio.settlement import settle_open_clips
from functions.studio.table import Table, row
from tests.integration.test_closing import FILM
from tests.scripted import a_clip, a_closing, a_job, an_attempt

SEEDS = range(6)
STEPS = 30


class House:
    """A tenant with two campaigns and every step that moves money, taken at random."""

    def __init__(self, table: Table, seed: int) -> None:
        self.chance = random.Random(seed)
        self.table, self.jobs, self.ledger, self.budgets = table, JobStore(table), Ledger(table), Budgets(table)
        self.closing = a_closing(self.jobs, self.ledger)
        self.cap = self.dollars(3, 6)
        self.budgets.cap_tenant("acme", self.cap)
        stamp = {"tenant": "acme", "created_at": now(), "updated_at": now()}
        caps = (self.dollars(2, 4), None)
        self.campaigns = [Campaign(id=new_id(), name="Spring", budget_usd=cap, **stamp) for cap in caps]
        for campaign in self.campaigns:
            Library(table).add(campaign)
        self.open: list[Job] = []
        self.refused = 0

    def dollars(self, least: int, most: int) -> Decimal:
        return Decimal(self.chance.randint(least * 100, most * 100)) / 100

    def step(self) -> None:
        steps = [self.asks, self.keeps, self.fails, self.loses_and_tries_again, self.keeps, self.ends]
        try:
            self.chance.choice(steps if self.open else [self.asks])()
        except OverBudget:
            self.refused += 1

    def asks(self) -> None:
        """For one to four clips, chosen at once or later; the price is today's."""
        price, clips = self.dollars(0, 2), self.chance.randint(1, 4)
        later = self.chance.random() < 0.5
        job = a_job(
            campaign_id=self.chance.choice(self.campaigns).id,
            status=JobStatus.PLANNING,
            total_clips=clips,
            reserved_cost=0 if later else price * clips,
            budget_usd=self.chance.choice([None, self.dollars(0, 8)]),
        )
        self.budgets.accept(job, self.jobs.accept(job))
        self.open.append(job)
        whole = price * clips
        moves = self.jobs.move_job(job.id, 1, JobStatus.PROCESSING, {"reservedCost": whole})
        try:
            self.budgets.change(job, whole - job.reserved_cost, moves)
        except OverBudget:
            self.ends(job)
            raise
        made = [a_clip(job, number, estimated_cost=price) for number in range(1, clips + 1)]
        self.table.put_all(
            [self.jobs.new_clip(job.id, clip) for clip in made]
            + [self.ledger.reserve(job.id, reservation(clip)) for clip in made]
        )

    def a_clip(self) -> tuple[Job, Clip, Attempt] | None:
        """One whose money is still reserved; sent at the price of that day, whatever was reserved."""
        job = self.chance.choice(self.open)
        lines = [line for line in self.ledger.lines(job.id) if line.state is LineState.RESERVED]
        if not lines:
            return None
        line = self.chance.choice(lines)
        attempt = an_attempt(job, line.clip, id=line.attempt_id, price=self.dollars(0, 3))
        return job, self.jobs.clip(job.id, line.clip), attempt

    def keeps(self) -> None:
        self.end_one(LineState.SETTLED, ClipStatus.COMPLETED)

    def fails(self) -> None:
        self.end_one(self.chance.choice([LineState.RELEASED, LineState.LOST]), ClipStatus.FAILED)

    def end_one(self, state: LineState, status: ClipStatus) -> None:
        if found := self.a_clip():
            job, clip, attempt = found
            cost = self.ledger.line(job.id, attempt.id).comes_to(attempt.price)
            begun = self.jobs.move_clip(job.id, 1, clip.number, ClipStatus.PROCESSING)
            self.table.commit(begun)
            moved = self.jobs.move_clip(job.id, 1, clip.number, status)
            self.table.commit(moved, self.ledger.end(job.id, attempt.id, state, cost))

    def loses_and_tries_again(self) -> None:
        if found := self.a_clip():
            job, clip, attempt = found
            lost = self.ledger.line(job.id, attempt.id).amount
            following = reservation(clip, attempt=int(attempt.id.rpartition(".")[2]) + 1)
            ended = self.ledger.end(job.id, attempt.id, LineState.LOST, lost)
            self.budgets.reserve_more(
                self.jobs.job(job.id), following.amount, ended, self.ledger.reserve(job.id, following)
            )

    def ends(self, job: Job | None = None) -> None:
        """With a film or without; perhaps told twice."""
        job = job or self.chance.choice(self.open)
        state = self.jobs.job(job.id)
        for _ in range(self.chance.randint(1, 2)):
            if state.status is JobStatus.PROCESSING and job.id.encode()[-1] % 2:
                settle_open_clips(self.closing.brake, self.ledger, state, 1, "over")
                if not self.jobs.job(job.id).ended:
                    moved = self.jobs.move_job(job.id, 1, JobStatus.COMBINING)
                    self.table.commit(moved, self.jobs.films.film_made(job.id, 1, FILM))
                deliver(job.id, 1, self.closing)
            else:
                close_failed(job.id, 1, "over", self.closing)
        self.open.remove(job)

    def adds_up(self) -> None:
        rows = [row(item) for item in self.table.client.scan(TableName=self.table.name)["Items"]]
        sums = {campaign.id: [Decimal(0)] * 3 for campaign in self.campaigns}
        for job in [Job.model_validate(one) for one in rows if one["sk"] == "JOB"]:
            mine = [one for one in rows if one["pk"] == f"J#{job.id}" and one["sk"].startswith("LEDGER#")]
            sums[job.campaign_id] = [
                sum(both) for both in zip(sums[job.campaign_id], self.money(job, mine), strict=True)
            ]
        for campaign in self.campaigns:
            counter = self.counter(rows, f"BUDGET#{campaign.id}")
            assert [counter.reserved, counter.settled, counter.lost] == sums[campaign.id]
            assert counter.used == sum(sums[campaign.id])
            assert campaign.budget_usd is None or counter.used <= campaign.budget_usd
        whole = self.counter(rows, "BUDGET")
        assert [whole.reserved, whole.settled, whole.lost] == [sum(both) for both in zip(*sums.values(), strict=True)]
        assert whole.used == whole.reserved + whole.settled + whole.lost <= self.cap

    def money(self, job: Job, rows: list[dict[str, Any]]) -> list[Decimal]:
        """What the counters should have of the job: reserved, settled, lost."""
        money = totals(Line.model_validate(one) for one in rows)
        spent = money.reserved + money.settled + money.lost
        assert job.budget_usd is None or spent <= job.budget_usd
        if not job.ended:
            assert spent <= job.reserved_cost, "spent without a reservation"
            return [job.reserved_cost, Decimal(0), Decimal(0)]
        assert (money.reserved, job.reserved_cost) == (0, 0), "something is reserved after the end"
        assert (money.settled, money.lost) == (job.actual_cost, job.lost_cost)
        return [Decimal(0), money.settled, money.lost]

    def counter(self, rows: list[dict[str, Any]], sk: str) -> Counter:
        found = [one for one in rows if one["sk"] == sk]
        return Counter.model_validate(found[0]) if found else Counter()


@pytest.mark.parametrize("seed", SEEDS)
def test_row_23_whatever_is_reserved_settled_and_lost_stays_within_every_budget(table: Table, seed: int) -> None:
    house = House(table, seed)
    for _ in range(STEPS):
        house.step()
        house.adds_up()
    for job in list(house.open):
        house.ends(job)
    house.adds_up()
    assert house.refused, "no budget was ever reached: the caps are too wide for this seed"
    whole = house.budgets.tenant("acme")
    assert whole.used > whole.reserved == 0
