"""Multipart forms, read whole: no part goes to disk, since the body is in memory already."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from functions.api.bodies import at_fault
from functions.api.variants import refuse
from functions.studio.errors import FieldError, RequestError, UnsupportedMedia

FORM = "multipart/form-data"


@dataclass(frozen=True)
class SentFile:
    field: str
    name: str
    body: bytes


def is_form(content_type: str) -> bool:
    return content_type.split(";")[0].strip().lower() == FORM


def read_form(
    content_type: str, body: bytes, *, else_takes: str, hint: str
) -> tuple[dict[str, list[str]], list[SentFile]]:
    """The values of each field, and the files, in their order; a RequestError for what is none. `else_takes` names what the
    call takes beside a form."""
    from multipart import MultipartError, MultipartParser, parse_options_header

    kind, options = parse_options_header(content_type)
    if kind != FORM:
        raise UnsupportedMedia(
            f"An upload is {FORM}{else_takes}, not {kind[:80] or 'nothing'}.",
            hint=hint,
            errors=(FieldError("Content-Type", f"must be {FORM}{else_takes}"),),
        )
    if not options.get("boundary"):
        raise UnsupportedMedia(
            "The Content-Type names no boundary.",
            hint=f"What encodes the form also sets the header. {hint}",
            errors=(FieldError("Content-Type", "must name the boundary of the form"),),
        )
    given: dict[str, list[str]] = {}
    files: list[SentFile] = []
    most = max(1, len(body))
    try:
        for part in MultipartParser(
            BytesIO(body), options["boundary"], spool_limit=most, memory_limit=2 * most, strict=True
        ):
            if part.filename is None:
                given.setdefault(part.name, []).append(_text(part.name, part.raw))
            else:
                files.append(SentFile(part.name, part.filename, part.raw))
    except MultipartError as error:
        raise at_fault(RequestError, f"is not a multipart form: {error.args[0]}", hint) from None
    return given, files


def single(name: str, values: list[str]) -> str:
    if len(values) > 1:
        refuse(FieldError(name, "must be given once"))
    return values[0]


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        refuse(FieldError(name, "must be UTF-8 text"))
