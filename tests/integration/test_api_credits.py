"""Credits over the API: what there is, what took them, and who may grant them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.api.job_views import AcceptedView
from functions.api.keys import issue_key
from functions.studio.closing import close_failed
from functions.studio.credits import tariff
from functions.studio.errors import ShortOfCredits
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus, Purpose
from functions.studio.ledger import Ledger, LineState
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import Everything, a_campaign, a_campaign_of, a_reception, asked
from tests.integration.money_stage import USD
from tests.scripted import a_clip, a_closing, a_job

CREDITS = "/api/v3/credits"
IMAGE, SCENE = (tariff().of_kind("scenes")[stage] for stage in ("image", "video"))


@pytest.fixture
def operator(deployed: None, table: Table) -> Caller:
    return Caller(issue_key(table, "house", role="operator"))


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def grant(operator: Caller, amount: Any = 100, key: str = "", **fields: Any) -> Reply:
    body = {"tenant": "acme", "credits": amount, "reason": "Autumn", **fields}
    headers = {"content-type": "application/json"} | ({"idempotency-key": key} if key else {})
    return operator.send("POST", f"{CREDITS}/grants", json.dumps(body), headers)


# what there is


def test_who_was_granted_nothing_has_nothing_and_sees_what_things_take(acme: Caller) -> None:
    assert acme.get(CREDITS).data == {
        "id": "acme",
        "userId": "acme",
        "balance": 0,
        "granted": 0,
        "reserved": 0,
        "taken": 0,
        "actions": [{"name": "generate_image", "credits": IMAGE}, {"name": "generate_scene", "credits": SCENE}],
    }
    assert acme.get(f"{CREDITS}/history").data == {"items": [], "nextCursor": None}


def test_me_shows_credits_beside_the_budget(acme: Caller, operator: Caller) -> None:
    grant(operator, 100)
    _, credits_there = acme.get("/api/v3/me").data["balances"]
    assert credits_there == {"unit": "credits", "budget": 100, "reserved": 0, "settled": 0, "lost": 0, "left": 100}


def test_the_history_of_one_tenant_is_no_others_and_leads_on(acme: Caller, other: Caller, operator: Caller) -> None:
    for amount in (1, 2, 3):
        grant(operator, amount)
    first = acme.get(f"{CREDITS}/history?limit=2").data
    assert [one["credits"] for one in first["items"]] == [3, 2]
    rest = acme.get(f"{CREDITS}/history?limit=2&cursor={first['nextCursor']}").data
    assert ([one["credits"] for one in rest["items"]], rest["nextCursor"]) == ([1], None)
    assert other.get(f"{CREDITS}/history").data["items"] == []
    assert acme.get(f"{CREDITS}/history?cursor=x").status == 422


# grants


def test_an_operator_grants_credits_to_a_tenant(acme: Caller, operator: Caller) -> None:
    answer = grant(operator, 100)
    assert answer.status == 201
    assert acme.get(CREDITS).data["balance"] == 100
    [entry] = acme.get(f"{CREDITS}/history").data["items"]
    assert entry == answer.data
    told = ("userId", "kind", "credits", "reason", "jobId", "run")
    assert [entry[name] for name in told] == ["acme", "grant", 100, "Autumn", None, None]
    assert operator.get(CREDITS).data["balance"] == 0


def test_a_grant_that_is_sent_twice_is_granted_once(acme: Caller, operator: Caller) -> None:
    first, second = grant(operator, 100, "one"), grant(operator, 100, "one")
    assert (second.status, second.data) == (first.status, first.data)
    assert second.headers["idempotent-replayed"] == "true"
    assert grant(operator, 200, "one").status == 422
    assert acme.get(CREDITS).data["granted"] == 100


def test_what_is_left_can_be_taken_back_and_no_more(acme: Caller, operator: Caller, everything: Everything) -> None:
    grant(operator, 100)
    everything.refused(lambda: grant(operator, -101), 409, "credits")
    assert grant(operator, -100).data["credits"] == -100
    assert acme.get(CREDITS).data["granted"] == 0


@pytest.mark.parametrize("tier", ["free", "enterprise", "operator"])
def test_a_key_of_no_operator_grants_nothing(deployed: None, table: Table, everything: Everything, tier: str) -> None:
    caller = Caller(issue_key(table, "acme", tier))
    problem = everything.refused(lambda: grant(caller), 403, "Authorization")
    assert problem["code"] == "not_operator"
    assert caller.get("/api/v3/me").data["role"] == "tenant"


@pytest.mark.parametrize("amount", [0, 1.5, "100", None, True, 10**9 + 1])
def test_a_grant_is_a_whole_number_of_credits(operator: Caller, everything: Everything, amount: Any) -> None:
    everything.refused(lambda: grant(operator, amount), 422, "credits")


@pytest.mark.parametrize(("field", "said"), [("tenant", "Acme!"), ("tenant", ""), ("reason", ""), ("reason", "a\nb")])
def test_a_grant_is_to_a_tenant_and_for_a_reason(
    operator: Caller, everything: Everything, field: str, said: str
) -> None:
    everything.refused(lambda: grant(operator, **{field: said}), 422, field)


def test_a_role_that_nobody_knows_makes_no_key(table: Table) -> None:
    with pytest.raises(ValueError, match="one of tenant, operator"):
        issue_key(table, "acme", role="root")


# jobs


class Asked(Purpose):
    """A body of a request, which is compared where it has an Idempotency-Key alone."""


def a_film_of_scenes(acme: Caller, table: Table, scenes: int = 1) -> AcceptedView:
    """As the API accepts one, from the rows on that a draft makes."""
    job = a_job(
        kind="scenes",
        campaign_id=a_campaign(acme),
        status=JobStatus.PLANNING,
        image_model="gen4_image",
        model="gen4_turbo",
        duration_seconds=5,
        estimated_cost=USD("0.33") * scenes,
        reserved_cost=USD("0.33") * scenes,
        purpose=Purpose(chooses=False),
    )
    made = {"mode": "image", "image_model": "gen4_image", "scene_id": "one"}
    clips = [a_clip(job, number, **made) for number in range(1, scenes + 1)]
    answer = a_reception(table, "/api/v3/jobs/from-scenes").accept(Asked(), lambda: (job, clips))
    assert answer.body
    assert answer.body.data
    return answer.body.data


def test_who_is_short_of_credits_reads_what_there_is_and_what_is_needed(
    acme: Caller, operator: Caller, table: Table
) -> None:
    grant(operator, IMAGE + SCENE)
    with pytest.raises(ShortOfCredits) as short:
        a_film_of_scenes(acme, table, scenes=2)
    assert (short.value.status, short.value.code) == (402, "short_of_credits")
    assert short.value.detail == f"There are {IMAGE + SCENE} credits left, and {2 * (IMAGE + SCENE)} would be needed."
    assert "/api/v3/credits" in str(short.value.hint)
    assert acme.get("/api/v3/jobs").data["items"] == []


def test_a_jobs_ledger_shows_credits_line_by_line_and_its_end_in_the_history(
    acme: Caller, operator: Caller, table: Table, jobs: JobStore, ledger: Ledger
) -> None:
    grant(operator, 100)
    accepted = a_film_of_scenes(acme, table)
    job_id = accepted.job_id
    assert accepted.estimated_credits == IMAGE + SCENE
    assert acme.get(CREDITS).data["reserved"] == IMAGE + SCENE
    before = acme.get(f"/api/v3/jobs/{job_id}/ledger").data
    assert before["credits"] == {"reserved": IMAGE + SCENE, "taken": 0}
    assert [(line["stage"], line["credits"]) for line in before["lines"]] == [("image", IMAGE)]
    table.commit(ledger.end(job_id, "1.0001.image.1", LineState.SETTLED))
    during = acme.get(f"/api/v3/jobs/{job_id}/ledger").data
    assert during["credits"] == {"reserved": SCENE, "taken": IMAGE}
    close_failed(job_id, 1, "over", a_closing(jobs, ledger))
    after = acme.get(f"/api/v3/jobs/{job_id}/ledger").data
    assert after["credits"] == {"reserved": 0, "taken": IMAGE}
    assert acme.get(CREDITS).data["balance"] == 100 - IMAGE
    entry = acme.get(f"{CREDITS}/history").data["items"][0]
    assert (entry["kind"], entry["credits"], entry["jobId"], entry["run"]) == ("taking", -IMAGE, job_id, 1)


def test_a_job_that_takes_no_credits_shows_none(acme: Caller) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    shown = acme.get(f"/api/v3/jobs/{job_id}/ledger").data
    assert (shown["credits"], shown["lines"][0]["credits"]) == (None, None)
    assert acme.get(CREDITS).data["taken"] == 0
