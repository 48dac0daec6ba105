"""The calls of the API as its own description tells them, with what a caller would send: nothing here knows a route."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from functions.api.handler import app
from functions.api.openapi import document
from tests.integration.api_events import Reply
from tests.integration.api_stage import picture

DESCRIBED = document(app)
METHODS = ("get", "post", "put", "patch", "delete")
FORM = "multipart/form-data"


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    said: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path.removeprefix('/api/v3')}"

    @property
    def public(self) -> bool:
        return self.said.get("security") == []

    @property
    def by_token(self) -> bool:
        return {"playerToken": []} in self.said.get("security", [])

    @property
    def by_role(self) -> bool:
        """For keys of a role alone."""
        return any(role for one in self.said.get("security", []) for role in one.values())

    def parameters(self, place: str) -> list[str]:
        return [one["name"] for one in self.said.get("parameters", []) if one["in"] == place]

    @property
    def query_ids(self) -> list[str]:
        return [name for name in self.parameters("query") if is_id(name)]

    @property
    def forms(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The bodies that it takes: the kind of content and the schema, a choice of several one by one."""
        for kind, content in self.said.get("requestBody", {}).get("content", {}).items():
            schema = content["schema"]
            yield from ((kind, resolved(one)) for one in schema.get("oneOf", [schema]))

    @property
    def body_ids(self) -> list[tuple[str, dict[str, Any], str]]:
        """Each field of each body that names something by its id."""
        return [(kind, schema, field) for kind, schema in self.forms for field in id_fields(schema)]


class Asker(Protocol):
    def send(self, method: str, target: str, body: bytes | str, headers: Mapping[str, str]) -> Reply: ...


IN_ANOTHERS_NAME = {"user_id": 403}
"""What is asked of a field that names no thing but who asks; all else of another's is not found."""

NUMBERS = {"name": "clip_001.mp4", "number": "1", "run": "1"}
"""What names something within what an id names: the same for everybody."""


class Belongings:
    """What a tenant has: an id for every word that the description has for one, and an upload that is not confirmed."""

    def __init__(self, ids: Mapping[str, str], upload_id: str, tenant: str = "") -> None:
        self.ids, self.upload_id = ids, upload_id
        self.named = {"userId": tenant, **ids}

    def target(self, one: Operation, query: str = "") -> str:
        named = {_snake(name): value for name, value in self.named.items()} | NUMBERS
        if one.path.endswith("/confirm"):
            named["asset_id"] = self.upload_id
        return one.path.format(**{name: named[name] for name in one.parameters("path")}) + query

    def send(self, one: Operation, by: Asker, query: str = "") -> Reply:
        """With the smallest body that it takes."""
        for kind, schema in one.forms:
            return self._send(one, by, query, *sent_as(kind, schema, example(schema, self.named), picture()))
        return self._send(one, by, query, "", "")

    def send_naming(self, case: tuple[Operation, str, dict[str, Any], str], whose: Belongings, by: Asker) -> Reply:
        """The call with the body of that kind and schema whose field names what is somebody else's."""
        one, kind, schema, field = case
        wanted = whose.named[_camel(field.rpartition(".")[2])]
        return self._send(one, by, "", *sent_as(kind, schema, example(schema, self.named, field, wanted), picture()))

    def is_in(self, answer: Reply) -> bool:
        return any(value in answer.text + str(answer.headers) for value in (*self.ids.values(), self.upload_id))

    def _send(self, one: Operation, by: Asker, query: str, body: bytes | str, kind: str) -> Reply:
        return by.send(one.method.upper(), self.target(one, query), body, {"content-type": kind} if kind else {})


def _snake(name: str) -> str:
    return f"{name.removesuffix('Id')}_id"


def _camel(name: str) -> str:
    head, *words = name.split("_")
    return head + "".join(word.title() for word in words)


def operations() -> list[Operation]:
    paths: dict[str, dict[str, Any]] = DESCRIBED["paths"]
    return [
        Operation(method, path, calls[method]) for path, calls in paths.items() for method in METHODS if method in calls
    ]


def is_id(name: str) -> bool:
    return name == "id" or name.endswith(("Id", "_id"))


def resolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Without references, choices (the first that is not null; of objects and others the object) and lists of one."""
    if "$ref" in schema:
        return resolved(DESCRIBED["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "properties" in schema:
        return dict(schema)
    choices = [resolved(one) for word in ("anyOf", "oneOf", "allOf") for one in schema.get(word, [])]
    choices = [one for one in choices if one.get("type") != "null"]
    objects = [one for one in choices if "properties" in one]
    return (objects or choices or [dict(schema)])[0]


def id_fields(schema: Mapping[str, Any], before: str = "") -> list[str]:
    """Dotted paths, as problems name them; `0` is the first of a list."""
    found = []
    for name, one in schema.get("properties", {}).items():
        field = resolved(one)
        if is_id(name) and field.get("type") == "string":
            found.append(f"{before}{name}")
        elif field.get("type") == "array":
            found += id_fields(resolved(field["items"]), f"{before}{name}.0.")
        else:
            found += id_fields(field, f"{before}{name}.")
    return found


def example(schema: Mapping[str, Any], ids: Mapping[str, str], field: str = "", other: str = "") -> dict[str, Any]:
    """The smallest body that the schema allows, and `field` in it whether it must be there or not, with the id `other`."""
    head, _, rest = field.partition(".")
    body = {}
    needed = [*schema.get("required", []), *next(iter(schema.get("anyOf", [])), {}).get("required", [])]
    for name, one in schema["properties"].items():
        if name in needed or name == head:
            inner = (rest, other) if name == head else ("", "")
            body[name] = other if name == field else _value(name, resolved(one), ids, *inner)
    return body


def _value(name: str, schema: Mapping[str, Any], ids: Mapping[str, str], field: str, other: str) -> Any:
    if is_id(name):
        return ids[_camel(name)]
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "array":
            return [_value(name, resolved(schema["items"]), ids, field.partition(".")[2], other)]
        case "object" if "properties" in schema:
            return example(schema, ids, field, other)
        case "object":
            return {}
        case "integer" | "number":
            least = schema.get("minimum", 1)
            return int(least) if schema["type"] == "integer" else least
        case "boolean":
            return False
    return "https://example.invalid/picture.png" if name.lower().endswith("url") else "words"


def sent_as(kind: str, schema: Mapping[str, Any], body: Mapping[str, Any], file: bytes) -> tuple[bytes | str, str]:
    """The body on the wire, and its content type."""
    if kind != FORM:
        return json.dumps(body), kind
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in body.items()
        if name != "file"
    ]
    field = "file" if "file" in schema["properties"] else "images"
    head = f'--x\r\nContent-Disposition: form-data; name="{field}"; filename="a.png"\r\n\r\n'
    return "".join(parts).encode() + head.encode() + file + b"\r\n--x--\r\n", f"{FORM}; boundary=x"


BEHIND = [one for one in operations() if not one.public]
NAMED = [one for one in BEHIND if one.parameters("path")]
FILTERED = [(one, name) for one in BEHIND for name in one.query_ids]
ASKING = [(one, kind, schema, field) for one in BEHIND for kind, schema, field in one.body_ids]
OPENED = [one for one in BEHIND if one.by_token]
RESERVED = [one for one in BEHIND if one.by_role]
LISTS = [one for one in BEHIND if one.method == "get" and not one.parameters("path")]
"""The calls that take a key, and those of them that name something in their path, in their query and in their body, take
a player's token, are for a role's keys alone, and list.
"""
