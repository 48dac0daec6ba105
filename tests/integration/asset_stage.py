"""What the tests of assets begin with, and what is left of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from functions.api import given
from functions.api.handler import app
from functions.api.outside import Outside
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply

UPLOAD = "/api/v3/assets/upload"


def objects(media: MediaStore) -> list[str]:
    return [one["Key"] for one in media.client.list_objects_v2(Bucket=media.bucket).get("Contents", [])]


def rows(table: Table, tenant: str = "acme") -> list[str]:
    """Sort keys of all that has to do with assets."""
    kinds = ("ASSET#", "IN#", "SAME#", "UPLOAD#")
    return [row["sk"] for row in table.query(f"T#{tenant}") if row["sk"].startswith(kinds)]


def announced(caller: Caller, campaign_id: str, **fields: Any) -> Reply:
    return caller.post(UPLOAD, {"uploadType": "presigned", "campaignId": campaign_id, **fields})


def put(form: dict[str, Any], body: bytes) -> requests.Response:
    """As a browser would: all the fields, then the file."""
    return requests.post(form["url"], data=form["fields"], files={"file": ("picture", body)}, timeout=5)


def by_url(caller: Caller, campaign_id: str, url: str, **fields: Any) -> Reply:
    return caller.post(UPLOAD, {"uploadType": "url", "campaignId": campaign_id, "url": url, **fields})


@contextmanager
def opening(outside: Outside) -> Iterator[None]:
    """The API with another door to the world."""
    app.dependency_overrides[given.outside] = lambda: outside
    try:
        yield
    finally:
        del app.dependency_overrides[given.outside]
