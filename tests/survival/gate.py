"""A door in front of a provider's stand-in, where answers are held, lost or replaced as a test says."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from werkzeug import Request, Response

from local.front import raw_uri
from local.loopback import bind, served
from local.standins.scripts import contains
from local.standins.service import Dropped
from tests.survival.wires import Wire

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

SECRET = "/v1/webhooks/default/secret"
MOST_SECONDS = 120
"""That anything is held back here."""
HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


@dataclass
class Rule:
    """For creates that match, as the stand-ins' own rules do: these answers in turn, before (or after) the stand-in accepts
    them; None is the stand-in's own."""

    match: Mapping[str, Any]
    answers: list[Callable[[], Response | None]]
    accepted: bool


@dataclass
class Cut:
    """A file that breaks off after `sent` bytes as often as `times`, and is then whole, or gone."""

    body: bytes
    sent: int = 0
    times: int = 0
    gone: bool = False
    until: threading.Event | None = None
    """Before which nobody gets it."""


@dataclass
class Gate:
    behind: str
    wire: Wire
    url: str = ""
    secret: str | None = None
    """What webhooks are signed with, when it is not the stand-in's own secret any more."""
    deaf: bool = False
    """To whoever wants a prediction cancelled."""
    shows: dict[str, Any] = field(default_factory=dict)
    """What is answered to whoever looks, by path; any other is the stand-in's to show."""
    files: dict[str, Cut] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    creates: list[tuple[str, float]] = field(default_factory=list)
    """Of every create its webhook, and when it came."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    @contextmanager
    def before(cls, behind: str, wire: Wire) -> Iterator[Self]:
        gate = cls(behind, wire)
        with served(gate, bind(), "gate") as gate.url:
            yield gate

    def answers(self, match: Mapping[str, Any], *answers: Callable[[], Response]) -> None:
        """Instead of the stand-in, which never hears of these creates."""
        self.rules.append(Rule(match, list(answers), accepted=False))

    def loses(self, match: Mapping[str, Any], answer: Callable[[], Response | None]) -> None:
        """The stand-in accepts the create; we hear this instead."""
        self.rules.append(Rule(match, [answer], accepted=True))

    def holds(self, name: str, body: bytes, **how: Any) -> str:
        """The URL of a file, which may break off at first."""
        self.files[f"/files/{name}"] = Cut(body, **how)
        return f"{self.url}/files/{name}"

    def sent(self, mark: str) -> int:
        """How many creates came whose webhook carries `mark`."""
        return sum(mark in webhook for webhook, _ in self.creates)

    def gaps(self, mark: str) -> list[float]:
        """Seconds between the creates whose webhook carries `mark`."""
        times = [at for webhook, at in self.creates if mark in webhook]
        return [after - before for before, after in itertools.pairwise(times)]

    def forget(self) -> None:
        self.rules.clear()
        self.files.clear()
        self.shows.clear()
        self.fetched.clear()
        self.creates.clear()
        self.secret = None
        self.deaf = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data()
        return self._answer(request, body)(environ, start_response)

    def _answer(self, request: Request, body: bytes) -> Response:
        if request.path.startswith("/files/"):
            return self._file(request.path)
        if request.path == SECRET and self.secret:
            return Response(json.dumps({"key": self.secret}), content_type="application/json")
        if self.deaf and self.wire.cancels(request.method, request.path):
            return Response(status=503)
        if request.method == "GET" and request.path in self.shows:
            return Response(json.dumps(self.shows[request.path]), content_type="application/json")
        rule, said = self._rule(request, body)
        if rule and said and not rule.accepted:
            return said() or self._pass(request, body)
        passed = self._pass(request, body)
        return (said and said()) or passed

    def _rule(self, request: Request, body: bytes) -> tuple[Rule | None, Callable[[], Response | None] | None]:
        if not self.wire.creates(request.method, request.path):
            return None, None
        asked = json.loads(body)
        create = {**asked.get("input", {}), **asked, "webhook": self.wire.reports_to(asked)}
        self.creates.append((create["webhook"], time.monotonic()))
        with self._lock:
            for rule in self.rules:
                if contains(create, rule.match) and rule.answers:
                    return rule, rule.answers.pop(0)
        return None, None

    def _pass(self, request: Request, body: bytes) -> Response:
        line = http.client.HTTPConnection(urlsplit(self.behind).netloc, timeout=60)
        try:
            line.request(request.method, raw_uri(request), body, dict(request.headers))
            answer = line.getresponse()
            said = answer.read()
        except http.client.RemoteDisconnected:
            return Dropped()
        finally:
            line.close()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
        return Response(said, answer.status, headers)

    def _file(self, path: str) -> Response:
        self.fetched.append(path)
        file = self.files.get(path)
        if file and file.until:
            file.until.wait(MOST_SECONDS)
        if file is None or (file.gone and file.times == 0):
            return Response(status=404)
        if file.times:
            file.times -= 1
            return Response(
                _broken_off(file), content_type="video/mp4", headers={"Content-Length": str(len(file.body))}
            )
        return Response(file.body, content_type="video/mp4")


def _broken_off(file: Cut) -> Iterator[bytes]:
    yield file.body[: file.sent]
    raise ConnectionAbortedError("it breaks off as the test says")


def said(status: int, body: Any, **headers: str) -> Callable[[], Response]:
    """An answer of a provider's: JSON (Replicate's problem+json), or a page."""
    content = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/problem+json"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: Response(content, status, named, content_type=kind)


def dropped() -> Response:
    return Dropped()


def held(until: threading.Event, seconds: float) -> Callable[[], Response]:
    """No answer, for so long that nobody waits for it any more."""

    def answer() -> Response:
        until.wait(seconds)
        return Dropped()

    return answer


def delayed(until: threading.Event) -> Callable[[], None]:
    """The stand-in's own answer, later."""

    def answer() -> None:
        until.wait(MOST_SECONDS)

    return answer
