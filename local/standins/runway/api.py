"""Runway's HTTP API: creates by route, tasks that are polled, uploads in two steps. It calls nobody back."""

import json
import mimetypes
import secrets
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.utils import send_file

from local.standins import pictures
from local.standins.clip_cache import ClipCache
from local.standins.drawing import Drawer
from local.standins.inputs import invalid_fields
from local.standins.runway.inputs import RunwayModel, models
from local.standins.runway.tasks import ERRORS, Task, TaskWorkshop
from local.standins.scripts import VERBS
from local.standins.service import Dropped, Route, StandIn, Throttled, json_response

VERSION = "2024-11-06"
DOCS = "https://docs.dev.runwayml.com/api"
MOST_OF_A_PICTURE = 16 * 2**20
MOST_OF_A_DATA_URI = 5 * 2**20

_UPLOAD: dict[str, Any] = {
    "type": "object",
    "required": ["filename", "type"],
    "properties": {"filename": {"type": "string", "minLength": 1}, "type": {"const": "ephemeral"}},
}


class Refusal(HTTPException):
    """An error as Runway words it; `issues` are pairs of the input at fault and what is wrong with it."""

    def __init__(self, code: int, error: str, issues: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(error)
        self.code = code
        listed = [{"code": "custom", "path": name.split("."), "message": message} for name, message in issues]
        self.body = {"error": error, **({"issues": listed} if issues else {}), "docUrl": DOCS}


class Runway(StandIn):
    """`cache` keeps drawn clips from run to run. `link_ttl`: seconds that an output's address holds. `refuse_loopback`:
    pictures must lie at public https addresses of a domain, as for the real service."""

    verbs = VERBS.keys() - {"abort", "hide_error"} - {verb for verb, said in VERBS.items() if said.aspect == "webhook"}

    def __init__(
        self,
        port: int = 0,
        *,
        token: str | None = None,
        cache: Path | None = None,
        link_ttl: float = 86_400.0,
        refuse_loopback: bool = False,
    ) -> None:
        super().__init__(port)
        self._token = token
        self._link_ttl = link_ttl
        self._refuse_loopback = refuse_loopback
        self._scratch = tempfile.TemporaryDirectory(prefix="runway-")
        scratch = Path(self._scratch.name)
        self._drawer = Drawer(scratch / "clips", ClipCache(cache) if cache else None)
        self._workshop = TaskWorkshop(self._drawer, None, scratch / "tasks", self._load, ERRORS)
        self._lock = threading.Lock()
        self._tasks: dict[str, Task] = {}
        self._created = 0
        self._files: dict[str, bytes | None] = {}

    def routes(self) -> list[Route]:
        guarded: list[Route] = [
            ("POST", "/v1/uploads", self._begin_upload),
            ("POST", "/v1/<any(image_to_video, text_to_video, text_to_image):route>", self._create),
            ("GET", "/v1/tasks/<id>", self._get),
            ("DELETE", "/v1/tasks/<id>", self._delete),
        ]
        return [(method, path, self._with_key(answer)) for method, path, answer in guarded] + [
            ("POST", "/uploads/<name>", self._upload),
            ("GET", "/delivery/<path:path>", self._deliver),
            ("POST", "/_hurry", self._hurry),
            ("GET", "/_predictions", self._overview),
        ]

    def problem(self, error: HTTPException) -> Response:
        if isinstance(error, Refusal):
            return json_response(error.body, error.code or 500)
        said = "You have reached your daily task limit." if isinstance(error, Throttled) else error.description
        return json_response({"error": said or error.name}, error.code or 500)

    def forget(self) -> None:
        """A task that has not ended stays, with the files that it may still read."""
        with self._lock:
            self._tasks = {key: one for key, one in self._tasks.items() if not one.ended.is_set()}
            if not self._tasks:
                self._files.clear()

    def tidy(self) -> None:
        for task in list(self._tasks.values()):
            task.move("canceled")
        self._drawer.stop()
        self._scratch.cleanup()

    def _with_key(self, answer: Callable[..., Response]) -> Callable[..., Response]:
        def guarded(request: Request, **arguments: str) -> Response:
            kind, _, key = request.headers.get("authorization", "").partition(" ")
            if kind != "Bearer" or not key.strip() or self._token not in (None, key.strip()):
                raise Refusal(401, "The API key is not valid.")
            if request.headers.get("x-runway-version") != VERSION:
                raise Refusal(400, f"The X-Runway-Version header must be {VERSION}.")
            return answer(request, **arguments)

        return guarded

    def _create(self, request: Request, route: str) -> Response:
        body = _body(request)
        given = {name: value for name, value in body.items() if name != "model"}
        model = models()[route].get(str(body.get("model")))
        if model is None:
            raise _invalid(("model", "Invalid input: no such model"))
        if faults := model.faults(given):
            raise _invalid(*((fault["field"].removeprefix("input."), fault["description"]) for fault in faults))
        self._look_at(model, given)
        orders = self.take_orders(body)
        with self._lock:
            self._created += 1
            task = Task(
                model=model,
                input=given,
                webhook=None,
                events=frozenset(),
                orders=orders,
                number=self._created,
                base_url=self.url,
                output_ttl=float("inf"),
                link_ttl=self._link_ttl,
            )
            self._tasks[task.id] = task
        threading.Thread(target=self._workshop.live, args=(task,), daemon=True).start()
        if "lose_answer" in orders:
            return Dropped()
        return json_response({"id": task.id, "estimatedCost": {"credits": model.credits(given)}})

    def _look_at(self, model: RunwayModel, given: Mapping[str, Any]) -> None:
        for name, url, _ in model.sources(given):
            try:
                pictures.decode(self._load(url))
            except pictures.PictureError as error:
                raise _invalid((name.partition(".")[0], f"Failed to fetch asset. {error}")) from error

    def _get(self, request: Request, id: str) -> Response:
        return json_response(self._task(id).view())

    def _delete(self, request: Request, id: str) -> Response:
        """Cancels what has not ended, and forgets what has, its output with it."""
        task = self._task(id)
        if not self._workshop.cancel(task):
            with self._lock:
                self._tasks.pop(id, None)
        return Response(status=204)

    def _task(self, id: str) -> Task:
        try:
            return self._tasks[id]
        except KeyError:
            raise Refusal(404, "An asset or task with that ID was not found.") from None

    def _begin_upload(self, request: Request) -> Response:
        body = _body(request)
        if faults := invalid_fields(_UPLOAD, body, ""):
            raise _invalid(*((fault["field"], fault["description"]) for fault in faults))
        if not (mimetypes.guess_type(body["filename"])[0] or "").startswith("image/"):
            raise _invalid(("filename", "Unsupported asset type."))
        name = f"{secrets.token_hex(16)}{Path(body['filename']).suffix}"
        self._files[name] = None
        return json_response(
            {"uploadUrl": f"{self.url}/uploads/{name}", "fields": {"key": name}, "runwayUri": f"runway://{name}"}
        )

    def _upload(self, request: Request, name: str) -> Response:
        if name not in self._files or request.form.get("key") != name or "file" not in request.files:
            raise Refusal(403, "The upload was not begun.")
        self._files[name] = request.files["file"].read()
        return Response(status=204)

    def _load(self, url: str) -> bytes:
        parts = urlsplit(url)
        if parts.scheme == "runway":
            content = self._files.get(parts.netloc)
            if content is None:
                raise pictures.PictureError("There is no such upload.")
            return content
        if self._refuse_loopback and parts.scheme == "http":
            raise pictures.PictureError("Only HTTPS URLs are allowed.")
        most = MOST_OF_A_DATA_URI if parts.scheme == "data" else MOST_OF_A_PICTURE
        return pictures.fetch(url, public_only=self._refuse_loopback, max_bytes=most)

    def _deliver(self, request: Request, path: str) -> Response:
        key = request.args.get("_jwt", "")
        for task in list(self._tasks.values()):
            if path in task.outputs and task.opens(key):
                return send_file(task.outputs[path], request.environ, conditional=True, max_age=0)
        raise Refusal(401, "The address has expired.")

    def _hurry(self, request: Request) -> Response:
        """Nothing that has been accepted is slow any more."""
        for task in list(self._tasks.values()):
            task.hurried.set()
        return json_response({})

    def _overview(self, request: Request) -> Response:
        return json_response([task.overview() for task in list(self._tasks.values())])


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise Refusal(400, "The body is not valid JSON.") from None
    if isinstance(body, dict):
        return body
    raise _invalid(("", "Invalid input: expected object"))


def _invalid(*issues: tuple[str, str]) -> Refusal:
    return Refusal(400, "Validation of body failed", issues)
