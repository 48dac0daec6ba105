"""What every stand-in has: an HTTP server on loopback, a log, a script, and the conduct of a process."""

import contextlib
import json
import math
import os
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from werkzeug import Request, Response, routing
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable, TooManyRequests

from local.process import HOST, QuietHandler, Server, stay
from local.standins.scripts import Rule, Script, ScriptError
from local.standins.spoiling import SPOILS

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Route = tuple[str, str, Callable[..., Response]]


class StandIn(ABC):
    """A provider's service. `start()` and `stop()` it in a process of one's own, or `run()` it as one.

    Beside the provider's API every stand-in answers `GET /_log`, `POST /_reset` and `POST /_script`.
    """

    verbs: ClassVar[Collection[str]]

    def __init__(self, port: int = 0) -> None:
        self.script = Script(self.verbs)
        self._log: list[dict[str, Any]] = []
        control: list[Route] = [
            ("GET", "/_log", self._show_log),
            ("POST", "/_reset", self._reset),
            ("POST", "/_script", self._append_script),
        ]
        self._map = routing.Map(
            [routing.Rule(path, methods=[method], endpoint=answer) for method, path, answer in control + self.routes()]
        )
        self._server = Server(HOST, port, self._wsgi, handler=QuietHandler)
        self.url = f"http://{HOST}:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @abstractmethod
    def routes(self) -> list[Route]:
        """The provider's API: method, werkzeug path, and what answers it."""

    @abstractmethod
    def problem(self, error: HTTPException) -> Response:
        """An error in the provider's own envelope."""

    def take_orders(self, create: Mapping[str, Any]) -> Mapping[str, Rule]:
        """The rules that an accepted create falls under, by their verb; raises Throttled or Failing for any other.

        `lose_answer` is the caller's to obey, by answering with Dropped."""
        orders = self.script.take(create)
        if throttle := orders.get("throttle"):
            raise Throttled(throttle.seconds)
        if "server_error" in orders:
            raise Failing
        return orders

    def forget(self) -> None:  # noqa: B027  # a service may have nothing to forget
        """Drops what requests have left behind and is over, for `POST /_reset`."""

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.tidy()

    def run(self) -> None:
        """As a process of its own; never returns."""
        stay(self._server, self.tidy)

    def tidy(self) -> None:  # noqa: B027  # a service may have started nothing
        """Ends what the service has started beside itself, programs for instance."""

    def _wsgi(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        if not request.path.startswith("/_"):
            self._note(request)
        try:
            answer, arguments = self._map.bind_to_environ(environ).match()
            response = answer(request, **arguments)
        except HTTPException as error:
            response = self.problem(error)
            if isinstance(error, Throttled) and error.wait is not None:
                response.headers["Retry-After"] = str(error.wait)
        answered: Iterable[bytes] = response(environ, start_response)
        return answered

    def _note(self, request: Request) -> None:
        self._log.append(
            {"method": request.method, "path": request.path, "body": _readable(request), "at": time.time()}
        )

    def _show_log(self, request: Request) -> Response:
        return json_response(list(self._log))

    def _reset(self, request: Request) -> Response:
        self.script.clear()
        self.forget()
        self._log.clear()
        return json_response({})

    def _append_script(self, request: Request) -> Response:
        try:
            rules = self.script.append(json.loads(request.get_data()))
        except (ScriptError, ValueError) as error:
            return json_response({"error": str(error)}, 422)
        return json_response({"rules": rules})


class Throttled(TooManyRequests):
    """A create that was not accepted: later. `wait` are whole seconds, None where the service does not say."""

    def __init__(self, seconds: float | None) -> None:
        self.wait = None if seconds is None else math.ceil(seconds)
        super().__init__("Request was throttled.")


class Failing(ServiceUnavailable):
    """A create that was not accepted, and nobody outside knows."""

    description = "The service is not available just now."


class Failed(InternalServerError):
    """A create that was accepted, and came to nothing."""

    description = "The server had an error while processing your request. Sorry about that!"


class Dropped(Response):
    """No answer at all: the connection is closed."""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        connection: socket.socket = environ["werkzeug.socket"]
        with contextlib.suppress(OSError):  # the other side was quicker
            connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError("dropped as the script says")


def obeyed(response: Response, orders: Mapping[str, Rule], refusal: HTTPException) -> Response:
    """What becomes of an answer, whose work is done, under the rules that its request falls under."""
    if slow := orders.get("slow"):
        time.sleep(slow.wait)
    if "lose_answer" in orders:
        return Dropped()
    if "fail" in orders:
        raise Failed
    if "refuse" in orders:
        raise refusal
    if (serve := orders.get("serve")) and serve.file:
        response.data = serve.file.read_bytes()
    for verb, spoil in SPOILS.items():
        if verb in orders:
            response.data = spoil(response.data)
    return response


def json_response(body: Any, status: int = 200, content_type: str = "application/json") -> Response:
    return Response(json.dumps(body), status, content_type=content_type)


def _readable(request: Request) -> Any:
    """A body as the log shows it: JSON parsed, text as text, an upload by its parts' names and sizes."""
    if request.mimetype == "multipart/form-data":
        uploads = {
            name: {
                "filename": part.filename,
                "contentType": part.content_type,
                "size": part.seek(0, os.SEEK_END),
            }
            for name, part in request.files.items()
        }
        for part in request.files.values():
            part.seek(0)
        return request.form.to_dict() | uploads
    raw = request.get_data()
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")
