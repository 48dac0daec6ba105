"""The HTTP API's gateway: the template's routes, each request as an event of payload format 2.0."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import unquote, unquote_plus, urlsplit

from werkzeug import Request, Response
from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from local.credentials import ACCOUNT
from local.deployment.records import Integration
from local.workers import Answer, TooManyRequests, Workers

BODY_LIMIT: Final = 10 * 1024 * 1024
INVOCATION_LIMIT: Final = 6 * 1024 * 1024
GREEDY: Final = re.compile(r"\{(.+)\+\}")
PARAMETER: Final = re.compile(r"\{(.+)\}")
TEXT: Final = re.compile(r"text/.*|application/(json|javascript|xml|.+\+json|.+\+xml)")
NOT_THE_FUNCTIONS: Final = {"connection", "content-length", "date", "transfer-encoding"}
API_ID: Final = "local"

Found = tuple[str, Integration, dict[str, str]]


class Gateway:
    """The WSGI application of one deployment's routes."""

    def __init__(self, routes: Mapping[str, Integration], cors: Mapping[str, Any], workers: Workers) -> None:
        self._routes = sorted(
            (Route(key, integration) for key, integration in routes.items()), key=lambda route: route.precedence
        )
        self._cors = cors
        self._workers = workers
        self._calls = ThreadPoolExecutor(1000, thread_name_prefix="gateway")

    def __call__(self, environ, start_response):  # type: ignore[no-untyped-def]  # the signature of WSGI
        request = Request(environ)
        response = preflight(request, self._cors) or self._respond(request)
        if self._cors:
            for name in [name for name, _ in response.headers if name.lower().startswith("access-control-")]:
                response.headers.remove(name)
            response.headers.extend(cors_headers(request, self._cors))
        return response(environ, start_response)

    def close(self) -> None:
        self._calls.shutdown(wait=False, cancel_futures=True)

    def _respond(self, request: Request) -> Response:
        path, _, query = raw_uri(request).partition("?")
        found = self._find(request.method, path)
        if not found:
            return message(404)
        key, integration, parameters = found
        body = read(request, BODY_LIMIT)
        if body is None:
            return message(413)
        event = event_of(request, key, path, query, parameters, body)
        payload = json.dumps(event).encode()
        if len(payload) > INVOCATION_LIMIT:
            return message(413)
        call = self._calls.submit(
            self._workers.invoke, integration.function, payload, event["requestContext"]["requestId"]
        )
        try:
            return response_of(call.result(integration.timeout))
        except (TimeoutError, TooManyRequests):
            return message(503)

    def _find(self, method: str, path: str) -> Found | None:
        for route in self._routes:
            parameters = route.match(method, path)
            if parameters is not None:
                return route.key, route.integration, parameters
        return None


class Route:
    """One route key: `$default`, or a method (or ANY) and a path of words, `{names}`, and at its end `{names+}`."""

    def __init__(self, key: str, integration: Integration) -> None:
        self.key = key
        self.integration = integration
        self._method, _, path = key.partition(" ")
        self._segments = path.split("/")[1:]
        kinds = [2 if GREEDY.fullmatch(part) else 1 if PARAMETER.fullmatch(part) else 0 for part in self._segments]
        self.precedence = (key == "$default", 2 in kinds, kinds, -len(kinds), self._method == "ANY")
        """The most specific first: full matches, words before names, long paths before short ones."""

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """The path's parameters, decoded; None when the route is not meant."""
        if self.key == "$default":
            return {}
        if self._method not in (method, "ANY"):
            return None
        parts = path.split("/")[1:]
        found: dict[str, str] = {}
        for index, segment in enumerate(self._segments):
            if greedy := GREEDY.fullmatch(segment):
                rest = "/".join(parts[index:])
                return found | {greedy.group(1): unquote(rest)} if rest else None
            if index >= len(parts):
                return None
            if parameter := PARAMETER.fullmatch(segment):
                if not parts[index]:
                    return None
                found[parameter.group(1)] = unquote(parts[index])
            elif segment != unquote(parts[index]):
                return None
        return found if len(parts) == len(self._segments) else None


def raw_uri(request: Request) -> str:
    """The path and query as they were sent: a decoded path would turn %2F into another segment."""
    uri: str = request.environ["REQUEST_URI"]
    if uri.startswith("/"):
        return uri
    parts = urlsplit(uri)
    return f"{parts.path or '/'}?{parts.query}"


def read(request: Request, limit: int) -> bytes | None:
    """The body; None when it is longer. What is too long is still read, so that the client hears the answer."""
    body = bytearray()
    long = False
    while chunk := request.stream.read(65536):
        if len(body) + len(chunk) > limit:
            long = True
            body.clear()
        elif not long:
            body += chunk
    return None if long else bytes(body)


def event_of(
    request: Request, key: str, path: str, query: str, parameters: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    now = time.time()
    host = request.headers.get("Host", "")
    port = host.rpartition(":")[2] if ":" in host else "80"
    source = request.remote_addr or ""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
    cookies = [cookie.strip() for cookie in headers.pop("cookie", "").split(";") if cookie.strip()]
    headers["x-forwarded-for"] = ", ".join(filter(None, [headers.get("x-forwarded-for"), source]))
    headers["x-forwarded-port"] = port
    headers["x-forwarded-proto"] = "http"
    headers["x-amzn-trace-id"] = f"Root=1-{int(now):08x}-{uuid.uuid4().hex[:24]}"
    event: dict[str, Any] = {"version": "2.0", "routeKey": key, "rawPath": path, "rawQueryString": query}
    if cookies:
        event["cookies"] = cookies
    event["headers"] = headers
    if query:
        event["queryStringParameters"] = query_of(query)
    event["requestContext"] = {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": source,
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }
    if parameters:
        event["pathParameters"] = dict(parameters)
    text = as_text(body, request.mimetype)
    if body:
        event["body"] = base64.b64encode(body).decode() if text is None else text
    event["isBase64Encoded"] = text is None
    return event


def query_of(query: str) -> dict[str, str]:
    """Decoded; the values of a repeated name stand in one text, between commas."""
    values: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = (unquote_plus(part) for part in pair.partition("="))
        if pair:
            values[name] = f"{values[name]},{value}" if name in values else value
    return values


def as_text(body: bytes, mimetype: str) -> str | None:
    """The body as the event carries it; None when it has to be put into base64."""
    if body and not TEXT.fullmatch(mimetype):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def response_of(answer: Answer) -> Response:
    """A function's answer as HTTP. One without `statusCode` is the body itself, as JSON."""
    if answer.failed:
        return message(500)
    said = json.loads(answer.payload)
    if not isinstance(said, dict) or "statusCode" not in said:
        return Response(said if isinstance(said, str) else answer.payload, content_type="application/json")
    try:
        body = said.get("body") or ""
        raw = base64.b64decode(body, validate=True) if said.get("isBase64Encoded") else str(body).encode()
        status = int(said["statusCode"])
        headers = Headers([(name, as_header(value)) for name, value in (said.get("headers") or {}).items()])
    except (TypeError, ValueError, binascii.Error):
        return message(500)
    for name in NOT_THE_FUNCTIONS:
        headers.remove(name)
    for cookie in said.get("cookies") or []:
        headers.add("Set-Cookie", cookie)
    headers.setdefault("Content-Type", "text/plain;charset=UTF-8")
    return Response(raw, status=status, headers=headers)


def as_header(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def message(status: int) -> Response:
    """API Gateway's own answers."""
    said = {413: "Request Entity Too Large"}.get(status, HTTP_STATUS_CODES[status])
    return Response(json.dumps({"message": said}), status=status, content_type="application/json")


def preflight(request: Request, cors: Mapping[str, Any]) -> Response | None:
    asked = "Origin" in request.headers and "Access-Control-Request-Method" in request.headers
    return Response(status=204) if cors and asked and request.method == "OPTIONS" else None


def cors_headers(request: Request, cors: Mapping[str, Any]) -> dict[str, str]:
    """What the gateway says to a page of another origin: nothing, unless the origin is allowed."""
    origin = request.headers.get("Origin")
    origins = cors.get("AllowOrigins", [])
    if not origin or not allowed(origin, origins):
        return {}
    said = {"Access-Control-Allow-Origin": "*" if "*" in origins else origin}
    if str(cors.get("AllowCredentials", False)).lower() == "true":
        said["Access-Control-Allow-Credentials"] = "true"
    lists = {"ExposeHeaders": "Access-Control-Expose-Headers"}
    if request.method == "OPTIONS":
        lists = {"AllowHeaders": "Access-Control-Allow-Headers", "AllowMethods": "Access-Control-Allow-Methods"}
        if "MaxAge" in cors:
            said["Access-Control-Max-Age"] = str(cors["MaxAge"])
    return said | {header: ",".join(cors[name]) for name, header in lists.items() if cors.get(name)}


def allowed(origin: str, origins: Iterable[str]) -> bool:
    return any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), origin) for pattern in origins)
