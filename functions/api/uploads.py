"""The three ways of an upload: a file in a multipart form, or JSON that names a URL or asks for a presigned form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated, Any, Literal, NoReturn, TypeVar
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from functions.api import inputs
from functions.api.asset_kinds import KINDS
from functions.api.bodies import at_fault, json_object, require_json_size
from functions.api.envelope import JSON
from functions.api.forms import read_form, single
from functions.studio.errors import FieldError, InvalidRequest, RequestError, TooLarge
from functions.studio.library import AssetType
from functions.studio.music import MOST_BYTES as MOST_MUSIC

MOST_BYTES = 4_500_000
"""Of a whole form: Lambda takes 6 MB, and base64 makes a third more of it."""

A = TypeVar("A", bound="_Asked")

_HINT = "With curl: `-F uploadType=file -F campaignId=… -F file=@picture.jpg`."
_ELSE = 'For anything else send JSON: {"uploadType": "url", "url": "https://…"} or {"uploadType": "presigned"}.'
_LARGE = (
    f"A form holds at most {MOST_BYTES / 1e6} MB. Larger files go straight to the store: send JSON, "
    '{"uploadType": "presigned", "campaignId": "…"}, POST the file to the URL of the answer, then confirm it.'
)
_TAGS = 'must be a JSON array of strings, such as ["product"], or the field repeated'


ContentType = Literal[
    "image/jpeg",
    "image/png",
    "image/webp",
    "audio/mpeg",
    "audio/mp4",
    "audio/x-m4a",
    "audio/aac",
    "audio/wav",
    "audio/x-wav",
    "audio/ogg",
    "audio/flac",
]


class _Asked(inputs.Input):
    name: inputs.Name | None = None
    type: AssetType = "image"
    campaign_id: str
    tags: Annotated[list[inputs.Tag], Field(max_length=50)] = []


class UploadForm(_Asked):
    upload_type: Literal["file"]


class UrlUpload(_Asked):
    upload_type: Literal["url"]
    url: Annotated[str, Field(min_length=1, max_length=2000)]
    """Public, https, of the file itself: redirects are not followed."""


class PresignedUpload(_Asked):
    upload_type: Literal["presigned"]
    file_name: Annotated[str, Field(max_length=1000)] | None = None
    content_type: ContentType | None = None
    bytes: Annotated[int, Field(ge=1, le=MOST_MUSIC)] | None = None
    """At most; without it, as many as an asset of the type may have: 20 MB of a picture, 50 MB of music."""

    @field_validator("content_type", "bytes")
    @classmethod
    def _of_its_type(cls, said: str | int | None, info: ValidationInfo) -> str | int | None:
        kind = KINDS.get(info.data.get("type", ""))
        if kind and isinstance(said, str) and said not in kind.content_types:
            raise ValueError(f"must be one of {', '.join(kind.content_types)} for {kind.word}")
        if kind and isinstance(said, int) and said > kind.most_bytes:
            raise ValueError(f"must be less than or equal to {kind.most_bytes} for {kind.word}")
        return said


@dataclass(frozen=True)
class Wish:
    """What the asset is to be; without a name it is called as its id."""

    name: str
    type: AssetType
    tags: list[str]


@dataclass(frozen=True)
class Sent:
    asked: UploadForm | UrlUpload | PresignedUpload
    file_name: str
    body: bytes = b""

    @property
    def wish(self) -> Wish:
        called = inputs.without_controls(PurePath(self.file_name).name).strip()[:200]
        return Wish(self.asked.name or called, self.asked.type, self.asked.tags)


def read_upload(content_type: str, body: bytes) -> Sent:
    """Each thing that is wrong with a body is a RequestError."""
    if len(body) > MOST_BYTES:
        raise at_fault(TooLarge, f"has {len(body)} bytes", _LARGE)
    if content_type.split(";")[0].strip().lower() == JSON:
        return _from_json(body)
    return _from_form(content_type, body)


def _from_json(body: bytes) -> Sent:
    require_json_size(body)
    try:
        document = json_object(body.decode())
    except UnicodeDecodeError:
        raise at_fault(RequestError, "is not UTF-8", "JSON is sent as UTF-8.") from None
    kind = document.get("uploadType")
    if kind == "url":
        by_url = _valid(UrlUpload, document)
        return Sent(by_url, unquote(re.split("[?#]", by_url.url)[0]))
    if kind != "presigned":
        _refuse("uploadType", "must be url or presigned in JSON; a file comes in a multipart form", hint=_HINT)
    later = _valid(PresignedUpload, document)
    return Sent(later, later.file_name or "")


def _valid(kind: type[A], document: dict[str, Any]) -> A:
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        ) from None


def _from_form(content_type: str, body: bytes) -> Sent:
    fields, files = _parts(content_type, body)
    if fields.get("uploadType", "file") != "file":
        _refuse("uploadType", "must be file in a form", hint=_ELSE)
    form = _valid(UploadForm, fields)
    if len(files) != 1:
        _refuse("file", "must be one file" if files else "is required, as a file")
    return Sent(form, *files[0])


def _parts(content_type: str, body: bytes) -> tuple[dict[str, Any], list[tuple[str, bytes]]]:
    given, sent = read_form(content_type, body, else_takes=f" or {JSON}", hint=f"{_HINT} {_ELSE}")
    for one in sent:
        if one.field != "file":
            _refuse(one.field, "must not be a file: what is uploaded is sent as `file`")
    if "file" in given:
        _refuse("file", "must be a file, not text", hint="With curl: `-F file=@picture.jpg`, with the @.")
    if "tags[]" in given:
        _refuse("tags[]", "is called `tags` here, also when it is repeated")
    fields: dict[str, Any] = {name: single(name, values) for name, values in given.items() if name != "tags"}
    if "tags" in given:
        fields["tags"] = _tags(given["tags"])
    return fields, [(one.name, one.body) for one in sent]


def _tags(values: list[str]) -> list[Any]:
    """One value is a JSON array or a tag; several are tags, whatever they look like."""
    tags: Any = [value for value in values if value.strip()]
    if len(values) == 1:
        try:
            tags = json.loads(values[0])
        except (ValueError, RecursionError):
            if values[0].lstrip().startswith("["):
                _refuse("tags", _TAGS)
    if not isinstance(tags, list):
        _refuse("tags", _TAGS)
    return tags


def _refuse(field: str, detail: str, hint: str | None = None) -> NoReturn:
    raise InvalidRequest(f"{field}: {detail}", hint=hint, errors=(FieldError(field, detail),))
