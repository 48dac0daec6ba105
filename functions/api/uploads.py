"""The multipart form of an upload."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import Field, StringConstraints, ValidationError

from functions.api import words
from functions.studio.errors import FieldError, InvalidRequest, RequestError, TooLarge, UnsupportedMedia

MOST_BYTES = 4_500_000
"""Of a whole form: Lambda takes 6 MB, and base64 makes a third more of it."""

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class UploadForm(words.Input):
    upload_type: Literal["file"]
    name: words.Name | None = None
    type: Literal["image"] = "image"
    campaign_id: str
    tags: Annotated[list[Tag], Field(max_length=50)] = []


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
        detail = "is required, as a file" if not files else "must be one file"
        raise InvalidRequest(f"file: {detail}", errors=(FieldError("file", detail),))
    return Upload(form, *files[0])


def _parts(content_type: str, body: bytes) -> tuple[dict[str, Any], list[tuple[str, bytes]]]:
    from multipart import MultipartError, MultipartParser, parse_options_header

    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise UnsupportedMedia(
            f"An upload is multipart/form-data, not {content_type or 'nothing'}.",
            hint="With curl: `-F uploadType=file -F campaignId=… -F file=@picture.jpg`.",
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
            if part.name == "file" and part.filename is not None:
                files.append((part.filename, part.raw))
            else:
                given.setdefault(part.name, []).append(part.value)
    except (MultipartError, UnicodeDecodeError) as error:
        raise RequestError(f"The body is not a multipart form: {error}.") from None
    fields: dict[str, Any] = {name: _single(name, values) for name, values in given.items() if name != "tags"}
    if "tags" in given:
        fields["tags"] = _tags(given["tags"])
    return fields, files


def _single(name: str, values: list[str]) -> str:
    if len(values) > 1:
        raise InvalidRequest(f"{name}: is given twice", errors=(FieldError(name, "must be given once"),))
    return values[0]


def _tags(values: list[str]) -> list[Any]:
    """A JSON array in one field, or the field repeated."""
    if len(values) > 1 or not values[0].lstrip().startswith("["):
        return [value for value in values if value.strip()]
    try:
        tags: list[Any] = json.loads(values[0])
    except (ValueError, RecursionError):
        detail = 'must be a JSON array of strings, such as ["product"], or the field repeated'
        raise InvalidRequest(f"tags: {detail}", errors=(FieldError("tags", detail),)) from None
    return tags
