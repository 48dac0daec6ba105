"""The distribution of the local cloud, in front of a bucket: what anybody may read, and what nobody may do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests

from local.child import Child
from local.credentials import ACCESS_KEY, REGION, SECRET_KEY
from local.edge import Edge
from local.logs import Log
from local.loopback import bind, served

KEY = "demo/generated_images/3f1c 9.png"
PICTURE = b"\x89PNG and what follows"


@pytest.fixture(scope="module")
def holder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of moto's S3, with one picture."""
    log = Log(tmp_path_factory.mktemp("edge") / "log")
    with Child("data", "local.data", log) as data:
        data.wait_until_ready()
        s3 = boto3.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION).client("s3", endpoint_url=data.url)
        s3.create_bucket(Bucket="shared")
        s3.put_object(Bucket="shared", Key=KEY, Body=PICTURE, ContentType="image/png")
        with served(Edge("shared", s3), bind(), "edge") as url:
            yield f"{data.url} {url}"
    log.close()


@pytest.fixture
def url(holder: str) -> str:
    return f"{holder.split()[1]}/{KEY.replace(' ', '%20')}"


def test_anybody_who_knows_its_key_reads_a_picture(url: str) -> None:
    answer = requests.get(url, headers={"Origin": "https://shop.example"}, timeout=10)
    assert (answer.status_code, answer.content) == (200, PICTURE)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_its_head_is_told_without_it(url: str) -> None:
    answer = requests.head(url, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(PICTURE))


def test_a_part_is_read_and_one_beyond_its_end_is_not(url: str) -> None:
    part = requests.get(url, headers={"Range": "bytes=1-3"}, timeout=10)
    assert (part.status_code, part.content) == (206, b"PNG")
    assert requests.get(url, headers={"Range": "bytes=900-"}, timeout=10).status_code == 416


@pytest.mark.parametrize("path", ["", "demo/", "demo/generated_images/another.png", "?list-type=2"])
def test_nothing_is_told_of_what_is_not_there_and_nothing_is_listed(url: str, path: str) -> None:
    answer = requests.get(f"{url.partition('/demo')[0]}/{path}", timeout=10)
    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_nothing_is_written_or_removed_by_it(url: str, method: str) -> None:
    assert requests.request(method, url, data=b"other", timeout=10).status_code == 403
    assert requests.get(url, timeout=10).content == PICTURE


def test_the_bucket_itself_is_read_by_nobody_without_a_signature(holder: str, tmp_path: Path) -> None:
    assert requests.get(f"{holder.split()[0]}/shared/{KEY}", timeout=10).status_code == 403
