from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from functions.api.door import BY_TOKEN, PAGE_OF_AD, PUBLIC, routes
from functions.api.envelope import JSON
from functions.api.handler import app
from functions.api.openapi import document
from infra.openapi import FILE
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import UNKNOWN, a_campaign_of, asked, uploaded


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(app)


def test_the_description_is_openapi_3_1_and_knows_every_call(deployed: None) -> None:
    described = json.loads(Caller().get("/api/v3/openapi.json").text)
    assert described["openapi"].startswith("3.1")
    documented = {(method.upper(), path) for path, calls in described["paths"].items() for method in calls}
    undocumented = {"/api/v3/openapi.json", "/api/v3/docs", PAGE_OF_AD}
    assert documented == {(route.method, route.openapi_path) for route in routes(app) if route.path not in undocumented}


def test_the_description_is_valid(deployed: None) -> None:
    from openapi_spec_validator import validate

    validate(json.loads(Caller().get("/api/v3/openapi.json").text))


def test_the_page_shows_the_description_without_asking_elsewhere(deployed: None) -> None:
    page = Caller().get("/api/v3/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "/jobs/from-image-pairs" in page.text
    assert 'src="http' not in page.text


def test_the_committed_description_is_that_of_the_routes(described: dict[str, Any]) -> None:
    assert json.loads(FILE.read_text()) == described, "docs/openapi.json is not up to date: run `make openapi`"


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, said) for path, calls in described["paths"].items() for method, said in calls.items()]


def test_every_call_has_a_name_of_its_own_and_says_what_can_go_wrong(described: dict[str, Any]) -> None:
    calls = operations(described)
    names = [said["operationId"] for _, _, said in calls]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    for method, path, said in calls:
        assert said["summary"]
        assert said["tags"]
        assert "default" in said["responses"]
        assert ("401" in said["responses"]) == (path not in PUBLIC)
        assert ("404" in said["responses"]) or "{" not in path
        assert {"400", "413", "415", "422"} <= said["responses"].keys() or "requestBody" not in said, path
        assert (said.get("security") == []) == (path in PUBLIC)
        shown = said["responses"].get("200", {}).get("content", {})
        tagged = method == "get" and JSON in shown and path.startswith("/api/v3") and "/assets" not in path
        assert ("304" in said["responses"]) == ("ETag" in said["responses"].get("200", {}).get("headers", {})) == tagged


def test_every_call_that_is_described_as_open_is_and_all_others_ask_for_a_key(
    described: dict[str, Any], deployed: None
) -> None:
    for method, path, said in operations(described):
        answer = Caller().send(method.upper(), path.replace("{", "").replace("}", ""))
        assert (answer.status == 401) == (said.get("security") != []), path


def test_playlists_and_nothing_else_are_opened_by_a_players_token_too(described: dict[str, Any]) -> None:
    by_token = {path for _, path, said in operations(described) if {"playerToken": []} in said.get("security", [])}
    assert by_token == {route.replace("<", "{").replace(">", "}") for route in BY_TOKEN}
    assert described["components"]["securitySchemes"]["playerToken"] == {
        "type": "apiKey",
        "in": "query",
        "name": "token",
    }


def test_whatever_creates_a_job_takes_an_idempotency_key_and_says_when_to_ask_again(described: dict[str, Any]) -> None:
    copies = "/api/v3/jobs/{job_id}/deliver"  # a film that is there
    accepting = [said for _, path, said in operations(described) if "202" in said["responses"] and path != copies]
    assert accepting
    for said in accepting:
        [key] = [one for one in said["parameters"] if one["name"] == "Idempotency-Key"]
        assert (key["in"], key["schema"]["maxLength"]) == ("header", 2 * 255 + 2)
        assert "two days" in key["description"]
        assert {"402", "409"} <= said["responses"].keys()
        assert {"Location", "Retry-After", "Idempotent-Replayed"} == said["responses"]["202"]["headers"].keys()


def test_limits_are_described_as_they_are_held(described: dict[str, Any]) -> None:
    wishes = described["components"]["schemas"]["ImagePairsRequest"]
    number, _ = wishes["properties"]["numPairs"]["anyOf"]
    assert (number["minimum"], number["maximum"]) == (1, 1000)
    seconds, _ = wishes["properties"]["clipDuration"]["anyOf"]
    assert (seconds["exclusiveMinimum"], seconds["maximum"]) == (0, 60)
    assert wishes["additionalProperties"] is False
    schemas = described["components"]["schemas"]
    for schema, field, least, most in [
        ("TransitionWish", "seconds", 0.1, 2),
        ("JoinWish", "seconds", 0.1, 2),
        ("CardWish", "seconds", 0.5, 10),
        ("WatermarkWish", "opacity", 0.01, 1),
    ]:
        said = schemas[schema]["properties"][field]
        number = said["anyOf"][0] if "anyOf" in said else said
        assert (number["minimum"], number["maximum"]) == (least, most), schema
    for method, path, said in operations(described):
        for parameter in said.get("parameters", []):
            if parameter["name"] == "limit":
                assert (parameter["schema"]["minimum"], parameter["schema"]["maximum"]) == (1, 200), (method, path)


def test_answers_are_as_they_are_described(described: dict[str, Any], acme: Caller) -> None:
    def holds(call: str, status: str, answer: Reply) -> None:
        method, path = call.split()
        said = described["paths"][path][method]["responses"][status]
        said = described["components"]["responses"]["Problem"] if "$ref" in said else said
        schema = said["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator({**schema, "components": described["components"]}).validate(answer.envelope)

    campaign_id = a_campaign_of(acme, 3)
    picture = uploaded(acme, campaign_id).data["id"]
    cut = {
        "transition": "crossfade",
        "transitions": [{"after": 1, "kind": "cut"}],
        "watermark": {"assetId": picture},
        "intro": {"assetId": picture, "seconds": 2},
    }
    wishes = {"campaignId": campaign_id, "numPairs": 2, "clipDuration": 5, "metadata": {"a": [1, None]}, **cut}
    request = {"$ref": "#/components/schemas/ImagePairsRequest", "components": described["components"]}
    jsonschema.Draft202012Validator(request).validate(wishes)
    accepted = asked(acme, **wishes)
    job = f"/api/v3/jobs/{accepted.data['jobId']}"
    holds("post /api/v3/jobs/from-image-pairs", "202", accepted)
    holds("post /api/v3/jobs/from-image-pairs", "422", asked(acme, campaignId=UNKNOWN, numPairs=0))
    holds("post /api/v3/jobs/from-image-pairs", "404", asked(acme, campaignId=UNKNOWN))
    holds("get /api/v3/jobs/{job_id}", "200", acme.get(job))
    holds("get /api/v3/jobs/{job_id}", "404", acme.get("/api/v3/jobs/nothing"))
    holds("get /api/v3/jobs/{job_id}", "401", Caller().get(job))
    holds("get /api/v3/jobs/{job_id}/sub-jobs", "200", acme.get(f"{job}/sub-jobs"))
    holds("get /api/v3/jobs", "200", acme.get("/api/v3/jobs"))
    holds("get /api/v3/campaigns", "200", acme.get("/api/v3/campaigns"))
    holds("get /api/v3/assets", "200", acme.get("/api/v3/assets"))
    holds("get /api/v3/me", "200", acme.get("/api/v3/me"))
