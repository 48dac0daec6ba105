"""The multipart form of an upload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from typing import Annotated, Any, Literal, NoReturn

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError

from functions.api import inputs
from functions.studio.errors import FieldError, InvalidRequest, RequestError, TooLarge, UnsupportedMedia

MOST_BYTES = 4_500_000
"""Of a whole form: Lambda takes 6 MB, and base64 makes a third more of it."""

_HINT = "With curl: `-F uploadType=file -F campaignId=… -F file=@picture.jpg`."
_TAGS = 'must be a JSON array of strings, such as ["product"], or the field repeated'


class UploadForm(inputs.Input):
    upload_type: Literal["file"]
    name: inputs.Name | None = None
    type: Literal["image"] = "image"
    campaign_id: str
    tags: Annotated[list[inputs.Tag], Field(max_length=50)] = []


@dataclass(frozen=True)
class Upload:
    form: UploadForm
    file_name: str
    body: bytes


def read_upload(content_type: str, body: bytes) -> Upload:
    """The fields and the file of a multipart/form-data body; each thing wrong with it is a RequestError."""
    if len(body) > MOST_BYTES:
        raise TooLarge(
            f"The upload has {len(body)} bytes.", hint=f"At most {MOST_BYTES / 1e6} MB fit into one request."
        )
    fields, files = _parts(content_type, body)
    try:
        form = UploadForm.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        ) from None
    if len(files) != 1:
        _refuse("file", "must be one file" if files else "is required, as a file")
    return Upload(form, *files[0])


def _parts(content_type: str, body: bytes) -> tuple[dict[str, Any], list[tuple[str, bytes]]]:
    from multipart import MultipartError, MultipartParser, parse_options_header

    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data":
        raise UnsupportedMedia(f"An upload is multipart/form-data, not {kind[:80] or 'nothing'}.", hint=_HINT)
    if not options.get("boundary"):
        raise UnsupportedMedia(
            "The Content-Type names no boundary.", hint=f"What encodes the form also sets the header. {_HINT}"
        )
    given: dict[str, list[str]] = {}
    files: list[tuple[str, bytes]] = []
    try:
        # No part goes to disk: the whole body is in memory already.
        for part in MultipartParser(
            BytesIO(body),
            options["boundary"],
            spool_limit=MOST_BYTES,
            memory_limit=2 * MOST_BYTES,
            strict=True,
        ):
            if part.filename is None:
                given.setdefault(part.name, []).append(_text(part.name, part.raw))
            elif part.name == "file":
                files.append((part.filename, part.raw))
            else:
                _refuse(part.name, "must not be a file: the picture is sent as `file`")
    except MultipartError as error:
        raise RequestError(f"The body is not a multipart form: {error.args[0]}.", hint=_HINT) from None
    if "file" in given:
        _refuse("file", "must be a file, not text", hint="With curl: `-F file=@picture.jpg`, with the @.")
    if "tags[]" in given:
        _refuse("tags[]", "is called `tags` here, also when it is repeated")
    fields: dict[str, Any] = {name: _single(name, values) for name, values in given.items() if name != "tags"}
    if "tags" in given:
        fields["tags"] = _tags(given["tags"])
    return fields, files


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        _refuse(name, "must be UTF-8 text")


def _single(name: str, values: list[str]) -> str:
    if len(values) > 1:
        _refuse(name, "must be given once")
    return values[0]


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
