"""Promise 5: what a run holds of the budgets while its clips are made, and gives back at its end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, cast

import pytest

from functions.studio.budgets import Budgets
from functions.studio.clips import AttemptStatus, ClipStatus
from functions.studio.errors import Conflict, NotFound, OverBudget, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.library import Campaign, Library
from functions.studio.media_store import MediaStore
from functions.studio.messages import StateError
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import Everything, a_campaign_of, asked
from tests.integration.keep_stage import Desk, a_desk
from tests.integration.money_stage import USD, Contended, a_stored_campaign, ended, money, of_campaign
from tests.integration.rerun_stage import COST, Ended
from tests.outputs import Outputs
from tests.scripted import a_clip, a_job


@pytest.fixture
def budgets(table: Table) -> Budgets:
    return Budgets(table)


# a clip is tried again


@pytest.fixture
def desk(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs) -> Desk:
    desk = a_desk(jobs, ledger, media, outputs, seconds=8)
    desk.limits = {"failed": 2, "refused": 2}
    return desk


def reserved(desk: Desk) -> Decimal:
    return desk.jobs.job(desk.job.id).reserved_cost


def test_another_attempt_after_lost_money_reserves_anew(desk: Desk, budgets: Budgets) -> None:
    desk.answered(outcome="failed", error="The model broke down")
    following = desk.keep()
    assert following
    assert following.attempt == 2
    assert reserved(desk) == budgets.tenant("acme").reserved == USD("1.20")
    totals = desk.ledger.totals(desk.job.id)
    assert (totals.lost, totals.reserved) == (USD("1.20"), USD("1.20"))


def test_another_attempt_after_released_money_uses_that(desk: Desk, budgets: Budgets) -> None:
    desk.answered(outcome="refused", error="flagged", charged=False)
    assert desk.keep()
    assert (reserved(desk), budgets.tenant("acme").reserved) == (0, 0)


@pytest.mark.parametrize("own", [True, False])
def test_a_clip_is_not_tried_again_where_a_budget_does_not_allow_it(desk: Desk, budgets: Budgets, own: bool) -> None:
    if own:
        spent = {"budget_usd": USD(2), "reserved_cost": USD("1.20")}
        desk.jobs.table.put_all([desk.jobs.accept(desk.job.model_copy(update=spent))])
    else:
        budgets.cap_tenant("acme", USD(1))
    desk.answered(outcome="failed", error="The model broke down")
    assert desk.keep() is None
    whose = "job's" if own else "tenant's"
    assert desk.clip.status is ClipStatus.FAILED
    assert f"The model broke down. It is not tried again: The {whose} budget has" in (desk.clip.error_message or "")
    totals = desk.ledger.totals(desk.job.id)
    assert (totals.lost, totals.reserved) == (USD("1.20"), 0)


def test_a_clip_of_a_run_that_is_being_closed_is_not_tried_again(desk: Desk, budgets: Budgets) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.jobs.table.commit(desk.jobs.begin_to_close(desk.job.id, 1, "stopped"))
    assert desk.keep(StateError(Error="States.Timeout")) is None
    assert desk.clip.status is ClipStatus.FAILED
    assert money(budgets.tenant("acme")) == (0, 0, 0, 0)


def test_many_clips_that_are_tried_again_at_once_stay_within_the_jobs_budget(table: Table, budgets: Budgets) -> None:
    job = a_job(budget_usd=USD("10"), reserved_cost=USD("5"))
    table.commit(budgets.jobs.accept(job))
    table.client = cast(Any, Contended(table.client))

    def more(number: int) -> bool:
        try:
            budgets.reserve_more(job, USD(1), budgets.jobs.new_clip(job.id, a_clip(job, number)))
        except OverBudget:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(more, range(1, 13))) == 5
    assert budgets.jobs.job(job.id).reserved_cost == USD(10)
    assert len(budgets.jobs.clips(job.id)) == 5


def test_an_older_run_reserves_nothing_more(table: Table, budgets: Budgets) -> None:
    job = a_job(run=2)
    table.commit(budgets.jobs.accept(job))
    with pytest.raises(StaleRun):
        budgets.reserve_more(job.model_copy(update={"run": 1}), USD(1))
    assert money(budgets.tenant("acme")) == (0, 0, 0, 0)


# a run ends


def test_what_a_run_has_come_to_replaces_what_was_reserved_for_it_once(
    jobs: JobStore, ledger: Ledger, library: Library, budgets: Budgets
) -> None:
    job = a_job(campaign_id=a_stored_campaign(library).id, reserved_cost=USD("4.80"), total_clips=4)
    budgets.accept(job, jobs.accept(job))
    assert money(budgets.tenant("acme")) == (USD("4.80"), 0, 0, USD("4.80"))
    states = [LineState.SETTLED, LineState.LOST, LineState.RELEASED, None]
    for number, state in enumerate(states, 1):
        clip = a_clip(job, number)
        line = reservation(clip)
        jobs.table.put_all([jobs.new_clip(job.id, clip), ledger.reserve(job.id, line)])
        if state:
            jobs.table.commit(ledger.end(job.id, line.attempt_id, state, USD("1.00") if number == 1 else None))
    for _ in range(2):
        ended(jobs, ledger, job)
    after = jobs.job(job.id)
    assert (after.actual_cost, after.lost_cost, after.reserved_cost) == (USD("1.00"), USD("1.20"), 0)
    assert money(budgets.tenant("acme")) == (0, USD("1.00"), USD("1.20"), USD("2.20"))
    assert money(of_campaign(budgets, job.campaign_id)) == money(budgets.tenant("acme"))
    totals = ledger.totals(job.id)
    assert (totals.reserved, totals.settled, totals.lost) == (0, after.actual_cost, after.lost_cost)
    assert totals.released == USD("2.60"), "what the first clip came to less is released too"


def test_a_run_that_has_come_to_nothing_leaves_no_counter_behind(acme: Caller, jobs: JobStore, ledger: Ledger) -> None:
    campaign = a_campaign_of(acme, 2)
    ended(jobs, ledger, jobs.job(asked(acme, campaignId=campaign).data["jobId"]))
    assert jobs.table.get("T#acme", "BUDGET") is None


def test_the_ledger_shows_every_line_and_sums_that_agree(acme: Caller, jobs: JobStore, ledger: Ledger) -> None:
    job = asked(acme, campaignId=a_campaign_of(acme, 4), numPairs=4, budgetUsd=5).data["jobId"]
    for number, state in enumerate([LineState.SETTLED, LineState.LOST, LineState.RELEASED], 1):
        cost = USD("0.80") if state is LineState.SETTLED else None
        jobs.table.commit(ledger.end(job, f"1.{number:04d}.video.1", state, cost))
    shown = acme.get(f"/api/v3/jobs/{job}/ledger").data
    assert (shown["id"], shown["unit"], shown["budget"], shown["planningCost"]) == (job, "USD", 5, 0)
    assert shown["totals"] == {"reserved": 1.2, "settled": 0.8, "released": 1.6, "lost": 1.2}
    assert [(line["state"], line["amount"], line["cost"]) for line in shown["lines"]] == [
        ("settled", 1.2, 0.8),
        ("lost", 1.2, 1.2),
        ("released", 1.2, 0),
        ("reserved", 1.2, None),
    ]
    first, *_, last = shown["lines"]
    assert (first["id"], first["subJobNumber"], first["run"], first["attempt"]) == ("1.0001.video.1", 1, 1, 1)
    assert (first["stage"], first["modelId"]) == ("video", "veo3")
    assert first["reservedAt"] <= first["endedAt"]
    assert last["endedAt"] is None


# a campaign goes


def test_a_campaign_takes_its_counter_along_and_leaves_its_tenant_what_was_spent(
    acme: Caller, jobs: JobStore, ledger: Ledger, library: Library, budgets: Budgets
) -> None:
    campaign = a_campaign_of(acme, 2)
    job = jobs.job(asked(acme, campaignId=campaign, numPairs=1).data["jobId"])
    jobs.table.commit(ledger.end(job.id, "1.0001.video.1", LineState.LOST))
    assert acme.delete(f"/api/v3/campaigns/{campaign}").status == 409
    ended(jobs, ledger, job)
    for asset in library.pictures("acme", campaign):
        library.remove_asset(asset)
    assert acme.delete(f"/api/v3/campaigns/{campaign}").status == 204
    assert jobs.table.get("T#acme", f"BUDGET#{campaign}") is None
    assert money(budgets.tenant("acme")) == (0, 0, USD("1.20"), USD("1.20"))


class Going(Library):
    """Once the deletion has marked the campaign, somebody asks for a job of it."""

    def __init__(self, table: Table, asks: Callable[[], None]) -> None:
        super().__init__(table)
        self.asks = asks

    def has_assets(self, campaign: Campaign) -> bool:
        self.asks()
        return super().has_assets(campaign)


def test_a_campaign_that_is_being_deleted_takes_no_job(library: Library, jobs: JobStore, budgets: Budgets) -> None:
    campaign = a_stored_campaign(library)
    job = a_job(campaign_id=campaign.id, reserved_cost=USD("1.20"))

    def asks() -> None:
        with pytest.raises(Conflict, match="is being deleted"):
            budgets.accept(job, jobs.accept(job))

    Going(library.table, asks).remove_campaign(campaign, lambda: None)
    with pytest.raises(NotFound):
        budgets.accept(job, jobs.accept(job))
    assert jobs.find_job(job.id) is None
    assert money(budgets.tenant("acme")) == (0, 0, 0, 0)


class Late(Budgets):
    """Between the reading of the campaign and the transaction something happens to it, once."""

    happens: Callable[[], None] | None = None

    def _accounts(self, tenant: str, campaign_id: str, campaign: Campaign | None) -> Any:
        accounts = super()._accounts(tenant, campaign_id, campaign)
        if self.happens:
            happens, self.happens = self.happens, None
            happens()
        return accounts


def test_a_job_that_comes_while_its_campaign_goes_is_not_accepted(library: Library, jobs: JobStore) -> None:
    campaign = a_stored_campaign(library)
    late = Late(library.table)
    late.happens = lambda: library.remove_campaign(campaign, lambda: None)
    job = a_job(campaign_id=campaign.id)
    with pytest.raises(NotFound, match="There is no campaign"):
        late.accept(job, jobs.accept(job))
    assert jobs.find_job(job.id) is None


@pytest.mark.parametrize("lowers", ["campaign", "tenant"])
def test_a_cap_that_is_lowered_while_a_job_comes_holds_for_it(
    library: Library, jobs: JobStore, budgets: Budgets, lowers: str
) -> None:
    campaign = a_stored_campaign(library, USD(5))
    budgets.cap_tenant("acme", USD(5))
    late = Late(library.table)

    def lower() -> None:
        if lowers == "tenant":
            budgets.cap_tenant("acme", USD(1))
        else:
            library.change(Campaign, "acme", campaign.id, {"budgetUsd": USD(1)})

    late.happens = lower
    job = a_job(campaign_id=campaign.id, reserved_cost=USD("1.20"))
    with pytest.raises(OverBudget, match=f"The {lowers}'s budget has"):
        late.accept(job, jobs.accept(job))
    assert money(budgets.tenant("acme")) == (0, 0, 0, 0)


def test_a_campaign_whose_job_began_while_it_was_marked_stays(library: Library) -> None:
    campaign = a_stored_campaign(library)

    def refuse() -> None:
        raise Conflict("The job still runs for this campaign.")

    with pytest.raises(Conflict, match="still runs"):
        library.remove_campaign(campaign, refuse)
    stays = library.find(Campaign, "acme", campaign.id)
    assert stays
    assert stays.deleting is None


# the next run


def test_a_retry_reserves_anew_for_what_it_makes_and_nothing_else(
    acme: Caller, jobs: JobStore, ledger: Ledger, library: Library, budgets: Budgets
) -> None:
    job = Ended(acme, jobs, ledger, library)
    assert job.asks("retry").status == 202
    assert job.job.reserved_cost == budgets.tenant("acme").reserved == COST
    ended(jobs, ledger, job.job)
    assert (job.job.reserved_cost, job.job.actual_cost) == (0, 2 * COST), (
        "the first run's money, and none of the second"
    )
    assert money(budgets.tenant("acme")) == (0, 0, 0, 0), "the first run was none of the counters'"


@pytest.mark.parametrize("whose", ["job", "tenant", "campaign"])
def test_a_retry_that_a_budget_does_not_allow_is_402_and_changes_nothing(
    acme: Caller,
    jobs: JobStore,
    ledger: Ledger,
    library: Library,
    media: MediaStore,
    budgets: Budgets,
    whose: str,
) -> None:
    """The job's own counts what its first run has come to."""
    job = Ended(acme, jobs, ledger, library, budget_usd=3 * COST - USD("0.01") if whose == "job" else None)
    if whose == "tenant":
        budgets.cap_tenant("acme", COST / 2)
    if whose == "campaign":
        library.change(Campaign, "acme", job.job.campaign_id, {"budgetUsd": COST / 2})
    problem = Everything(budgets.table, media).refused(lambda: job.asks("retry"), 402)
    assert problem["budget"]["of"] == whose
    assert problem["budget"]["needed"] == float(COST)


def test_another_cut_costs_nothing_and_needs_no_budget(
    acme: Caller, jobs: JobStore, ledger: Ledger, library: Library, budgets: Budgets
) -> None:
    budgets.cap_tenant("acme", USD(0))
    job = Ended(acme, jobs, ledger, library)
    assert job.asks("recut", {"transition": "crossfade"}).status == 202
    assert budgets.tenant("acme").used == 0
