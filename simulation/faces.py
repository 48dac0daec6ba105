"""The providers as our functions meet them: Replicate behind the domain's own protocol, PiAPI and Runway behind their own
clients, whose requests are answered here."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import requests
from runwayml import DefaultHttpxClient, RunwayML

from functions.studio.clips import Answer, Outcome
from functions.studio.errors import (
    ProviderBusy,
    ProviderFailed,
    ProviderRefused,
    ProviderUnknown,
    WebhookRejected,
)
from functions.studio.providers.piapi import Piapi
from functions.studio.providers.protocol import ALIKE, Order, Prediction
from functions.studio.providers.runway import Runway
from simulation.provider import PIAPI, REPLICATE, RUNWAY, Asked, Makers, Work

SIGNATURE = "signed"


class Replicate:
    """Implements Provider."""

    name = "replicate"
    answers_by: Literal["webhook", "poll"] = "webhook"

    def __init__(self, makers: Makers) -> None:
        self.makers = makers
        makers.bodies[self.name] = lambda work, answer: Prediction(
            id=work.id, answer=answer, input=work.input
        ).model_dump_json()

    def start(self, order: Order) -> Prediction:
        return self._shown(self.makers.create(REPLICATE, Asked(order.input, order.webhook, SIGNATURE)))

    def upload(self, content: bytes, name: str) -> str:
        return self.makers.upload(REPLICATE, content, name)

    def look(self, prediction_id: str) -> Prediction:
        return self._shown(self.makers.look(prediction_id))

    def cancel(self, prediction_id: str) -> Prediction:
        return self._shown(self.makers.cancel(prediction_id))

    def find(self, mark: str, asked_at: str) -> Prediction | None:
        def find() -> Prediction | None:
            self.makers.hear(mark)
            unreadable = False
            for work in reversed(self.makers.works.values()):
                if work.by is not REPLICATE:
                    continue
                shown = self._shown(work)
                if shown.carries(mark):
                    if mark.startswith(ALIKE):
                        raise ProviderUnknown("another attempt may have asked for it")
                    return shown
                unreadable = unreadable or not shown.input
            if unreadable:
                raise ProviderUnknown("it has deleted what a prediction was asked for")
            return None

        return self.makers.world.call(f"find {mark}", find)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Prediction:
        if headers.get(REPLICATE.proof) != SIGNATURE:
            raise WebhookRejected("no signature over this body holds")
        return Prediction.model_validate_json(body)

    def _shown(self, work: Work) -> Prediction:
        answer = self.makers.answer_of(work)
        return Prediction(id=work.id, answer=answer, input={} if answer and answer.removed else work.input)


API = "https://api.piapi.example"
UPLOADS = "https://upload.piapi.example"


class OnTheLine(Piapi):
    """The client itself; only nothing leaves this process."""

    def __init__(self, makers: Makers) -> None:
        super().__init__(lambda: "key", API, UPLOADS)
        self._sending = self._looking = Line(makers)
        makers.bodies[self.name] = lambda work, answer: json.dumps({"timestamp": 0, "data": task(work, answer)})


class Line(requests.Session):
    """PiAPI's server, as a session reaches it."""

    def __init__(self, makers: Makers) -> None:
        super().__init__()
        self.makers = makers

    def request(self, method: Any, url: Any, *args: Any, **asked: Any) -> requests.Response:
        try:
            return said(200, "success", self._done(str(method), str(url), asked.get("json")))
        except ProviderBusy as busy:
            return said(429, str(busy), {}, busy.seconds)
        except ProviderRefused as refused:
            return said(400, str(refused), {})
        except ProviderFailed:
            return said(400, "unsupported task type", {})
        except ProviderUnknown as unknown:
            raise requests.ReadTimeout(str(unknown)) from None

    def _done(self, method: str, url: str, body: Any) -> dict[str, Any]:
        makers, name = self.makers, urlsplit(url).path.rpartition("/")[2]
        if url.startswith(UPLOADS):
            return {
                "url": makers.upload(PIAPI, base64.b64decode(body["file_data"].rpartition(",")[2]), body["file_name"])
            }
        if method == "POST":
            hook = body.get("config", {}).get("webhook_config", {})
            asked = Asked(body["input"], hook.get("endpoint"), hook.get("secret", ""))
            work = makers.create(PIAPI, asked)
        else:
            work = makers.look(name) if method == "GET" else makers.cancel(name)
        return task(work, makers.answer_of(work), now=makers.world.time)


def said(code: int, message: str, data: dict[str, Any], seconds: float | None = None) -> requests.Response:
    """In their envelope. Of refusals, some come as HTTP says, some within a 200."""
    answer = requests.Response()
    answer.status_code = 200 if code == 400 else code
    if seconds is not None:
        answer.headers["retry-after"] = f"{seconds:.0f}"
    answer._content = json.dumps({"code": code, "message": message, "data": data}).encode()
    return answer


WORDS = {
    Outcome.SUCCEEDED: ("Completed", "completed"),
    Outcome.FAILED: ("Failed", "failed"),
    Outcome.REFUSED: ("Failed", "failed"),
    Outcome.CANCELLED: ("Failed", "failed"),
}
ERRORS = {
    Outcome.FAILED: "it could not",
    Outcome.REFUSED: "flagged by moderation",
    Outcome.CANCELLED: "the task was cancelled",
}
"""They have no word for what was cancelled or flagged, but in an error's message."""


def task(work: Work, answer: Answer | None, now: float = 0.0) -> dict[str, Any]:
    """As they show it, in capitals or not."""
    waiting = now - work.began <= work.by.starts_after
    words = WORDS[answer.outcome] if answer else ("Pending", "pending") if waiting else ("Processing", "processing")
    made = answer is not None and answer.outcome is Outcome.SUCCEEDED
    points = 2_000_000
    return {
        "task_id": work.id,
        "status": words[int(work.id[1:]) % 2],
        "config": {"webhook_config": {"endpoint": work.webhook or "", "secret": work.proof}},
        "input": work.input,
        "output": {"video_url": answer.output_url} if answer and answer.output_url else {},
        "meta": {
            "started_at": stamp(work.began),
            "ended_at": stamp(work.ended) if work.ended else "0001-01-01T00:00:00Z",
            "usage": {"type": "point", "frozen": points, "consume": points if made else 0},
        },
        "error": {"code": 0, "message": "" if answer is None else ERRORS.get(answer.outcome, "")},
    }


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


RUNWAYS = "https://api.runway.example"


class AtTheDesk(Runway):
    """The client itself, over its SDK; only nothing leaves this process."""

    def __init__(self, makers: Makers) -> None:
        super().__init__(lambda: "key", RUNWAYS)
        self.makers = makers
        http = DefaultHttpxClient(transport=Desk(makers), trust_env=False)
        self._client = RunwayML(api_key="", base_url=RUNWAYS, max_retries=0, http_client=http)

    def upload(self, content: bytes, name: str) -> str:
        """The SDK sends uploads by a client of its own."""
        return self.makers.upload(RUNWAY, content, name)


class Desk(httpx.BaseTransport):
    """Runway's server, as the SDK reaches it."""

    def __init__(self, makers: Makers) -> None:
        self.makers = makers

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._done(request.method, request.url.path, request.read())
        except ProviderBusy as busy:
            told = {} if busy.seconds is None else {"retry-after": f"{busy.seconds:.0f}"}
            return httpx.Response(429, json={"error": str(busy)}, headers=told)
        except (ProviderRefused, ProviderFailed) as refused:
            return httpx.Response(400, json={"error": str(refused)})
        except ProviderUnknown as unknown:
            raise httpx.ReadTimeout(str(unknown)) from None

    def _done(self, method: str, path: str, body: bytes) -> httpx.Response:
        makers, name = self.makers, path.rpartition("/")[2]
        if method == "POST":
            return httpx.Response(200, json={"id": makers.create(RUNWAY, Asked(json.loads(body), None, "")).id})
        if method == "DELETE":
            makers.cancel(name)
            return httpx.Response(204)
        return httpx.Response(
            200, json=runway_task(work := makers.look(name), makers.answer_of(work), makers.world.time)
        )


ENDS: Mapping[Outcome, dict[str, str]] = {
    Outcome.SUCCEEDED: {"status": "SUCCEEDED"},
    Outcome.FAILED: {"status": "FAILED", "failure": "it could not", "failureCode": "INTERNAL.BAD_OUTPUT.CODE01"},
    Outcome.REFUSED: {"status": "FAILED", "failure": "flagged", "failureCode": "SAFETY.INPUT.TEXT"},
    Outcome.CANCELLED: {"status": "CANCELLED"},
}


def runway_task(work: Work, answer: Answer | None, now: float) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": work.id, "createdAt": stamp(work.began)}
    if answer is None:
        waits = ("PENDING", "THROTTLED")[int(work.id[1:]) % 2]
        return shown | {"status": waits if now - work.began <= RUNWAY.starts_after else "RUNNING"}
    output = {"output": [answer.output_url]} if answer.output_url else {}
    return shown | ENDS[answer.outcome] | output | {"cost": {"credits": 5 if answer.charged else 0}}
