"""Runway, through its SDK 5.24.0: asked again and again, for it calls nobody back; addresses of what it made expire.

It lists no tasks: a create whose answer was lost is known to nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from runwayml import APIConnectionError, APIStatusError, DefaultHttpxClient, RunwayML, RunwayMLError

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
from functions.studio.providers.protocol import Order, Prediction
from functions.studio.retry_after import seconds_told

SENDING = httpx.Timeout(30.0, connect=5.0)
LOOKING = httpx.Timeout(10.0, connect=5.0)
"""Seconds a call may take; what only reads is asked again anyway."""

OUTCOMES = {"SUCCEEDED": Outcome.SUCCEEDED, "FAILED": Outcome.FAILED, "CANCELLED": Outcome.CANCELLED}
"""Their terminal statuses; `PENDING`, `THROTTLED` (beyond what the account may run at once) and `RUNNING` are none."""

FAILURES = {
    "SAFETY": Outcome.REFUSED,
    "INPUT_PREPROCESSING": Outcome.REFUSED,
    "INPUT_PREPROCESSING.INTERNAL": Outcome.FAILED,
    "ASSET": Outcome.REFUSED,
    "INTERNAL": Outcome.FAILED,
    "THIRD_PARTY": Outcome.FAILED,
}
"""What may be tried again, by how a failure code begins: the longest beginning says it. One that is not here may."""

TEXT_REFUSED = re.compile(r"SAFETY\.(INPUT\.)?TEXT$")
"""A failure code of the prompt's. Others do not tell which picture they mean."""

UNPAID = re.compile(r"enough credits|insufficient credits", re.IGNORECASE)

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

A_CREDIT = Decimal("0.01")
"""USD."""

MOST_UPLOADED = 16 * 2**20

LONGEST_URL = 4096
LONGEST_ERROR = 1000
"""Characters of theirs that are kept in a row."""


class Runway:
    name = "runway"
    answers_by: Literal["webhook", "poll"] = "poll"

    def __init__(self, key: Callable[[], str], base_url: str) -> None:
        """`key` is asked at each call, for it may change while this process lives."""
        self._key = key
        # The SDK would send a create again, follow where a redirect leads, and look up a proxy in the environment.
        http = DefaultHttpxClient(follow_redirects=False, trust_env=False, timeout=SENDING)
        self._client = RunwayML(api_key="", base_url=base_url, max_retries=0, timeout=SENDING, http_client=http)

    def start(self, order: Order) -> Prediction:
        """By the SDK's own request, not its typed calls: those know the inputs of their day, the catalogue today's."""
        body = {"model": order.slug, **order.input}
        with self._asking(creating=order) as client:
            answer = client.post(f"/v1/{order.task_type}", body=body, cast_to=httpx.Response)
            return Prediction(id=_Created.model_validate_json(answer.content).id, input=order.input)

    def upload(self, content: bytes, name: str) -> str:
        """They keep it for 24 hours. It is named in an order's input by an address of their own kind (`runway://`)."""
        if len(content) > MOST_UPLOADED:
            raise ProviderRefused(f"Runway takes pictures of {MOST_UPLOADED >> 20} MB at most, and {name} is larger")
        with self._asking() as client:
            return client.uploads.create_ephemeral(file=(name, content)).uri

    def look(self, prediction_id: str) -> Prediction:
        with self._asking() as client:
            return _parsed(_task(client, prediction_id))

    def find(self, mark: str, asked_at: str) -> Prediction | None:
        raise ProviderUnknown(
            "Runway lists no tasks and calls nobody back: nobody can tell whether it accepted this one"
        )

    def cancel(self, prediction_id: str) -> Prediction:
        """What has ended is left alone: to delete it would delete what it has made."""
        known = self.look(prediction_id)
        if known.answer:
            return known
        with self._asking() as client:
            client.tasks.delete(quote(prediction_id, safe=""), timeout=LOOKING)
        try:
            after = self.look(prediction_id)
        except ProviderRefused:  # it is not shown any more, and nothing says that it was not charged
            return known.model_copy(update={"answer": Answer(outcome=Outcome.CANCELLED)})
        return after

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Prediction:
        raise WebhookRejected("Runway sends no webhooks")

    @contextmanager
    def _asking(self, creating: Order | None = None) -> Iterator[RunwayML]:
        """The client, with the key as it is now; its errors in our words. While creating, what may have reached them is
        unknown, not failed."""
        ambiguous: type[ProviderError] = ProviderUnknown if creating else ProviderBusy
        try:
            yield self._client.with_options(api_key=self._key())
        except KeyUnreachable as error:  # before anything was sent
            raise ProviderBusy(str(error)) from None
        except APIStatusError as error:
            raise _translated(error, ambiguous, creating) from None
        except APIConnectionError as error:
            if isinstance(error.__cause__, NEVER_SENT):
                raise ProviderBusy("Runway cannot be reached") from None
            raise ambiguous(f"Runway did not answer: {type(error.__cause__).__name__}") from None
        except (httpx.HTTPError, RunwayMLError) as error:  # the former of uploads, which the SDK sends by itself
            raise ambiguous(f"Runway did not answer: {type(error).__name__}") from None
        except (ValidationError, ValueError, TypeError, AttributeError) as error:
            raise ambiguous(f"Runway answered something unexpected: {type(error).__name__}") from None


def _task(client: RunwayML, prediction_id: str) -> _Task:
    """As it was sent: the SDK would take a task without `cost` for one of another status."""
    shown = client.tasks.with_raw_response.retrieve(quote(prediction_id, safe=""), timeout=LOOKING)
    return _Task.model_validate_json(shown.read())


@dataclass(frozen=True)
class _Said:
    """An error's body: what it says, and the path of the input that it names."""

    words: str
    at_fault: str | None


def _said(body: object, input: Mapping[str, Any], status: int) -> _Said:
    told = body if isinstance(body, dict) else {}
    issues = [one for one in told.get("issues") or [] if isinstance(one, dict)]
    messages = [f"{_path(one)}: {one.get('message')}" if _path(one) else str(one.get("message")) for one in issues]
    words = "; ".join(dict.fromkeys([str(told.get("error") or f"HTTP {status}"), *messages]))
    named = next((path for one in issues if (path := _path(one))), None)
    by_words = (name for name in input if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words))
    return _Said(words[:LONGEST_ERROR], named or next(by_words, None))


def _path(issue: Mapping[str, Any]) -> str:
    path = issue.get("path")
    return ".".join(map(str, path)) if isinstance(path, list) else ""


def _translated(error: APIStatusError, ambiguous: type[ProviderError], creating: Order | None) -> Exception:
    status = error.status_code
    said = _said(error.body, creating.input if creating else {}, status)
    if status == 429:
        told = seconds_told(error.response.headers.get("retry-after"))
        return ProviderBusy(f"Runway asks to wait: {said.words}", told)
    if status in (401, 403):
        return NotConfigured(f"Runway does not accept RUNWAYML_API_SECRET: {said.words}")
    if status == 402 or UNPAID.search(said.words):
        return NotConfigured(f"Runway wants to be paid first; see to the credits of RUNWAYML_API_SECRET: {said.words}")
    if not 400 <= status < 500 or status == 408:
        return ambiguous(f"Runway failed with {status}: {said.words}")
    if creating and (status in (404, 405, 410) or said.at_fault == "model"):
        asked = f"{creating.slug} for {creating.task_type}"
        return ModelGone(
            f"Runway does not have {asked} (any more): {said.words}. Its entry in the catalogue must change"
        )
    return ProviderRefused(f"Runway refused the request: {said.words}", said.at_fault)


class _Created(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    id: str


class _Cost(BaseModel):
    credits: Decimal


class _Task(BaseModel):
    """As much of their task object as we read."""

    model_config = ConfigDict(hide_input_in_errors=True)

    id: str
    status: str
    output: list[str] | None = None
    failure: str | None = None
    failure_code: str | None = Field(default=None, alias="failureCode")
    cost: _Cost | None = None


def _parsed(task: _Task) -> Prediction:
    return Prediction(id=task.id, answer=_answer(task))


def _answer(task: _Task) -> Answer | None:
    outcome = OUTCOMES.get(task.status)
    if outcome is None:
        return None
    code = task.failure_code or ""
    error = None
    if outcome is Outcome.FAILED:
        outcome = outcome_of(code)
        error = ", ".join(part for part in (task.failure, code) if part)[:LONGEST_ERROR] or None
    took = task.cost.credits if task.cost else None
    return Answer(
        outcome=outcome,
        output_url=next((url for url in task.output or [] if 0 < len(url) <= LONGEST_URL), None),
        error=error,
        input="prompt" if TEXT_REFUSED.search(code) else None,
        # What they do not say is taken as charged: input that is refused is not given back, nor what had begun.
        charged=took is None or took > 0,
        reported_cost=None if took is None else took * A_CREDIT,
    )


def outcome_of(code: str) -> Outcome:
    """By a failure code; empty where they told none."""
    parts = code.split(".")
    beginnings = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((FAILURES[one] for one in beginnings if one in FAILURES), Outcome.FAILED)
