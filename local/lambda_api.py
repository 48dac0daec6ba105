"""The Lambda API over HTTP, as far as functions are invoked by it and held back:
`POST /2015-03-31/functions/{name}/invocations`, `PUT` and `DELETE /2017-10-31/functions/{name}/concurrency`."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from werkzeug import Request, Response

from local.logs import Log
from local.workers import Answer, Pool, TooManyRequests, Workers

PATH: Final = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
CONCURRENCY: Final = re.compile(r"/2017-10-31/functions/([^/]+)/concurrency")
MEBIBYTE: Final = 1024 * 1024
LIMITS: Final = {"RequestResponse": 6 * MEBIBYTE, "Event": MEBIBYTE, "DryRun": 6 * MEBIBYTE}
RETRY_DELAYS: Final = (60.0, 120.0)
"""Seconds that Lambda waits before it tries a failed asynchronous invocation again."""


class Refusal(Exception):
    """The Lambda API will not invoke, in its own words."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class Invoker:
    """The WSGI application, and the asynchronous invocations that it has accepted."""

    def __init__(self, workers: Workers, log: Log, retry_delays: Sequence[float] = RETRY_DELAYS) -> None:
        self._workers = workers
        self._log = log
        self._retry_delays = retry_delays
        self._closing = threading.Event()

    def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]  # the signature of WSGI
        request = Request(environ)
        request_id = str(uuid.uuid4())
        try:
            response = self._respond(request, request_id)
        except Refusal as refusal:
            response = Response(
                json.dumps({"Type": "User", "Message": str(refusal)}),
                status=refusal.status,
                headers={"X-Amzn-ErrorType": refusal.kind},
                content_type="application/json",
            )
        response.headers["X-Amzn-RequestId"] = request_id
        return response(environ, start_response)

    def close(self) -> None:
        """Gives up the retries that are waited for."""
        self._closing.set()

    def later(self, name: str, payload: bytes, request_id: str | None = None) -> None:
        """Invokes without an answer, and again after each of the delays for as long as it fails."""
        threading.Thread(target=self._attempts, args=(name, payload, request_id), daemon=True).start()

    def _respond(self, request: Request, request_id: str) -> Response:
        if match := CONCURRENCY.fullmatch(unquote(request.path)):
            return reserve(self._pool(match.group(1)), request)
        match = PATH.fullmatch(unquote(request.path))
        if not match or request.method != "POST":
            raise Refusal(404, "UnknownOperationException", f"{request.method} {request.path} is no invocation")
        name = match.group(1)
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind not in LIMITS:
            raise Refusal(400, "InvalidParameterValueException", f"Unknown invocation type {kind}")
        payload = request.get_data() or b"{}"
        if len(payload) > LIMITS[kind]:
            message = f"{len(payload)} byte payload is too large for the {kind} invocation type"
            raise Refusal(413, "RequestEntityTooLargeException", f"{message} (limit {LIMITS[kind]} bytes)")
        self._pool(name)
        try:
            json.loads(payload)
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            raise Refusal(400, "InvalidRequestContentException", message) from error
        if kind == "Event":
            self.later(name, payload, request_id)
            return Response(status=202)
        if kind == "DryRun":
            return Response(status=204)
        try:
            return response_of(self._workers.invoke(name, payload, request_id))
        except TooManyRequests as error:
            raise Refusal(429, "TooManyRequestsException", str(error)) from error

    def _pool(self, name: str) -> Pool:
        try:
            return self._workers[name]
        except KeyError as error:
            raise Refusal(404, "ResourceNotFoundException", f"Function not found: {name}") from error

    def _attempts(self, name: str, payload: bytes, request_id: str | None) -> None:
        for delay in (*self._retry_delays, None):
            try:
                answer = self._workers.invoke(name, payload, request_id)
                said = answer.payload.decode()
                if not answer.failed:
                    return
            except TooManyRequests as error:
                said = str(error)
            if delay is None:
                self._log.write("invoke", f"{name} failed for good: {said}")
            elif self._closing.wait(delay):
                return


def reserve(pool: Pool, request: Request) -> Response:
    """Reserves concurrency for a function, 0 to stop it altogether; DELETE takes the limit away."""
    if request.method == "DELETE":
        pool.reserved = None
        return Response(status=204)
    if request.method != "PUT":
        raise Refusal(404, "UnknownOperationException", f"{request.method} {request.path} is not understood")
    pool.reserved = json.loads(request.get_data())["ReservedConcurrentExecutions"]
    told = {"ReservedConcurrentExecutions": pool.reserved}
    return Response(json.dumps(told), content_type="application/json")


def response_of(answer: Answer) -> Response:
    headers = {"X-Amz-Executed-Version": "$LATEST"}
    if answer.failed:
        headers["X-Amz-Function-Error"] = "Unhandled"
    return Response(answer.payload, headers=headers, content_type="application/json")
