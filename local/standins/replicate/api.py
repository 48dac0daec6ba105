"""Replicate's HTTP API."""

import base64
import binascii
import json
import re
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.utils import send_file

from local.standins import pictures
from local.standins.clip_cache import ClipCache
from local.standins.drawing import Drawer
from local.standins.inputs import Model, invalid_fields
from local.standins.replicate.files import MAX_FILE_BYTES, File
from local.standins.replicate.inputs import models
from local.standins.replicate.predictions import ERRORS, ReplicatePrediction, ReplicateWorkshop
from local.standins.replicate.webhooks import DEFAULT_EVENTS, EVENTS, REPEATS, SignedCourier, new_secret
from local.standins.scripts import VERBS
from local.standins.service import Dropped, Route, StandIn, Throttled, json_response

PAGE = 100
_PREFER_WAIT = re.compile(r"wait(?:=(\d+))?$")

_CREATE: dict[str, Any] = {
    "type": "object",
    "required": ["input"],
    "additionalProperties": False,
    "properties": {
        "input": {"type": "object"},
        "webhook": {"type": "string", "format": "uri"},
        "webhook_events_filter": {"type": "array", "items": {"enum": list(EVENTS)}},
        "stream": {"type": "boolean"},
    },
}
_CREATE_VERSION = _CREATE | {
    "required": ["version", "input"],
    "properties": _CREATE["properties"] | {"version": {"type": "string"}},
}


class Problem(HTTPException):
    """An error as problem+json."""

    def __init__(self, status: int, title: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.code = status
        self.body = {"title": title, "detail": detail, "status": status, **more}


class Replicate(StandIn):
    """`cache` keeps drawn clips from run to run. `output_ttl`: seconds from a prediction's end to the loss of its data.
    `refuse_loopback`: private addresses cannot be reached, and webhooks must be https, as from the real service."""

    verbs = VERBS.keys() - {"hide_error"}

    def __init__(
        self,
        port: int = 0,
        *,
        webhook_secret: str | None = None,
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
        self._scratch = tempfile.TemporaryDirectory(prefix="replicate-")
        scratch = Path(self._scratch.name)
        self._drawer = Drawer(scratch / "clips", ClipCache(cache) if cache else None)
        self._courier = SignedCourier(webhook_secret or new_secret(), webhook_repeats)
        self._workshop = ReplicateWorkshop(self._drawer, self._courier, scratch / "predictions", self._load, ERRORS)
        self._lock = threading.Lock()
        self._predictions: dict[str, ReplicatePrediction] = {}
        self._created = 0
        self._files: dict[str, File] = {}

    def routes(self) -> list[Route]:
        guarded: list[Route] = [
            ("POST", "/v1/predictions", self._create_by_version),
            ("GET", "/v1/predictions", self._list),
            ("GET", "/v1/predictions/<id>", self._get),
            ("POST", "/v1/predictions/<id>/cancel", self._cancel),
            ("POST", "/v1/models/<owner>/<name>/predictions", self._create_by_model),
            ("GET", "/v1/webhooks/default/secret", self._show_secret),
            ("POST", "/v1/files", self._create_file),
            ("GET", "/v1/files", self._list_files),
            ("GET", "/v1/files/<id>", self._get_file),
            ("DELETE", "/v1/files/<id>", self._delete_file),
            ("GET", "/v1/files/<id>/download", self._download_file),
        ]
        return [(method, path, self._with_token(answer)) for method, path, answer in guarded] + [
            ("GET", "/delivery/<path:path>", self._deliver),
            ("POST", "/_hurry", self._hurry),
            ("GET", "/_predictions", self._overview),
            ("GET", "/_webhooks", self._show_webhooks),
        ]

    def problem(self, error: HTTPException) -> Response:
        status = error.code or 500
        body: dict[str, Any] = {"title": error.name, "detail": error.description, "status": status}
        if isinstance(error, Problem):
            body = error.body
        elif isinstance(error, Throttled) and error.wait is not None:
            body["detail"] += f" Your rate limit resets in ~{error.wait}s."
            body["retry_after"] = error.wait
        return json_response(body, status, "application/problem+json")

    def forget(self) -> None:
        """A prediction that has not ended stays, with the files that it may still read and the webhooks it owes."""
        with self._lock:
            self._predictions = {key: one for key, one in self._predictions.items() if not one.ended.is_set()}
            if not self._predictions:
                self._files.clear()
        self._courier.forget_all_but(self._predictions.keys())

    def tidy(self) -> None:
        for prediction in list(self._predictions.values()):
            prediction.move("canceled")
        self._courier.stop()
        self._drawer.stop()
        self._scratch.cleanup()

    def _with_token(self, answer: Callable[..., Response]) -> Callable[..., Response]:
        def guarded(request: Request, **arguments: str) -> Response:
            kind, _, token = request.headers.get("authorization", "").partition(" ")
            if kind not in ("Bearer", "Token") or not token.strip() or self._token not in (None, token.strip()):
                raise Problem(401, "Unauthenticated", "You did not pass a valid authentication token")
            return answer(request, **arguments)

        return guarded

    def _create_by_model(self, request: Request, owner: str, name: str) -> Response:
        slug = f"{owner}/{name}"
        if slug not in models():
            raise Problem(404, "Not Found", f"Model not found: {slug}")
        return self._create(request, models()[slug], _body(request, _CREATE))

    def _create_by_version(self, request: Request) -> Response:
        body = _body(request, _CREATE_VERSION)
        model = models().get(body["version"].partition(":")[0])
        if model is None:
            detail = "The specified version does not exist (or perhaps you don't have permission to use it?)"
            raise Problem(422, "Invalid version or not permitted", detail)
        return self._create(request, model, body)

    def _create(self, request: Request, model: Model, body: Mapping[str, Any]) -> Response:
        webhook, given = body.get("webhook"), body["input"]
        if webhook and self._refuse_loopback and not (webhook.startswith("https://") and pictures.is_public(webhook)):
            _refuse("Invalid webhook", [_fault("webhook", "Must be a public HTTPS URL")])
        if faults := model.faults(given):
            _refuse("Input validation failed", faults)
        orders = self.take_orders({**given, **body, "model": model.slug})
        with self._lock:
            self._created += 1
            prediction = ReplicatePrediction(
                model=model,
                input=given,
                webhook=webhook,
                events=frozenset(body.get("webhook_events_filter", DEFAULT_EVENTS)),
                orders=orders,
                number=self._created,
                base_url=self.url,
                output_ttl=self._output_ttl,
            )
            self._predictions[prediction.id] = prediction
        answer = prediction.view()
        del answer["output"]  # a fresh create's answer often lacks it
        life = threading.Thread(target=self._workshop.live, args=(prediction,), daemon=True)
        life.start()
        if "early_webhook" in orders:
            life.join()
        if "lose_answer" in orders:
            return Dropped()
        if wait := _PREFER_WAIT.match(request.headers.get("prefer", "")):
            seconds = min(60, max(1, int(wait[1] or 60)))
            status = 201 if prediction.ended.wait(seconds) else 202
            response = json_response(prediction.view(), status)
            response.headers["preference-applied"] = f"wait={seconds}"
            return response
        return json_response(answer, 201)

    def _list(self, request: Request) -> Response:
        with self._lock:
            newest_first = list(self._predictions.values())[::-1]
        older_than, newer_than = _read_cursor(request.args.get("cursor"))
        if newer_than is not None:
            page = [p for p in newest_first if p.number > newer_than][-PAGE:]
        else:
            page = [p for p in newest_first if older_than is None or p.number < older_than][:PAGE]
        has_newer = bool(page) and page[0].number < newest_first[0].number
        has_older = bool(page) and page[-1].number > newest_first[-1].number

        def link(letter: str, prediction: ReplicatePrediction) -> str:
            return f"{self.url}/v1/predictions?cursor={_cursor(letter, prediction.number)}"

        return json_response(
            {
                "previous": link("p", page[0]) if has_newer else None,
                "next": link("n", page[-1]) if has_older else None,
                "results": [p.view() for p in page],
            }
        )

    def _get(self, request: Request, id: str) -> Response:
        return json_response(self._prediction(id).view())

    def _cancel(self, request: Request, id: str) -> Response:
        prediction = self._prediction(id)
        self._workshop.cancel(prediction)
        return json_response(prediction.view())

    def _prediction(self, id: str) -> ReplicatePrediction:
        try:
            return self._predictions[id]
        except KeyError:
            raise Problem(404, "Not Found", f"Prediction not found: {id}") from None

    def _show_secret(self, request: Request) -> Response:
        return json_response({"key": self._courier.secret})

    def _deliver(self, request: Request, path: str) -> Response:
        for prediction in list(self._predictions.values()):
            if path in prediction.outputs and not prediction.removed:
                return send_file(prediction.outputs[path], request.environ, conditional=True, max_age=0)
        raise Problem(404, "Not Found", "The requested output does not exist or has been removed")

    def _hurry(self, request: Request) -> Response:
        """Nothing that has been accepted is slow any more."""
        for prediction in list(self._predictions.values()):
            prediction.hurried.set()
        return json_response({})

    def _overview(self, request: Request) -> Response:
        return json_response([prediction.overview() for prediction in list(self._predictions.values())])

    def _show_webhooks(self, request: Request) -> Response:
        return json_response([delivery.view() for delivery in list(self._courier.deliveries)])

    def _load(self, url: str) -> bytes:
        own = re.match(re.escape(f"{self.url}/v1/files/") + r"([^/?]+)", url)
        if own:
            if own[1] not in self._files:
                raise pictures.PictureError(f"404 Not Found for {url}")
            return self._files[own[1]].content
        return pictures.fetch(url, public_only=self._refuse_loopback)

    def _create_file(self, request: Request) -> Response:
        part = request.files.get("content")
        if part is None:
            raise Problem(400, "Bad Request", "Missing content")
        content = part.read()
        if len(content) > MAX_FILE_BYTES:
            raise Problem(413, "Request Entity Too Large", "The file is larger than 100 MB")
        file = File(
            name=request.form.get("filename") or part.filename or "file",
            content_type=request.form.get("type") or part.mimetype or "application/octet-stream",
            content=content,
            metadata=json.loads(request.form.get("metadata") or "{}"),
        )
        self._files[file.id] = file
        return json_response(file.view(self.url), 201)

    def _list_files(self, request: Request) -> Response:
        shown = [file.view(self.url) for file in list(self._files.values())[::-1][:PAGE]]
        return json_response({"previous": None, "next": None, "results": shown})

    def _get_file(self, request: Request, id: str) -> Response:
        return json_response(self._file(id).view(self.url))

    def _delete_file(self, request: Request, id: str) -> Response:
        del self._files[self._file(id).id]
        return Response(status=204)

    def _download_file(self, request: Request, id: str) -> Response:
        file = self._file(id)
        return Response(file.content, content_type=file.content_type)

    def _file(self, id: str) -> File:
        try:
            return self._files[id]
        except KeyError:
            raise Problem(404, "Not Found", f"File not found: {id}") from None


def _body(request: Request, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise Problem(400, "Bad Request", "The request body is not valid JSON") from None
    if faults := invalid_fields(schema, body, ""):
        _refuse("Invalid request", faults)
    return body  # type: ignore[no-any-return]  # the schema says it is an object


def _refuse(title: str, faults: list[dict[str, str]]) -> NoReturn:
    detail = "".join(f"- {fault['field'] or 'body'}: {fault['description']}\n" for fault in faults)
    raise Problem(422, title, detail, invalid_fields=faults)


def _fault(field: str, description: str) -> dict[str, str]:
    return {"type": "format", "field": field, "description": description}


def _cursor(letter: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{letter}{number}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> tuple[int | None, int | None]:
    """A cursor as (older than, newer than): one of the two, or neither at the beginning."""
    if cursor is None:
        return None, None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        number = int(text[1:])
    except (binascii.Error, ValueError):
        raise Problem(400, "Bad Request", "Invalid cursor") from None
    return (number, None) if text[0] == "n" else (None, number)
