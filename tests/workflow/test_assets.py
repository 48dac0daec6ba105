"""Every way of an upload over HTTP, through the gateway's limits and the bucket's guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image

from tests.pictures import CORNERS, corners, drawn, exif, laid, opened, saved

if TYPE_CHECKING:
    from tests.workflow.conftest import Team


@pytest.fixture
def campaign(team: Team) -> str:
    return team.campaign([])


def upload(team: Team, campaign: str, body: bytes) -> requests.Response:
    fields = {"uploadType": "file", "campaignId": campaign}
    return team.http.post(f"{team.url}/assets/upload", data=fields, files={"file": ("a.png", body)}, timeout=60)


def announce(team: Team, campaign: str, **fields: Any) -> Any:
    return team.post("/assets/upload", {"uploadType": "presigned", "campaignId": campaign, **fields})


def put(form: Any, body: bytes, **changed: str) -> requests.Response:
    return requests.post(form["url"], data=form["fields"] | changed, files={"file": ("a.png", body)}, timeout=60)


def heavy(megabytes: float) -> bytes:
    """A PNG of at least so many bytes, that nothing makes smaller."""
    side = int((megabytes * 1e6 / 3) ** 0.5) + 1
    return saved(Image.effect_noise((side, side), 100).convert("RGB"), "PNG", compress_level=0)


def test_a_telephones_picture_arrives_upright_with_a_thumbnail(team: Team, campaign: str) -> None:
    answer = upload(team, campaign, saved(laid(6, drawn(1600, 1200)), exif=exif(6, place=True)))
    asset = answer.json()["data"]
    assert (answer.status_code, asset["width"], asset["height"]) == (201, 1600, 1200)
    original = opened(requests.get(asset["url"], timeout=10).content)
    assert (corners(original), dict(original.getexif())) == (CORNERS, {})
    small = opened(team.http.get(f"{team.url}/assets/{asset['id']}/thumbnail", timeout=10).content)
    assert (small.size, corners(small)) == ((768, 576), CORNERS)
    assert requests.get(asset["thumbnailUrl"].replace("thumbnail.jpg", "original.jpg"), timeout=10).status_code == 403


def test_a_large_picture_goes_straight_to_the_bucket(team: Team, campaign: str) -> None:
    body = heavy(8)
    form = announce(team, campaign, contentType="image/png", bytes=len(body))
    assert urlsplit(form["url"]).netloc != urlsplit(team.url).netloc
    assert put(form, body).status_code == 204
    asset = team.http.post(f"{team.cloud.url}{form['confirm']}", timeout=60).json()["data"]
    assert (asset["id"], asset["bytes"], asset["duplicate"]) == (form["id"], len(body), False)
    assert requests.get(asset["url"], timeout=10).content == body
    again = upload(team, campaign, saved(drawn())).json()["data"]["id"]
    assert [one["id"] for one in team.get(f"/assets?campaignId={campaign}")["items"]] == [form["id"], again]


def test_a_form_over_its_limit_is_told_the_presigned_way(team: Team, campaign: str) -> None:
    answer = upload(team, campaign, bytes(4_500_001))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert '"uploadType": "presigned"' in answer.json()["error"]["hint"]


@pytest.mark.parametrize("size", [4_800_000, 11_000_000])
def test_what_no_function_can_be_given_the_gateway_refuses_itself(team: Team, campaign: str, size: int) -> None:
    answer = upload(team, campaign, bytes(size))
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


@pytest.mark.parametrize(
    "changed",
    [{"key": "acme/assets/mine"}, {"tagging": ""}, {"Content-Type": "text/html"}, {"acl": "public-read"}],
    ids=["key", "lifetime", "type", "acl"],
)
def test_the_bucket_takes_only_what_was_announced(team: Team, campaign: str, changed: dict[str, str]) -> None:
    form = announce(team, campaign, contentType="image/png")
    assert put(form, b"picture", **changed).status_code == 403
    confirmed = team.http.post(f"{team.cloud.url}{form['confirm']}", timeout=60)
    assert (confirmed.status_code, confirmed.json()["error"]["code"]) == (409, "conflict")


def test_the_bucket_takes_no_more_bytes_than_were_announced(team: Team, campaign: str) -> None:
    form = announce(team, campaign, bytes=1000)
    refused = put(form, bytes(1001))
    assert (refused.status_code, "EntityTooLarge" in refused.text) == (400, True)


def test_a_page_in_a_browser_may_put_a_picture_there(team: Team, campaign: str) -> None:
    form = announce(team, campaign)
    asked = {"Origin": "https://desk.example", "Access-Control-Request-Method": "POST"}
    may = requests.options(form["url"], headers=asked, timeout=10)
    assert (may.status_code, may.headers["Access-Control-Allow-Origin"]) == (200, asked["Origin"])
    assert "POST" in may.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/a.png", "https://169.254.169.254/latest/", "http://a.example/a.png"]
)
def test_what_is_no_public_https_url_is_refused(team: Team, campaign: str, url: str) -> None:
    body = {"uploadType": "url", "campaignId": campaign, "url": url}
    answer = team.http.post(f"{team.url}/assets/upload", json=body, timeout=30)
    assert (answer.status_code, [one["field"] for one in answer.json()["error"]["errors"]]) == (422, ["url"])


def test_fifty_million_pixels_are_decoded_within_the_gateways_time(team: Team, campaign: str) -> None:
    body = saved(drawn(8000, 6250), "WEBP", method=0)
    asset = upload(team, campaign, body).json()["data"]
    assert (asset["width"], asset["height"], asset["contentType"]) == (8000, 6250, "image/jpeg")
