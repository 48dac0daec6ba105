"""Events as API Gateway's HTTP API sends them (payload format 2.0), and answers as a client reads them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from functions.api.handler import handler


class Context:
    """What Lambda hands to a handler, as far as it is read."""

    function_name = "api"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:api"
    aws_request_id = "request-1"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def envelope(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.text)
        return read

    @property
    def data(self) -> Any:
        assert self.envelope["error"] is None, self.text
        return self.envelope["data"]

    @property
    def problem(self) -> dict[str, Any]:
        if "data" not in self.envelope:  # an older dialect's
            said = self.envelope
            if "details" in said:  # seed 004's
                told = re.findall(r"(?:^|; )([a-z][\w.]*): ", said["details"])
                faults = [{"field": field} for field in told]
                return {**said, "code": said["code"].lower(), "errors": faults, "status": self.status}
            if "success" in said:  # seed 002's
                return {**said, "detail": said["error"], "status": self.status}
            return {"code": said.get("error_code", said["status"]), "errors": [], **said, "status": self.status}
        assert self.envelope["data"] is None, self.text
        error: dict[str, Any] = self.envelope["error"]
        return error

    @property
    def fields(self) -> list[str]:
        """The fields that a problem finds at fault."""
        return [error["field"] for error in self.problem["errors"]]


def event(
    method: str, target: str, *, body: bytes | str = "", headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """`target` is a path with its query; a body of bytes comes in base64, as the gateway sends what is not text."""
    parts = urlsplit(target)
    query: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    sent: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": {name.lower(): value for name, value in (headers or {}).items()},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "http": {"method": method, "path": parts.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "requestId": "gateway-1",
            "stage": "$default",
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if query:
        sent["queryStringParameters"] = query
    if body:
        sent["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return sent


class Caller:
    """Somebody with a key, or without one, before the API's handler."""

    def __init__(self, key: str | None = None) -> None:
        self.key = key

    def send(self, method: str, target: str, body: bytes | str = "", headers: Mapping[str, str] | None = None) -> Reply:
        own = {"authorization": f"Bearer {self.key}"} if self.key else {}
        said = handler(event(method, target, body=body, headers={**own, **(headers or {})}), Context())
        text = said["body"] or ""
        assert not said["isBase64Encoded"]
        return Reply(said["statusCode"], {name.lower(): value for name, value in said["headers"].items()}, text)

    def get(self, target: str) -> Reply:
        return self.send("GET", target)

    def delete(self, target: str) -> Reply:
        return self.send("DELETE", target)

    def post(self, target: str, document: Any) -> Reply:
        return self.send("POST", target, json.dumps(document), {"content-type": "application/json"})

    def patch(self, target: str, document: Any) -> Reply:
        return self.send("PATCH", target, json.dumps(document), {"content-type": "application/json"})

    def upload(self, fields: Sequence[tuple[str, str]], body: bytes | None, file_name: str = "picture.png") -> Reply:
        """As `requests` would encode it."""
        files = [(name, (None, value)) for name, value in fields]
        if body is not None:
            files.append(("file", (file_name, body, "application/octet-stream")))  # type: ignore[arg-type]  # a file among fields
        form = requests.Request("POST", "http://api/", files=files).prepare()
        assert isinstance(form.body, bytes)
        headers = {"content-type": form.headers["Content-Type"]}
        return self.send("POST", "/api/v3/assets/upload", form.body, headers)
