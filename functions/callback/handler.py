"""Callback: where providers report. Verified over the raw body, recorded, then the token is released."""

from __future__ import annotations

import base64
import binascii
import os
from functools import cache
from typing import Any

from functions.studio.answers import mark, record_answer
from functions.studio.errors import (
    NotFound,
    ProviderError,
    ReelayError,
    UnknownAttempt,
    WebhookRejected,
)
from functions.studio.job_store import JobStore
from functions.studio.providers import Prediction, open_provider
from functions.studio.table import Table
from functions.studio.telemetry import about, count, entry, logger
from functions.studio.workflow import Workflow

STATUS: dict[type[ReelayError], int] = {WebhookRejected: 401, UnknownAttempt: 404, NotFound: 404, ProviderError: 503}
"""What a provider is told; all but 2xx make it send again."""


@cache
def _jobs() -> JobStore:
    return JobStore(Table(os.environ["TABLE_NAME"]))


@cache
def _workflow() -> Workflow:
    return Workflow()


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    try:
        _receive(event)
    except (WebhookRejected, UnknownAttempt, NotFound, ProviderError) as error:
        status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
        logger().warning("callback not taken", extra={"reason": str(error), "answered": status})
        count("CallbacksRefused")
        return {"statusCode": status}
    return {"statusCode": 204}


def _receive(event: dict[str, Any]) -> None:
    provider = open_provider(event["pathParameters"]["provider"])
    prediction = provider.read_webhook(event["headers"], raw_body(event))
    asked = event.get("queryStringParameters") or {}
    job_id, attempt_id = asked.get("job", ""), asked.get("attempt", "")
    about(job=job_id, attempt=attempt_id, prediction=prediction.id)
    if prediction.answer is None:
        return
    attempt = _jobs().find_attempt(job_id, attempt_id) if job_id and attempt_id else None
    if attempt is None or not _is_of(prediction, attempt.prediction_id, mark(job_id, attempt_id)):
        raise UnknownAttempt("no attempt is known by that name and prediction")
    record_answer(_jobs(), _workflow(), job_id, attempt, prediction)


def _is_of(prediction: Prediction, stored_id: str | None, marked: str) -> bool:
    """The signature covers the body, not the URL: the body itself must belong to the attempt that the URL names."""
    return prediction.id == stored_id if stored_id else prediction.carries(marked)


def raw_body(event: dict[str, Any]) -> bytes:
    """The bytes that were signed, whichever way API Gateway handed them over."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise WebhookRejected("a body that is not what it is said to be") from error
