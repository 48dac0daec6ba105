"""Scripts by themselves: written by a service that really writes, and paid from the tenant's budget, whatever happens."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import boto3
import pytest
import requests

from functions.studio.budgets import Budgets
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from local.standins.openai import OpenAi
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import Everything
from tests.integration.choice_stage import MovedClock
from tests.integration.listing_stage import CAMRY

SCRIPTS, SEED = "/api/v3/scripts", "/api/video/generate-script"


@pytest.fixture
def openai(openai_service: OpenAi, deployed: None, monkeypatch: pytest.MonkeyPatch) -> OpenAi:
    """As the API is deployed: it knows the secret's name, and where OpenAI is."""
    requests.post(f"{openai_service.url}/_reset", timeout=5).raise_for_status()
    secret = boto3.client("secretsmanager").create_secret(Name="openai", SecretString="key")
    monkeypatch.setenv("OPENAI_SECRET_ARN", secret["ARN"])
    monkeypatch.setenv("OPENAI_BASE_URL", f"{openai_service.url}/v1")
    return openai_service


@pytest.fixture
def budgets(table: Table) -> Budgets:
    return Budgets(table)


def scripted(openai: OpenAi, do: str, times: int = 1, **rule: Any) -> None:
    rules = [{"match": {}, "times": times, "do": do, **rule}]
    requests.post(f"{openai.url}/_script", json=rules, timeout=5).raise_for_status()


def asked(openai: OpenAi) -> int:
    log = requests.get(f"{openai.url}/_log", timeout=5).json()
    return sum(entry["path"] == "/v1/chat/completions" for entry in log)


def test_a_script_is_written_for_the_time_that_the_film_has(acme: Caller, openai: OpenAi, budgets: Budgets) -> None:
    made = acme.post(SCRIPTS, CAMRY)
    said = made.data
    assert (made.status, made.headers["location"]) == (201, f"{SCRIPTS}/{said['id']}")
    assert "Camry" in said["script"]
    assert 9 <= said["estimatedDuration"] <= 21
    assert said["wordCount"] == len(said["script"].split())
    assert 0 < said["cost"] < 0.002
    assert said["lostCost"] == 0
    counter = budgets.tenant("acme")
    assert (counter.settled, counter.lost, counter.reserved) == (counter.used, 0, 0)
    assert float(counter.settled) == pytest.approx(said["cost"])
    assert acme.get(f"{SCRIPTS}/{said['id']}").data == said
    assert [one["id"] for one in acme.get(SCRIPTS).data["items"]] == [said["id"]]
    longer = acme.post(SCRIPTS, {**CAMRY, "durationSeconds": 60}).data
    assert longer["wordCount"] > 2 * said["wordCount"]


def test_generate_script_answers_in_the_seeds_words(acme: Caller, openai: OpenAi) -> None:
    for price in (18500, "18500"):
        answer = acme.post(SEED, {**CAMRY, "price": price})
        said = answer.envelope
        assert answer.status == 200
        assert sorted(said) == ["cost", "estimatedDuration", "script", "success", "wordCount"]
        assert said["success"] is True
        assert isinstance(said["estimatedDuration"], int)
        assert said["wordCount"] == len(said["script"].split())
        assert 0 < said["cost"] < 0.002


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"description": None}, "description"),
        ({"voice": "hal"}, "voice"),
        ({"category": "spaceships"}, "category"),
        ({"price": -1}, "price"),
        ({"language": "tlh"}, "language"),
    ],
)
def test_bad_input_is_named_and_nobody_is_asked(
    acme: Caller, openai: OpenAi, table: Table, media: MediaStore, said: dict[str, Any], field: str
) -> None:
    everything = Everything(table, media)
    everything.refused(lambda: acme.post(SCRIPTS, {**CAMRY, **said}), 422, field)
    if field != "language":
        answer = acme.post(SEED, {**CAMRY, **said})
        assert (answer.status, answer.envelope["errors"][0]["field"]) == (422, field)
    assert asked(openai) == 0


def test_a_budget_that_does_not_suffice_is_told_and_nobody_is_asked(
    acme: Caller, openai: OpenAi, budgets: Budgets, table: Table, media: MediaStore
) -> None:
    budgets.cap_tenant("acme", Decimal("0.0001"))
    Everything(table, media).refused(lambda: acme.post(SCRIPTS, CAMRY), 402, "Authorization")
    assert acme.post(SEED, CAMRY).status == 402
    assert asked(openai) == 0


def test_a_service_that_is_down_is_told_and_costs_nothing(
    acme: Caller, openai: OpenAi, budgets: Budgets, moved: MovedClock
) -> None:
    scripted(openai, "fail", times=100)
    answer = acme.post(SCRIPTS, CAMRY)
    assert (answer.status, answer.problem["code"]) == (503, "unavailable"), answer.text
    assert asked(openai) > 1, "it is asked again while there is time"
    assert budgets.tenant("acme").used == 0
    (row,) = acme.get(SCRIPTS).data["items"]
    assert (row["status"], row["script"], row["lostCost"]) == ("failed", None, 0)
    assert row["errorMessage"]
    said = acme.post(SEED, CAMRY)
    assert (said.status, said.envelope["success"], said.envelope["code"]) == (503, False, "unavailable")
    assert int(said.headers["retry-after"]) >= 1


def test_a_model_that_refuses_is_told_and_its_answer_is_lost(acme: Caller, openai: OpenAi, budgets: Budgets) -> None:
    scripted(openai, "refuse")
    answer = acme.post(SCRIPTS, CAMRY)
    assert (answer.status, answer.fields) == (422, ["description"])
    counter = budgets.tenant("acme")
    assert counter.lost == counter.used > 0
    (row,) = acme.get(SCRIPTS).data["items"]
    assert row["lostCost"] == pytest.approx(float(counter.lost))


@pytest.mark.parametrize("do", ["truncate_output", "corrupt_output"])
def test_answers_that_nobody_can_read_are_no_fault_of_the_caller_and_what_they_cost_is_lost(
    acme: Caller, openai: OpenAi, budgets: Budgets, do: str
) -> None:
    scripted(openai, do, times=2)
    answer = acme.post(SCRIPTS, CAMRY)
    assert (answer.status, answer.problem["code"]) == (503, "unavailable"), answer.text
    assert "other words" not in answer.text
    assert asked(openai) == 2
    lost = budgets.tenant("acme").lost
    assert lost == budgets.tenant("acme").used > 0
    assert f"${lost:.6f}" in answer.problem["hint"]
    (row,) = acme.get(SCRIPTS).data["items"]
    assert (row["cost"], row["lostCost"]) == (0, pytest.approx(float(lost)))


def test_a_script_that_is_written_at_the_second_time_counts_the_first_as_lost(
    acme: Caller, openai: OpenAi, budgets: Budgets
) -> None:
    scripted(openai, "truncate_output")
    said = acme.post(SCRIPTS, CAMRY).data
    counter = budgets.tenant("acme")
    assert (said["cost"], said["lostCost"]) == (float(counter.settled), float(counter.lost))
    assert 0 < counter.lost < counter.used


def test_an_answer_that_never_came_is_told_to_have_cost_something(
    acme: Caller, openai: OpenAi, budgets: Budgets
) -> None:
    scripted(openai, "lose_answer")
    answer = acme.post(SCRIPTS, CAMRY)
    assert (answer.status, answer.problem["code"]) == (503, "unavailable"), answer.text
    assert budgets.tenant("acme").lost > 0
    assert f"${budgets.tenant('acme').lost:.6f}" in answer.problem["hint"]


@pytest.mark.parametrize("path", [SCRIPTS, SEED])
def test_a_script_that_is_asked_for_twice_with_one_key_is_written_and_paid_for_once(
    acme: Caller, openai: OpenAi, budgets: Budgets, path: str
) -> None:
    headers = {"content-type": "application/json", "idempotency-key": "one"}

    def post(**wishes: Any) -> Reply:
        return acme.send("POST", path, json.dumps({**CAMRY, **wishes}), headers)

    scripted(openai, "truncate_output", times=2)
    assert post().status == 503, "what was refused leaves its key free"
    lost = budgets.tenant("acme").lost
    first, again = post(), post()
    said = first.envelope.get("data", first.envelope)
    assert (again.status, again.envelope.get("data", again.envelope)) == (first.status, said)
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert asked(openai) == 3
    assert float(budgets.tenant("acme").used - lost) == pytest.approx(said["cost"])
    other = post(title="Another car")
    assert (other.status, asked(openai)) == (422, 3)
    assert len(acme.get(SCRIPTS).data["items"]) == 2


def test_a_deployment_without_a_key_says_so(
    acme: Caller, openai: OpenAi, budgets: Budgets, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = boto3.client("secretsmanager").create_secret(Name="nothing", SecretString="{}")
    monkeypatch.setenv("OPENAI_SECRET_ARN", secret["ARN"])
    answer = acme.post(SCRIPTS, CAMRY)
    assert (answer.status, answer.problem["code"]) == (503, "unavailable")
    assert "OPENAI_API_KEY not configured" in answer.problem["detail"]
    assert int(answer.headers["retry-after"]) >= 1
    assert budgets.tenant("acme").used == 0
