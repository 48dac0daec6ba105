from __future__ import annotations

import pytest
import requests

from functions.studio.media_store import MediaStore
from tests.integration.api_events import Caller
from tests.integration.api_stage import a_campaign, picture, uploaded


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
    assert "4.5 MB" in answer.problem["hint"]
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
        ([("uploadType", "file"), ("campaignId", "?"), ("tags", "5")], "tags"),
        ([("uploadType", "file"), ("campaignId", "?"), ("tags", '"hero"')], "tags"),
        ([("uploadType", "file"), ("campaignId", "?"), ("tags", '{"a": 1}')], "tags"),
        ([("uploadType", "file"), ("campaignId", "?"), ("tags", "null")], "tags"),
        ([("uploadType", "file"), ("campaignId", "?"), ("tags", '["\\ud800"]')], "tags.0"),
        ([("uploadType", "file"), ("campaignId", "?"), ("tags", "a\0b")], "tags.0"),
        ([("uploadType", "file"), ("campaignId", "?"), ("tags[]", "a"), ("tags[]", "b")], "tags[]"),
        ([("uploadType", "file"), ("campaignId", "?"), ("name", "a\0b")], "name"),
        ([("uploadType", "file"), ("campaignId", "?"), ("file", "text")], "file"),
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


@pytest.mark.parametrize(
    ("part", "detail"),
    [
        (b'name="file"\r\n\r\nlamp', "file: must be a file, not text"),
        (
            b'name="picture"; filename="a.jpg"\r\n\r\n\xff\xd8',
            "picture: must not be a file: the picture is sent as `file`",
        ),
        (b'name="name"\r\n\r\n\xff\xd8', "name: must be UTF-8 text"),
        (b'name="name"\r\nContent-Type: text/plain; charset=none\r\n\r\n\xff', "name: must be UTF-8 text"),
        (b'name="tags[]"\r\n\r\nlamp', "tags[]: is called `tags` here, also when it is repeated"),
    ],
)
def test_a_part_of_the_wrong_kind_is_said_by_its_name(acme: Caller, part: bytes, detail: str) -> None:
    body = b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n--x--\r\n"
    answer = acme.send("POST", "/api/v3/assets/upload", body, {"content-type": "multipart/form-data; boundary=x"})
    assert (answer.status, answer.problem["detail"]) == (422, detail)


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; a=b"]
)
def test_a_form_without_a_boundary_is_told_so(acme: Caller, content_type: str) -> None:
    answer = acme.send("POST", "/api/v3/assets/upload", b"{}", {"content-type": content_type})
    assert (answer.status, answer.problem["detail"]) == (415, "The Content-Type names no boundary.")


@pytest.mark.parametrize("part", [b'name="na\xffme"', b'name="a"\r\nX: \xff', b""])
def test_a_part_with_a_broken_header_is_a_bad_request_in_plain_words(acme: Caller, part: bytes) -> None:
    body = b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n\r\nvalue\r\n--x--\r\n"
    answer = acme.send("POST", "/api/v3/assets/upload", body, {"content-type": "multipart/form-data; boundary=x"})
    assert answer.status == 400
    assert "header" in answer.problem["detail"]
    assert "Error" not in answer.text


def test_a_form_that_is_too_large_is_told_the_limit_of_a_form(acme: Caller) -> None:
    answer = uploaded(acme, a_campaign(acme), bytes(4_500_001))
    assert (answer.status, "4.5 MB" in answer.problem["hint"]) == (413, True)


def test_several_tags_are_taken_as_they_stand(acme: Caller) -> None:
    answer = uploaded(acme, a_campaign(acme), None, ("tags", "5"), ("tags", '["a"]'))
    assert answer.data["tags"] == ["5", '["a"]']


def test_an_upload_called_as_its_file_has_no_control_characters(acme: Caller) -> None:
    fields = [("uploadType", "file"), ("campaignId", a_campaign(acme))]
    assert acme.upload(fields, picture(), "lamp\x01\x7f.png").data["name"] == "lamp.png"


def test_a_type_of_asset_that_does_not_exist_is_422_and_named(acme: Caller) -> None:
    answer = acme.get("/api/v3/assets?type=foo")
    assert (answer.status, answer.fields) == (422, ["type"])
