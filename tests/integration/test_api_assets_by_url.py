"""Failure 28 at the API: a picture by its URL is fetched by us, from public servers only."""

from __future__ import annotations

import pytest

from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, a_campaign
from tests.integration.asset_stage import UPLOAD, by_url, objects, opening, rows
from tests.pictures import CORNERS, corners, drawn, opened, saved
from tests.strangers import response, stranger


def test_a_picture_is_fetched_from_its_url(acme: Caller, media: MediaStore) -> None:
    campaign_id, body = a_campaign(acme), saved(drawn())
    with stranger(response(body)) as there, opening(there.outside()):
        made = by_url(acme, campaign_id, there.url, tags=["hero"], type="image")
        asset = made.data
        assert (made.status, made.headers["location"]) == (201, f"/api/v3/assets/{asset['id']}")
        assert (asset["name"], asset["tags"], asset["duplicate"]) == ("lamp.png", ["hero"], False)
        assert (asset["contentType"], asset["bytes"]) == ("image/jpeg", len(body))
        again = by_url(acme, campaign_id, f"{there.url}?again")
        assert (again.status, again.data["duplicate"], again.data["id"]) == (200, True, asset["id"])
    assert acme.get(made.headers["location"]).data["name"] == "lamp.png"
    assert len(objects(media)) == 2


def test_a_webp_behind_a_url_is_kept_as_a_jpeg(acme: Caller, media: MediaStore) -> None:
    with stranger(response(saved(drawn(), "WEBP"))) as there, opening(there.outside()):
        asset = by_url(acme, a_campaign(acme), there.url, name="Lamp").data
    assert (asset["name"], asset["contentType"]) == ("Lamp", "image/jpeg")
    original = next(key for key in objects(media) if key.endswith("original.jpg"))
    assert corners(opened(media.read(original))) == CORNERS


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example/a.png",
        "file:///etc/passwd",
        "ftp://pictures.example/a.png",
        "data:image/png;base64,AAAA",
        "https://127.0.0.1/a.png",
        "https://localhost/a.png",
        "https://2130706433/a.png",
        "https://[::1]/a.png",
        "https://[::ffff:169.254.169.254]/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/a.png",
        "https://100.64.0.1/a.png",
        "https://224.0.0.1/a.png",
        "https://me:secret@pictures.example/a.png",
        "https://pictures.example:8080/a.png",
        "https://[::1",
        "https://",
        "lamp.png",
    ],
)
def test_what_is_no_public_https_url_is_refused_at_once_and_named(
    acme: Caller, media: MediaStore, table: Table, url: str
) -> None:
    answer = by_url(acme, a_campaign(acme), url)
    assert (answer.status, answer.fields) == (422, ["url"])
    assert "https" in answer.problem["hint"]
    assert (objects(media), rows(table)) == ([], [])


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        (response(b"", "302 Found", Location="https://169.254.169.254/"), 422, "redirect"),
        (response(b"gone", "404 Not Found"), 422, "answers 404"),
        (response(b"", Content_Length="20000001"), 413, "more than 20 MB"),
        (response(b"<html>not found</html>"), 415, "neither a JPEG"),
        (response(b"#EXTM3U\nhttp://169.254.169.254/"), 415, "neither a JPEG"),
        (response(b'<svg xmlns="http://www.w3.org/2000/svg"/>'), 415, "neither a JPEG"),
        (response(saved(drawn(), "GIF")), 415, "neither a JPEG"),
        (response(b""), 422, "empty"),
        (response(saved(drawn(640, 480))[:2000]), 422, "cannot be decoded"),
        (response(saved(drawn()), Content_Length="9999"), 422, "broke off"),
        (response(saved(drawn()), Content_Encoding="gzip"), 422, "compressed"),
    ],
    ids=["redirect", "gone", "large", "html", "playlist", "svg", "gif", "empty", "cut", "broken-off", "compressed"],
)
def test_what_a_url_brings_that_is_no_picture_is_refused_and_nothing_is_kept(
    acme: Caller, media: MediaStore, table: Table, said: bytes, status: int, words: str
) -> None:
    with stranger(said) as there, opening(there.outside()):
        answer = by_url(acme, a_campaign(acme), there.url)
    assert (answer.status, answer.fields) == (status, ["url"])
    assert words in answer.problem["detail"]
    assert (objects(media), rows(table)) == ([], [])


def test_nothing_is_fetched_for_a_campaign_that_is_not_there(acme: Caller, other: Caller) -> None:
    with stranger(response(saved(drawn()))) as there, opening(there.outside()):
        for campaign_id in (UNKNOWN, a_campaign(other), "x"):
            answer = by_url(acme, campaign_id, there.url)
            assert (answer.status, answer.fields) == (404, ["campaignId"])
        assert there.connections == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, ["uploadType"]),
        ({"uploadType": "file"}, ["uploadType"]),
        ({"uploadType": "ftp"}, ["uploadType"]),
        ({"uploadType": ["url"]}, ["uploadType"]),
        ({"uploadType": "url"}, ["campaignId", "url"]),
        ({"uploadType": "url", "url": "", "campaignId": "?"}, ["url"]),
        ({"uploadType": "url", "url": 5, "campaignId": "?"}, ["url"]),
        ({"uploadType": "url", "url": "https://a.example/" + "a" * 2000, "campaignId": "?"}, ["url"]),
        ({"uploadType": "url", "url": "https://a.example/", "campaignId": 7}, ["campaignId"]),
        ({"uploadType": "url", "url": "https://a.example/", "campaignId": "?", "tags": "hero"}, ["tags"]),
        ({"uploadType": "url", "url": "https://a.example/", "campaignId": "?", "type": "film"}, ["type"]),
        ({"uploadType": "url", "url": "https://a.example/", "campaignId": "?", "colour": "red"}, ["colour"]),
        ({"uploadType": "url", "url": "https://a.example/", "campaignId": "?", "bytes": 5}, ["bytes"]),
        ({"uploadType": "presigned"}, ["campaignId"]),
        ({"uploadType": "presigned", "campaignId": "?", "bytes": 0}, ["bytes"]),
        ({"uploadType": "presigned", "campaignId": "?", "bytes": 20_000_001}, ["bytes"]),
        ({"uploadType": "presigned", "campaignId": "?", "bytes": "5"}, ["bytes"]),
        ({"uploadType": "presigned", "campaignId": "?", "contentType": "image/gif"}, ["contentType"]),
        ({"uploadType": "presigned", "campaignId": "?", "name": ""}, ["name"]),
        ({"uploadType": "presigned", "campaignId": "?", "url": "https://a.example/"}, ["url"]),
    ],
)
def test_a_wrong_field_of_json_is_422_and_named(acme: Caller, fields: dict[str, object], named: list[str]) -> None:
    answer = acme.post(UPLOAD, fields)
    assert (answer.status, answer.fields) == (422, named)


@pytest.mark.parametrize(
    ("body", "status"),
    [("{", 400), ("[]", 422), ('"url"', 422), ("", 400), (b"\xff\xfe", 400), ('{"uploadType": NaN}', 422)],
)
def test_json_that_is_none_is_refused(acme: Caller, body: bytes | str, status: int) -> None:
    assert acme.send("POST", UPLOAD, body, {"content-type": "application/json"}).status == status
