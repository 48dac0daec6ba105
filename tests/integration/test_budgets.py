"""Promise 5: never overspend. The budgets of a tenant, a campaign and a job, from acceptance to the end of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from functions.studio.budgets import Budgets, Counter
from functions.studio.clips import AttemptStatus, ClipStatus
from functions.studio.closing import Closing, close_failed
from functions.studio.errors import Conflict, NotFound, OverBudget, StaleRun
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.library import Campaign, Library
from functions.studio.media_store import MediaStore
from functions.studio.messages import StateError
from functions.studio.rows import new_id, now
from functions.studio.table import Table
from local.standins.xai import Xai
from tests.integration.api_events import Caller
from tests.integration.api_stage import Everything, a_campaign_of, asked
from tests.integration.keep_stage import Desk, a_desk
from tests.integration.plan_stage import Stage
from tests.outputs import Outputs
from tests.scripted import Bus, a_clip, a_job

USD = Decimal


@pytest.fixture
def budgets(table: Table) -> Budgets:
    return Budgets(table)


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def of_campaign(budgets: Budgets, campaign_id: str) -> Counter:
    row = budgets.table.get("T#acme", f"BUDGET#{campaign_id}")
    return Counter.model_validate(row) if row else Counter()


def a_stored_campaign(library: Library, budget: Decimal | None = None) -> Campaign:
    stamp = {"created_at": now(), "updated_at": now()}
    campaign = Campaign(id=new_id(), tenant="acme", name="Spring", budget_usd=budget, **stamp)
    library.add(campaign)
    return campaign


def money(counter: Counter) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    return counter.reserved, counter.settled, counter.lost, counter.used


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
    [balance] = acme.get("/api/v3/me").data["balances"]
    assert balance == {"unit": "USD", "budget": None, "reserved": 0, "settled": 0, "lost": 0, "left": None}
    asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1)
    budgets.cap_tenant("acme", USD("5"))
    [balance] = acme.get("/api/v3/me").data["balances"]
    assert balance == {"unit": "USD", "budget": 5, "reserved": 1.2, "settled": 0, "lost": 0, "left": 3.8}
    budgets.cap_tenant("acme", USD("1"))
    assert acme.get("/api/v3/me").data["balances"][0]["left"] == 0


# many at once


class Contended:
    """DynamoDB's client, of whose transactions those that touch a row of another one that is on its way are cancelled: the
    first few, so that slow machines come to an end too; later ones wait."""

    def __init__(self, client: Any, conflicts: int = 40) -> None:
        self.client = client
        self.free = threading.Condition()
        self.busy: set[str] = set()
        self.left, self.conflicts = conflicts, 0

    def transact_write_items(self, **asked: Any) -> Any:
        rows = [_row(write) for item in asked["TransactItems"] for write in item.values()]
        with self._alone(rows):
            return self.client.transact_write_items(**asked)

    @contextmanager
    def _alone(self, rows: list[str]) -> Iterator[None]:
        with self.free:
            if self.conflicts < self.left and not self.busy.isdisjoint(rows):
                self.conflicts += 1
                reasons = [{"Code": "TransactionConflict" if row in self.busy else "None"} for row in rows]
                error: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
                raise ClientError(error, "TransactWriteItems")
            self.free.wait_for(lambda: self.busy.isdisjoint(rows))
            self.busy |= set(rows)
        try:
            yield
        finally:
            with self.free:
                self.busy -= set(rows)
                self.free.notify_all()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def _row(write: dict[str, Any]) -> str:
    key = write.get("Key") or write["Item"]
    return f"{key['pk']['S']} {key['sk']['S']}"


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


# a clip is tried again


@pytest.fixture
def desk(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs) -> Desk:
    desk = a_desk(jobs, ledger, media, outputs)
    desk.limits = {"timeout": 2, "refused": 2}
    return desk


def reserved(desk: Desk) -> Decimal:
    return desk.jobs.job(desk.job.id).reserved_cost


def test_another_attempt_after_lost_money_reserves_anew(desk: Desk, budgets: Budgets) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    following = desk.keep(StateError(Error="States.Timeout"))
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
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    assert desk.keep(StateError(Error="States.Timeout")) is None
    whose = "job's" if own else "tenant's"
    assert desk.clip.status is ClipStatus.FAILED
    assert f"Prediction timed out. It is not tried again: The {whose} budget has" in (desk.clip.error_message or "")
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


def ended(jobs: JobStore, ledger: Ledger, job: Job, reason: str = "over") -> None:
    close_failed(job.id, job.run, reason, Closing(jobs, ledger, JobEvents("bus", Bus())))


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

    def _accounts(self, job: Job, campaign: Campaign | None) -> Any:
        accounts = super()._accounts(job, campaign)
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
