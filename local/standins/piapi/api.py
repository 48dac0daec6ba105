"""PiAPI's HTTP API: its envelope, tasks, and the upload service that stands on a host of its own."""

import base64
import binascii
import json
import mimetypes
import re
import secrets
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.utils import send_file

from local.standins import pictures
from local.standins.clip_cache import ClipCache
from local.standins.drawing import Drawer
from local.standins.inputs import Model, invalid_fields
from local.standins.piapi.inputs import models
from local.standins.piapi.tasks import ERRORS, Task, TaskWorkshop
from local.standins.piapi.webhooks import REPEATS, ClearCourier
from local.standins.scripts import VERBS
from local.standins.service import Dropped, Route, StandIn, Throttled, json_response

MAX_FILE_BYTES = 10 * 2**20
LONGEST_FILE_NAME = 128
TELLING_MORE = {"luma", "kling"}
"""Models whose tasks tell of their beginning too."""

_CREATE: dict[str, Any] = {
    "type": "object",
    "required": ["model", "task_type", "input"],
    "properties": {
        "model": {"type": "string"},
        "task_type": {"type": "string"},
        "input": {"type": "object"},
        "config": {
            "type": "object",
            "properties": {
                "service_mode": {"enum": ["", "public", "private"]},
                "webhook_config": {
                    "type": "object",
                    "properties": {"endpoint": {"type": "string"}, "secret": {"type": "string"}},
                },
            },
        },
    },
}
_UPLOAD: dict[str, Any] = {
    "type": "object",
    "required": ["file_name", "file_data"],
    "properties": {
        "file_name": {"type": "string", "maxLength": LONGEST_FILE_NAME},
        "file_data": {"type": "string"},
    },
}


class Refusal(HTTPException):
    """An error in the envelope; `hidden` where HTTP itself says that all is well."""

    def __init__(self, code: int, message: str, *, hidden: bool = False) -> None:
        super().__init__(message)
        self.code = 200 if hidden else code
        self.body = _envelope(None, code, message)


class Piapi(StandIn):
    """`cache` keeps drawn clips from run to run. `output_ttl`: seconds from a task's end to the loss of its data.
    `refuse_loopback`: private addresses cannot be reached, and webhooks must be https, as from the real service."""

    verbs = VERBS.keys() - {"abort"}

    def __init__(
        self,
        port: int = 0,
        *,
        token: str | None = None,
        cache: Path | None = None,
        output_ttl: float = 3600.0,
        refuse_loopback: bool = False,
        webhook_repeats: Sequence[float] = REPEATS,
    ) -> None:
        super().__init__(port)
        self._token = token
        self._output_ttl = output_ttl
        self._refuse_loopback = refuse_loopback
        self._scratch = tempfile.TemporaryDirectory(prefix="piapi-")
        scratch = Path(self._scratch.name)
        self._drawer = Drawer(scratch / "clips", ClipCache(cache) if cache else None)
        self._courier = ClearCourier(webhook_repeats)
        self._workshop = TaskWorkshop(self._drawer, self._courier, scratch / "tasks", self._load, ERRORS)
        self._lock = threading.Lock()
        self._tasks: dict[str, Task] = {}
        self._created = 0
        self._files: dict[str, bytes] = {}

    def routes(self) -> list[Route]:
        guarded: list[Route] = [
            ("POST", "/api/v1/task", self._create),
            ("GET", "/api/v1/task/<id>", self._get),
            ("DELETE", "/api/v1/task/<id>", self._cancel),
            ("POST", "/api/ephemeral_resource", self._upload),
        ]
        return [(method, path, self._with_key(answer)) for method, path, answer in guarded] + [
            ("GET", "/ephemeral/<name>", self._show_file),
            ("GET", "/delivery/<path:path>", self._deliver),
            ("POST", "/_hurry", self._hurry),
            ("GET", "/_predictions", self._overview),
            ("GET", "/_webhooks", self._show_webhooks),
        ]

    def problem(self, error: HTTPException) -> Response:
        if isinstance(error, Refusal):
            return json_response(error.body, error.code or 500)
        code = 500 if error.code == 503 else error.code or 500  # they document 400, 401 and 500
        return json_response(_envelope(None, code, _told(error)), code)

    def forget(self) -> None:
        """A task that has not ended stays, with the files that it may still read and the webhooks it owes."""
        with self._lock:
            self._tasks = {key: one for key, one in self._tasks.items() if not one.ended.is_set()}
            if not self._tasks:
                self._files.clear()
        self._courier.forget_all_but(self._tasks.keys())

    def tidy(self) -> None:
        for task in list(self._tasks.values()):
            task.move("canceled")
        self._courier.stop()
        self._drawer.stop()
        self._scratch.cleanup()

    def _with_key(self, answer: Callable[..., Response]) -> Callable[..., Response]:
        def guarded(request: Request, **arguments: str) -> Response:
            key = request.headers.get("x-api-key", "")
            if not key.strip() or self._token not in (None, key.strip()):
                raise Refusal(401, "Invalid API key")
            return answer(request, **arguments)

        return guarded

    def _create(self, request: Request) -> Response:
        body = _body(request, _CREATE)
        model = _model(body["model"], body["task_type"])
        given, config = body["input"], body.get("config", {})
        webhook = config.get("webhook_config", {}).get("endpoint") or None
        if webhook and self._refuse_loopback and not (webhook.startswith("https://") and pictures.is_public(webhook)):
            raise Refusal(400, "invalid request: webhook_config.endpoint must be a public https address")
        if faults := model.faults(given):
            raise Refusal(400, _named(faults))
        orders = self.take_orders({**given, **body, "webhook": webhook})
        if "hide_error" in orders:
            raise Refusal(500, "failed to freeze point", hidden=True)
        with self._lock:
            self._created += 1
            task = Task(
                model=model,
                task_type=body["task_type"],
                input=given,
                config=config,
                webhook=webhook,
                events=frozenset({"completed"} | ({"start"} if body["model"] in TELLING_MORE else set())),
                orders=orders,
                number=self._created,
                base_url=self.url,
                output_ttl=self._output_ttl,
            )
            self._tasks[task.id] = task
        answer = task.view()
        life = threading.Thread(target=self._workshop.live, args=(task,), daemon=True)
        life.start()
        if "early_webhook" in orders:
            life.join()
        if "lose_answer" in orders:
            return Dropped()
        return json_response(_envelope(answer))

    def _get(self, request: Request, id: str) -> Response:
        return json_response(_envelope(self._task(id).view()))

    def _cancel(self, request: Request, id: str) -> Response:
        task = self._task(id)
        if not self._workshop.cancel(task, only_from="starting"):
            raise Refusal(400, f"task is {task.view()['status']}: only pending tasks can be cancelled")
        return json_response(_envelope(task.view()))

    def _task(self, id: str) -> Task:
        try:
            return self._tasks[id]
        except KeyError:
            raise Refusal(404, "task not found") from None

    def _upload(self, request: Request) -> Response:
        body = _body(request, _UPLOAD)
        kind, _ = mimetypes.guess_type(body["file_name"])
        head, comma, text = body["file_data"].rpartition(",")
        if kind is None or (comma and head != f"data:{kind};base64"):
            raise Refusal(400, "Invalid request parameters")
        try:
            content = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise Refusal(400, "Invalid request parameters") from None
        if len(content) > MAX_FILE_BYTES:
            raise Refusal(400, "Invalid request parameters")
        name = f"{secrets.token_hex(16)}{Path(body['file_name']).suffix}"
        self._files[name] = content
        return json_response(_envelope({"url": f"{self.url}/ephemeral/{name}"}))

    def _show_file(self, request: Request, name: str) -> Response:
        if name not in self._files:
            raise Refusal(404, "not found")
        return Response(self._files[name], content_type=mimetypes.guess_type(name)[0])

    def _load(self, url: str) -> bytes:
        own = re.match(re.escape(f"{self.url}/ephemeral/") + r"([^/?]+)", url)
        if own:
            if own[1] not in self._files:
                raise pictures.PictureError(f"404 Not Found for {url}")
            return self._files[own[1]]
        return pictures.fetch(url, public_only=self._refuse_loopback)

    def _deliver(self, request: Request, path: str) -> Response:
        for task in list(self._tasks.values()):
            if path in task.outputs and not task.removed:
                return send_file(task.outputs[path], request.environ, conditional=True, max_age=0)
        raise Refusal(404, "not found")

    def _hurry(self, request: Request) -> Response:
        """Nothing that has been accepted is slow any more."""
        for task in list(self._tasks.values()):
            task.hurried.set()
        return json_response({})

    def _overview(self, request: Request) -> Response:
        return json_response([task.overview() for task in list(self._tasks.values())])

    def _show_webhooks(self, request: Request) -> Response:
        return json_response([delivery.view() for delivery in list(self._courier.deliveries)])


def _model(name: str, task_type: str) -> Model:
    if name not in models():
        raise Refusal(400, f"invalid request: unknown model {name}")
    if task_type not in models()[name]:
        raise Refusal(400, f"invalid request: unknown task_type {task_type} of model {name}")
    return models()[name][task_type]


def _body(request: Request, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise Refusal(400, "invalid request: the body is not valid JSON") from None
    if faults := invalid_fields(schema, body, ""):
        raise Refusal(400, _named(faults))
    return body  # type: ignore[no-any-return]  # the schema says it is an object


def _named(faults: Sequence[Mapping[str, str]]) -> str:
    return "invalid request: " + "; ".join(f"{fault['field'] or 'body'}: {fault['description']}" for fault in faults)


def _envelope(data: Any, code: int = 200, message: str = "success") -> dict[str, Any]:
    return {"code": code, "data": data, "message": message}


def _told(error: HTTPException) -> str:
    words = error.description or error.name
    return f"{words} Please try again in {error.wait}s." if isinstance(error, Throttled) and error.wait else words
