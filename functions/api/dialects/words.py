"""What the older dialects have in common: where they are, snake_case, no envelope, and how they say that something is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.api.bodies import at_fault, json_object, require_json_size
from functions.api.envelope import JSON
from functions.api.given import Form
from functions.studio.errors import FieldError, InvalidRequest, NotFound, RequestError, UnsupportedMedia
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, Kind
from functions.studio.listing import of_kind, since

ROOT = "/api/video"

COUNTED = 1000
"""Of the newest videos, so many are counted and can be paged through."""

OUR_WORDS = {
    "campaignId": "campaign_id",
    "durationSeconds": "duration",
    "aspectRatio": "aspect_ratio",
    "imageUrl": "image_url",
    "model": "provider",
}
"""What v3 calls a field that has another name here."""

_OURS = re.compile(r"\b(campaignId|durationSeconds|aspectRatio|imageUrl|model(?=:))\b")


class Said(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)


class Newest(Said):
    """A page of a list, newest first."""

    page: int
    per_page: int
    total: int
    """Of the newest 1000."""
    has_older: bool
    """Whether there are more than that; GET /api/v3/jobs has them all."""


A = TypeVar("A", bound=BaseModel)


class FieldFault(Said):
    field: str
    detail: str


class Refusal(Said):
    """`error_code` is that of the v3 problem."""

    status: Literal["failed"] = "failed"
    error_code: str
    error_message: str
    hint: str | None = None
    errors: list[FieldFault] = Field(default_factory=list)


class NotFoundHere(Said):
    status: Literal["not_found"] = "not_found"


def in_their_words(text: str) -> str:
    return _OURS.sub(lambda found: OUR_WORDS[found[1]], text)


def refused(error: RequestError, headers: Mapping[str, str]) -> Response[Any]:
    if isinstance(error, NotFound) and {one.field for one in error.errors} & {"job_id", "path"}:
        return Response(404, JSON, NotFoundHere().model_dump(), headers)
    refusal = Refusal(
        error_code=error.code,
        error_message=in_their_words(error.detail),
        hint=error.hint,
        errors=[
            FieldFault(field=OUR_WORDS.get(one.field, one.field), detail=in_their_words(one.detail))
            for one in error.errors
        ],
    )
    return Response(error.status, JSON, refusal.model_dump(), headers)


def document_of(form: Form) -> dict[str, Any]:
    """A body of JSON."""
    kind = form.content_type.split(";")[0].strip().lower()
    if kind not in ("", JSON):
        raise UnsupportedMedia(
            f"This call takes {JSON}, not {kind[:80]}.",
            hint='Films are asked for as JSON, with "generation_mode" or "scene_id"; those of listings as a multipart form.',
            errors=(FieldError("Content-Type", f"must be {JSON}"),),
        )
    require_json_size(form.body)
    try:
        return json_object(form.body.decode())
    except UnicodeDecodeError:
        raise at_fault(RequestError, "is not UTF-8", "JSON is sent as UTF-8.") from None


def newest(jobs: JobStore, tenant: str, kind: Kind, page: int, per_page: int) -> tuple[list[Job], dict[str, Any]]:
    """The jobs of a page, and what `Newest` says of it."""
    entries, older = jobs.listed(tenant, [since(of_kind(kind), None, None)], limit=COUNTED)
    if older and page * per_page > COUNTED:
        detail = f"must be at most {COUNTED // per_page}: the newest {COUNTED} videos are paged through here"
        hint = "GET /api/v3/films and /api/v3/jobs have them all, by cursors and dates."
        raise InvalidRequest(f"page: {detail}", hint=hint, errors=(FieldError("page", detail),))
    ids = [entry.job_id for entry in entries[(page - 1) * per_page : page * per_page]]
    said = {"page": page, "per_page": per_page, "total": len(entries), "has_older": older}
    return jobs.jobs(ids)[::-1], said


def read(kind: type[A], document: Mapping[str, Any]) -> A:
    """RequestValidationError names each field that is at fault."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in faults]) from None
