"""The toll between functions and AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from werkzeug import Request, Response

from bench.counted_cloud import Call, Tally, Toll
from local.loopback import bind, served, url_of


def echo(environ, start_response):  # type: ignore[no-untyped-def]  # the signature of WSGI
    """Says what arrived."""
    request = Request(environ)
    seen = {"host": request.host, "uri": environ["REQUEST_URI"], "body": request.get_data(as_text=True)}
    answer = Response(json.dumps(seen), 418, {"X-Amz-Said": "so"}, content_type="application/json")
    return answer(environ, start_response)


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def toll(tally: Tally) -> Iterator[str]:
    behind, listening = bind(), bind()
    with served(echo, behind, "behind"), served(Toll("dynamodb", url_of(behind), tally), listening, "toll") as url:
        yield url


def test_a_toll_passes_everything_on_as_it_was_sent(toll: str) -> None:
    answer = requests.post(f"{toll}/a%2Fb?X-Signature=1%3D", data=b"{}", headers={"Host": "signed.example"}, timeout=5)
    assert answer.status_code == 418
    assert answer.headers["X-Amz-Said"] == "so"
    assert answer.json() == {"host": "signed.example", "uri": "/a%2Fb?X-Signature=1%3D", "body": "{}"}


def test_a_toll_notes_the_operation_with_both_bodies(toll: str, tally: Tally) -> None:
    body = {"TableName": "t"}
    answer = requests.post(toll, json=body, headers={"X-Amz-Target": "DynamoDB_20120810.GetItem"}, timeout=5)
    assert tally.calls == [Call("dynamodb", "GetItem", body, answer.json())]


def test_a_request_without_a_target_is_known_by_its_method(toll: str, tally: Tally) -> None:
    requests.put(f"{toll}/bucket/key", data=b"\x00 no JSON", timeout=5)
    assert [(call.operation, call.asked) for call in tally.calls] == [("PUT", {})]


def test_a_tally_adds_up_what_is_billed() -> None:
    tally = Tally()
    for operation in ("GetItem", "GetItem", "PutItem"):
        item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
        tally.called(Call("dynamodb", operation, {"Key": item, "Item": item}, {}))
    assert tally.counts({}) == {"DynamoDB read units": 1.0, "DynamoDB write units": 1}
    tally.clear()
    assert tally.counts({}) == {}
