"""Replicate, through its SDK 1.0.7: answers by webhook; outputs are gone after an hour."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal

import httpx
from pydantic import BaseModel, ValidationError
from replicate.client import Client
from replicate.exceptions import ReplicateError
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from functions.studio.clips import Answer, Outcome
from functions.studio.errors import (
    NotConfigured,
    ProviderBusy,
    ProviderError,
    ProviderFailed,
    ProviderRefused,
    ProviderUnknown,
    WebhookRejected,
)
from functions.studio.providers.protocol import Order, Prediction

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds a call may take; the SDK itself gives its create none."""

OUTCOMES = {
    "succeeded": Outcome.SUCCEEDED,
    "failed": Outcome.FAILED,
    "canceled": Outcome.CANCELLED,
    "aborted": Outcome.FAILED,
}
"""Their terminal statuses; `starting` and `processing` are none."""

MODERATED = ("flagged", "sensitive", "moderation", "safety", "(e005)")
"""Words of their errors for an input that will be refused every time."""

RETRIED_BY_THE_SDK = (429, 503, 504)

WINDOW = 300
"""Seconds that a webhook's timestamp may be off."""

SECRETS_KEPT = 600.0
SECRETS_ASKED_AGAIN_AFTER = 60.0


class Replicate:
    name = "replicate"
    answers_by: Literal["webhook", "poll"] = "webhook"

    def __init__(self, key: Callable[[], str], base_url: str) -> None:
        """`key` is asked at each call, for it may change while this process lives."""
        self._client = Client(base_url=base_url, transport=_Transport(key))
        self._secrets: list[str] = []
        self._secrets_at = 0.0

    def start(self, order: Order) -> Prediction:
        asked: dict[str, Any] = {}
        if order.webhook:
            asked = {"webhook": order.webhook, "webhook_events_filter": ["completed"]}
        with _our_errors(creating=True):
            theirs = self._client.predictions.create(model=order.slug, input=order.input, **asked)
            return _parsed(_Document.model_validate({name: getattr(theirs, name) for name in _Document.model_fields}))

    def look(self, prediction_id: str) -> Prediction:
        with _our_errors():
            return _parsed(_Document.model_validate(self._get(f"/v1/predictions/{prediction_id}")))

    def find(self, mark: str, asked_at: str) -> Prediction | None:
        since = datetime.fromisoformat(asked_at) - timedelta(minutes=5)
        with _our_errors():
            for document in self._recent():
                if document.created_at and datetime.fromisoformat(document.created_at) < since:
                    return None
                ours = _parsed(document)
                if ours.carries(mark):
                    return ours
        return None

    def _recent(self) -> Iterator[_Document]:
        """Newest first."""
        page: str | None = "/v1/predictions"
        while page:
            found = _Page.model_validate(self._get(page))
            yield from found.results
            page = found.next

    def _get(self, path: str) -> Any:
        """By the SDK's own request, not its typed calls: those know no status `aborted` and fail on it."""
        return self._client._request("GET", path).json()

    def cancel(self, prediction_id: str) -> None:
        with _our_errors():
            self._client.predictions.cancel(prediction_id)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Prediction:
        if not _could_prove(headers):  # before a stranger makes us ask for a secret
            raise WebhookRejected("no well-formed signature of the last minutes")
        if not any(_proves(secret, headers, body) for secret in self._signing_secrets()) and not any(
            _proves(secret, headers, body) for secret in self._signing_secrets(doubted=True)
        ):
            raise WebhookRejected("no signature over this body holds")
        try:
            return _parsed(_Document.model_validate_json(body))
        except ValidationError as error:
            raise WebhookRejected("a proven body that is no prediction") from error

    def _signing_secrets(self, doubted: bool = False) -> list[str]:
        """The account's secret, and the one before it for as long as this process lives: rotation loses no webhook.

        `doubted` asks again, at most once a minute, because the secret may have been changed.
        """
        age = time.monotonic() - self._secrets_at
        if not self._secrets or age > SECRETS_KEPT or (doubted and age > SECRETS_ASKED_AGAIN_AFTER):
            with _our_errors():
                current = self._client.webhooks.default.secret().key
            self._secrets = [current, *(old for old in self._secrets[:1] if old != current)]
            self._secrets_at = time.monotonic()
        return self._secrets


class _Transport(httpx.HTTPTransport):
    """Beneath the SDK: the key as it is now, a limit of time for every call, and an end to its ten retries of a GET,
    which outlast a Lambda and cannot be switched off."""

    def __init__(self, key: Callable[[], str]) -> None:
        super().__init__()
        self._key = key

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Authorization"] = f"Bearer {self._key()}"
        request.extensions["timeout"] = TIMEOUT.as_dict()
        response = super().handle_request(request)
        if request.method == "GET" and response.status_code in RETRIED_BY_THE_SDK:
            response.read()
            raise ProviderBusy(f"Replicate cannot be asked just now: HTTP {response.status_code}")
        return response


@contextmanager
def _our_errors(creating: bool = False) -> Iterator[None]:
    """Their errors in our words. While creating, whatever may have reached them is unknown, not failed."""
    ambiguous: type[ProviderError] = ProviderUnknown if creating else ProviderBusy
    try:
        yield
    except ReplicateError as error:
        raise _translated(error, ambiguous) from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise ProviderBusy(f"Replicate cannot be reached: {error}") from None
    except httpx.HTTPError as error:
        raise ambiguous(f"Replicate did not answer: {type(error).__name__}") from None
    except (ValueError, TypeError, AttributeError) as error:  # the SDK reads whatever came as if it were a prediction
        raise ambiguous(f"Replicate answered something unexpected: {type(error).__name__}") from None


def _translated(error: ReplicateError, ambiguous: type[ProviderError]) -> Exception:
    said = error.detail or error.title or f"HTTP {error.status}"
    match error.status:
        case 401 | 403:
            return NotConfigured(f"Replicate does not accept REPLICATE_API_KEY: {said}")
        case 402:
            return ProviderFailed(f"Replicate wants to be paid first: {said}")
        case 429:
            return ProviderBusy(f"Replicate asks to wait: {said}")
        case status if status is not None and status < 500:
            return ProviderRefused(f"Replicate refused the request: {said}")
    return ambiguous(f"Replicate failed with {error.status}: {said}")


def _could_prove(headers: Mapping[str, str]) -> bool:
    try:
        age = abs(time.time() - float(headers.get("webhook-timestamp", "")))
    except ValueError:
        return False
    return age <= WINDOW and bool(headers.get("webhook-id")) and bool(_signatures(headers))


def _proves(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        Webhook(secret).verify(body, {**headers, "webhook-signature": _signatures(headers)}, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True


def _signatures(headers: Mapping[str, str]) -> str:
    return " ".join(entry for entry in headers.get("webhook-signature", "").split(" ") if _is_well_formed(entry))


def _is_well_formed(entry: str) -> bool:
    """One malformed entry would make the library give up on the good one behind it."""
    version, comma, signature = entry.partition(",")
    try:
        base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return version == "v1" and comma == "," and bool(signature)


class _Document(BaseModel):
    """As much of their prediction object as we read; a webhook's body is the same."""

    id: str
    status: str
    input: dict[str, Any] | None = None
    output: Any = None
    error: Any = None
    metrics: dict[str, Any] | None = None
    created_at: str | None = None


class _Page(BaseModel):
    results: list[_Document]
    next: str | None = None


def _parsed(document: _Document) -> Prediction:
    return Prediction(id=document.id, answer=_answer(document), input=document.input or {})


def _answer(document: _Document) -> Answer | None:
    outcome = OUTCOMES.get(document.status)
    if outcome is None:
        return None
    output = document.output
    url = output[0] if isinstance(output, list) and output else output
    said = str(document.error) if document.error else None
    if outcome is Outcome.FAILED and said and any(word in said.lower() for word in MODERATED):
        outcome = Outcome.REFUSED
    if outcome is Outcome.SUCCEEDED and not isinstance(url, str):
        outcome, said = Outcome.FAILED, "Replicate says that it succeeded, but its output is gone"
    return Answer(
        outcome=outcome,
        output_url=url if isinstance(url, str) else None,
        error=said,
        # They price these models by the output (their changelog of 2025-01-29): without one there is nothing to pay,
        # but what was cancelled after it had started is charged.
        charged=document.status in ("succeeded", "canceled"),
        predict_seconds=(document.metrics or {}).get("predict_time"),
    )
