"""Promise 7: the same `Idempotency-Key` gives the same job."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, cast

import boto3
import pytest

from functions.api import accept_job
from functions.api.accept_job import Reception
from functions.api.image_pairs import ImagePairsRequest, draft
from functions.api.once import IN_FLIGHT_FOR, KEPT_FOR, Once
from functions.api.routes.service import Health
from functions.studio import wiring
from functions.studio.budgets import Budgets
from functions.studio.catalogue import catalogue
from functions.studio.errors import ConditionLost, InFlight, InvalidRequest
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.table import Table, put
from functions.studio.workflow import Workflow
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import a_campaign_of
from tests.scripted import Answering, Tokens

PATH = "/api/v3/jobs/from-image-pairs"


def sent(caller: Caller, key: str, body: dict[str, Any] | str) -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    return caller.send("POST", PATH, text, {"content-type": "application/json", "Idempotency-Key": key})


def rows(table: Table, prefix: str) -> list[dict[str, Any]]:
    return [row for row in table.client.scan(TableName=table.name)["Items"] if row["pk"]["S"].startswith(prefix)]


def accepted(table: Table) -> int:
    return len([row for row in rows(table, "J#") if row["sk"]["S"] == "JOB"])


def executions() -> int:
    machines = boto3.client("stepfunctions")
    [machine] = machines.list_state_machines()["stateMachines"]
    return len(machines.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"])


def test_the_same_request_sent_twice_is_one_job_answered_twice_alike(acme: Caller, table: Table) -> None:
    body = {"campaignId": a_campaign_of(acme, 2), "numPairs": 1, "clipDuration": 5}
    first, second = sent(acme, "one", body), sent(acme, "one", body)
    assert (first.status, second.status) == (202, 202)
    assert second.data == first.data
    assert second.headers["location"] == first.headers["location"]
    assert (first.headers.get("idempotent-replayed"), second.headers["idempotent-replayed"]) == (None, "true")
    assert (accepted(table), executions()) == (1, 1)


def test_the_same_body_written_otherwise_is_the_same_request(acme: Caller, table: Table) -> None:
    campaign = a_campaign_of(acme, 2)
    one = sent(acme, "one", {"campaignId": campaign, "clipDuration": 6, "metadata": {"a": 1, "b": [2.0]}})
    other = (
        f'{{"metadata": {{"b": [2], "a": 1.0}}, "clipDuration": 6.0,   "numPairs": null, "campaignId": "{campaign}"}}'
    )
    assert sent(acme, "one", other).data == one.data
    assert accepted(table) == 1


@pytest.mark.parametrize("change", [{"numPairs": 1}, {"clipDuration": 8.0}, {"metadata": {"a": True}}])
def test_the_same_key_with_another_body_is_422_and_creates_nothing(
    acme: Caller, table: Table, change: dict[str, Any]
) -> None:
    body = {"campaignId": a_campaign_of(acme, 2), "clipDuration": 6.0, "metadata": {"a": 1}}
    sent(acme, "one", body)
    answer = sent(acme, "one", {**body, **change})
    assert (answer.status, answer.fields) == (422, ["Idempotency-Key"])
    assert "another request" in answer.problem["detail"]
    assert "new key" in answer.problem["hint"]
    assert accepted(table) == 1


def test_another_key_or_none_is_another_job(acme: Caller, table: Table) -> None:
    body = {"campaignId": a_campaign_of(acme, 2)}
    ids = {sent(acme, "one", body).data["jobId"], sent(acme, "two", body).data["jobId"]}
    ids |= {acme.post(PATH, body).data["jobId"], acme.post(PATH, body).data["jobId"]}
    assert (len(ids), accepted(table)) == (4, 4)


def test_a_key_is_one_tenants_own(acme: Caller, other: Caller) -> None:
    mine = sent(acme, "one", {"campaignId": a_campaign_of(acme, 2)})
    theirs = sent(other, "one", {"campaignId": a_campaign_of(other, 2)})
    assert (mine.status, theirs.status) == (202, 202)
    assert mine.data["jobId"] != theirs.data["jobId"]


@pytest.mark.parametrize(
    "key", ["", " ", "two words", "tab\there", "é", "k" * 256, "ключ", "a\x00b"], ids=lambda key: repr(key)[:20]
)
def test_a_key_that_is_not_visible_ascii_or_too_long_is_422(acme: Caller, table: Table, key: str) -> None:
    answer = sent(acme, key, {"campaignId": a_campaign_of(acme, 2)})
    assert (answer.status, answer.fields) == (422, ["Idempotency-Key"])
    assert "255 visible ASCII" in answer.problem["detail"]
    assert accepted(table) == 0


@pytest.mark.parametrize("key", ["k", "k" * 255, "!~#/?%&=", '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
def test_any_other_key_will_do(acme: Caller, table: Table, key: str) -> None:
    body = {"campaignId": a_campaign_of(acme, 2)}
    assert sent(acme, key, body).data == sent(acme, key, body).data
    assert accepted(table) == 1


def test_a_request_that_was_refused_takes_no_key(acme: Caller, table: Table) -> None:
    campaign = a_campaign_of(acme, 2)
    assert sent(acme, "one", {"campaignId": campaign, "numPairs": 2}).status == 422
    assert sent(acme, "one", {"campaignId": "nothing"}).status == 404
    assert rows(table, "IDEM#") == []
    assert sent(acme, "one", {"campaignId": campaign, "numPairs": 1}).status == 202


def test_a_repeated_request_is_answered_although_it_would_be_refused_by_now(
    acme: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"campaignId": a_campaign_of(acme, 2), "numPairs": 1}
    first = sent(acme, "one", body)
    monkeypatch.setenv("VIDEO_GENERATION_MODEL", "a-model-that-has-gone")
    assert sent(acme, "two", body).status == 422
    assert sent(acme, "one", body).data == first.data


def test_a_job_whose_run_was_never_started_is_the_same_job_too(
    acme: Caller, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"campaignId": a_campaign_of(acme, 2), "numPairs": 1}
    with monkeypatch.context() as broken:
        broken.setenv("STATE_MACHINE_ARN", "arn:aws:states:us-east-1:123456789012:stateMachine:none")
        wiring.workflow.cache_clear()
        first = sent(acme, "one", body)
    wiring.workflow.cache_clear()
    assert sent(acme, "one", body).data == first.data
    assert (accepted(table), executions()) == (1, 0)


def test_a_key_is_kept_for_more_than_a_day_and_is_free_then_although_its_row_is_still_there(
    acme: Caller, table: Table
) -> None:
    body = {"campaignId": a_campaign_of(acme, 2)}
    first = sent(acme, "one", body)
    [row] = rows(table, "IDEM#")
    assert KEPT_FOR >= 24 * 3600
    assert abs(int(row["expiresAt"]["N"]) - time.time() - KEPT_FOR) < 60
    stale = table.get("IDEM#acme#one", "ONCE")
    assert stale
    table.commit(put("IDEM#acme#one", "ONCE", {**stale, "expiresAt": int(time.time()) - 1}))
    again = sent(acme, "one", {**body, "clipDuration": 4})
    assert (again.status, again.headers.get("idempotent-replayed")) == (202, None)
    assert again.data["jobId"] != first.data["jobId"]
    assert sent(acme, "one", {**body, "clipDuration": 4}).data == again.data


class Counter:
    """A counter at which several requests with the same key stand at the same moment."""

    def __init__(self, table: Table, campaign_id: str, key: str | None = "one") -> None:
        self.table, self.tokens = table, Tokens()
        self.asked = ImagePairsRequest(campaignId=campaign_id, numPairs=1)
        self.key = key
        self.workflow = Workflow("arn:aws:states:us-east-1:123456789012:stateMachine:reelay", self.tokens)

    def reception(self) -> Reception:
        table = self.table
        return Reception(
            self.at(PATH),
            JobStore(table),
            Ledger(table),
            Budgets(table),
            self.workflow,
            catalogue,
        )

    def at(self, path: str) -> Once:
        """Another request with the same key."""
        return Once(self.table, "acme", path, self.key)

    def send(self, meanwhile: Callable[[], object] = lambda: None) -> Any:
        """`meanwhile` happens when it is known that the key is free, and nothing is written yet."""

        def drafted() -> accept_job.Draft:
            meanwhile()
            return draft(self.asked, "acme", Library(self.table), catalogue(), "veo3")

        return self.reception().accept(self.asked, drafted)


def test_a_key_that_was_used_for_another_call_is_refused(acme: Caller, table: Table) -> None:
    """The same body at another path is another request: the key is the tenant's, whatever it was used for."""
    counter = Counter(table, a_campaign_of(acme, 2))
    counter.send()
    with pytest.raises(InvalidRequest, match="another request"), counter.at(f"{PATH}-too").taking(counter.asked):
        pytest.fail("the key was taken")


def test_a_job_without_a_key_that_was_accepted_while_it_was_said_to_be_in_progress_is_answered_as_accepted(
    acme: Caller, table: Table
) -> None:
    hesitant = Table(table.name, cast(Any, Answering(table, "TransactionInProgressException", done=True)))
    counter = Counter(hesitant, a_campaign_of(acme, 2), key=None)
    assert counter.send().status_code == 202
    assert accepted(table) == 1


def test_while_a_request_is_in_flight_the_same_one_is_409_and_another_one_422(acme: Caller, table: Table) -> None:
    counter, another = Counter(table, a_campaign_of(acme, 2)), Counter(table, a_campaign_of(acme, 3))

    def meanwhile() -> None:
        with pytest.raises(InFlight, match="not answered yet"):
            counter.send()
        with pytest.raises(InvalidRequest, match="another request"):
            another.send()

    won = counter.send(meanwhile)
    after = counter.send()
    assert (won.status_code, after.status_code) == (202, 202)
    assert after.body.data == won.body.data
    assert after.headers["Idempotent-Replayed"] == "true"
    assert (accepted(table), list(counter.tokens.executions)) == (1, [f"{won.body.data.id}-1"])
    assert len([row for row in rows(table, "J#") if row["sk"]["S"].startswith("CLIP#")]) == 1, "nobody else wrote any"


def test_a_request_in_flight_is_answered_as_a_problem_that_says_when_to_ask_again(acme: Caller, table: Table) -> None:
    body = {"campaignId": a_campaign_of(acme, 2), "numPairs": 1}
    once = Once(table, "acme", PATH, "one")
    with once.taking(ImagePairsRequest.model_validate(body)):
        answer = sent(acme, "one", body)
    assert (answer.status, answer.problem["code"], answer.fields) == (409, "in_flight", ["Idempotency-Key"])
    assert answer.headers["retry-after"] == "1"
    assert accepted(table) == 0
    assert sent(acme, "one", body).status == 202


def test_a_request_whose_server_died_holds_its_key_for_a_minute(acme: Caller, table: Table) -> None:
    body = {"campaignId": a_campaign_of(acme, 2), "numPairs": 1}
    died = Once(table, "acme", PATH, "one")
    died._take(ImagePairsRequest.model_validate(body))
    assert sent(acme, "one", body).status == 409
    row = table.get("IDEM#acme#one", "ONCE")
    assert row
    assert row["expiresAt"] <= time.time() + IN_FLIGHT_FOR
    table.commit(put("IDEM#acme#one", "ONCE", {**row, "expiresAt": int(time.time()) - 1}))
    assert sent(acme, "one", body).status == 202
    died._give_back()
    with pytest.raises(ConditionLost):
        table.commit(*died.remember(ImagePairsRequest.model_validate(body), "j", Health()))
    assert sent(acme, "one", body).headers["idempotent-replayed"] == "true"
    assert accepted(table) == 1


def test_a_key_whose_taking_was_not_answered_by_the_table_is_the_requests_own(acme: Caller, table: Table) -> None:
    """The SDK sends the write again, and that one is lost to the first."""

    class Lossy:
        def put_item(self, **asked: Any) -> None:
            client.put_item(**asked)
            client.put_item(**asked)

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

    client = table.client
    counter = Counter(Table(table.name, cast(Any, Lossy())), a_campaign_of(acme, 2))
    assert counter.send().status_code == 202


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ('"one"', "one", True),
        (r'"a\"b\\c"', r'"a\"b\\c"', True),
        ('"two words"', '"two words"', True),
        ('"One"', "one", False),
    ],
)
def test_a_key_is_a_string_of_structured_fields_or_the_same_bare(
    acme: Caller, first: str, second: str, same: bool
) -> None:
    body = {"campaignId": a_campaign_of(acme, 2)}
    answers = sent(acme, first, body), sent(acme, second, body)
    assert (answers[0].data["jobId"] == answers[1].data["jobId"]) is same


@pytest.mark.parametrize("key", ['"', '""', '"open', '"a"b"', r'"a\b"', '"é"', '"a";b=1', f'"{"k" * 256}"'])
def test_a_string_that_is_not_well_formed_or_too_long_is_422(acme: Caller, table: Table, key: str) -> None:
    answer = sent(acme, key, {"campaignId": a_campaign_of(acme, 2)})
    assert (answer.status, answer.fields) == (422, ["Idempotency-Key"])
    assert accepted(table) == 0
