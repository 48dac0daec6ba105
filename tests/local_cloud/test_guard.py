"""What the media guard lets through and what it refuses, in S3's words."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from werkzeug.wrappers import Response

from functions.studio.media_store import MediaStore
from local.credentials import REGION
from local.guard import Guard
from local.loopback import bind, served
from tests.local_cloud.mended import DataCloud, client, data_cloud

FILM = bytes(range(256)) * 40
KEY = "t-1/videos/j 1/clips/clip_001+ä.mp4"
FORM = {"Content-Type": "image/png"}
MAY = [{"Content-Type": "image/png"}, ["content-length-range", 1, 1_000], ["starts-with", "$x-amz-meta-name", "a"]]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataCloud]:
    with data_cloud(tmp_path_factory.mktemp("data")) as up:
        up.objects.put_object(Bucket=up.bucket, Key=KEY, Body=FILM, ContentType="video/mp4")
        yield up


def url(cloud: DataCloud, action: str = "get_object", key: str = KEY, **more: Any) -> str:
    signed: str = cloud.objects.generate_presigned_url(action, {"Bucket": cloud.bucket, "Key": key, **more})
    return signed


def post(cloud: DataCloud, body: bytes = b"png", **changed: Any) -> requests.Response:
    """Uploads by a presigned POST; `changed` are the form's fields that differ from what was signed."""
    signed = cloud.objects.generate_presigned_post(cloud.bucket, "uploads/a.png", Fields=FORM, Conditions=MAY)
    fields = signed["fields"] | {"x-amz-meta-name": "apple"} | changed
    return requests.post(signed["url"], data=fields, files={"file": ("a.png", body)}, timeout=10)


def refusal(response: requests.Response) -> tuple[int, str]:
    found = re.search("<Code>(.*)</Code>", response.text)
    return response.status_code, found[1] if found else response.text


def get(address: str, **headers: str) -> requests.Response:
    return requests.get(address, headers=headers, timeout=10)


def test_a_presigned_get_serves_the_object(cloud: DataCloud) -> None:
    served_object = get(url(cloud))
    assert (served_object.status_code, served_object.content) == (200, FILM)
    assert served_object.headers["Content-Type"] == "video/mp4"


def test_a_presigned_get_serves_a_range(cloud: DataCloud) -> None:
    part = get(url(cloud), Range="bytes=100-199")
    assert (part.status_code, part.content) == (206, FILM[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(FILM)}"


def test_a_presigned_head_tells_of_the_object(cloud: DataCloud) -> None:
    head = requests.head(url(cloud, "head_object"), timeout=10)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(FILM)))


def test_a_signed_disposition_is_served(cloud: DataCloud) -> None:
    disposition = 'attachment; filename="film ä.mp4"'
    response = get(url(cloud, ResponseContentDisposition=disposition))
    assert response.status_code == 200
    assert "attachment" in response.headers["Content-Disposition"]


def test_percent_encoding_may_change_on_the_way(cloud: DataCloud) -> None:
    assert get(url(cloud).replace("%2B", "%2b").replace("videos", "%76ideos")).status_code == 200


def test_a_presigned_put_stores_the_object(cloud: DataCloud) -> None:
    address = url(cloud, "put_object", "put.png", ContentType="image/png")
    assert requests.put(address, b"png", headers={"Content-Type": "image/png"}, timeout=10).status_code == 200
    assert get(url(cloud, key="put.png")).headers["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("clip_001", "clip_002"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=7200"),
        ("X-Amz-Signature=", "response-content-type=text%2Fhtml&X-Amz-Signature="),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
    ],
    ids=["another key", "a longer life", "another answer", "another signature"],
)
def test_a_tampered_url_is_refused(cloud: DataCloud, old: str, new: str) -> None:
    address = url(cloud)
    assert old in address
    assert refusal(get(address.replace(old, new))) == (403, "SignatureDoesNotMatch")


def test_a_url_is_good_for_one_method(cloud: DataCloud) -> None:
    assert refusal(requests.put(url(cloud), b"mine now", timeout=10)) == (403, "SignatureDoesNotMatch")
    assert refusal(requests.delete(url(cloud), timeout=10)) == (403, "SignatureDoesNotMatch")
    assert requests.head(url(cloud), timeout=10).status_code == 403
    assert get(url(cloud)).content == FILM


def test_a_signed_header_must_come_as_signed(cloud: DataCloud) -> None:
    address = url(cloud, "put_object", "typed.png", ContentType="image/png")
    other = requests.put(address, b"<html>", headers={"Content-Type": "text/html"}, timeout=10)
    assert refusal(other) == (403, "SignatureDoesNotMatch")


def test_an_unsigned_amazon_header_is_refused(cloud: DataCloud) -> None:
    address = url(cloud, "put_object", "tagged.png")
    response = requests.put(address, b"png", headers={"x-amz-tagging": "lifetime=for+ever"}, timeout=10)
    assert refusal(response) == (403, "AccessDenied")


def test_a_url_of_another_key_pair_is_refused(cloud: DataCloud) -> None:
    def signed_with(key: str, secret: str) -> str:
        stranger = boto3.client(
            "s3",
            endpoint_url=cloud.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(signature_version="s3v4"),
        )
        address: str = stranger.generate_presigned_url("get_object", {"Bucket": cloud.bucket, "Key": KEY})
        return address

    assert refusal(get(signed_with("STRANGER", "any"))) == (403, "InvalidAccessKeyId")
    assert refusal(get(signed_with("LOCALREELAY", "guessed"))) == (403, "SignatureDoesNotMatch")


def test_an_unsigned_url_reads_nothing(cloud: DataCloud) -> None:
    assert refusal(get(url(cloud).partition("?")[0])) == (403, "AccessDenied")
    assert refusal(get(f"{cloud.url}/{cloud.bucket}")) == (403, "AccessDenied")
    assert refusal(requests.delete(f"{cloud.url}/{cloud.bucket}/put.png", timeout=10)) == (403, "AccessDenied")
    assert refusal(requests.post(f"{cloud.url}/moto-api/reset", timeout=10)) == (403, "AccessDenied")


def test_a_url_of_signature_version_2_is_refused(cloud: DataCloud) -> None:
    old = client("s3", cloud.url, signature_version="s3")
    address = old.generate_presigned_url("get_object", {"Bucket": cloud.bucket, "Key": KEY})
    assert refusal(get(address)) == (400, "InvalidRequest")


@pytest.mark.parametrize(("seconds_later", "status"), [(59, 200), (61, 403)])
def test_a_url_expires(seconds_later: int, status: int) -> None:
    guard = Guard(Response("served"), now=lambda: datetime.now(UTC) + timedelta(seconds=seconds_later))
    with served(guard, bind(), "guarded") as address:
        s3 = client("s3", address, signature_version="s3v4")
        response = get(s3.generate_presigned_url("get_object", {"Bucket": "b", "Key": "k"}, ExpiresIn=60))
    assert response.status_code == status
    assert ("Request has expired" in response.text) == (status == 403)


def test_a_url_lives_seven_days_at_most(cloud: DataCloud) -> None:
    week = cloud.objects.generate_presigned_url("get_object", {"Bucket": cloud.bucket, "Key": KEY}, ExpiresIn=604_800)
    longer = cloud.objects.generate_presigned_url("get_object", {"Bucket": cloud.bucket, "Key": KEY}, ExpiresIn=604_801)
    assert get(week).status_code == 200
    assert refusal(get(longer)) == (400, "AuthorizationQueryParametersError")


def test_a_presigned_post_stores_the_file(cloud: DataCloud) -> None:
    assert post(cloud).status_code == 204
    kept = cloud.objects.head_object(Bucket=cloud.bucket, Key="uploads/a.png")
    assert (kept["ContentLength"], kept["ContentType"], kept["Metadata"]) == (3, "image/png", {"name": "apple"})


@pytest.mark.parametrize(
    ("size", "refused"), [(1_001, (400, "EntityTooLarge")), (0, (400, "EntityTooSmall"))], ids=["too large", "empty"]
)
def test_a_presigned_post_holds_its_size(cloud: DataCloud, size: int, refused: tuple[int, str]) -> None:
    assert refusal(post(cloud, bytes(size))) == refused


@pytest.mark.parametrize(
    "changed",
    [{"key": "uploads/b.png"}, {"Content-Type": "text/html"}, {"x-amz-meta-name": "pear"}, {"acl": "public-read"}],
    ids=["another key", "another type", "another beginning", "another field"],
)
def test_a_presigned_post_holds_its_policy(cloud: DataCloud, changed: dict[str, str]) -> None:
    response = post(cloud, **changed)
    assert refusal(response) == (403, "AccessDenied")
    assert "Invalid according to Policy" in response.text


def test_a_rewritten_policy_is_refused(cloud: DataCloud) -> None:
    policy = {"expiration": "2999-01-01T00:00:00Z", "conditions": []}
    rewritten = base64.b64encode(json.dumps(policy).encode()).decode()
    assert refusal(post(cloud, policy=rewritten)) == (403, "SignatureDoesNotMatch")


def test_a_policy_expires() -> None:
    guard = Guard(Response("served"), now=lambda: datetime.now(UTC) + timedelta(seconds=61))
    with served(guard, bind(), "guarded") as address:
        s3 = client("s3", address, signature_version="s3v4")
        signed = s3.generate_presigned_post("b", "k", ExpiresIn=60)
        response = requests.post(signed["url"], data=signed["fields"], files={"file": b"png"}, timeout=10)
    assert refusal(response) == (403, "AccessDenied")
    assert "Policy expired" in response.text


@pytest.mark.parametrize("length", [30_000, 2_000_000])
def test_a_form_of_endless_fields_is_refused(cloud: DataCloud, length: int) -> None:
    assert refusal(post(cloud, **{"x-amz-meta-name": "a" * length})) == (400, "MaxPostPreDataLengthExceeded")


@pytest.fixture
def media(cloud: DataCloud) -> MediaStore:
    return MediaStore(cloud.bucket, cloud.objects)


@pytest.mark.parametrize("size", [1, 100_000, 20_000_000])
def test_a_form_for_an_upload_takes_a_picture_and_marks_it_for_removal(
    cloud: DataCloud, media: MediaStore, size: int
) -> None:
    form = media.signed_post(f"uploads/{size}", most_bytes=20_000_000, content_type="image/png")
    stored = requests.post(form.url, data=form.fields, files={"file": ("a.png", bytes(size))}, timeout=30)
    assert stored.status_code == 204
    kept = cloud.objects.head_object(Bucket=cloud.bucket, Key=f"uploads/{size}")
    assert (kept["ContentLength"], kept["ContentType"]) == (size, "image/png")
    tags = cloud.objects.get_object_tagging(Bucket=cloud.bucket, Key=f"uploads/{size}")["TagSet"]
    assert tags == [{"Key": "lifetime", "Value": "upload"}]


@pytest.mark.parametrize("size", [0, 1_001])
def test_a_form_for_an_upload_holds_the_size_that_was_announced(media: MediaStore, size: int) -> None:
    form = media.signed_post("uploads/sized", most_bytes=1_000)
    sent = requests.post(form.url, data=form.fields, files={"file": ("a.png", bytes(size))}, timeout=10)
    assert refusal(sent) == (400, "EntityTooLarge" if size else "EntityTooSmall")


FOREVER = "<Tagging><TagSet><Tag><Key>lifetime</Key><Value>for ever</Value></Tag></TagSet></Tagging>"


@pytest.mark.parametrize(
    "changed", [{"tagging": FOREVER}, {"tagging": None}, {"key": "uploads/other"}, {"key": "films/1/combined.mp4"}]
)
def test_a_form_for_an_upload_holds_its_place_and_its_lifetime(
    media: MediaStore, changed: dict[str, str | None]
) -> None:
    form = media.signed_post("uploads/held", most_bytes=1_000)
    fields = {name: value for name, value in (form.fields | changed).items() if value is not None}
    assert refusal(requests.post(form.url, data=fields, files={"file": b"png"}, timeout=10)) == (403, "AccessDenied")


def test_a_form_without_a_policy_is_refused(cloud: DataCloud) -> None:
    address = f"{cloud.url}/{cloud.bucket}"
    response = requests.post(address, data={"key": "mine"}, files={"file": b"png"}, timeout=10)
    assert refusal(response) == (403, "AccessDenied")


def test_a_browser_may_ask_before_it_reads(cloud: DataCloud) -> None:
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://desk.example"], "AllowedHeaders": ["range"]}
    cloud.objects.put_bucket_cors(Bucket=cloud.bucket, CORSConfiguration={"CORSRules": [rule]})
    headers = {"Origin": "https://desk.example", "Access-Control-Request-Method": "GET"}
    asked = requests.options(url(cloud), headers=headers, timeout=10)
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == "https://desk.example"
    assert get(url(cloud), Origin="https://desk.example").content == FILM
