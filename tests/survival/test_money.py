"""Budgets that many want at once, and prices that change."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter as Counted
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from threading import Barrier
from typing import Any

import pytest
import requests

from functions.studio.balances import Balances, granted
from functions.studio.budgets import Budgets, Counter
from functions.studio.credits import tariff
from functions.studio.errors import OverBudget
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import LineState, reservation
from tests.scripted import a_clip, a_job
from tests.survival.conftest import refreshed
from tests.survival.crew import Crew, told_by
from tests.survival.lister import Lister

Saw = Callable[[str], None]


@dataclass(frozen=True)
class Race:
    posts: int
    """At the same moment."""
    room: int
    """For so many of them."""


CROWD, FEWER = Race(100, 7), Race(30, 3)
"""Of the first way, and of the others."""


def counter_of(crew: Crew, campaign: str) -> Counter:
    return Counter.model_validate(crew.jobs.table.get("T#demo", f"BUDGET#{campaign}") or {})


@pytest.mark.ways("pairs", "text", "stills", "listings")
def test_row_22_a_budget_is_raced_for(crews: list[Crew], saw: Saw) -> None:
    """A hundred posts at the same moment for jobs of one clip, in a campaign whose budget is enough for seven (of the other ways
    thirty, and three); then one of their clips is refused at no charge, and another job is asked for twice. Then the same of
    credits, of which there are enough for the scenes of three. Listings' films are cancelled before they are begun."""
    *crews, lister = crews
    assert isinstance(lister, Lister)
    raced = {crew: _raced(crew, FEWER if turn else CROWD) for turn, crew in enumerate(crews)}
    saw(told_by({**raced, lister: _raced_in_vain(lister)}))
    saw(_raced_for_credits(crews[-1]))


def _short_of(crew: Crew, price: Decimal, wishes: Mapping[str, Any], race: Race) -> tuple[str, list[str], list[Any]]:
    """A campaign whose budget has that room, and as of `_all_at_once`."""
    campaign = crew.campaign(crew.pictures[:2])
    budget = {"budgetUsd": float((race.room * price).quantize(Decimal("0.0001"), ROUND_UP))}
    crew.http.patch(f"{crew.url}/campaigns/{campaign}", json=budget, timeout=60).raise_for_status()
    accepted, refused = _all_at_once(crew, {**wishes, "campaignId": campaign}, race)
    assert {one["budget"]["of"] for one in refused} == {"campaign"}
    return campaign, accepted, refused


def _raced_in_vain(lister: Lister) -> str:
    refreshed([lister])
    wishes = lister.wishes(1)
    price = Decimal(str(lister.post(f"{lister.way.path}?dryRun=true", wishes)["estimatedCost"]))
    with lister.held_back():
        campaign, accepted, refused = _short_of(lister, price, wishes, FEWER)
        assert counter_of(lister, campaign).reserved == FEWER.room * price
        lister.cancel(*accepted)
        assert counter_of(lister, campaign).used == 0
        again = _post(lister, {**wishes, "campaignId": campaign})
        lister.cancel(again.json()["data"]["jobId"])
    return (
        f"{len(accepted)} accepted, {len(refused)} answered 402; all of it is given back, and another is answered"
        f" {again.status_code}"
    )


def _raced(crew: Crew, race: Race) -> str:
    refreshed([crew])
    crew.holds_on()
    price, budgets = crew.way.price, Budgets(crew.jobs.table)
    spent, asked = budgets.tenant("demo"), crew.wishes(1)
    campaign, accepted, refused = _short_of(crew, price, asked, race)
    wishes = asked | {"campaignId": campaign}
    _end_all_but_one_well(crew, accepted)
    counter = counter_of(crew, campaign)
    assert (counter.reserved, counter.lost, counter.settled) == (0, 0, (race.room - 1) * price)
    refreshed([crew])
    crew.plays()
    more = [_post(crew, wishes) for _ in range(2)]
    assert [answer.status_code for answer in more] == [202, 402]
    assert crew.wait(more[0].json()["data"]["jobId"])["status"] == "completed"
    left = more[1].json()["error"]["budget"]
    assert (left["left"], left["needed"]) == (0, float(price))
    full = counter_of(crew, campaign)
    tenant = budgets.tenant("demo")
    assert (full.used, full.settled) == (race.room * price, race.room * price)
    assert (tenant.used - spent.used, tenant.settled - spent.settled) == (race.room * price, race.room * price)
    return (
        f"{len(accepted)} accepted, {len(refused)} answered 402; what the failed one gave back was taken by one of the two;"
        f" settled ${full.settled:.2f} of ${race.room * price:.2f}, nothing reserved; the tenant's own counter has grown by the same"
    )


def _all_at_once(crew: Crew, wishes: Mapping[str, Any], race: Race) -> tuple[list[str], list[Any]]:
    """The jobs that were accepted, and what was wrong with the others."""
    together = Barrier(race.posts)

    def post(_: int) -> requests.Response:
        together.wait()
        return _post(crew, wishes)

    with ThreadPoolExecutor(race.posts) as pool:
        answers = list(pool.map(post, range(race.posts)))
    accepted = [answer.json()["data"]["jobId"] for answer in answers if answer.status_code == 202]
    refused = [answer.json()["error"] for answer in answers if answer.status_code == 402]
    assert (len(accepted), len(refused)) == (race.room, race.posts - race.room), Counted(
        answer.status_code for answer in answers
    )
    return accepted, refused


def _end_all_but_one_well(crew: Crew, jobs: Sequence[str]) -> None:
    """The clip of the first is refused."""
    for turn, job in enumerate(jobs):
        ended = {"status": "failed", "output": None, "error": "flagged as sensitive (E005)"} if turn == 0 else {}
        assert crew.deliver(crew.letter(job, 1, **ended)) == 204
    ends = sorted(crew.wait(job)["status"] for job in jobs)
    assert ends == ["completed"] * (len(jobs) - 1) + ["failed"]


A_SCENE = sum(tariff().of_kind("scenes").values())


def _raced_for_credits(crew: Crew) -> str:
    refreshed([crew])
    crew.holds_on()
    balances, wishes = Balances(crew.jobs.table), crew.wishes(1)
    before = balances.balance("demo")
    enough = FEWER.room * A_SCENE + A_SCENE - 1
    balances.grant("demo", granted(enough - int(before.left), "enough for some"))
    accepted, refused = _all_at_once(crew, wishes, FEWER)
    assert {(one["code"], one["credits"]["needed"]) for one in refused} == {("short_of_credits", A_SCENE)}
    raced = balances.balance("demo")
    assert (raced.reserved - before.reserved, raced.left) == (FEWER.room * A_SCENE, A_SCENE - 1)
    _end_all_but_one_well(crew, accepted)
    refreshed([crew])
    crew.plays()
    more = [_post(crew, wishes) for _ in range(2)]
    assert [answer.status_code for answer in more] == [202, 402]
    assert crew.wait(more[0].json()["data"]["jobId"])["status"] == "completed"
    after = balances.balance("demo")
    assert (after.settled - before.settled, after.left) == (FEWER.room * A_SCENE, A_SCENE - 1)
    assert after.reserved == before.reserved
    balances.grant("demo", granted(int(before.left), "for the other rows"))
    return (
        f"credits: {len(accepted)} accepted, {len(refused)} answered 402; what the failed one gave back was taken by one of the"
        f" two; {FEWER.room * A_SCENE} of {enough} taken, nothing reserved"
    )


PATIENCE = 600


def _post(crew: Crew, wishes: Mapping[str, Any]) -> requests.Response:
    """The answer, which is asked for until there is one: a gateway waits for half a minute only."""
    url = f"{crew.url}{crew.way.path}"
    headers, end = {**crew.http.headers, "Idempotency-Key": str(uuid.uuid4())}, time.monotonic() + PATIENCE
    while True:
        answer = requests.post(url, json=wishes, headers=headers, timeout=120)
        if answer.status_code not in UNANSWERED or time.monotonic() > end:
            return answer
        time.sleep(0.5)


UNANSWERED = (409, 503, 504)
"""In flight, or too slow for the gateway."""


JOBS, CAP = 40, Decimal("25.00")


def test_row_23_a_price_changes(crew: Crew, saw: Saw) -> None:
    """Forty jobs reserve what their clips may cost, as far as a budget of $25.00 goes, eight at a time; the clips end settled,
    lost, released or open, at prices drawn by lot, some dearer than was reserved; close_job ends each job twice."""
    campaign = crew.post("/campaigns", {"name": "Prices", "goal": "None", "budgetUsd": float(CAP)})["id"]
    budgets = Budgets(crew.jobs.table)
    highest: list[Decimal] = []

    def run(seed: int) -> Job | None:
        chance = random.Random(seed)
        clips = chance.randint(1, 4)
        reserved = Decimal(chance.randint(10, 200)) / 100
        # The name of the campaign and the money are all that counts: nothing is made here.
        job = a_job(tenant="demo", campaign_id=campaign, total_clips=clips, reserved_cost=clips * reserved)
        try:
            budgets.accept(job, crew.jobs.accept(job))
        except OverBudget:
            return None
        for number in range(1, clips + 1):
            clip = a_clip(job, number, estimated_cost=reserved)
            line = reservation(clip)
            price = Decimal(chance.randint(1, 300)) / 100
            crew.jobs.table.put_all([crew.jobs.new_clip(job.id, clip), crew.ledger.reserve(job.id, line)])
            state = chance.choice([LineState.SETTLED, LineState.LOST, LineState.RELEASED, None])
            if state:
                cost = None if state is LineState.RELEASED else line.comes_to(price)
                crew.jobs.table.commit(crew.ledger.end(job.id, line.attempt_id, state, cost))
        highest.append(counter_of(crew, campaign).used)
        for _ in range(2):
            ended = {"jobId": job.id, "run": 1, "error": {"Error": "Ended", "Cause": "as the test says"}}
            assert crew.invoke("close_job", ended) is None
        highest.append(counter_of(crew, campaign).used)
        return crew.jobs.job(job.id)

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(run, range(JOBS)))
    jobs = [job for job in ended if job]
    counter = counter_of(crew, campaign)
    assert max(highest) <= CAP
    assert len(jobs) < JOBS, "the budget was never short"
    assert {job.status for job in jobs} == {JobStatus.FAILED}
    assert {job.reserved_cost for job in jobs} == {Decimal(0)}
    sums = [crew.ledger.totals(job.id) for job in jobs]
    assert [(job.actual_cost, job.lost_cost, Decimal(0)) for job in jobs] == [
        (one.settled, one.lost, one.reserved) for one in sums
    ]
    assert counter.reserved == 0
    assert counter.settled == sum(job.actual_cost for job in jobs)
    assert counter.lost == sum(job.lost_cost for job in jobs)
    assert counter.used == counter.settled + counter.lost <= CAP
    saw(
        "never more than the budget in use; in the end nothing reserved, what each job settled and lost is what its lines say"
    )
    saw("the campaign's counter is their sum")
