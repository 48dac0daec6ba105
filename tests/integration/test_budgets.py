"""Promise 5: never overspend. The budgets of a tenant, a campaign and a job, from acceptance to the end of a run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from functions.studio.budgets import Budgets
from functions.studio.errors import OverBudget
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from local.standins.xai import Xai
from tests.integration.api_events import Caller
from tests.integration.api_stage import Everything, a_campaign_of, asked
from tests.integration.money_stage import USD, Contended, a_stored_campaign, ended, money, of_campaign
from tests.integration.plan_stage import Stage
from tests.scripted import a_job


@pytest.fixture
def budgets(table: Table) -> Budgets:
    return Budgets(table)


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


# a job is accepted


def test_what_a_job_will_cost_is_reserved_for_its_tenant_and_its_campaign(acme: Caller, budgets: Budgets) -> None:
    campaign = a_campaign_of(acme, 2, budgetUsd=10)
    job = asked(acme, campaignId=campaign, numPairs=1).data["jobId"]
    asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1)
    assert money(of_campaign(budgets, campaign)) == (USD("1.20"), 0, 0, USD("1.20"))
    assert money(budgets.tenant("acme")) == (USD("2.40"), 0, 0, USD("2.40"))
    assert budgets.jobs.job(job).reserved_cost == USD("1.20")


def refusal(of: str, budget: float, left: float, needed: float) -> dict[str, Any]:
    return {"of": of, "budget": budget, "left": left, "needed": needed}


def test_a_campaign_that_has_not_enough_left_takes_no_job_and_says_what_is_left(
    acme: Caller, everything: Everything
) -> None:
    campaign = a_campaign_of(acme, 3, budgetUsd=3)
    assert asked(acme, campaignId=campaign, numPairs=1).status == 202
    problem = everything.refused(lambda: asked(acme, campaignId=campaign, numPairs=2), 402, "campaignId")
    assert problem["code"] == "over_budget"
    assert problem["budget"] == refusal("campaign", 3, 1.8, 2.4)
    assert problem["detail"] == "The campaign's budget has $1.80 left of $3.00, and $2.40 would be needed."


def test_a_tenant_that_has_not_enough_left_gets_no_job_in_any_campaign(
    acme: Caller, budgets: Budgets, everything: Everything
) -> None:
    budgets.cap_tenant("acme", USD(2))
    asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1)
    another = a_campaign_of(acme, 2)
    problem = everything.refused(lambda: asked(acme, campaignId=another, numPairs=1), 402, "Authorization")
    assert problem["budget"] == refusal("tenant", 2, 0.8, 1.2)
    budgets.cap_tenant("acme", None)
    assert asked(acme, campaignId=another, numPairs=1).status == 202


def test_a_job_that_costs_more_than_its_own_budget_is_refused(acme: Caller, everything: Everything) -> None:
    campaign = a_campaign_of(acme, 2)
    problem = everything.refused(
        lambda: asked(acme, campaignId=campaign, numPairs=1, budgetUsd=1.1999), 402, "budgetUsd"
    )
    assert problem["budget"] == refusal("job", 1.1999, 1.1999, 1.2)
    answer = asked(acme, campaignId=campaign, numPairs=1, budgetUsd=1.2)
    assert acme.get(answer.headers["location"]).data["budgetUsd"] == 1.2


@pytest.mark.parametrize("budget", [-1, "5", True, 1.00001, 1e10])
def test_a_budget_that_is_no_sum_of_money_is_422(acme: Caller, everything: Everything, budget: Any) -> None:
    campaign = a_campaign_of(acme, 2)
    everything.refused(lambda: asked(acme, campaignId=campaign, budgetUsd=budget), 422, "budgetUsd")


def test_the_last_cent_can_be_spent(acme: Caller) -> None:
    campaign = a_campaign_of(acme, 2, budgetUsd=2.4)
    answers = [asked(acme, campaignId=campaign, numPairs=1).status for _ in range(3)]
    assert answers == [202, 202, 402]


def test_a_refused_request_takes_no_idempotency_key(acme: Caller) -> None:
    campaign = a_campaign_of(acme, 2, budgetUsd=1)
    body = f'{{"campaignId": "{campaign}", "numPairs": 1}}'
    headers = {"content-type": "application/json", "idempotency-key": "one"}
    assert acme.send("POST", "/api/v3/jobs/from-image-pairs", body, headers).status == 402
    acme.patch(f"/api/v3/campaigns/{campaign}", {"budgetUsd": 2})
    again = acme.send("POST", "/api/v3/jobs/from-image-pairs", body, headers)
    assert (again.status, again.headers.get("idempotent-replayed")) == (202, None)


@pytest.mark.parametrize(("budget", "status"), [(1.2, 402), (0, 402), (2.4, 202), (None, 202)])
def test_a_budget_counts_from_when_it_is_changed_and_takes_nothing_back(
    acme: Caller, budget: float | None, status: int
) -> None:
    campaign = a_campaign_of(acme, 2, budgetUsd=1.2)
    asked(acme, campaignId=campaign, numPairs=1)
    changed = acme.patch(f"/api/v3/campaigns/{campaign}", {"budgetUsd": budget})
    assert (changed.status, changed.data["budgetUsd"]) == (200, budget)
    assert asked(acme, campaignId=campaign, numPairs=1).status == status


def test_me_shows_what_is_left(acme: Caller, budgets: Budgets) -> None:
    [balance, _] = acme.get("/api/v3/me").data["balances"]
    assert balance == {"unit": "USD", "budget": None, "reserved": 0, "settled": 0, "lost": 0, "left": None}
    asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1)
    budgets.cap_tenant("acme", USD("5"))
    [balance, _] = acme.get("/api/v3/me").data["balances"]
    assert balance == {"unit": "USD", "budget": 5, "reserved": 1.2, "settled": 0, "lost": 0, "left": 3.8}
    budgets.cap_tenant("acme", USD("1"))
    assert acme.get("/api/v3/me").data["balances"][0]["left"] == 0


# many at once


@pytest.mark.parametrize("whose", ["tenant", "campaign"])
def test_of_thirty_jobs_at_once_a_budget_for_seven_takes_seven(
    table: Table, budgets: Budgets, library: Library, whose: str
) -> None:
    cap = USD("8.40")
    campaign = a_stored_campaign(library, cap if whose == "campaign" else None)
    if whose == "tenant":
        budgets.cap_tenant("acme", cap)
    contended = Contended(table.client)
    table.client = cast(Any, contended)

    def accept(_: int) -> str:
        job = a_job(campaign_id=campaign.id, status=JobStatus.PLANNING, reserved_cost=USD("1.20"))
        try:
            budgets.accept(job, budgets.jobs.accept(job))
        except OverBudget as over:
            return over.of
        return "accepted"

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(accept, range(30)))
    assert answers.count("accepted") == 7
    assert answers.count(whose) == 23
    assert contended.conflicts
    assert money(budgets.tenant("acme")) == money(of_campaign(budgets, campaign.id)) == (cap, 0, 0, cap)


# the pairs are chosen


@pytest.fixture
def stage(jobs: JobStore, ledger: Ledger, library: Library, media: MediaStore, xai: Xai) -> Stage:
    return Stage(jobs, ledger, library, media, xai.url)


def test_a_job_whose_pairs_are_chosen_later_reserves_with_its_move(stage: Stage, budgets: Budgets) -> None:
    job = stage.planned(num_pairs=None)
    assert job.reserved_cost == job.estimated_cost == budgets.tenant("acme").reserved > 0


def test_a_budget_that_does_not_suffice_for_the_chosen_pairs_ends_the_job_with_nothing_spent(
    stage: Stage, budgets: Budgets
) -> None:
    budgets.cap_tenant("acme", USD(1))
    job = stage.job(num_pairs=None)
    with pytest.raises(OverBudget, match=r"^The tenant's budget has \$1.00 left of \$1.00, and \$") as over:
        stage.plan(job)
    assert stage.jobs.clips(job.id) == []
    ended(stage.jobs, stage.ledger, job, str(over.value))
    after = stage.jobs.job(job.id)
    assert (after.status, after.error_message, after.actual_cost) == (JobStatus.FAILED, str(over.value), 0)
    assert money(budgets.tenant("acme")) == (0, 0, 0, 0)


def test_what_was_reserved_at_acceptance_is_not_reserved_again(stage: Stage, budgets: Budgets) -> None:
    campaign = stage.campaign.id
    job = a_job(status=JobStatus.PLANNING, campaign_id=campaign, num_pairs=3, reserved_cost=USD("3.60"))
    budgets.accept(job, stage.jobs.accept(job))
    stage.plan(job)
    assert money(budgets.tenant("acme")) == (USD("3.60"), 0, 0, USD("3.60"))


def test_what_a_selection_costs_less_than_was_reserved_is_free_again(stage: Stage, budgets: Budgets) -> None:
    job = a_job(status=JobStatus.PLANNING, campaign_id=stage.campaign.id, num_pairs=3, reserved_cost=USD(5))
    budgets.accept(job, stage.jobs.accept(job))
    stage.plan(job)
    assert money(budgets.tenant("acme")) == (USD("3.60"), 0, 0, USD("3.60"))
