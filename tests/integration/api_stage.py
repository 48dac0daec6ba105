"""What the tests of the API begin with: pictures, campaigns, a job that is asked for."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from typing import Any

import boto3
from PIL import Image

from functions.api.accept_job import Reception
from functions.api.once import Once
from functions.studio import wiring
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply

UNKNOWN = "057c01c0-17f8-470e-9742-e4e3380eb9e6"
"""Has the form of an id."""


SHADES = itertools.count()


def picture(width: int = 64, height: int = 36, form: str = "PNG") -> bytes:
    """Each in another colour: the same file twice would be one picture."""
    file = io.BytesIO()
    red, green = divmod(next(SHADES), 256)
    Image.new("RGB", (width, height), (red % 256, green, 40)).save(file, form)
    return file.getvalue()


def a_reception(table: Table, path: str) -> Reception:
    """Of requests of the tenant acme that have no `Idempotency-Key`."""
    once = Once(table, "acme", path, None)
    return Reception(once, wiring.jobs(), wiring.ledger(), wiring.budgets(), wiring.workflow(), wiring.catalogue)


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


class Everything:
    """All that the service keeps, so that a test can say: nothing of it has changed."""

    def __init__(self, table: Table, media: MediaStore) -> None:
        self.table, self.media = table, media
        self._s3 = boto3.client("s3")

    def now(self) -> tuple[list[str], list[str]]:
        rows = self.table.client.scan(TableName=self.table.name)["Items"]
        objects = self._s3.list_objects_v2(Bucket=self.media.bucket).get("Contents", [])
        return sorted(json.dumps(row, sort_keys=True) for row in rows), sorted(one["Key"] for one in objects)

    def refused(self, call: Callable[[], Reply], status: int, *fields: str) -> dict[str, Any]:
        """The problem: of that status, with those fields (or any) at fault, saying what would do; and all is as before."""
        before = self.now()
        answer = call()
        problem = answer.problem
        assert (answer.status, problem["status"]) == (status, status), answer.text[:2000]
        assert answer.fields
        assert answer.fields == (list(fields) or answer.fields), problem
        assert problem["detail"]
        assert problem["hint"]
        assert self.now() == before, "something was created"
        return problem
