"""Replicate, through its SDK 1.0.7: answers by webhook; outputs are gone after an hour."""

from __future__ import annotations

import base64
import binascii
import io
import math
import re
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
    KeyUnreachable,
    ModelGone,
    NotConfigured,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnknown,
    WebhookRejected,
)
from functions.studio.providers.protocol import ALIKE, Order, Prediction
from functions.studio.retry_after import seconds_told

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds a call may take; the SDK itself gives its create none."""

LOOKING = httpx.Timeout(10.0, connect=5.0)
"""The same for what only reads: it is asked again anyway."""

MOST_PAGES = 20
"""Of their list, 100 predictions each, that are searched for one."""

OUTCOMES = {
    "succeeded": Outcome.SUCCEEDED,
    "failed": Outcome.FAILED,
    "canceled": Outcome.CANCELLED,
    "aborted": Outcome.FAILED,
}
"""Their terminal statuses; `starting` and `processing` are none."""

UNSAID = {"aborted": "Replicate aborted the prediction: it had not begun by its deadline, and nothing was charged"}
"""Why, where their `error` does not say."""

MODERATED = ("flagged", "sensitive content", "sensitive information", "moderation", "safety", "(e005)")
"""Words of their errors for an input that will be refused every time."""

RETRIED_BY_THE_SDK = (429, 503, 504)

GONE = (404, 410)
VERSION_GONE = re.compile(r"invalid version|version .*(does not exist|not permitted)", re.IGNORECASE)
"""How a create is answered whose model is not there, or not any more."""

FIELD = re.compile(r"^- (?:input\.)?(\w+):", re.MULTILINE)
"""How they name an input that they do not take."""

LONGEST_URL = 4096
LONGEST_ERROR = 1000
"""Characters of theirs that are kept in a row."""

WINDOW = 300
"""Seconds that a webhook's timestamp may be off."""

SIGNED_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
LONGEST_HEADER = 4096

SECRETS_KEPT = 600.0
SECRETS_DOUBTED_EVERY = 60.0
SECRETS_OUTLIVED = 900.0
"""Seconds that a secret is used without asking; between two doubts; and that it holds after it was changed: longer than
their repeats and our window together."""


class Replicate:
    name = "replicate"
    answers_by: Literal["webhook", "poll"] = "webhook"

    def __init__(self, key: Callable[[], str], base_url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`key` is asked at each call, for it may change while this process lives."""
        self._client = Client(base_url=base_url, transport=_Transport(key))
        self._clock = clock
        self._secret = ""
        self._before = ""
        self._asked_at = self._doubted_at = self._before_holds_until = -math.inf

    def start(self, order: Order) -> Prediction:
        asked: dict[str, Any] = {}
        if order.webhook:
            asked = {"webhook": order.webhook, "webhook_events_filter": ["completed"]}
        with _our_errors(creating=order.slug):
            theirs = self._client.predictions.create(model=order.slug, input=order.input, **asked)
            return _parsed(
                _Document.model_validate({name: getattr(theirs, name, None) for name in _Document.model_fields})
            )

    def upload(self, content: bytes, name: str) -> str:
        """They keep it for 24 hours."""
        with _our_errors():
            return str(self._client.files.create(io.BytesIO(content), filename=name).urls["get"])

    def look(self, prediction_id: str) -> Prediction:
        with _our_errors():
            return _parsed(_Document.model_validate(self._get(f"/v1/predictions/{prediction_id}")))

    def find(self, mark: str, asked_at: str) -> Prediction | None:
        since = datetime.fromisoformat(asked_at) - timedelta(minutes=5)
        unreadable = ""
        with _our_errors():
            for document in self._recent():
                if document.created_at and datetime.fromisoformat(document.created_at) < since:
                    break
                ours = _parsed(document)
                if ours.carries(mark):
                    if mark.startswith(ALIKE):
                        raise ProviderUnknown(
                            f"prediction {ours.id} was asked for the same, perhaps by another attempt"
                        )
                    return ours
                unreadable = document.id if document.data_removed else unreadable
        if unreadable:
            raise ProviderUnknown(f"Replicate has deleted what prediction {unreadable} was asked for")
        return None

    def _recent(self) -> Iterator[_Document]:
        """Newest first; ProviderUnknown where the list goes on beyond what is searched."""
        page = "/v1/predictions"
        for _ in range(MOST_PAGES):
            found = _Page.model_validate(self._get(page))
            yield from found.results
            if not found.next:
                return
            page = found.next
        raise ProviderUnknown(f"Replicate lists more than {MOST_PAGES} pages of predictions")

    def _get(self, path: str) -> Any:
        """By the SDK's own request, not its typed calls: those know no status `aborted` and fail on it."""
        return self._client._request("GET", path).json()

    def cancel(self, prediction_id: str) -> Prediction:
        with _our_errors():
            answer = self._client._request("POST", f"/v1/predictions/{prediction_id}/cancel")
            return _parsed(_Document.model_validate(answer.json()))

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
        """The account's secret, and for a while the one before it: rotation loses no webhook.

        `doubted` asks again, at most once a minute, because the secret may have been changed.
        """
        now = self._clock()
        again = now > self._doubted_at + SECRETS_DOUBTED_EVERY if doubted else now > self._asked_at + SECRETS_KEPT
        if again or not self._secret:
            self._doubted_at = now if doubted else self._doubted_at
            self._ask_for_the_secret(now, needed=doubted or not self._secret)
        return [self._secret, *([self._before] if now < self._before_holds_until else [])]

    def _ask_for_the_secret(self, now: float, needed: bool) -> None:
        try:
            with _our_errors():
                current = self._client.webhooks.default.secret().key
        except (ProviderError, NotConfigured):
            if needed:
                raise
            current = self._secret
        if self._secret and current != self._secret:
            self._before, self._before_holds_until = self._secret, now + SECRETS_OUTLIVED
        self._secret, self._asked_at = current, now


class _Transport(httpx.HTTPTransport):
    """Beneath the SDK: the key as it is now, a limit of time for every call, the hints of a 429, which the SDK drops,
    and an end to its ten retries of a GET, which outlast a Lambda and cannot be switched off."""

    def __init__(self, key: Callable[[], str]) -> None:
        super().__init__()
        self._key = key

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Authorization"] = f"Bearer {self._key()}"
        request.extensions["timeout"] = (LOOKING if request.method == "GET" else TIMEOUT).as_dict()
        response = super().handle_request(request)
        if response.status_code == 429 or (request.method == "GET" and response.status_code in RETRIED_BY_THE_SDK):
            response.read()
            said = _details(response)
            raise ProviderBusy(f"Replicate asks to wait: {said or f'HTTP {response.status_code}'}", _told(response))
        return response


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _details(response: httpx.Response) -> str:
    return str(_problem(response).get("detail") or "")


def _told(response: httpx.Response) -> float | None:
    """Seconds to wait, by the header, the body's field or its words ("resets in ~30s"); None where none says."""
    words = re.search(r"\bin ~?(\d+(?:\.\d+)?) ?s", _details(response))
    hints = (response.headers.get("retry-after"), _problem(response).get("retry_after"), words and words[1])
    return next((seconds for hint in hints if (seconds := seconds_told(hint)) is not None), None)


@contextmanager
def _our_errors(creating: str = "") -> Iterator[None]:
    """Their errors in our words. While creating (of which model), what may have reached them is unknown, not failed."""
    ambiguous: type[ProviderError] = ProviderUnknown if creating else ProviderBusy
    try:
        yield
    except KeyUnreachable as error:  # before anything was sent
        raise ProviderBusy(str(error)) from None
    except ReplicateError as error:
        raise _translated(error, ambiguous, creating) from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise ProviderBusy(f"Replicate cannot be reached: {error}") from None
    except httpx.HTTPError as error:
        raise ambiguous(f"Replicate did not answer: {type(error).__name__}") from None
    except (ValueError, TypeError, AttributeError, LookupError) as error:  # the SDK takes whatever came for its object
        raise ambiguous(f"Replicate answered something unexpected: {type(error).__name__}") from None


def _translated(error: ReplicateError, ambiguous: type[ProviderError], creating: str) -> Exception:
    said = error.detail or error.title or f"HTTP {error.status}"
    if creating and (error.status in GONE or (error.status == 422 and VERSION_GONE.search(f"{error.title} {said}"))):
        return ModelGone(
            f"Replicate does not have the model {creating} (any more): {said}. Its entry in catalogue.json must change"
        )
    match error.status:
        case 401 | 403:
            return NotConfigured(f"Replicate does not accept REPLICATE_API_KEY: {said}")
        case 402:
            return NotConfigured(f"Replicate wants to be paid first; see to the billing of REPLICATE_API_KEY: {said}")
        case status if status is not None and status < 500:
            at_fault = FIELD.search(said)
            return ProviderRefused(f"Replicate refused the request: {said}", at_fault and at_fault[1])
    return ambiguous(f"Replicate failed with {error.status}: {said}")


def _could_prove(headers: Mapping[str, str]) -> bool:
    at = headers.get("webhook-timestamp", "")
    if any(len(headers.get(name, "")) > LONGEST_HEADER for name in SIGNED_HEADERS) or not (
        at.isascii() and at.isdigit()
    ):
        return False
    return abs(time.time() - float(at)) <= WINDOW and bool(headers.get("webhook-id")) and bool(_signatures(headers))


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
        meant = base64.b64encode(base64.b64decode(signature, validate=True)).decode()
    except (binascii.Error, ValueError):
        return False
    return version == "v1" and comma == "," and bool(signature) and meant == signature


class _Document(BaseModel):
    """As much of their prediction object as we read; a webhook's body is the same."""

    id: str
    status: str
    input: dict[str, Any] | None = None
    output: Any = None
    error: Any = None
    data_removed: bool | None = None
    metrics: dict[str, Any] | None = None
    created_at: str | None = None
    started_at: str | None = None


class _Page(BaseModel):
    results: list[_Document]
    next: str | None = None


def _parsed(document: _Document) -> Prediction:
    return Prediction(id=document.id, answer=_answer(document), input=document.input or {})


def _answer(document: _Document) -> Answer | None:
    outcome = OUTCOMES.get(document.status)
    if outcome is None:
        return None
    said = str(document.error) if document.error else UNSAID.get(document.status)
    if outcome is Outcome.FAILED and said and any(word in said.lower() for word in MODERATED):
        outcome = Outcome.REFUSED
    seconds = (document.metrics or {}).get("predict_time")
    outputs = document.output if isinstance(document.output, list) else [document.output]
    return Answer(
        outcome=outcome,
        output_url=next((url for url in outputs if isinstance(url, str) and 0 < len(url) <= LONGEST_URL), None),
        error=said and said[:LONGEST_ERROR],
        # They price these models by the output (their changelog of 2025-01-29): without one there is nothing to pay,
        # but what was cancelled after it had started is charged; before that nothing was begun.
        charged=document.status == "succeeded" or (document.status == "canceled" and document.started_at is not None),
        removed=bool(document.data_removed),
        predict_seconds=seconds if isinstance(seconds, int | float) and math.isfinite(seconds) else None,
    )
