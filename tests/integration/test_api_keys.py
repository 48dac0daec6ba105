from __future__ import annotations

import json

import pytest

from functions.api.door import PAGE_OF_AD, PUBLIC, routes
from functions.api.handler import app
from functions.api.keys import issue_key, revoke
from functions.studio.table import Table
from tests.integration.api_events import Caller


def test_every_route_but_the_public_ones_answers_401_without_a_key(deployed: None) -> None:
    behind = [route for route in routes(app) if route.path not in PUBLIC | {PAGE_OF_AD}]
    assert len(behind) > 15
    for route in behind:
        path = route.path.replace("<", "").replace(">", "")
        for target in (path, f"{path}?token=", f"{path}?token=1.guess"):
            answer = Caller().send(route.method, target)
            assert (answer.status, answer.problem["code"]) == (401, "unauthenticated"), target
            assert answer.headers["www-authenticate"] == "Bearer"


def test_a_path_that_does_not_exist_answers_401_to_strangers_and_404_to_tenants(acme: Caller) -> None:
    assert Caller().get("/api/v3/nothing").status == 401
    assert acme.get("/api/v3/nothing").status == 404


@pytest.mark.parametrize("path", sorted(PUBLIC))
def test_public_paths_need_no_key(deployed: None, path: str) -> None:
    assert Caller().get(path).status == 200


def test_a_key_may_come_in_either_header(acme: Caller) -> None:
    assert acme.key
    assert Caller().send("GET", "/api/v3/me", headers={"X-Api-Key": acme.key}).data["tenant"] == "acme"
    assert Caller().send("GET", "/api/v3/me", headers={"Authorization": f"bearer {acme.key}"}).status == 200


@pytest.mark.parametrize(
    "said", ["Bearer", "Bearer rl_000000000000_guess", "Basic YTpi", "rl_000000000000_guess", "Bearer ключ"]
)
def test_a_wrong_key_is_401(deployed: None, said: str) -> None:
    assert Caller().send("GET", "/api/v3/me", headers={"Authorization": said}).status == 401


def test_a_revoked_key_is_401(acme: Caller, table: Table) -> None:
    assert acme.key
    prefix = acme.key.rsplit("_", 1)[0] if acme.key.count("_") == 2 else "_".join(acme.key.split("_")[:2])
    assert revoke(table, prefix).tenant == "acme"
    assert acme.get("/api/v3/me").status == 401


def test_a_key_that_was_just_used_opens_nothing_once_it_is_revoked(acme: Caller, table: Table) -> None:
    assert acme.get("/api/v3/me").status == 200
    revoke(table, str(acme.key))
    assert acme.get("/api/v3/me").status == 401


def test_a_key_is_stored_hashed_only(deployed: None, table: Table) -> None:
    key = issue_key(table, "acme")
    rows = table.client.scan(TableName="rows")["Items"]
    assert key.split("_", 2)[2] not in json.dumps(rows)


def test_me_says_whose_key_it_is(acme: Caller) -> None:
    me = acme.get("/api/v3/me").data
    assert (me["id"], me["tenant"], me["userId"], me["tier"]) == ("acme", "acme", "acme", "pro")
    assert me["limits"]["numPairs"] == 1000


def test_a_token_means_nothing_where_there_is_no_playlist(acme: Caller) -> None:
    assert Caller().get("/api/v3/nothing?token=x").status == 401
    assert acme.get("/api/v3/nothing?token=x").status == 404
    assert acme.get("/api/v3/me?token=x").status == 422
