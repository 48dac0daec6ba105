from __future__ import annotations

import pytest
import requests

from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, a_campaign, picture, uploaded
from tests.integration.asset_stage import objects, rows
from tests.pictures import drawn, opened, png_header, saved, with_chunk, zlib_bomb


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
    assert (asset["contentType"], asset["duplicate"]) == ("image/jpeg", False)
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


@pytest.mark.parametrize("size", [1, 2, 3, 5, 200])
@pytest.mark.parametrize("of", ["campaignId", "type", "tag"])
def test_a_filtered_list_is_whole_whatever_its_pages(acme: Caller, of: str, size: int) -> None:
    spring, autumn = a_campaign(acme), a_campaign(acme)
    wanted = []
    for number in range(4):
        wanted.append(uploaded(acme, spring, None, ("tags", "hero")).data["id"])
        if of != "type":
            uploaded(acme, autumn, None, ("tags", f"wide-{number}"))
    value = {"campaignId": spring, "type": "image", "tag": "hero"}[of]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = acme.get(f"/api/v3/assets?{of}={value}&limit={size}" + (f"&cursor={cursor}" if cursor else "")).data
        assert len(page["items"]) <= size
        seen += [asset["id"] for asset in page["items"]]
        cursor = page["nextCursor"]
    assert seen == wanted


@pytest.mark.parametrize(
    "cursor", ["x", "%00", "1", "Ж", "e30=", "eyJpZCI6IDF9", "a" * 5000, "../", "null", "", "MQ=="]
)
def test_a_cursor_that_is_none_of_ours_is_422_and_named(acme: Caller, cursor: str) -> None:
    answer = acme.get(f"/api/v3/assets?cursor={cursor}")
    assert (answer.status, answer.fields) == (422, ["cursor"])


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1.5", "ten", "", "NaN", "9" * 400])
def test_a_limit_that_is_none_is_422_and_named(acme: Caller, limit: str) -> None:
    answer = acme.get(f"/api/v3/assets?limit={limit}")
    assert (answer.status, answer.fields) == (422, ["limit"])


def test_a_cursor_of_another_list_or_tenant_shows_nothing_of_it(acme: Caller, other: Caller) -> None:
    theirs = a_campaign(other)
    for _ in range(3):
        uploaded(other, theirs)
    cursor = other.get("/api/v3/assets?limit=1").data["nextCursor"]
    spring = a_campaign(acme)
    mine = uploaded(acme, spring).data["id"]
    for query in ("", f"campaignId={spring}&"):
        shown = acme.get(f"/api/v3/assets?{query}cursor={cursor}").data["items"]
        assert [asset["id"] for asset in shown] == [mine]


def test_a_list_of_a_campaign_that_is_not_there_is_404_and_named(acme: Caller, other: Caller) -> None:
    for campaign_id in (UNKNOWN, a_campaign(other), "", "x", "%00"):
        answer = acme.get(f"/api/v3/assets?campaignId={campaign_id}")
        assert (answer.status, answer.fields) == (404, ["campaignId"])


def test_a_deleted_asset_leaves_neither_rows_nor_an_object(acme: Caller, media: MediaStore, table: Table) -> None:
    campaign_id = a_campaign(acme)
    asset = uploaded(acme, campaign_id).data
    assert acme.delete(f"/api/v3/campaigns/{campaign_id}").status == 409
    assert acme.delete(f"/api/v3/assets/{asset['id']}").status == 204
    assert acme.get(f"/api/v3/assets/{asset['id']}").status == 404
    assert acme.get(f"/api/v3/assets?campaignId={campaign_id}").data["items"] == []
    assert (objects(media), rows(table)) == ([], [])
    assert acme.delete(f"/api/v3/assets/{asset['id']}").status == 404
    assert acme.delete(f"/api/v3/campaigns/{campaign_id}").status == 204


def test_an_asset_shows_its_thumbnail(acme: Caller) -> None:
    asset = uploaded(acme, a_campaign(acme), picture(1600, 900)).data
    path = f"/api/v3/assets/{asset['id']}"
    stable = acme.get(f"{path}/thumbnail")
    assert (stable.status, stable.text, stable.headers["cache-control"]) == (302, "", "no-store")
    for url in (asset["thumbnailUrl"], acme.get(path).data["thumbnailUrl"], stable.headers["location"]):
        shown = requests.get(url, timeout=5)
        assert shown.headers["Content-Type"] == "image/jpeg"
        assert (opened(shown.content).format, opened(shown.content).size) == ("JPEG", (768, 432))
    assert asset["thumbnailBlobId"] == acme.get("/api/v3/assets").data["items"][0]["thumbnailBlobId"]
    assert asset["id"] in asset["thumbnailBlobId"]


def test_the_same_file_again_is_the_same_asset(acme: Caller, media: MediaStore, table: Table) -> None:
    campaign_id, body = a_campaign(acme), picture()
    first = uploaded(acme, campaign_id, body, ("name", "Lamp"), ("tags", "hero"))
    kept = objects(media), rows(table)
    again = uploaded(acme, campaign_id, body, ("name", "Other"), ("tags", "wide"))
    assert (first.status, first.data["duplicate"]) == (201, False)
    assert (again.status, again.data["duplicate"]) == (200, True)
    assert again.headers["location"] == first.headers["location"]
    same = ("id", "name", "tags", "createdAt", "updatedAt")
    assert [again.data[field] for field in same] == [first.data[field] for field in same]
    assert (objects(media), rows(table)) == kept


def test_the_same_file_is_another_asset_in_another_campaign_and_of_another_tenant(acme: Caller, other: Caller) -> None:
    body = picture()
    made = [uploaded(caller, a_campaign(caller), body) for caller in (acme, acme, other)]
    assert [answer.status for answer in made] == [201, 201, 201]
    assert len({answer.data["id"] for answer in made}) == 3


def test_a_deleted_picture_can_come_again(acme: Caller) -> None:
    campaign_id, body = a_campaign(acme), picture()
    first = uploaded(acme, campaign_id, body).data["id"]
    assert acme.delete(f"/api/v3/assets/{first}").status == 204
    again = uploaded(acme, campaign_id, body)
    assert (again.status, again.data["duplicate"]) == (201, False)
    assert again.data["id"] != first


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (saved(drawn(), "GIF"), 415),
        (b"just text", 415),
        (b"<!doctype html><html></html>", 415),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415),
        (b"#EXTM3U\nhttp://169.254.169.254/", 415),
        (saved(drawn(), "WEBP", save_all=True, append_images=[drawn(mode="L")]), 415),
        (b"", 422),
        (picture(640, 360, "JPEG")[:900], 422),
        (picture(640, 360)[:-40], 422),
        (picture()[:-20] + bytes(20), 422),
        (with_chunk(picture(), b"zTXt", b"a\0\0" + zlib_bomb()), 422),
        (with_chunk(picture(), b"iCCP", b"a\0\0" + zlib_bomb()), 422),
        (picture(8000, 6300), 413),
        (png_header(2**31 - 1, 2**31 - 1), 413),
        (bytes(4_500_000), 413),
    ],
    ids=[
        "gif",
        "text",
        "html",
        "svg",
        "playlist",
        "moving",
        "empty",
        "cut-jpeg",
        "cut-png",
        "broken-sum",
        "text-bomb",
        "profile-bomb",
        "pixels",
        "pixel-bomb",
        "heavy",
    ],
)
def test_what_is_no_usable_picture_is_refused_and_nothing_is_kept(
    acme: Caller, media: MediaStore, table: Table, body: bytes, status: int
) -> None:
    campaign_id = a_campaign(acme)
    answer = uploaded(acme, campaign_id, body)
    assert (answer.status, answer.problem["status"]) == (status, status)
    assert "4.5 MB" in answer.problem["hint"]
    if len(body) < 4_000_000:
        assert answer.fields == ["file"]
    assert (objects(media), rows(table)) == ([], [])


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
    [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
        ("multipart/form-data", 415),
        ("multipart/form-data; boundary=x", 400),
    ],
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
            "picture: must not be a file: what is uploaded is sent as `file`",
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


def test_a_form_that_is_too_large_is_told_the_limit_and_the_other_way(acme: Caller) -> None:
    answer = uploaded(acme, a_campaign(acme), bytes(4_500_001))
    assert (answer.status, "4.5 MB" in answer.problem["hint"]) == (413, True)
    assert '"uploadType": "presigned"' in answer.problem["hint"]


@pytest.mark.parametrize("way", ["url", "presigned", "ftp", ""])
def test_a_form_that_asks_for_another_way_is_told_that_it_is_json(acme: Caller, way: str) -> None:
    answer = acme.upload([("uploadType", way), ("url", "https://a.example/"), ("campaignId", "?")], None)
    assert (answer.status, answer.fields) == (422, ["uploadType"])
    assert '{"uploadType": "url"' in answer.problem["hint"]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH"])
def test_the_path_of_uploads_is_no_asset(acme: Caller, method: str) -> None:
    answer = acme.send(method, "/api/v3/assets/upload")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_several_tags_are_taken_as_they_stand(acme: Caller) -> None:
    answer = uploaded(acme, a_campaign(acme), None, ("tags", "5"), ("tags", '["a"]'))
    assert answer.data["tags"] == ["5", '["a"]']


def test_an_upload_called_as_its_file_has_no_control_characters(acme: Caller) -> None:
    fields = [("uploadType", "file"), ("campaignId", a_campaign(acme))]
    assert acme.upload(fields, picture(), "lamp\x01\x7f.png").data["name"] == "lamp.png"


def test_a_type_of_asset_that_does_not_exist_is_422_and_named(acme: Caller) -> None:
    answer = acme.get("/api/v3/assets?type=foo")
    assert (answer.status, answer.fields) == (422, ["type"])
