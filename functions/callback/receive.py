"""What a provider's webhook does, and what its sender is told: all but 2xx make it send again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from functions.studio.errors import (
    NotConfigured,
    NotFound,
    ProviderError,
    TooLarge,
    UnknownAttempt,
    WebhookRejected,
)
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.messages import LateClip, is_attempt_id
from functions.studio.payload import raw_body
from functions.studio.providers import Provider
from functions.studio.recording import is_of, record_answer
from functions.studio.rows import is_id
from functions.studio.telemetry import about, count, logger
from functions.studio.workflow import Workflow

MOST_BYTES = 1 << 20
"""Of a body: a prediction with all its logs is a tenth of that."""


def answer(received: Callable[[], None]) -> dict[str, Any]:
    try:
        received()
    except (WebhookRejected, UnknownAttempt, NotFound, TooLarge, ProviderError, NotConfigured) as error:
        logger().warning("callback not taken", extra={"reason": str(error), "answered": error.status})
        count("CallbacksRefused")
        return {"statusCode": error.status}
    return {"statusCode": 204}


def receive(
    event: dict[str, Any],
    jobs: JobStore,
    workflow: Workflow,
    provider_of: Callable[[str], Provider],
    events: JobEvents,
) -> None:
    body = _signed_body(event)
    provider = provider_of(event["pathParameters"]["provider"])
    prediction = provider.read_webhook(event.get("headers") or {}, body)
    asked = event.get("queryStringParameters") or {}
    job_id, attempt_id = asked.get("job", ""), asked.get("attempt", "")
    about(job=job_id, attempt=attempt_id, prediction=prediction.id)
    if prediction.answer is None:
        return
    named = is_id(job_id) and is_attempt_id(attempt_id)
    attempt = jobs.find_attempt(job_id, attempt_id) if named else None
    # What proves a webhook covers its body, not its URL: the body must belong to the attempt that the URL names.
    if attempt is None or not is_of(prediction, job_id, attempt):
        raise UnknownAttempt("no attempt is known by that name and prediction")
    about(run=attempt.run, clip=attempt.clip)
    if record_answer(jobs, workflow, job_id, attempt, prediction):
        events.publish_late(LateClip(job_id=job_id, run=attempt.run, attempt_id=attempt.id))
    logger().info("answered by webhook", extra={"outcome": prediction.answer.outcome.value})


def _signed_body(event: dict[str, Any]) -> bytes:
    sent = event.get("body") or ""
    if len(sent) > MOST_BYTES * 4 / 3 + 4:  # as long as it can be in base64
        raise TooLarge(f"a callback may have {MOST_BYTES} bytes")
    try:
        body = raw_body(sent, bool(event.get("isBase64Encoded")))
    except ValueError as error:
        raise WebhookRejected("a body that is not what it is said to be") from error
    if len(body) > MOST_BYTES:
        raise TooLarge(f"a callback may have {MOST_BYTES} bytes")
    return body
