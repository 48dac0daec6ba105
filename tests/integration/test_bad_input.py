"""Every line of "Bad input gets": the problem names the field and says what would do; nothing is created, nothing spent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.api.bodies import JSON_LIMIT
from functions.api.keys import revoke
from functions.studio.catalogue import catalogue
from functions.studio.media_store import MediaStore
from functions.studio.rows import today
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, a_campaign_of, asked

PATH = "/api/v3/jobs/from-image-pairs"
MODELS = ", ".join(model.name for model in catalogue().choosable("pair", today()))

STRANGE = [
    "",
    " ",
    "x",
    "null",
    "x" * 8000,
    "ü",
    "\U0001f3ac",
    "../../T#other",
    "..%2f..%2fother",
    "%2F",
    "%00",
    "a\x00b",
    "a\nb",
    "' OR 1=1 --",
    '"; DROP TABLE rows; --',
    "{}",
    '{"S": "x"}',
    "$ne",
    "*",
    "CAMPAIGN#1",
    "<script>",
    UNKNOWN,
    UNKNOWN.upper(),
    UNKNOWN.replace("-", ""),
    f"{UNKNOWN} ",
]
"""Ids that nothing has."""


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def sent(caller: Caller, body: str | bytes, content_type: str = "application/json") -> Reply:
    return caller.send("POST", PATH, body, {"content-type": content_type})


def test_an_unknown_campaign_or_an_id_of_any_strange_shape_is_404(acme: Caller, everything: Everything) -> None:
    campaign = a_campaign_of(acme, 2)
    for strange in STRANGE:
        problem = everything.refused(lambda said=strange: asked(acme, campaignId=said), 404, "campaignId")
        assert problem["detail"] == f"There is no campaign {strange[:80]!r}."
        everything.refused(lambda said=strange: asked(acme, campaignId=campaign, clientId=said), 404, "clientId")


@pytest.mark.parametrize("path", ["jobs/{}", "jobs/{}/sub-jobs", "jobs/{}/manifest", "videos/{}/combined"])
def test_an_id_of_any_strange_shape_in_a_path_is_404(acme: Caller, everything: Everything, path: str) -> None:
    for strange in STRANGE:
        if path.format(strange) != "jobs/":  # the list
            problem = everything.refused(lambda said=strange: acme.get(f"/api/v3/{path.format(said)}"), 404)
            assert problem["errors"][0]["field"] in ("job_id", "path")


def test_another_tenants_id_is_404_as_if_there_were_none(acme: Caller, other: Caller, everything: Everything) -> None:
    theirs = a_campaign_of(other, 2)
    job = asked(other, campaignId=theirs, numPairs=1).data["jobId"]
    client = other.post("/api/v3/clients", {"name": "B"}).data["id"]
    mine = a_campaign_of(acme, 2)
    everything.refused(lambda: asked(acme, campaignId=theirs), 404, "campaignId")
    everything.refused(lambda: asked(acme, campaignId=mine, clientId=client), 404, "clientId")
    for path, parameter in (
        (f"jobs/{job}", "job_id"),
        (f"jobs/{job}/sub-jobs", "job_id"),
        (f"jobs/{job}/manifest", "job_id"),
        (f"videos/{job}/combined", "job_id"),
        (f"videos/{job}/thumbnail", "job_id"),
        (f"videos/{job}/clips/clip_001.mp4", "job_id"),
        (f"campaigns/{theirs}", "campaign_id"),
        (f"clients/{client}", "client_id"),
    ):
        problem = everything.refused(lambda path=path: acme.get(f"/api/v3/{path}"), 404, parameter)
        unknown = path.replace(job, UNKNOWN)
        nothing = everything.refused(lambda path=unknown: acme.get(f"/api/v3/{path}"), 404, parameter)
        assert problem["detail"].replace(job, UNKNOWN) == nothing["detail"]


@pytest.mark.parametrize("pictures", [0, 1])
@pytest.mark.parametrize("wishes", [{}, {"numPairs": 1}])
def test_fewer_than_two_pictures_are_422_in_the_seeds_words(
    acme: Caller, everything: Everything, pictures: int, wishes: dict[str, Any]
) -> None:
    campaign = a_campaign_of(acme, pictures)
    problem = everything.refused(lambda: asked(acme, campaignId=campaign, **wishes), 422, "campaignId")
    assert problem["detail"] == f"Need at least 2 image assets, but campaign has {pictures}"
    assert problem["hint"] == "Upload more pictures to the campaign."


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"numPairs": 0}, "numPairs", "must be greater than or equal to 1"),
    ({"numPairs": -1}, "numPairs", "must be greater than or equal to 1"),
    ({"numPairs": 1001}, "numPairs", "must be less than or equal to 1000"),
    ({"numPairs": 10**60}, "numPairs", "must be less than or equal to 1000"),
    ({"numPairs": 4}, "numPairs", "must be at most 3: 3 pictures make no more pairs"),
    ({"numPairs": 1.5}, "numPairs", "must be a valid integer"),
    ({"numPairs": "3"}, "numPairs", "must be a valid integer"),
    ({"numPairs": True}, "numPairs", "must be a valid integer"),
    ({"numPairs": [3]}, "numPairs", "must be a valid integer"),
    ({"numPairs": float("nan")}, "numPairs", "must be a valid integer"),
    ({"clipDuration": -1}, "clipDuration", "must be greater than 0"),
    ({"clipDuration": -0.0}, "clipDuration", "must be greater than 0"),
    ({"clipDuration": 0}, "clipDuration", "must be greater than 0"),
    ({"clipDuration": 61}, "clipDuration", "must be less than or equal to 60"),
    ({"clipDuration": 60.0001}, "clipDuration", "must be less than or equal to 60"),
    ({"clipDuration": 10**400}, "clipDuration", "must be"),
    ({"clipDuration": float("nan")}, "clipDuration", "must be a finite number"),
    ({"clipDuration": float("inf")}, "clipDuration", "must be a finite number"),
    ({"clipDuration": float("-inf")}, "clipDuration", "must be a finite number"),
    ({"clipDuration": "5"}, "clipDuration", "must be a valid number"),
    ({"clipDuration": False}, "clipDuration", "must be a valid number"),
    ({"clipDuration": {}}, "clipDuration", "must be a valid number"),
    ({"model": "sora"}, "model", f"must be one of {MODELS}"),
    ({"model": ""}, "model", f"must be one of {MODELS}"),
    ({"model": "VEO3"}, "model", f"must be one of {MODELS}"),
    ({"model": "google/veo-3.1-fast"}, "model", f"must be one of {MODELS}"),
    ({"model": "\x00"}, "model", f"must be one of {MODELS}"),
    ({"model": 3}, "model", "must be a valid string"),
    ({"campaignId": None}, "campaignId", "must be a valid string"),
    ({"campaignId": 7}, "campaignId", "must be a valid string"),
    ({"campaignId": {"S": UNKNOWN}}, "campaignId", "must be a valid string"),
    ({"campaignId": [UNKNOWN]}, "campaignId", "must be a valid string"),
    ({"clientId": 7}, "clientId", "must be a valid string"),
    ({"metadata": "text"}, "metadata", "must be a JSON object"),
    ({"metadata": [1]}, "metadata", "must be a JSON object"),
    ({"metadata": {"x": float("nan")}}, "metadata", "must not have NaN or Infinity"),
    ({"metadata": {"x": 10**60 + 1}}, "metadata", "cannot be kept exactly"),
    ({"metadata": {"x": "y" * 20_000}}, "metadata", "must be at most 16384 bytes"),
    ({"colour": "red"}, "colour", "is not a field of this request"),
    ({"onClipFailure": "continue"}, "onClipFailure", 'must be best_effort, fail_fast or {"minClips": …}'),
    ({"onClipFailure": {"minClips": 0}}, "onClipFailure.minClips", "must be greater than or equal to 1"),
    ({"onClipFailure": {"minClips": 1, "more": 1}}, "onClipFailure.more", "is not a field of this request"),
    ({"tenant": "other"}, "tenant", "is not a field of this request"),
    ({"userId": "other"}, "userId", "is not a field of this request"),
    ({"num_pairs": 2}, "num_pairs", "is not a field of this request"),
    ({"": 1}, "", "is not a field of this request"),
]


def test_a_wrong_value_a_wrong_type_an_unknown_model_or_field_is_422_and_named(
    acme: Caller, everything: Everything
) -> None:
    campaign = a_campaign_of(acme, 3)
    for fields, field, words in WRONG:
        wishes = {"campaignId": campaign, **fields}
        problem = everything.refused(lambda said=wishes: asked(acme, **said), 422, field)
        assert words in problem["errors"][0]["detail"]


def test_an_unknown_model_is_answered_with_those_there_are(acme: Caller, everything: Everything) -> None:
    campaign = a_campaign_of(acme, 2)
    problem = everything.refused(lambda: asked(acme, campaignId=campaign, model="sora"), 422, "model")
    assert problem["hint"] == f"There are {MODELS}."


def test_all_that_is_wrong_is_said_at_once(acme: Caller, everything: Everything) -> None:
    wrong = {"numPairs": 0, "clipDuration": 61, "colour": "red"}
    everything.refused(lambda: asked(acme, **wrong), 422, "campaignId", "clipDuration", "numPairs", "colour")


UNREADABLE: list[tuple[str | bytes, int, str]] = [
    ("", 422, "body"),
    ("{", 400, "body"),
    ("{'campaignId': 1}", 400, "body"),
    ('{"campaignId": 1,}', 400, "body"),
    ("{} {}", 400, "body"),
    ("\ufeff{}", 400, "body"),
    ("null", 422, "body"),
    ("[]", 422, "body"),
    ('[{"campaignId": "x"}]', 422, "body"),
    ("3", 422, "body"),
    ('"text"', 422, "body"),
    (b"\xff\xfe", 400, "body"),
    ('{"campaignId": "\\ud800"}', 422, "body"),
    ("[" * 100_000, 400, "body"),
    ('{"metadata":' * 50_000, 400, "body"),
    ('{"numPairs": ' + "1" * 5000 + "}", 400, "body"),
    ('{"campaignId": "x", "campaignId": "y"}', 422, "campaignId"),
    ('{"campaignId": "' + "x" * JSON_LIMIT + '"}', 413, "body"),
    (b"x" * (JSON_LIMIT + 1), 413, "body"),
]


def test_a_body_that_is_broken_or_over_the_limit_is_refused(acme: Caller, everything: Everything) -> None:
    for body, status, field in UNREADABLE:
        everything.refused(lambda said=body: sent(acme, said), status, field)


def test_another_content_type_is_415_and_says_which_would_do(acme: Caller, everything: Everything) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""):
        problem = everything.refused(lambda said=kind: sent(acme, "{}", said), 415, "Content-Type")
        assert problem["hint"] == "Send `Content-Type: application/json`."


def test_json_may_be_called_so_with_parameters_and_in_capitals(acme: Caller) -> None:
    body = json.dumps({"campaignId": a_campaign_of(acme, 2)})
    for said in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;x=1"):
        assert sent(acme, body, said).status == 202


KEYS: list[dict[str, str]] = [
    {},
    {"authorization": "Bearer"},
    {"authorization": "Bearer rl_000000000000_guess"},
    {"authorization": "Basic YTpi"},
    {"x-api-key": "rl_000000000000_guess"},
    {"x-api-key": ""},
    {"x-api-key": "k" * 9000},
    {"authorization": "Bearer \x00"},
]


def test_a_missing_or_wrong_key_is_401_whatever_else_is_wrong(acme: Caller, everything: Everything) -> None:
    good = json.dumps({"campaignId": a_campaign_of(acme, 2)})
    for key in KEYS:
        headers = {"content-type": "application/json", **key}
        for body in (good, "{"):
            problem = everything.refused(
                lambda said=body, by=headers: Caller().send("POST", PATH, said, by), 401, "Authorization"
            )
            assert "Authorization: Bearer" in problem["hint"]


def test_a_revoked_key_is_401(acme: Caller, everything: Everything, table: Table) -> None:
    assert acme.key
    revoke(table, acme.key)
    everything.refused(lambda: asked(acme, campaignId=UNKNOWN), 401, "Authorization")


METHODS = [
    ("GET", PATH, "POST"),
    ("HEAD", PATH, "POST"),
    ("PUT", PATH, "POST"),
    ("DELETE", PATH, "POST"),
    ("PATCH", PATH, "POST"),
    ("TRACE", PATH, "POST"),
    ("POST", "/api/v3/jobs", "GET, HEAD"),
    ("DELETE", f"/api/v3/jobs/{UNKNOWN}", "GET, HEAD"),
    ("POST", f"/api/v3/jobs/{UNKNOWN}/sub-jobs", "GET, HEAD"),
    ("POST", f"/api/v3/videos/{UNKNOWN}/combined", "GET, HEAD"),
    ("PUT", "/api/v3/campaigns", "GET, HEAD, POST"),
    ("POST", f"/api/v3/campaigns/{UNKNOWN}", "DELETE, GET, HEAD, PATCH"),
    ("DELETE", "/api/v3/clients", "GET, HEAD, POST"),
    ("PUT", f"/api/v3/clients/{UNKNOWN}", "DELETE, GET, HEAD, PATCH"),
    ("POST", "/api/v3/assets", "GET, HEAD"),
    ("PATCH", f"/api/v3/assets/{UNKNOWN}", "DELETE, GET, HEAD"),
    ("GET", f"/api/v3/assets/{UNKNOWN}/confirm", "POST"),
    ("POST", f"/api/v3/assets/{UNKNOWN}/thumbnail", "GET, HEAD"),
]


def test_a_wrong_method_is_405_and_says_which_there_are(acme: Caller, everything: Everything) -> None:
    before = everything.now()
    for method, path, there_are in METHODS:
        answer = acme.send(method, path)
        assert (answer.status, answer.headers["allow"]) == (405, there_are), (method, path)
        assert method == "HEAD" or (there_are in answer.problem["hint"] and answer.fields == ["method"])
    assert everything.now() == before


def test_a_refusal_with_an_idempotency_key_leaves_nothing_either(acme: Caller, everything: Everything) -> None:
    campaign = a_campaign_of(acme, 2)
    headers = {"content-type": "application/json", "idempotency-key": "one"}
    for fields, status, field in [
        ({"campaignId": campaign, "numPairs": 2}, 422, "numPairs"),
        ({"campaignId": campaign, "numPairs": 1, "model": "sora"}, 422, "model"),
        ({"campaignId": UNKNOWN, "numPairs": 1}, 404, "campaignId"),
    ]:
        body = json.dumps(fields)
        everything.refused(lambda said=body: acme.send("POST", PATH, said, headers), status, field)


def test_what_was_asked_for_and_is_not_there_creates_nothing_elsewhere(acme: Caller, everything: Everything) -> None:
    assert a_campaign(acme)
    everything.refused(lambda: acme.get("/api/v3/nothing"), 404, "path")
    everything.refused(lambda: acme.get("/api/v3/jobs?dryRun=true"), 422, "dryRun")
