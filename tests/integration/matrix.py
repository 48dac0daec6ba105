"""The calls of the API as its own description tells them, with what a caller would send: nothing here knows a route."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from functions.api.handler import app
from functions.api.openapi import document

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
        return ids[name]
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


def sent_as(kind: str, body: Mapping[str, Any], file: bytes) -> tuple[bytes | str, str]:
    """The body on the wire, and its content type."""
    if kind != FORM:
        return json.dumps(body), kind
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in body.items()
        if name != "file"
    ]
    head = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    return "".join(parts).encode() + head.encode() + file + b"\r\n--x--\r\n", f"{FORM}; boundary=x"
