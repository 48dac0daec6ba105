"""What the tests of Runway's border share: the stand-in asked through the provider, and providers that hear what a test says."""

from __future__ import annotations

import io
import time
from typing import Any

import requests
from PIL import Image

from functions.studio.clips import Answer
from functions.studio.providers.protocol import Order
from functions.studio.providers.runway import Runway
from local.standins.runway import Runway as StandIn

TASK = {
    "id": "t",
    "createdAt": "2026-11-21T10:00:00.000Z",
    "status": "SUCCEEDED",
    "output": ["https://o/1.mp4"],
    "cost": {"credits": 25},
}


def provider_at(url: str, key: str = "token") -> Runway:
    return Runway(lambda: key, url)


def an_order(**changes: Any) -> Order:
    """Of a text, as short as can be."""
    asked = {"promptText": "a lamp", "ratio": "1280:720", "duration": 2, "seed": 1}
    return Order(**{"slug": "gen4.5", "task_type": "text_to_video", "input": asked, **changes})


def still_order(*pictures: str, ratio: str = "1168:880") -> Order:
    shown = {"referenceImages": [{"uri": one} for one in pictures]} if pictures else {}
    asked = {"promptText": "a lamp on a table", "ratio": ratio, "seed": 1, **shown}
    return Order(slug="gen4_image", task_type="text_to_image", input=asked)


def a_picture(colour: str = "teal", kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), colour).save(out, kind)
    return out.getvalue()


def refused(issues: Any, error: str = "Validation of body failed") -> dict[str, Any]:
    return {"error": error, "issues": issues, "docUrl": "https://docs.dev.runwayml.com/api"}


def issue(*path: str | int, message: str = "Invalid input") -> dict[str, Any]:
    return {"code": "custom", "path": list(path), "message": message}


def script(stand_in: StandIn, *rules: dict[str, object]) -> None:
    requests.post(f"{stand_in.url}/_script", json=list(rules), timeout=10).raise_for_status()


def reset(stand_in: StandIn) -> None:
    requests.post(f"{stand_in.url}/_reset", timeout=10).raise_for_status()


def until_answered(provider: Runway, task: str) -> Answer:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if answer := provider.look(task).answer:
            return answer
        time.sleep(0.1)
    raise TimeoutError
