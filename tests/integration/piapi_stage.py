"""What the tests of PiAPI's border share: the stand-in asked through the provider, and providers that hear what a test says."""

from __future__ import annotations

import time
from typing import Any

import requests

from functions.studio.clips import Answer
from functions.studio.providers.piapi import Piapi
from functions.studio.providers.protocol import Order
from local.standins.piapi import Piapi as StandIn

TASK = {"task_id": "t", "status": "completed", "output": {"video_url": "https://o/1.mp4"}}


def provider_at(url: str, key: str = "token") -> Piapi:
    return Piapi(lambda: key, url, url)


def enveloped(data: Any, code: int = 200, message: str = "success") -> dict[str, Any]:
    return {"code": code, "data": data, "message": message}


def an_order(**changes: Any) -> Order:
    """Of a text, by the quickest model."""
    given = {"slug": "Qubico/hunyuan", "task_type": "fast-txt2video", "input": {"prompt": "a lamp"}}
    return Order(**{**given, **changes})


def pair_order(first: str, last: str) -> Order:
    frames = {"frame0": {"type": "image", "url": first}, "frame1": {"type": "image", "url": last}}
    return Order(slug="luma", task_type="video_generation", input={"prompt": "go", "key_frames": frames})


def script(stand_in: StandIn, *rules: dict[str, object]) -> None:
    requests.post(f"{stand_in.url}/_script", json=list(rules), timeout=10).raise_for_status()


def reset(stand_in: StandIn) -> None:
    requests.post(f"{stand_in.url}/_reset", timeout=10).raise_for_status()


def until_answered(provider: Piapi, task: str) -> Answer:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if answer := provider.look(task).answer:
            return answer
        time.sleep(0.1)
    raise TimeoutError
