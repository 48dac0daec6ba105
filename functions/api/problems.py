"""Every error as an answer of the API; its HTTP status is the error's own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from functions.api.dialects import listings, scenes
from functions.api.dialects import words as dialects
from functions.api.envelope import JSON, ROOT, BudgetProblem, CreditProblem, Envelope, FieldProblem, Meta, Problem
from functions.studio.errors import (
    FieldError,
    InFlight,
    InvalidRequest,
    MethodNotAllowed,
    OverBudget,
    RequestError,
    ShortOfCredits,
    Unauthenticated,
    Unavailable,
    Unexpected,
)
from functions.studio.rows import now
from functions.studio.telemetry import logger

DETAILS = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this request",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "string_unicode": "must be text, without halves of surrogate pairs",
}
"""Where pydantic's own words would not be the caller's."""

HINTS = {
    "not_found": "The lists show what there is; what belongs to others is not found.",
    "invalid_request": f"{ROOT}/docs describes every field.",
}
"""Where an error has no hint of its own."""

_SUBJECT = re.compile(r"^\w+ should")


def answer_errors(app: APIGatewayHttpResolver) -> None:
    """Turns whatever a request of `app` raises into a problem in the envelope."""

    def at_fault(error: RequestError) -> Response[Any]:
        return _problem(app, error, _headers(error))

    def invalid(error: RequestValidationError) -> Response[Any]:
        return _problem(app, invalid_request(error.errors()))

    def unexpected(error: Exception) -> Response[Any]:
        logger().error("unexpected error", exc_info=error)
        return _problem(app, Unexpected(app.lambda_context.aws_request_id))

    app.exception_handler(RequestError)(at_fault)
    app.exception_handler(RequestValidationError)(invalid)
    app.exception_handler(Exception)(unexpected)


def invalid_request(errors: Sequence[Mapping[str, Any]]) -> InvalidRequest:
    """pydantic's errors, each field named as the caller wrote it."""
    fields = tuple(_field(error) for error in errors)
    return InvalidRequest("; ".join(f"{one.field}: {one.detail}" for one in fields), errors=fields)


def _field(error: Mapping[str, Any]) -> FieldError:
    place, *path = error["loc"]
    detail = DETAILS.get(error["type"]) or _SUBJECT.sub("must", error["msg"].removeprefix("Value error, "))
    return FieldError(".".join(str(step) for step in path) if path else str(place), detail)


def _headers(error: RequestError) -> dict[str, str]:
    match error:
        case Unauthenticated():
            return {"WWW-Authenticate": "Bearer"}
        case InFlight():
            return {"Retry-After": "1"}
        case Unavailable(seconds=seconds):
            return {"Retry-After": str(ceil(seconds or 5))}
        case MethodNotAllowed(methods=methods):
            return {"Allow": ", ".join(methods)}
    return {}


def _budget(error: RequestError) -> BudgetProblem | None:
    if not isinstance(error, OverBudget):
        return None
    return BudgetProblem(of=error.of, budget=error.cap, left=error.left, needed=error.needed)


def _credits(error: RequestError) -> CreditProblem | None:
    if not isinstance(error, ShortOfCredits):
        return None
    return CreditProblem(balance=error.balance, needed=error.needed)


def _problem(
    app: APIGatewayHttpResolver, error: RequestError, headers: Mapping[str, str] | None = None
) -> Response[Any]:
    if scenes.is_told(app.current_event):
        return scenes.refused(error, headers or {})
    if listings.is_told(app.current_event):
        return listings.refused(error, headers or {})
    if app.current_event.path.startswith(f"{dialects.ROOT}/"):
        return dialects.refused(error, headers or {})
    problem = Problem(
        type=f"urn:reelay:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=app.current_event.path,
        code=error.code,
        hint=error.hint or HINTS.get(error.code),
        errors=[FieldProblem(field=one.field, detail=one.detail) for one in error.errors],
        budget=_budget(error),
        credits=_credits(error),
    )
    envelope: Envelope[None] = Envelope(error=problem, meta=Meta(timestamp=now()))
    absent = {name for name in ("budget", "credits") if getattr(problem, name) is None}  # members of 402 alone
    said = envelope.model_dump(mode="json", by_alias=True, exclude={"error": absent})
    return Response(error.status, JSON, said, headers)
