"""What tests ask of the PiAPI stand-in, as requests does it: there is no SDK."""

from collections.abc import Callable
from typing import Any

import requests

from local.standins.piapi import Piapi
from tests.standins.conftest import Host, a_picture, wait_until

Start = Callable[..., Piapi]
SECRET = "5e" * 16


def call(standin: Piapi, method: str, path: str, body: Any = None, key: str = "any") -> requests.Response:
    return requests.request(method, standin.url + path, json=body, headers={"x-api-key": key}, timeout=30)


def create(
    standin: Piapi, model: str, task_type: str, input: dict[str, Any], webhook: str | None = None
) -> requests.Response:
    config = {"service_mode": "public"} | (
        {"webhook_config": {"endpoint": webhook, "secret": SECRET}} if webhook else {}
    )
    return call(
        standin, "POST", "/api/v1/task", {"model": model, "task_type": task_type, "input": input, "config": config}
    )


def made(standin: Piapi, webhook: str | None = None, **input: Any) -> dict[str, Any]:
    """A text to be filmed by the quickest model: the task as its create answers it."""
    answer = create(standin, "Qubico/hunyuan", "fast-txt2video", {"prompt": "a lamp"} | input, webhook)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def pair(host: Host) -> dict[str, Any]:
    frames = {f"frame{n}": {"type": "image", "url": host.serve(f"{n}.jpg", a_picture(n))} for n in (0, 1)}
    return {"prompt": "go", "key_frames": frames}


def seen(standin: Piapi, id: str) -> dict[str, Any]:
    return call(standin, "GET", f"/api/v1/task/{id}").json()["data"]


def ended(standin: Piapi, task: dict[str, Any]) -> dict[str, Any]:
    wait_until(lambda: seen(standin, task["task_id"])["status"] in ("completed", "failed"), 60)
    return seen(standin, task["task_id"])


def script(standin: Piapi, *rules: dict[str, Any]) -> None:
    requests.post(f"{standin.url}/_script", json=list(rules), timeout=10).raise_for_status()


def deliveries(standin: Piapi) -> list[dict[str, Any]]:
    return requests.get(f"{standin.url}/_webhooks", timeout=10).json()
