"""A local cloud in which every request of its functions to AWS, and every invocation, is counted."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug import Request, Response

from bench.units import Rows, billed
from local.cloud import HOLDERS, LocalCloud
from local.front import raw_uri
from local.logs import Log
from local.loopback import bind, served
from local.workers import Answer, Workers, Zygote

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


@dataclass(frozen=True)
class Call:
    """A request to AWS that succeeded or was refused: both are billed. Bodies are empty where they are not JSON."""

    service: str
    operation: str
    asked: Mapping[str, Any]
    answer: Mapping[str, Any]


class Tally:
    """What was seen since it was cleared; many threads write to it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.invocations: Counter[str] = Counter()
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            self.calls.clear()
            self.invocations.clear()

    def called(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)

    def invoked(self, folder: str) -> None:
        with self._lock:
            self.invocations[folder] += 1

    def counts(self, rows: Rows) -> dict[str, float]:
        """By what is billed."""
        found: dict[str, float] = defaultdict(float)
        for call in self.calls:
            name, quantity = billed(call.service, call.operation, call.asked, call.answer, rows)
            found[name] += quantity
        return found


class Toll:
    """Stands in front of one service of AWS, passes everything on and notes it down."""

    def __init__(self, service: str, behind: str, tally: Tally) -> None:
        self._service = service
        self._behind = urlsplit(behind).netloc
        self._tally = tally

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data()
        line = http.client.HTTPConnection(self._behind, timeout=60)
        try:
            # The Host too: signatures cover it.
            line.request(request.method, raw_uri(request), body, dict(request.headers))
            answer = line.getresponse()
            said = answer.read()
        finally:
            line.close()
        method = "LIST" if self._service == "s3" and "list-type" in request.args else request.method
        target = request.headers.get("X-Amz-Target", method).rpartition(".")[2]
        self._tally.called(Call(self._service, target, document(body), document(said)))
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
        return Response(said, answer.status, headers)(environ, start_response)


def document(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class CountedWorkers(Workers):
    def __init__(self, workers: Workers, tally: Tally) -> None:
        self._pools = workers._pools
        self._tally = tally

    def invoke(self, name: str, payload: bytes, request_id: str | None = None) -> Answer:
        self._tally.invoked(self[name].function.handler.split(".")[-3])
        return super().invoke(name, payload, request_id)


class CountedCloud(LocalCloud):
    """`tally` has what its functions asked of AWS, and how often each was invoked."""

    def __init__(self, **wishes: Any) -> None:
        super().__init__(**wishes)
        self.tally = Tally()
        self._tolls: dict[str, str] = {}
        self._standing = ExitStack()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._standing.close()

    @property
    def environment(self) -> dict[str, str]:
        """Whoever has it passes the tolls; what this process asks itself, through `client`, does not."""
        return {**super().environment, **self._tolls}

    def _employ(self, zygote: Zygote, log: Log, scratch: Path) -> Workers:
        for services in HOLDERS.values():
            for service, variable in services.items():
                listening = bind()
                toll = Toll(service, self.endpoints[service], self.tally)
                self._tolls[f"AWS_ENDPOINT_URL_{variable}"] = self._standing.enter_context(
                    served(toll, listening, f"toll of {service}")
                )
        return CountedWorkers(super()._employ(zygote, log, scratch), self.tally)
