"""Promise 5 in credits: never more than was granted, from a job's acceptance to the end of its runs, and never lost."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, cast

import pytest

from functions.studio.balances import Balances, Entry, granted
from functions.studio.budgets import Budgets, Counter
from functions.studio.clips import STAGES, Clip
from functions.studio.closing import close_failed, deliver
from functions.studio.credits import in_credits, tariff
from functions.studio.errors import Conflict, ShortOfCredits
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus, Purpose, RunKind
from functions.studio.ledger import Ledger, Line, LineState, credits_taken, reservation
from functions.studio.library import Library
from functions.studio.settlement import settle_open_clips
from functions.studio.table import Table, row
from tests.integration.money_stage import USD, Contended, a_stored_campaign, ended, money
from tests.integration.test_closing import FILM
from tests.scripted import a_clip, a_closing, a_job

IMAGE, SCENE = (tariff().of_kind("scenes")[stage] for stage in ("image", "video"))

STEPS = 30


@pytest.fixture
def balances(table: Table) -> Balances:
    return Balances(table)


@pytest.fixture
def budgets(table: Table) -> Budgets:
    return Budgets(table)


def grant(balances: Balances, credits: int, tenant: str = "acme") -> None:
    balances.grant(tenant, granted(credits, "for a start"))


def of_scenes(campaign: str, scenes: int = 1, **changes: Any) -> Job:
    """As it is drafted: in PLANNING, with its reservation in both units."""
    job = a_job(kind="scenes", campaign_id=campaign, status=JobStatus.PLANNING, reserved_cost=USD("0.33"), **changes)
    return in_credits(job, ["image"] * scenes)


@pytest.fixture
def campaign(library: Library) -> str:
    return a_stored_campaign(library).id


def accept(budgets: Budgets, job: Job) -> Job:
    budgets.accept(job, budgets.jobs.accept(job))
    return job


# a job is accepted


def test_a_job_reserves_what_its_scenes_take_at_most(budgets: Budgets, balances: Balances, campaign: str) -> None:
    grant(balances, 100)
    accept(budgets, of_scenes(campaign, scenes=2))
    needed = 2 * (IMAGE + SCENE)
    assert money(balances.balance("acme")) == (needed, 0, 0, needed)
    assert balances.balance("acme").left == 100 - needed


@pytest.mark.parametrize("balance", [0, IMAGE + SCENE - 1])
def test_who_is_short_of_credits_is_told_and_nothing_is_reserved(
    budgets: Budgets, balances: Balances, campaign: str, balance: int
) -> None:
    if balance:
        grant(balances, balance)
    job = of_scenes(campaign)
    for ask in (lambda: budgets.check_beginning(job), lambda: accept(budgets, job)):
        with pytest.raises(ShortOfCredits) as short:
            ask()
        assert (short.value.balance, short.value.needed) == (balance, IMAGE + SCENE)
    assert budgets.jobs.find_job(job.id) is None
    assert money(budgets.tenant("acme")) == (0, 0, 0, 0)
    assert balances.balance("acme").left == balance


def test_the_last_credit_can_be_spent(budgets: Budgets, balances: Balances, campaign: str) -> None:
    grant(balances, IMAGE + SCENE)
    accept(budgets, of_scenes(campaign))
    assert balances.balance("acme").left == 0


def test_a_job_of_another_kind_needs_none(budgets: Budgets, balances: Balances, campaign: str) -> None:
    accept(budgets, in_credits(a_job(campaign_id=campaign, status=JobStatus.PLANNING), ["video"]))
    assert money(balances.balance("acme")) == (0, 0, 0, 0)


def test_credits_of_one_tenant_are_no_others(budgets: Budgets, balances: Balances, campaign: str) -> None:
    grant(balances, 1000, "other")
    with pytest.raises(ShortOfCredits):
        accept(budgets, of_scenes(campaign))


def test_of_a_hundred_jobs_at_once_a_balance_for_seven_takes_seven(
    table: Table, budgets: Budgets, balances: Balances, campaign: str
) -> None:
    whole = 7 * (IMAGE + SCENE) + IMAGE
    grant(balances, whole)
    contended = Contended(table.client)
    table.client = cast(Any, contended)

    def ask(_: int) -> int | None:
        try:
            accept(budgets, of_scenes(campaign))
        except ShortOfCredits as short:
            return short.balance
        return None

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(ask, range(100)))
    assert answers.count(None) == 7
    assert min(one for one in answers if one is not None) == IMAGE
    assert contended.conflicts
    reserved = 7 * (IMAGE + SCENE)
    assert money(balances.balance("acme")) == (reserved, 0, 0, reserved)
    assert money(budgets.tenant("acme"))[0] == 7 * USD("0.33")


# grants


def test_of_many_grants_at_once_none_is_lost(table: Table, balances: Balances) -> None:
    table.client = cast(Any, Contended(table.client))
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: grant(balances, 5), range(20)))
    assert balances.balance("acme").cap == 100
    assert len(balances.history("acme", limit=200)[0]) == 20


def test_what_is_neither_taken_nor_reserved_can_be_taken_back(
    budgets: Budgets, balances: Balances, campaign: str
) -> None:
    grant(balances, 100)
    accept(budgets, of_scenes(campaign))
    left = 100 - IMAGE - SCENE
    with pytest.raises(Conflict, match=f"acme has {left} credits left"):
        grant(balances, -left - 1)
    grant(balances, -left)
    assert (balances.balance("acme").cap, balances.balance("acme").left) == (IMAGE + SCENE, 0)
    assert [one.credits for one in balances.history("acme", limit=5)[0]] == [-left, 100]


def test_the_history_is_paged_the_newest_first(balances: Balances) -> None:
    for many in range(1, 6):
        grant(balances, many)
    seen: list[int] = []
    after, more = None, True
    while more:
        page, more = balances.history("acme", limit=2, after=after)
        after = page[-1].id
        seen += [one.credits for one in page]
    assert seen == [5, 4, 3, 2, 1]
    assert balances.history("other", limit=2) == ([], False)


# a run ends


class House:
    """A tenant with jobs of scenes, and every step that a clip's two stages can take, at random."""

    def __init__(self, table: Table, campaign: str, seed: int) -> None:
        self.chance = random.Random(seed)
        self.table, self.campaign = table, campaign
        self.jobs, self.ledger, self.budgets = JobStore(table), Ledger(table), Budgets(table)
        self.balances = Balances(table)
        self.closing = a_closing(self.jobs, self.ledger)
        self.open: list[str] = []
        self.all: list[str] = []
        self.refused = 0
        grant(self.balances, self.chance.randint(66, 120))

    def step(self) -> None:
        steps = [self.asks, self.keeps, self.keeps, self.keeps, self.fails, self.tries_again, self.ends, self.goes_on]
        try:
            self.chance.choice(steps)()
        except ShortOfCredits:
            self.refused += 1

    def asks(self) -> None:
        job = accept(self.budgets, of_scenes(self.campaign, self.chance.randint(1, 3)))
        clips = job.reserved_credits // (IMAGE + SCENE)
        self.begins(job, [a_clip(job, number) for number in range(1, clips + 1)])
        self.all.append(job.id)

    def begins(self, job: Job, clips: list[Clip]) -> None:
        """What Plan does."""
        self.table.commit(self.jobs.move_job(job.id, job.run, JobStatus.PROCESSING))
        self.table.put_all(
            [self.jobs.new_clip(job.id, clip) for clip in clips]
            + [
                self.ledger.reserve(job.id, reservation(clip, amount=USD("0.11"), credits=job.credits_of(clip.stage)))
                for clip in clips
            ]
        )
        self.open.append(job.id)

    def a_line(self) -> tuple[Job, Line] | None:
        """One that is still reserved, of a job that runs."""
        lines = [
            (self.jobs.job(job), line)
            for job in self.open
            for line in self.ledger.lines(job)
            if line.state is LineState.RESERVED
        ]
        return self.chance.choice(lines) if lines else None

    def keeps(self) -> None:
        if found := self.a_line():
            job, line = found
            ended = self.ledger.end(job.id, line.attempt_id, LineState.SETTLED)
            stages = STAGES["scenes"]
            later = stages[stages.index(line.stage) + 1 :]
            self.table.commit(ended, *([self.reserved(job, line, later[0], 1)] if later else []))

    def fails(self) -> None:
        if found := self.a_line():
            job, line = found
            self.table.commit(self.ledger.end(job.id, line.attempt_id, self.unkept()))

    def tries_again(self) -> None:
        if found := self.a_line():
            job, line = found
            attempt = int(line.attempt_id.rpartition(".")[2]) + 1
            self.table.commit(
                self.ledger.end(job.id, line.attempt_id, self.unkept()), self.reserved(job, line, line.stage, attempt)
            )

    def unkept(self) -> LineState:
        return self.chance.choice([LineState.RELEASED, LineState.LOST])

    def reserved(self, job: Job, line: Line, stage: str, attempt: int) -> Any:
        clip = a_clip(job, line.clip, run=job.run)
        following = reservation(clip, stage=stage, attempt=attempt, credits=job.credits_of(stage))
        return self.ledger.reserve(job.id, following)

    def ends(self) -> None:
        """With a film or without; perhaps told twice."""
        if not self.open:
            return
        job_id = self.open.pop(self.chance.randrange(len(self.open)))
        with_film, run = self.chance.random() < 0.5, self.jobs.job(job_id).run
        for _ in range(self.chance.randint(1, 2)):
            if not with_film:
                close_failed(job_id, run, "over", self.closing)
                continue
            settle_open_clips(self.closing.brake, self.ledger, self.jobs.job(job_id), run, "over")
            if not self.jobs.job(job_id).ended:
                moved = self.jobs.move_job(job_id, run, JobStatus.COMBINING)
                film = FILM.model_copy(update={"run": run})
                self.table.commit(moved, self.jobs.films.film_made(job_id, run, film))
            deliver(job_id, run, self.closing)

    def goes_on(self) -> None:
        """The next run of a job that has ended, at one stage or the other: the one before may have kept the picture."""
        ended = [job_id for job_id in self.all if job_id not in self.open]
        if not ended:
            return
        job = self.jobs.job(self.chance.choice(ended))
        stage = self.chance.choice(STAGES["scenes"])
        purpose = Purpose(kind=RunKind.RETRY, chooses=False, clips=[1])
        following = in_credits(job.model_copy(update={"run": job.run + 1, "status": JobStatus.PLANNING}), [stage])
        told = {"creditCosts": following.credit_costs, "reservedCredits": following.reserved_credits}
        self.budgets.accept(following.model_copy(update={"purpose": purpose}), *self.jobs.next_run(job, purpose, told))
        self.begins(self.jobs.job(job.id), [a_clip(following, 1, stage=stage)])

    def adds_up(self) -> None:
        rows = [row(item) for item in self.table.client.scan(TableName=self.table.name)["Items"]]
        balance = Counter.model_validate(next(one for one in rows if one["sk"] == "CREDITS"))
        entries = [Entry.model_validate(one) for one in rows if one["sk"].startswith("CREDITS#")]
        jobs = [Job.model_validate(one) for one in rows if one["sk"] == "JOB"]
        billed = 0
        for job in jobs:
            lines = [Line.model_validate(one) for one in rows if is_line(one, job)]
            over = credits_taken(line for line in lines if job.ended or line.run < job.run)
            assert over == -sum(one.credits for one in entries if one.job_id == job.id)
            running = sum(line.credits for line in lines if line.run == job.run and counts(line))
            assert job.reserved_credits == 0 if job.ended else running <= job.reserved_credits
            billed += over
        assert balance.settled == billed, "billing differs from what was kept"
        assert balance.reserved == sum(job.reserved_credits for job in jobs)
        assert balance.used == balance.reserved + balance.settled <= (balance.cap or 0)
        assert balance.lost == 0
        assert sum(one.credits for one in entries) == (balance.cap or 0) - balance.settled


def is_line(row: dict[str, Any], job: Job) -> bool:
    return row["pk"] == f"J#{job.id}" and row["sk"].startswith("LEDGER#")


def counts(line: Line) -> bool:
    return line.state in (LineState.RESERVED, LineState.SETTLED)


@pytest.mark.parametrize("seed", range(4))
def test_billing_never_differs_from_the_sum_of_the_stages_that_were_kept(
    table: Table, campaign: str, seed: int
) -> None:
    house = House(table, campaign, seed)
    for _ in range(STEPS):
        house.step()
        house.adds_up()
    while house.open:
        house.ends()
    house.adds_up()
    balance = house.balances.balance("acme")
    assert balance.reserved == 0 < balance.settled
    assert house.refused, "the balance was never short: too much is granted for this seed"


def test_what_was_not_kept_costs_nothing_whatever_it_has_cost_in_dollars(
    budgets: Budgets, balances: Balances, jobs: JobStore, ledger: Ledger, campaign: str
) -> None:
    grant(balances, IMAGE + SCENE)
    job = accept(budgets, of_scenes(campaign))
    clip = a_clip(job)
    line = reservation(clip, amount=USD("0.08"), credits=job.credits_of("image"))
    jobs.table.commit(jobs.new_clip(job.id, clip), ledger.reserve(job.id, line))
    jobs.table.commit(ledger.end(job.id, line.attempt_id, LineState.LOST))
    ended(jobs, ledger, job)
    assert jobs.job(job.id).lost_cost == USD("0.08")
    assert money(balances.balance("acme")) == (0, 0, 0, 0)
    assert [one.credits for one in balances.history("acme", limit=5)[0]] == [IMAGE + SCENE]


def test_the_end_of_a_run_is_one_entry_of_the_history_however_often_it_is_told(
    budgets: Budgets, balances: Balances, jobs: JobStore, ledger: Ledger, campaign: str
) -> None:
    grant(balances, 100)
    job = accept(budgets, of_scenes(campaign))
    clip = a_clip(job)
    line = reservation(clip, amount=Decimal(0), credits=job.credits_of("image"))
    jobs.table.commit(jobs.new_clip(job.id, clip), ledger.reserve(job.id, line))
    jobs.table.commit(ledger.end(job.id, line.attempt_id, LineState.SETTLED))
    for _ in range(3):
        ended(jobs, ledger, job)
    [entry, _] = balances.history("acme", limit=5)[0]
    assert (entry.credits, entry.job_id, entry.run) == (-IMAGE, job.id, 1)
    assert money(balances.balance("acme")) == (0, IMAGE, 0, IMAGE)
