"""Large pictures: announced, put into the bucket by a presigned POST, confirmed. Before that there is no asset."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
import requests
from PIL import Image

from functions.api import presigned
from functions.studio.errors import Conflict
from functions.studio.library import Asset, Campaign, Library, Upload
from functions.studio.media_store import MediaStore
from functions.studio.rows import now
from functions.studio.table import Table, update
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, a_campaign, asked, uploaded
from tests.integration.asset_stage import announced, objects, put, rows
from tests.pictures import CORNERS, corners, drawn, opened, png_header, saved


def test_a_picture_that_was_announced_and_put_is_an_asset_when_it_is_confirmed(acme: Caller, media: MediaStore) -> None:
    campaign_id = a_campaign(acme)
    made = announced(acme, campaign_id, fileName="lamp.webp", tags=["hero"], contentType="image/webp")
    form = made.data
    assert (made.status, made.headers["location"]) == (201, f"/api/v3/assets/{form['id']}")
    assert (form["mostBytes"], form["confirm"]) == (20_000_000, f"/api/v3/assets/{form['id']}/confirm")
    expires = datetime.fromisoformat(form["expiresAt"]) - datetime.fromisoformat(now())
    assert timedelta(minutes=59) < expires <= timedelta(hours=1)
    assert put(form, saved(drawn(), "WEBP")).status_code == 204
    confirmed = acme.send("POST", form["confirm"])
    asset = confirmed.data
    assert (confirmed.status, confirmed.headers["location"]) == (201, made.headers["location"])
    assert (asset["id"], asset["name"], asset["tags"]) == (form["id"], "lamp.webp", ["hero"])
    assert (asset["contentType"], asset["duplicate"], asset["campaignId"]) == ("image/jpeg", False, campaign_id)
    assert corners(opened(requests.get(asset["url"], timeout=5).content)) == CORNERS
    assert corners(opened(requests.get(asset["thumbnailUrl"], timeout=5).content)) == CORNERS
    assert sorted(key.rsplit("/", 1)[1] for key in objects(media)) == ["original.jpg", "thumbnail.jpg"]


def test_before_it_is_confirmed_it_is_in_no_list_and_counts_for_nothing(acme: Caller, table: Table) -> None:
    campaign_id = a_campaign(acme)
    uploaded(acme, campaign_id)
    form = announced(acme, campaign_id).data
    put(form, saved(drawn()))
    assert len(acme.get("/api/v3/assets").data["items"]) == 1
    assert len(acme.get(f"/api/v3/assets?campaignId={campaign_id}").data["items"]) == 1
    assert acme.get(f"/api/v3/assets/{form['id']}").status == 404
    assert acme.get(f"/api/v3/assets/{form['id']}/thumbnail").status == 404
    assert acme.delete(f"/api/v3/assets/{form['id']}").status == 404
    refused = asked(acme, campaignId=campaign_id)
    assert refused.problem["detail"] == "Need at least 2 image assets, but campaign has 1"
    acme.send("POST", form["confirm"])
    assert len(acme.get(f"/api/v3/assets?campaignId={campaign_id}").data["items"]) == 2


def test_the_form_holds_size_type_place_and_lifetime(acme: Caller) -> None:
    form = announced(acme, a_campaign(acme), contentType="image/png", bytes=12_345).data
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    assert ["content-length-range", 1, 12_345] in policy["conditions"]
    assert {"Content-Type": "image/png"} in policy["conditions"]
    assert {"key": f"acme/uploads/{form['id']}"} in policy["conditions"]
    [tagging] = [one["tagging"] for one in policy["conditions"] if isinstance(one, dict) and "tagging" in one]
    assert "<Key>lifetime</Key><Value>upload</Value>" in tagging
    assert form["fields"]["tagging"] == tagging
    assert form["mostBytes"] == 12_345


def test_confirming_before_anything_was_put_is_a_conflict_that_says_what_to_do(acme: Caller) -> None:
    form = announced(acme, a_campaign(acme)).data
    answer = acme.send("POST", form["confirm"])
    assert answer.status == 409
    assert form["expiresAt"] in answer.problem["hint"]
    put(form, saved(drawn()))
    assert acme.send("POST", form["confirm"]).status == 201


def test_confirming_again_gives_the_same_asset(acme: Caller, media: MediaStore) -> None:
    form = announced(acme, a_campaign(acme)).data
    put(form, saved(drawn()))
    first = acme.send("POST", form["confirm"])
    kept = objects(media)
    second = acme.send("POST", form["confirm"])
    assert (first.status, second.status, second.data["id"]) == (201, 200, first.data["id"])
    assert (second.data["duplicate"], objects(media)) == (False, kept)


def test_confirming_at_once_several_times_gives_one_asset(acme: Caller, media: MediaStore, table: Table) -> None:
    form = announced(acme, a_campaign(acme)).data
    put(form, saved(drawn()))

    def confirmed(_: int) -> str | None:
        with suppress(Conflict):
            return presigned.confirm(form["id"], "acme", Library(table), media)[0].id
        return None

    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(confirmed, range(4)))
    assert set(answers) - {None} == {form["id"]}
    assert acme.send("POST", form["confirm"]).data["duplicate"] is False
    assert len(objects(media)) == 2
    assert {row.split("#")[0] for row in rows(table)} == {"ASSET", "IN", "SAME"}
    assert requests.get(acme.get(f"/api/v3/assets/{form['id']}").data["url"], timeout=5).status_code == 200


def test_a_picture_that_the_campaign_has_is_answered_with_the_asset_that_it_is(acme: Caller, media: MediaStore) -> None:
    campaign_id, body = a_campaign(acme), saved(drawn())
    first = uploaded(acme, campaign_id, body).data["id"]
    form = announced(acme, campaign_id).data
    put(form, body)
    for _ in range(2):
        answer = acme.send("POST", form["confirm"])
        assert (answer.status, answer.data["id"], answer.data["duplicate"]) == (200, first, True)
    assert len(objects(media)) == 2
    assert len(acme.get("/api/v3/assets").data["items"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (saved(drawn(), "GIF"), 415),
        (b"<html>", 415),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415),
        (saved(drawn(640, 480), "PNG")[:-40], 422),
        (png_header(10_000, 5_001), 413),
    ],
    ids=["gif", "html", "svg", "cut", "pixels"],
)
def test_what_was_put_and_is_no_picture_is_refused_and_nothing_is_kept(
    acme: Caller, media: MediaStore, table: Table, body: bytes, status: int
) -> None:
    form = announced(acme, a_campaign(acme)).data
    put(form, body)
    answer = acme.send("POST", form["confirm"])
    assert (answer.status, answer.fields) == (status, ["file"])
    assert "20 MB" in answer.problem["hint"]
    assert (objects(media), rows(table)) == ([], [])
    assert acme.send("POST", form["confirm"]).status == 404


def test_a_picture_too_large_for_a_form_goes_the_presigned_way(acme: Caller) -> None:
    body = saved(Image.effect_noise((2400, 2400), 100), "PNG", compress_level=0)
    assert 4_500_000 < len(body) < 20_000_000
    campaign_id = a_campaign(acme)
    refused = uploaded(acme, campaign_id, body)
    assert (refused.status, refused.problem["code"]) == (413, "too_large")
    assert '"presigned"' in refused.problem["hint"]
    form = announced(acme, campaign_id, bytes=len(body)).data
    put(form, body)
    assert acme.send("POST", form["confirm"]).data["width"] == 2400


def test_an_upload_is_confirmed_by_its_own_tenant_alone(acme: Caller, other: Caller) -> None:
    form = announced(acme, a_campaign(acme)).data
    put(form, saved(drawn()))
    assert other.send("POST", form["confirm"]).status == 404
    assert other.get(f"/api/v3/assets/{form['id']}").status == 404
    assert acme.send("POST", form["confirm"]).status == 201


@pytest.mark.parametrize("strange", ["1", "x" * 3000, "..", "%00", "Ж", UNKNOWN, "*", "null", "upload"])
def test_an_upload_that_nobody_announced_cannot_be_confirmed(acme: Caller, strange: str) -> None:
    assert acme.send("POST", f"/api/v3/assets/{strange}/confirm").status == 404


@pytest.mark.parametrize("wrong", ["client", "asset", "campaign"])
def test_only_an_upload_can_be_confirmed(acme: Caller, wrong: str) -> None:
    campaign_id = a_campaign(acme)
    ids: dict[str, Callable[[], str]] = {
        "client": lambda: acme.post("/api/v3/clients", {"name": "A"}).data["id"],
        "asset": lambda: uploaded(acme, campaign_id).data["id"],
        "campaign": lambda: campaign_id,
    }
    answer = acme.send("POST", f"/api/v3/assets/{ids[wrong]()}/confirm")
    assert answer.status == (200 if wrong == "asset" else 404)


def test_an_upload_is_announced_for_a_campaign_that_is_there(acme: Caller, other: Caller, table: Table) -> None:
    for campaign_id in (UNKNOWN, a_campaign(other), "x"):
        answer = announced(acme, campaign_id)
        assert (answer.status, answer.fields) == (404, ["campaignId"])
    assert rows(table) == []


def test_an_upload_whose_campaign_has_gone_is_not_confirmed(acme: Caller, library: Library) -> None:
    campaign_id = a_campaign(acme)
    form = announced(acme, campaign_id).data
    put(form, saved(drawn()))
    library.remove(library.get(Campaign, "acme", campaign_id))
    answer = acme.send("POST", form["confirm"])
    assert (answer.status, answer.fields) == (404, ["campaignId"])
    assert library.find(Asset, "acme", form["id"]) is None


def test_an_upload_is_forgotten_with_the_object_that_the_bucket_forgets(acme: Caller, library: Library) -> None:
    form = announced(acme, a_campaign(acme)).data
    row = library.get(Upload, "acme", form["id"])
    assert row.expires_at - datetime.fromisoformat(row.created_at).timestamp() == pytest.approx(86_400, abs=2)
    library.table.commit(update("T#acme", f"UPLOAD#{row.id}", {"expiresAt": 1}))
    assert acme.send("POST", form["confirm"]).status == 404
