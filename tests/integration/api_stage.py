"""What the tests of the API begin with: pictures, campaigns, a job that is asked for."""

from __future__ import annotations

import io
import itertools
from typing import Any

from PIL import Image

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
