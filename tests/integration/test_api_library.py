from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from functions.studio.library import Client, Library
from functions.studio.rows import new_id, now
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import UNKNOWN, a_campaign_of, asked, uploaded

STRANGE_IDS = ["1", "x" * 3000, "..", "%00", "Ж", "a'b", UNKNOWN, "*", "{}", "null"]


def test_a_client_is_created_shown_changed_and_deleted(acme: Caller) -> None:
    fields = {
        "name": "Aurora",
        "homepage": "https://aurora.example/",
        "brandGuidelines": "Warm, quiet, no exclamation marks.",
        "metadata": {"tier": 1, "ratio": 0.25, "tags": ["a", None], "deep": {"yes": True}},
    }
    made = acme.post("/api/v3/clients", fields)
    client = made.data
    assert made.status == 201
    assert made.headers["location"] == f"/api/v3/clients/{client['id']}"
    assert {key: client[key] for key in fields} == fields
    assert client["userId"] == "acme"
    assert client["createdAt"] == client["updatedAt"]
    assert acme.get(made.headers["location"]).data == client
    changed = acme.patch(made.headers["location"], {"name": "Borealis", "homepage": None}).data
    assert (changed["name"], changed["homepage"]) == ("Borealis", None)
    assert changed["brandGuidelines"] == fields["brandGuidelines"]
    assert changed["updatedAt"] >= client["updatedAt"]
    gone = acme.delete(made.headers["location"])
    assert (gone.status, gone.text) == (204, "")
    assert acme.get(made.headers["location"]).status == 404


def test_brand_guidelines_may_be_an_object(acme: Caller) -> None:
    guidelines = {"colors": ["#ff8800"], "weight": 2}
    client = acme.post("/api/v3/clients", {"name": "A", "brandGuidelines": guidelines}).data
    assert acme.get(f"/api/v3/clients/{client['id']}").data["brandGuidelines"] == guidelines


def test_a_change_cannot_take_a_name_away(acme: Caller) -> None:
    client = acme.post("/api/v3/clients", {"name": "A"}).data
    answer = acme.patch(f"/api/v3/clients/{client['id']}", {"name": None})
    assert (answer.status, answer.fields) == (422, ["name"])


def test_a_campaign_is_created_shown_changed_and_deleted(acme: Caller) -> None:
    client = acme.post("/api/v3/clients", {"name": "Aurora"}).data
    fields = {
        "clientId": client["id"],
        "name": "Spring",
        "goal": "awareness",
        "targetAudience": "people who rise early",
        "productUrl": "https://aurora.example/lamp",
        "budgetUsd": 1000.5,
        "metadata": {"season": "spring"},
    }
    made = acme.post("/api/v3/campaigns", fields)
    assert made.status == 201
    assert {key: made.data[key] for key in fields} == fields
    changed = acme.patch(made.headers["location"], {"budgetUsd": 20}).data
    assert (changed["budgetUsd"], changed["goal"]) == (20, "awareness")
    assert acme.delete(f"/api/v3/clients/{client['id']}").status == 409
    assert acme.delete(made.headers["location"]).status == 204
    assert acme.delete(f"/api/v3/clients/{client['id']}").status == 204


def test_a_campaign_of_an_unknown_client_is_404(acme: Caller, other: Caller) -> None:
    theirs = other.post("/api/v3/clients", {"name": "Theirs"}).data["id"]
    for client_id in (theirs, new_id(), "x"):
        assert acme.post("/api/v3/campaigns", {"name": "Spring", "clientId": client_id}).status == 404
    assert acme.get("/api/v3/campaigns").data["items"] == []


@pytest.mark.parametrize("budget", [-1, 1e10, "5", True, 1e-200, 0.00001, 1e300])
def test_a_budget_that_is_none_is_422(acme: Caller, budget: Any) -> None:
    answer = acme.post("/api/v3/campaigns", {"name": "Spring", "budgetUsd": budget})
    assert (answer.status, answer.fields) == (422, ["budgetUsd"])


@pytest.mark.parametrize("strange", STRANGE_IDS)
@pytest.mark.parametrize(
    "path",
    ["clients/{}", "campaigns/{}", "assets/{}", "assets/{}/thumbnail"],
)
def test_an_id_of_any_strange_shape_is_404(acme: Caller, path: str, strange: str) -> None:
    assert acme.get("/api/v3/" + path.format(strange)).status == 404


def test_nothing_of_another_tenant_is_there(acme: Caller, other: Caller) -> None:
    campaign_id = a_campaign_of(acme, 2, clientId=acme.post("/api/v3/clients", {"name": "A"}).data["id"])
    job_id = asked(acme, campaignId=campaign_id, numPairs=1).data["jobId"]
    asset = acme.get("/api/v3/assets").data["items"][0]
    paths = [
        f"clients/{asset['clientId']}",
        f"campaigns/{campaign_id}",
        f"assets/{asset['id']}",
        f"assets/{asset['id']}/thumbnail",
        f"jobs/{job_id}",
        f"jobs/{job_id}/sub-jobs",
        f"jobs/{job_id}/manifest",
        f"videos/{job_id}/combined",
        f"videos/{job_id}/thumbnail",
        f"videos/{job_id}/clips/clip_001.mp4",
    ]
    for path in paths:
        assert other.get(f"/api/v3/{path}").status == 404
    for path in paths[:3]:
        assert other.delete(f"/api/v3/{path}").status == 404
    for path in paths[:2]:
        assert other.patch(f"/api/v3/{path}", {"name": "Mine"}).status == 404
    assert asked(other, campaignId=campaign_id).status == 404
    assert uploaded(other, campaign_id).status == 404
    assert other.get(f"/api/v3/assets?campaignId={campaign_id}").status == 404
    for resource in ("clients", "campaigns", "assets"):
        assert other.get(f"/api/v3/{resource}").data["items"] == []


WRONG = [
    ({}, "name"),
    ({"name": None}, "name"),
    ({"name": ""}, "name"),
    ({"name": "n" * 201}, "name"),
    ({"name": "Spring", "colour": "red"}, "colour"),
    ({"name": "Spring", "id": UNKNOWN}, "id"),
    ({"name": "Spring", "userId": "other"}, "userId"),
    ({"name": "Spring", "clientId": 5}, "clientId"),
    ({"name": "Spring", "goal": ["sell"]}, "goal"),
    ({"name": "Spring", "goal": "g" * 10_001}, "goal"),
    ({"name": "Spring", "targetAudience": {}}, "targetAudience"),
    ({"name": "Spring", "productUrl": "lamp"}, "productUrl"),
    ({"name": "Spring", "productUrl": "javascript:alert(1)"}, "productUrl"),
    ({"name": "Spring", "productUrl": "https://a.example/" + "a" * 2000}, "productUrl"),
    ({"name": "Spring", "metadata": "x"}, "metadata"),
    ({"name": "Spring", "metadata": {"x": "y" * 20_000}}, "metadata"),
]


@pytest.mark.parametrize(("fields", "named"), WRONG, ids=lambda value: str(value)[:40])
def test_a_campaign_with_a_wrong_field_is_422_named_and_not_there(
    acme: Caller, fields: dict[str, Any], named: str
) -> None:
    answer = acme.post("/api/v3/campaigns", fields)
    assert (answer.status, answer.fields) == (422, [named])
    assert acme.get("/api/v3/campaigns").data["items"] == []


@pytest.mark.parametrize(("fields", "named"), WRONG[1:], ids=lambda value: str(value)[:40])
def test_a_change_with_a_wrong_field_is_422_named_and_changes_nothing(
    acme: Caller, fields: dict[str, Any], named: str
) -> None:
    made = acme.post("/api/v3/campaigns", {"name": "Autumn", "goal": "Sell"})
    answer = acme.patch(made.headers["location"], fields)
    assert (answer.status, answer.fields) == (422, [named])
    assert acme.get(made.headers["location"]).data == made.data


@pytest.mark.parametrize("strange", ["", "x", "../..", UNKNOWN, "*"])
def test_a_campaign_cannot_be_given_to_a_client_that_is_not_there(acme: Caller, strange: str) -> None:
    made = acme.post("/api/v3/campaigns", {"name": "Autumn"})
    for answer in (
        acme.patch(made.headers["location"], {"clientId": strange}),
        acme.post("/api/v3/campaigns", {"name": "Spring", "clientId": strange}),
    ):
        assert (answer.status, answer.fields) == (404, ["clientId"])
    assert acme.get("/api/v3/campaigns").data["items"] == [made.data]


def test_a_list_is_paged_in_order_of_creation_and_ends(acme: Caller) -> None:
    made = [acme.post("/api/v3/clients", {"name": f"Client {n}"}).data["id"] for n in range(6)]
    seen: list[str] = []
    cursor = ""
    for _ in range(2):
        page = acme.get(f"/api/v3/clients?limit=3{cursor}").data
        seen += [one["id"] for one in page["items"]]
        cursor = f"&cursor={page['nextCursor']}"
    assert seen == made
    assert page["nextCursor"] is None


@pytest.mark.parametrize("budget", [0, 0.0001, 19.99, 123456789.1234, 1e9])
def test_a_budget_comes_back_as_it_was_given(acme: Caller, budget: float) -> None:
    made = acme.post("/api/v3/campaigns", {"name": "Spring", "budgetUsd": budget})
    assert (made.status, made.data["budgetUsd"]) == (201, budget)


@pytest.mark.parametrize(
    "number", ["9" * 38, "-" + "9" * 38, "1" + "0" * 125, "9.99e125", "1e-130", "0", "0.0", "0e-300"]
)
def test_a_number_that_the_table_can_keep_comes_back_as_it_was_given(acme: Caller, number: str) -> None:
    made = _client_with(acme, number)
    assert made.status == 201
    shown = json.loads(acme.get(made.headers["location"]).text, parse_int=Decimal, parse_float=Decimal)
    assert shown["data"]["metadata"] == {"x": Decimal(number)}


@pytest.mark.parametrize("number", ["9" * 39, str(2**200), "1e126", "1e-131", "1e-200", "1" * 1000])
def test_a_number_that_the_table_cannot_keep_is_422_and_its_field_named(acme: Caller, number: str) -> None:
    refused = _client_with(acme, number)
    assert (refused.status, refused.fields) == (422, ["metadata"])
    assert "cannot be kept exactly" in refused.problem["detail"]


def test_an_entry_that_the_sdk_writes_again_because_the_answer_was_lost_is_added(library: Library) -> None:
    client = Client(id=new_id(), tenant="acme", name="Aurora", created_at=now(), updated_at=now())
    library.add(client)
    library.add(client)
    assert library.get(Client, "acme", client.id) == client


def _client_with(caller: Caller, number: str) -> Reply:
    body = f'{{"name": "A", "metadata": {{"x": {number}}}}}'
    return caller.send("POST", "/api/v3/clients", body, {"content-type": "application/json"})
