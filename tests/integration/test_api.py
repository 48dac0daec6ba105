from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import boto3
import pytest
import requests
from PIL import Image

from functions.api import given
from functions.api.door import PUBLIC, routes
from functions.api.handler import app
from functions.api.keys import Keys, issue_key, revoke
from functions.studio import wiring
from functions.studio.clips import ClipStatus
from functions.studio.errors import Unauthenticated
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, JobStatus
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore, film_key
from functions.studio.rows import new_id
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply
from tests.scripted import a_kept

UNKNOWN = "057c01c0-17f8-470e-9742-e4e3380eb9e6"
STRANGE_IDS = ["1", "x" * 3000, "..", "%00", "Ж", "a'b", UNKNOWN, "*", "{}", "null"]


@pytest.fixture
def deployed(table: Table, media: MediaStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the template gives the function, and nothing left in its memory from another test."""
    machine = boto3.client("stepfunctions").create_state_machine(
        name="reelay-test",
        definition=json.dumps({"StartAt": "Plan", "States": {"Plan": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/machine",
    )
    monkeypatch.setenv("TABLE_NAME", table.name)
    monkeypatch.setenv("MEDIA_BUCKET", media.bucket)
    monkeypatch.setenv("STATE_MACHINE_ARN", machine["stateMachineArn"])
    monkeypatch.setenv("VIDEO_GENERATION_MODEL", "veo3")
    stores = (wiring.table, given.keys, wiring.media, wiring.workflow)
    for store in stores:
        store.cache_clear()
    yield
    for store in stores:
        store.cache_clear()


@pytest.fixture
def acme(deployed: None, table: Table) -> Caller:
    return Caller(issue_key(table, "acme"))


@pytest.fixture
def other(deployed: None, table: Table) -> Caller:
    return Caller(issue_key(table, "other"))


def picture(width: int = 64, height: int = 36, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 120, 40)).save(file, form)
    return file.getvalue()


def a_campaign(caller: Caller, **fields: Any) -> str:
    made: str = caller.post("/api/v3/campaigns", {"name": "Spring", **fields}).data["id"]
    return made


def uploaded(caller: Caller, campaign_id: str, body: bytes | None = None, *more: tuple[str, str]) -> Reply:
    fields = [("uploadType", "file"), ("type", "image"), ("campaignId", campaign_id), *more]
    return caller.upload(fields, picture() if body is None else body)


def a_campaign_of(caller: Caller, pictures: int, **fields: Any) -> str:
    campaign_id = a_campaign(caller, **fields)
    for _ in range(pictures):
        assert uploaded(caller, campaign_id).status == 201
    return campaign_id


def asked(caller: Caller, **fields: Any) -> Reply:
    return caller.post("/api/v3/jobs/from-image-pairs", fields)


# keys


def test_every_route_but_the_public_ones_answers_401_without_a_key(deployed: None) -> None:
    behind = [route for route in routes(app) if route.path not in PUBLIC]
    assert len(behind) > 15
    for route in behind:
        path = route.path.replace("<", "").replace(">", "")
        answer = Caller().send(route.method, path)
        assert (answer.status, answer.problem["code"]) == (401, "unauthenticated"), route.path
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


def test_a_key_is_read_once_a_minute(deployed: None, table: Table) -> None:
    key, seconds = issue_key(table, "acme"), [0.0]
    keys = Keys(table, clock=lambda: seconds[0])
    headers = {"x-api-key": key}
    assert keys.authenticate(headers).tenant == "acme"
    revoke(table, key)
    seconds[0] = 59.0
    assert keys.authenticate(headers).tenant == "acme"
    seconds[0] = 61.0
    with pytest.raises(Unauthenticated):
        keys.authenticate(headers)


def test_a_key_is_stored_hashed_only(deployed: None, table: Table) -> None:
    key = issue_key(table, "acme")
    rows = table.client.scan(TableName="rows")["Items"]
    assert key.split("_", 2)[2] not in json.dumps(rows)


def test_me_says_whose_key_it_is(acme: Caller) -> None:
    me = acme.get("/api/v3/me").data
    assert (me["id"], me["tenant"], me["userId"], me["tier"]) == ("acme", "acme", "acme", "pro")
    assert me["limits"]["numPairs"] == 1000


# the envelope and its problems


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
        "hint": None,
        "errors": [{"field": "colour", "detail": "is not a field of this request"}],
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"name": "A"', 400),
        ('{"name": NaN}', 400),
        ('{"metadata": {"x": Infinity}, "name": "A"}', 400),
        ('{"metadata": {"x": 1e999}, "name": "A"}', 400),
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
    assert acme.get("/api/v3/clients").data["items"] == []


def test_another_content_type_is_415(acme: Caller) -> None:
    answer = acme.send("POST", "/api/v3/clients", "name=A", {"content-type": "application/x-www-form-urlencoded"})
    assert answer.status == 415
    assert "application/json" in answer.problem["hint"]


def test_a_wrong_method_is_405_and_says_which_there_are(acme: Caller) -> None:
    answer = acme.send("PUT", "/api/v3/clients")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


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


# clients and campaigns


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


@pytest.mark.parametrize("budget", [-1, 1e10, "5", True])
def test_a_budget_that_is_none_is_422(acme: Caller, budget: Any) -> None:
    answer = acme.post("/api/v3/campaigns", {"name": "Spring", "budgetUsd": budget})
    assert (answer.status, answer.fields) == (422, ["budgetUsd"])


@pytest.mark.parametrize("strange", STRANGE_IDS)
@pytest.mark.parametrize(
    "path", ["clients/{}", "campaigns/{}", "assets/{}", "jobs/{}", "jobs/{}/sub-jobs", "videos/{}/combined"]
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


# assets


def test_an_uploaded_picture_can_be_fetched_as_it_was_sent(acme: Caller) -> None:
    client = acme.post("/api/v3/clients", {"name": "Aurora"}).data
    campaign_id = a_campaign(acme, clientId=client["id"])
    body = picture(640, 360, "JPEG")
    made = uploaded(acme, campaign_id, body, ("name", "Lamp"), ("tags", '["product", "hero-shot"]'))
    asset = made.data
    assert made.status == 201
    assert made.headers["location"] == f"/api/v3/assets/{asset['id']}"
    assert (asset["name"], asset["type"], asset["tags"]) == ("Lamp", "image", ["product", "hero-shot"])
    assert (asset["width"], asset["height"], asset["bytes"]) == (640, 360, len(body))
    assert (asset["contentType"], asset["thumbnailBlobId"]) == ("image/jpeg", None)
    assert (asset["userId"], asset["clientId"], asset["campaignId"]) == ("acme", client["id"], campaign_id)
    shown = acme.get(made.headers["location"]).data
    assert requests.get(shown["url"], timeout=5).content == body


def test_tags_may_be_a_repeated_field(acme: Caller) -> None:
    answer = uploaded(acme, a_campaign(acme), None, ("tags", "product"), ("tags", "hero, wide"))
    assert answer.data["tags"] == ["product", "hero, wide"]


def test_an_upload_without_a_name_is_called_as_its_file(acme: Caller) -> None:
    assert uploaded(acme, a_campaign(acme)).data["name"] == "picture.png"


def test_assets_are_listed_by_campaign_type_and_tag(acme: Caller) -> None:
    spring, autumn = a_campaign(acme), a_campaign(acme)
    first = uploaded(acme, spring, None, ("tags", "hero")).data["id"]
    second = uploaded(acme, spring, None, ("tags", "wide")).data["id"]
    third = uploaded(acme, autumn, None, ("tags", "hero")).data["id"]

    def listed(query: str) -> list[str]:
        return [asset["id"] for asset in acme.get(f"/api/v3/assets?{query}").data["items"]]

    assert listed("") == [first, second, third]
    assert listed(f"campaignId={spring}") == [first, second]
    assert listed("tag=hero") == [first, third]
    assert listed(f"campaignId={spring}&tag=wide&type=image") == [second]
    assert listed("type=music") == []
    page = acme.get(f"/api/v3/assets?campaignId={spring}&limit=1").data
    assert (
        acme.get(f"/api/v3/assets?campaignId={spring}&limit=1&cursor={page['nextCursor']}").data["items"][0]["id"]
        == second
    )


def test_a_deleted_asset_leaves_neither_rows_nor_an_object(acme: Caller, media: MediaStore) -> None:
    campaign_id = a_campaign(acme)
    asset = uploaded(acme, campaign_id).data
    assert acme.delete(f"/api/v3/campaigns/{campaign_id}").status == 409
    assert acme.delete(f"/api/v3/assets/{asset['id']}").status == 204
    assert acme.get(f"/api/v3/assets/{asset['id']}").status == 404
    assert acme.get(f"/api/v3/assets?campaignId={campaign_id}").data["items"] == []
    assert media.client.list_objects_v2(Bucket="media")["KeyCount"] == 0
    assert acme.delete(f"/api/v3/campaigns/{campaign_id}").status == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"GIF89a" + bytes(100), 415),
        (b"just text", 415),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415),
        (b"#EXTM3U\nhttp://169.254.169.254/", 415),
        (b"", 415),
        (picture(form="GIF"), 415),
        (picture(form="WEBP"), 415),
        (picture(640, 360, "JPEG")[:900], 422),
        (picture(640, 360)[:-40], 422),
        (picture()[:-20] + bytes(20), 422),
        (picture(8000, 6300), 413),
        (bytes(4_500_000), 413),
    ],
    ids=[
        "gif",
        "text",
        "svg",
        "playlist",
        "empty",
        "real-gif",
        "webp",
        "cut-jpeg",
        "cut-png",
        "broken-sum",
        "bomb",
        "heavy",
    ],
)
def test_what_is_no_usable_picture_is_refused_and_nothing_is_kept(
    acme: Caller, media: MediaStore, body: bytes, status: int
) -> None:
    campaign_id = a_campaign(acme)
    answer = uploaded(acme, campaign_id, body)
    assert (answer.status, answer.problem["status"]) == (status, status)
    assert answer.problem["hint"]
    assert media.client.list_objects_v2(Bucket="media")["KeyCount"] == 0
    assert acme.get("/api/v3/assets").data["items"] == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ([("campaignId", "?")], "uploadType"),
        ([("uploadType", "url"), ("campaignId", "?")], "uploadType"),
        ([("uploadType", "file")], "campaignId"),
        ([("uploadType", "file"), ("campaignId", "?"), ("type", "music")], "type"),
        ([("uploadType", "file"), ("campaignId", "?"), ("tags", "[1]")], "tags.0"),
        ([("uploadType", "file"), ("campaignId", "?"), ("tags", "[")], "tags"),
        ([("uploadType", "file"), ("campaignId", "?"), ("colour", "red")], "colour"),
        ([("uploadType", "file"), ("uploadType", "file"), ("campaignId", "?")], "uploadType"),
    ],
)
def test_a_wrong_form_field_is_422_and_named(acme: Caller, fields: list[tuple[str, str]], field: str) -> None:
    answer = acme.upload(fields, picture())
    assert (answer.status, answer.fields) == (422, [field])


def test_a_form_without_a_file_is_422(acme: Caller) -> None:
    answer = acme.upload([("uploadType", "file"), ("campaignId", a_campaign(acme))], None)
    assert (answer.status, answer.fields) == (422, ["file"])


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 415), ("", 415), ("multipart/form-data", 415), ("multipart/form-data; boundary=x", 400)],
)
def test_an_upload_that_is_no_form_is_refused(acme: Caller, content_type: str, status: int) -> None:
    answer = acme.send("POST", "/api/v3/assets/upload", b"{}", {"content-type": content_type})
    assert answer.status == status


# jobs


def test_a_job_with_num_pairs_is_accepted_with_its_clips_and_its_reservation(
    acme: Caller, jobs: JobStore, ledger: Ledger
) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 4), clipDuration=6, numPairs=5, metadata={"order": 7})
    assert answer.status == 202
    job_id = answer.data["jobId"]
    assert answer.headers["location"] == f"/api/v3/jobs/{job_id}"
    assert answer.data["id"] == job_id
    assert answer.data["status"] == "image_pair_selection"
    assert answer.data["totalPairs"] == 5
    assert answer.data["message"] == "Job created with 5 image pairs. Video generation started."
    assert answer.data["links"]["subJobs"] == f"/api/v3/jobs/{job_id}/sub-jobs"
    assert [clip.number for clip in jobs.clips(job_id)] == [1, 2, 3, 4, 5]
    assert ledger.totals(job_id).reserved == Decimal("4.50")
    assert jobs.job(job_id).estimated_cost == Decimal("4.50")


def test_clip_rows_expire_until_plan_has_put_them_again(acme: Caller, jobs: JobStore) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    [clip] = jobs.clips(job_id)
    assert clip.expires_at
    jobs.table.commit(jobs.new_clip(job_id, clip.model_copy(update={"expires_at": None})))
    assert jobs.clip(job_id, 1).expires_at is None


def test_a_job_without_num_pairs_leaves_their_number_open(acme: Caller, jobs: JobStore, ledger: Ledger) -> None:
    data = asked(acme, campaignId=a_campaign_of(acme, 2)).data
    assert data["totalPairs"] is None
    assert "selected" in data["message"]
    assert jobs.clips(data["jobId"]) == []
    assert ledger.lines(data["jobId"]) == []


def test_an_accepted_job_is_started_under_the_name_of_its_run(acme: Caller, jobs: JobStore) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2)).data["jobId"]
    arn = jobs.job(job_id).execution_arn
    assert arn
    started = boto3.client("stepfunctions").describe_execution(executionArn=arn)
    assert started["name"] == f"{job_id}-1"
    assert json.loads(started["input"]) == {"jobId": job_id, "run": 1}


def test_a_job_whose_run_cannot_be_started_stays_accepted(
    acme: Caller, jobs: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = a_campaign_of(acme, 2)
    monkeypatch.setenv("STATE_MACHINE_ARN", "arn:aws:states:us-east-1:123456789012:stateMachine:none")
    wiring.workflow.cache_clear()
    answer = asked(acme, campaignId=campaign_id, numPairs=1)
    assert answer.status == 202
    job = jobs.job(answer.data["jobId"])
    assert (job.status, job.execution_arn) == (JobStatus.PLANNING, None)
    assert [one.id for one in jobs.unfinished_jobs()] == [job.id]


def test_a_changed_duration_is_said_in_a_warning(acme: Caller) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 2), clipDuration=5.0)
    warnings = ["clipDuration 5 was changed to 4: veo3 makes clips of 4, 6, 8 seconds."]
    assert answer.data["warnings"] == warnings
    assert acme.get(answer.headers["location"]).data["warnings"] == warnings


def test_a_job_takes_the_model_it_names_or_the_deployments(acme: Caller, jobs: JobStore) -> None:
    campaign_id = a_campaign_of(acme, 2)
    named = jobs.job(asked(acme, campaignId=campaign_id, model="hailuo-2.0").data["jobId"])
    unnamed = jobs.job(asked(acme, campaignId=campaign_id).data["jobId"])
    assert (named.model, named.duration_seconds) == ("hailuo-2.0", 6)
    assert (unnamed.model, unnamed.duration_seconds) == ("veo3", 8)


def test_a_job_takes_the_campaigns_client_when_it_names_none(acme: Caller, jobs: JobStore) -> None:
    mine, another = (acme.post("/api/v3/clients", {"name": name}).data["id"] for name in "AB")
    campaign_id = a_campaign_of(acme, 2, clientId=mine)
    assert jobs.job(asked(acme, campaignId=campaign_id).data["jobId"]).client_id == mine
    assert jobs.job(asked(acme, campaignId=campaign_id, clientId=another).data["jobId"]).client_id == another


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"numPairs": 0}, 422, "numPairs"),
        ({"numPairs": 1001}, 422, "numPairs"),
        ({"numPairs": 4}, 422, "numPairs"),
        ({"numPairs": "3"}, 422, "numPairs"),
        ({"numPairs": 1.5}, 422, "numPairs"),
        ({"numPairs": True}, 422, "numPairs"),
        ({"clipDuration": -1}, 422, "clipDuration"),
        ({"clipDuration": 0}, 422, "clipDuration"),
        ({"clipDuration": 61}, 422, "clipDuration"),
        ({"clipDuration": "5"}, 422, "clipDuration"),
        ({"model": "sora"}, 422, "model"),
        ({"model": ""}, 422, "model"),
        ({"model": 3}, 422, "model"),
        ({"clientId": "nobody"}, 404, "clientId"),
        ({"clientId": UNKNOWN}, 404, "clientId"),
        ({"clientId": ""}, 404, "clientId"),
        ({"campaignId": "nothing"}, 404, "campaignId"),
        ({"campaignId": None}, 422, "campaignId"),
        ({"metadata": "text"}, 422, "metadata"),
        ({"onClipFailure": "continue"}, 422, "onClipFailure"),
        ({"tenant": "other"}, 422, "tenant"),
    ],
    ids=str,
)
def test_a_wrong_job_is_refused_by_name_and_nothing_is_spent(
    acme: Caller, table: Table, fields: dict[str, Any], status: int, field: str
) -> None:
    answer = asked(acme, **{"campaignId": a_campaign_of(acme, 3), **fields})
    assert (answer.status, answer.fields) == (status, [field])
    rows = table.client.scan(TableName="rows")["Items"]
    assert not [row for row in rows if row["pk"]["S"].startswith("J#")]


def test_an_unknown_model_is_answered_with_those_there_are(acme: Caller) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 2), model="sora")
    assert "veo3" in answer.problem["hint"]
    assert "hailuo-2.0" in answer.problem["hint"]


@pytest.mark.parametrize("pictures", [0, 1])
def test_fewer_than_two_pictures_are_said_in_the_seeds_words(acme: Caller, pictures: int) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, pictures))
    assert answer.status == 422
    assert answer.problem["detail"] == f"Need at least 2 image assets, but campaign has {pictures}"


def test_a_running_job_shows_the_counts_of_its_clips(acme: Caller, jobs: JobStore) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 4), numPairs=4).data["jobId"]
    done = {"kept": a_kept().attributes(), "actualCost": Decimal("1.20"), "attemptId": "1.0001.video.1"}
    asset = {"image1AssetId": "one", "image2AssetId": "two", "predictionId": "pred1", "score": Decimal("0.9")}
    for number in (1, 2, 3):
        jobs.table.commit(jobs.move_clip(job_id, 1, number, ClipStatus.PROCESSING, asset))
    jobs.table.commit(jobs.move_clip(job_id, 1, 1, ClipStatus.COMPLETED, done))
    jobs.table.commit(
        jobs.move_clip(job_id, 1, 2, ClipStatus.FAILED, {"errorMessage": "flagged", "errorClass": "refused"})
    )
    job = acme.get(f"/api/v3/jobs/{job_id}").data
    assert job["progress"] == {
        "selected_pairs": 3,
        "total_clips": 4,
        "successful_clips": 1,
        "failed_clips": 1,
        "clip_urls": [f"/api/v3/videos/{job_id}/clips/clip_001.mp4"],
        "total_cost": 1.2,
    }
    assert (job["videoUrl"], job["actualCost"], job["estimatedCost"]) == (None, 1.2, 4.8)
    answer = acme.get(f"/api/v3/jobs/{job_id}/sub-jobs").data
    assert answer["summary"] == {"total": 4, "pending": 1, "processing": 1, "completed": 1, "failed": 1, "cancelled": 0}
    completed, failed, processing, pending = answer["subJobs"]
    assert (completed["videoUrl"], completed["progress"]) == (job["progress"]["clip_urls"][0], 1.0)
    assert completed["predictionUrl"] == "https://replicate.com/p/pred1"
    assert (completed["videoBlobId"], completed["score"]) == (f"{job_id}.1.0001.video.1", 0.9)
    assert (failed["errorMessage"], failed["errorClass"], failed["videoUrl"]) == ("flagged", "refused", None)
    assert (processing["progress"], pending["progress"]) == (0.5, 0.0)
    assert acme.get(f"/api/v3/videos/{job_id}/clips/clip_002.mp4").problem["hint"] == "flagged"


def test_a_sub_job_has_every_field_of_the_seed(acme: Caller) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    [sub_job] = acme.get(f"/api/v3/jobs/{job_id}/sub-jobs").data["subJobs"]
    assert {
        "id", "jobId", "subJobNumber", "image1AssetId", "image2AssetId", "replicatePredictionId", "modelId", "status",
        "progress", "videoUrl", "videoBlobId", "durationSeconds", "estimatedCost", "actualCost", "errorMessage",
        "retryCount", "startedAt", "completedAt", "createdAt", "updatedAt",
    } <= set(sub_job)  # fmt: skip
    assert (sub_job["durationSeconds"], sub_job["estimatedCost"], sub_job["retryCount"]) == (8.0, 1.2, 0)


def finished(jobs: JobStore, job_id: str) -> Film:
    keys = {name: film_key("acme", job_id, 1, name) for name in ("combined.mp4", "poster.jpg", "manifest.json")}
    film = Film(
        key=keys["combined.mp4"], poster_key=keys["poster.jpg"], manifest_key=keys["manifest.json"], duration_seconds=8,
        frames=192, width=1280, height=720, fps=24, bytes=1, sha256="0", clips=[1],
    )  # fmt: skip
    for status in (JobStatus.PROCESSING, JobStatus.COMBINING):
        jobs.table.commit(jobs.move_job(job_id, 1, status))
    close = {"film": film.attributes(), "actualCost": Decimal("1.20"), "successfulClips": 1}
    jobs.table.commit(jobs.move_job(job_id, 1, JobStatus.COMPLETED, close))
    return film


def test_a_completed_job_leads_to_its_film_poster_and_manifest(acme: Caller, jobs: JobStore, media: MediaStore) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    film = finished(jobs, job_id)
    media.put(film.key, b"film", "video/mp4")
    media.put(film.poster_key, b"poster", "image/jpeg")
    media.put(film.manifest_key, b'{"clips": [1]}', "application/json")
    job = acme.get(f"/api/v3/jobs/{job_id}").data
    assert (job["status"], job["videoUrl"]) == ("completed", f"/api/v3/videos/{job_id}/combined")
    assert job["completedAt"]
    there = acme.get(job["videoUrl"])
    assert (there.status, there.headers["cache-control"], there.text) == (302, "no-store", "")
    assert requests.get(there.headers["location"], timeout=5).content == b"film"
    poster = acme.get(job["links"]["thumbnail"]).headers["location"]
    assert requests.get(poster, timeout=5).content == b"poster"
    assert acme.get(job["links"]["manifest"]).data == {"clips": [1]}


def test_a_film_that_is_not_there_yet_is_404_with_the_jobs_status(acme: Caller) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    for path in (f"videos/{job_id}/combined", f"videos/{job_id}/thumbnail", f"jobs/{job_id}/manifest"):
        answer = acme.get(f"/api/v3/{path}")
        assert answer.status == 404
        assert "image_pair_selection" in answer.problem["detail"]
    assert "pending" in acme.get(f"/api/v3/videos/{job_id}/clips/clip_001.mp4").problem["detail"]


@pytest.mark.parametrize("name", ["clip_002.mp4", "clip_1.mp4", "clip_001.mov", "x", "clip_0001.mp4"])
def test_a_clip_that_the_job_does_not_have_is_404(acme: Caller, name: str) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    assert acme.get(f"/api/v3/videos/{job_id}/clips/{name}").status == 404


# the description


def test_the_description_is_openapi_3_1_and_knows_every_call(deployed: None) -> None:
    described = json.loads(Caller().get("/api/v3/openapi.json").text)
    assert described["openapi"].startswith("3.1")
    documented = {(method.upper(), path) for path, calls in described["paths"].items() for method in calls}
    undocumented = {"/api/v3/openapi.json", "/api/v3/docs"}
    assert documented == {(route.method, route.openapi_path) for route in routes(app) if route.path not in undocumented}


def test_the_description_is_valid(deployed: None) -> None:
    from openapi_spec_validator import validate

    validate(json.loads(Caller().get("/api/v3/openapi.json").text))


def test_the_page_shows_the_description_without_asking_elsewhere(deployed: None) -> None:
    page = Caller().get("/api/v3/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "/jobs/from-image-pairs" in page.text
    assert 'src="http' not in page.text
