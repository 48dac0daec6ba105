from __future__ import annotations

import gc

import pytest

from functions.api.handler import handler
from functions.studio import wiring
from tests.integration.api_events import Caller
from tests.integration.api_stage import a_campaign, uploaded

PYTHON = ("codec", "sys.", "4300", "raw data", "IPv6", "Port ")
"""Words of Python's and pydantic's own, which say nothing to a caller."""


def test_an_answer_comes_in_the_envelope(acme: Caller) -> None:
    envelope = acme.get("/api/v3/clients").envelope
    assert envelope["data"] == {"items": [], "nextCursor": None}
    assert envelope["error"] is None
    assert envelope["meta"]["version"] == "v3"
    assert envelope["meta"]["timestamp"].endswith("Z")


def test_a_problem_has_all_that_rfc_9457_and_the_house_ask(acme: Caller) -> None:
    answer = acme.post("/api/v3/clients", {"name": "A", "colour": "red"})
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/json"
    assert answer.problem == {
        "type": "urn:reelay:problem:invalid_request",
        "title": "The request cannot be carried out as it stands",
        "status": 422,
        "detail": "colour: is not a field of this request",
        "instance": "/api/v3/clients",
        "code": "invalid_request",
        "hint": "/api/v3/docs describes every field.",
        "errors": [{"field": "colour", "detail": "is not a field of this request"}],
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"name": "A"', 400),
        ('{"name": NaN}', 422),
        ('{"metadata": {"x": Infinity}, "name": "A"}', 422),
        ('{"metadata": {"x": 1e999}, "name": "A"}', 422),
        ('{"metadata": {"x": 1, "x": 2}, "name": "A"}', 422),
        ('{"name": "A", "name": "B"}', 422),
        ("[" * 100_000, 400),
        (b"\xff\xfe", 400),
        ('{"name": ' + "1" * 5000 + "}", 400),
        ("[]", 422),
        ('[{"name": "A"}]', 422),
        ("null", 422),
        ('"text"', 422),
        ("", 422),
        ("{}", 422),
        ('{"name": null}', 422),
        ('{"name": 5}', 422),
        ('{"name": "  "}', 422),
        ('{"name": "' + "n" * 201 + '"}', 422),
        ('{"name": "\\ud800"}', 422),
        ('{"name": "A", "homepage": "javascript:alert(1)"}', 422),
        ('{"name": "A", "brandGuidelines": 5}', 422),
        ('{"name": "A", "metadata": []}', 422),
        ('{"name": "A", "metadata": {"": 1}}', 422),
        ('{"name": "A", "metadata": {"x": 1e200}}', 422),
        ('{"name": "A", "metadata": {"x": "\\ud800"}}', 422),
        ('{"name": "A", "metadata": {"\\ud800": 1}}', 422),
        ('{"name": "A", "\\ud800": 1}', 422),
        ('{"name": "A", "brandGuidelines": "\\ud800"}', 422),
        ('{"name": "A\\u0000B"}', 422),
        ('{"name": "A\\nB"}', 422),
        ('{"name": "A", "homepage": "http://[::1"}', 422),
        ('{"name": "A", "homepage": "http://a.example:65536/"}', 422),
        ('{"name": "A", "homepage": "http://a.example:x/"}', 422),
        ('{"name": "A", "homepage": "http://a.example:0/"}', 422),
        ('{"name": "A", "metadata": ' + '{"a":' * 20 + "1" + "}" * 20 + "}", 422),
        ('{"name": "A", "metadata": {"x": "' + "y" * 20_000 + '"}}', 422),
        ('{"name": "A", "userId": "other"}', 422),
        ('{"name": "' + "n" * 1_000_001 + '"}', 413),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_cannot_be_read_creates_nothing(acme: Caller, body: str | bytes, status: int) -> None:
    answer = acme.send("POST", "/api/v3/clients", body, {"content-type": "application/json"})
    assert (answer.status, answer.problem["status"]) == (status, status)
    assert not [leaked for leaked in PYTHON if leaked in answer.text]
    assert acme.get("/api/v3/clients").data["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=ten", "cursor=nonsense", "cursor=", "dryRun=true"])
def test_a_wrong_query_parameter_is_422_and_named(acme: Caller, query: str) -> None:
    answer = acme.get(f"/api/v3/clients?{query}")
    assert (answer.status, answer.fields) == (422, [query.split("=")[0]])


def test_an_unexpected_error_says_nothing_of_the_inside(acme: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_BUCKET", "no-such-bucket")
    wiring.media.cache_clear()
    answer = uploaded(acme, a_campaign(acme))
    assert (answer.status, answer.problem["code"]) == (500, "internal_error")
    assert "bucket" not in answer.text.lower()
    assert "request-1" in answer.problem["hint"]


@pytest.mark.parametrize("path", ["/api/v3/me", "/api/v3/clients", "/api/v3/health", "/api/v3/docs"])
def test_head_is_answered_as_get_without_a_body(acme: Caller, path: str) -> None:
    got, head = acme.get(path), acme.send("HEAD", path)
    assert (head.status, head.headers, head.text) == (got.status, got.headers, "")


@pytest.mark.parametrize(("path", "status"), [("/api/v3/nothing", 404), ("/api/v3/assets/upload", 405)])
def test_head_of_what_cannot_be_got_is_no_success(acme: Caller, path: str, status: int) -> None:
    assert (acme.send("HEAD", path).status, acme.send("HEAD", path).text) == (status, "")
    assert Caller().send("HEAD", path).status == 401


def test_garbage_is_collected_again_after_the_start() -> None:
    """The handler switches it off while its modules load."""
    assert handler
    assert gc.isenabled()
