"""PiAPI, by plain HTTP, for it has no SDK: answers by webhook; what it makes is deleted after a while.

Its webhooks prove little (a secret in clear, over nothing), so one is only the occasion to look at the task. It lists no
tasks: a create whose answer was lost is known by its webhook alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import mimetypes
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote

import requests
from pydantic import BaseModel, ConfigDict, ValidationError
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError
from urllib3.util import Retry

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

SENDING = (5.0, 30.0)
LOOKING = (5.0, 10.0)
"""Seconds to connect, and without a byte of the answer; what only reads is asked again anyway."""

AGAIN = Retry(
    total=1,
    allowed_methods={"GET"},
    status_forcelist={500, 502, 503, 504},
    backoff_factor=0.2,
    raise_on_status=False,
    respect_retry_after_header=False,
)
"""For looks alone: a create is sent once."""

OUTCOMES = {
    "completed": Outcome.SUCCEEDED,
    "failed": Outcome.FAILED,
    "cancelled": Outcome.CANCELLED,
    "canceled": Outcome.CANCELLED,
}
"""Their terminal statuses, in whichever case; `pending`, `staged` and `processing` are none. The documentation has no word
for what was cancelled."""

CANCELLED = re.compile(r"\bcancel", re.IGNORECASE)
MODERATED = re.compile(
    r"\b(flagged|sensitive (content|information)|moderation|nsfw|prohibited|content policy|risk control)\b",
    re.IGNORECASE,
)
"""How a failed task says that it was cancelled, or that its input will be refused every time."""

UNPAID = re.compile(r"freeze point|insufficient|not enough|\bbalance\b|out of credit", re.IGNORECASE)
TASK_GONE = re.compile(
    r"\b(model|task.?type)\b.*\b(unknown|invalid|unsupported|not (found|supported|exist|available))"
    r"|\b(unknown|invalid|unsupported)\b.*\b(model|task.?type)\b",
    re.IGNORECASE,
)
"""How an error says that the account has run dry, or that there is no such task (any more)."""

ENVELOPE_IS_WELL = (0, 200)

POINTS_A_DOLLAR = 10_000_000
"""As an example in their documentation suggests (2,000,000 for a clip at $0.20); said nowhere."""

MOST_UPLOADED = 10 * 2**20

LONGEST_URL = 4096
LONGEST_ERROR = 1000
"""Characters of theirs that are kept in a row."""
LONGEST_SECRET = 4096


class Piapi:
    name = "piapi"
    answers_by: Literal["webhook", "poll"] = "webhook"

    def __init__(self, key: Callable[[], str], base_url: str, upload_url: str) -> None:
        """`key` is asked at each call, for it may change while this process lives."""
        self._key = key
        self._base_url = base_url.rstrip("/")
        self._upload_url = upload_url.rstrip("/")
        self._sending, self._looking = _session(Retry(0)), _session(AGAIN)

    def start(self, order: Order) -> Prediction:
        asked: dict[str, Any] = {"model": order.slug, "task_type": order.task_type, "input": order.input}
        if order.webhook:
            asked["config"] = {"webhook_config": {"endpoint": order.webhook, "secret": self._webhook_secret()}}
        return self._task("POST", "", asked, order)

    def upload(self, content: bytes, name: str) -> str:
        """They keep it for 24 hours, for accounts of their Creator plan and above."""
        if len(content) > MOST_UPLOADED:
            raise ProviderRefused(f"PiAPI takes uploads of {MOST_UPLOADED >> 20} MB at most, and {name} is larger")
        kind, _ = mimetypes.guess_type(name)
        data = f"data:{kind};base64,{base64.b64encode(content).decode()}"
        kept = self._call("POST", f"{self._upload_url}/api/ephemeral_resource", {"file_name": name, "file_data": data})
        url = kept.get("url")
        if not isinstance(url, str) or not url:
            raise ProviderBusy("PiAPI did not say where it keeps an upload")
        return url

    def look(self, prediction_id: str) -> Prediction:
        return self._task("GET", f"/{quote(prediction_id, safe='')}")

    def find(self, mark: str, asked_at: str) -> Prediction | None:
        raise ProviderUnknown("PiAPI lists no tasks: its webhook alone can tell whether it accepted this one")

    def cancel(self, prediction_id: str) -> Prediction:
        """Only a pending task can be; what it had frozen is given back."""
        try:
            self._call("DELETE", f"{self._base_url}/api/v1/task/{quote(prediction_id, safe='')}")
        except ProviderRefused:
            return self.look(prediction_id)
        try:
            known = self.look(prediction_id)
        except ProviderRefused:  # nor shown any more
            known = Prediction(id=prediction_id)
        return known if known.answer else known.model_copy(update={"answer": NEVER_BEGUN})

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Prediction:
        told = headers.get("x-webhook-secret", "")
        if not 0 < len(told) <= LONGEST_SECRET or not hmac.compare_digest(
            told.encode("utf-8", "replace"), self._webhook_secret().encode()
        ):
            raise WebhookRejected("not the secret that was given")
        try:
            task_id = _Notice.model_validate_json(body).data.task_id
        except ValidationError:
            raise WebhookRejected("a body that is no task") from None
        try:
            return self.look(task_id)
        except ProviderRefused as refused:
            raise WebhookRejected("a task that PiAPI does not know") from refused

    def _webhook_secret(self) -> str:
        """Follows from the key, so that nothing has to keep it."""
        return hmac.new(self._api_key().encode(), b"reelay webhooks", hashlib.sha256).hexdigest()

    def _api_key(self) -> str:
        try:
            return self._key()
        except KeyUnreachable as error:  # before anything was sent
            raise ProviderBusy(str(error)) from None

    def _task(self, method: str, path: str, body: Any = None, creating: Order | None = None) -> Prediction:
        data = self._call(method, f"{self._base_url}/api/v1/task{path}", body, creating)
        try:
            return _parsed(_Task.model_validate(data))
        except ValidationError:
            raise _ambiguous(creating)("PiAPI answered something that is no task") from None

    def _call(self, method: str, url: str, body: Any = None, creating: Order | None = None) -> dict[str, Any]:
        """What the envelope holds. Their errors in our words: while creating, what may have reached them is unknown, not
        failed."""
        reads = method == "GET"
        session, timeout = (self._looking, LOOKING) if reads else (self._sending, SENDING)
        headers = {"x-api-key": self._api_key()}
        try:
            answer = session.request(method, url, json=body, headers=headers, timeout=timeout, allow_redirects=False)
        except requests.RequestException as error:
            if isinstance(error, requests.ConnectTimeout) or _never_arrived(error):
                raise ProviderBusy("PiAPI cannot be reached") from None
            raise _ambiguous(creating)(f"PiAPI did not answer: {type(error).__name__}") from None
        envelope = _envelope(answer)
        data = envelope.get("data")
        data = data if isinstance(data, dict) else {}
        code = _code(answer.status_code, envelope)
        if code in ENVELOPE_IS_WELL or (
            creating and data.get("task_id")
        ):  # a task that is there outweighs what is said
            return data
        raise _error(code, _said(envelope, data, code), answer, creating)


def _session(retry: Retry) -> requests.Session:
    session = requests.Session()
    # Neither a proxy nor a password that the machine's user has set up.
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _never_arrived(error: requests.RequestException) -> bool:
    return any(isinstance(getattr(cause, "reason", None), NewConnectionError) for cause in error.args)


def _ambiguous(creating: Order | None) -> type[ProviderError]:
    return ProviderUnknown if creating else ProviderBusy


def _envelope(answer: requests.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _code(status: int, envelope: Mapping[str, Any]) -> int:
    """An error of HTTP, or the one within an answer that HTTP calls well; 200 where all is well."""
    inside = envelope.get("code")
    if not 200 <= status < 300:
        return status
    return inside if isinstance(inside, int) else 500


def _said(envelope: Mapping[str, Any], data: Mapping[str, Any], code: int) -> str:
    error = data.get("error")
    told = error if isinstance(error, dict) else {}
    words = [envelope.get("message"), told.get("message"), told.get("raw_message")]
    return ", ".join(dict.fromkeys(str(one) for one in words if one))[:LONGEST_ERROR] or f"code {code}"


def _error(code: int, said: str, answer: requests.Response, creating: Order | None) -> Exception:
    if code == 429:
        return ProviderBusy(f"PiAPI asks to wait: {said}", seconds_told(answer.headers.get("retry-after")))
    if code in (401, 403):
        return NotConfigured(f"PiAPI does not accept PIAPI_API_KEY: {said}")
    if code == 402 or UNPAID.search(said):
        return NotConfigured(f"PiAPI wants to be paid first; see to the credit of PIAPI_API_KEY: {said}")
    if not 400 <= code < 500 or code == 408:
        return _ambiguous(creating)(f"PiAPI failed with {code}: {said}")
    at_fault = _at_fault(said, creating.input) if creating else None
    if creating and not at_fault and TASK_GONE.search(said):
        asked = f"{creating.task_type} of {creating.slug}"
        return ModelGone(
            f"PiAPI does not have the task {asked} (any more): {said}. Its entry in the catalogue must change"
        )
    return ProviderRefused(f"PiAPI refused the request: {said}", at_fault)


def _at_fault(said: str, input: Mapping[str, Any]) -> str | None:
    """The path of the input that an error names, or else of the object that inputs lie in."""
    paths = list(_paths(input))
    objects = [path.rpartition(".")[0] for path in paths if "." in path]
    return next((path for path in (*paths, *objects) if re.search(rf"(?<!\w){re.escape(path)}(?!\w)", said)), None)


def _paths(value: Any, within: str = "") -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield within
        return
    for name, inner in value.items():
        yield from _paths(inner, f"{within}.{name}" if within else name)


class _Task(BaseModel):
    """As much of their task object as we read: of `config`, which holds the webhook's secret, only where it reports to."""

    model_config = ConfigDict(hide_input_in_errors=True)

    task_id: str
    status: str
    input: Any = None
    output: Any = None
    meta: Any = None
    error: Any = None
    config: Any = None


class _Named(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    task_id: str


class _Notice(BaseModel):
    """A webhook's body."""

    model_config = ConfigDict(hide_input_in_errors=True)

    data: _Named


NEVER_BEGUN = Answer(outcome=Outcome.CANCELLED, charged=False)


def _parsed(task: _Task) -> Prediction:
    webhook = _within(task.config, "webhook_config", "endpoint")
    return Prediction(
        id=task.task_id,
        answer=_answer(task),
        input=task.input if isinstance(task.input, dict) else {},
        webhook=webhook if isinstance(webhook, str) and webhook else None,
    )


def _answer(task: _Task) -> Answer | None:
    outcome = OUTCOMES.get(task.status.strip().lower())
    if outcome is None:
        return None
    told = task.error if isinstance(task.error, str) else _within(task.error, "message")
    told = told or _within(task.error, "raw_message")
    said = str(told)[:LONGEST_ERROR] if told and outcome is not Outcome.SUCCEEDED else None
    if outcome is Outcome.FAILED and said:
        if MODERATED.search(said):
            outcome = Outcome.REFUSED
        elif CANCELLED.search(said):
            outcome = Outcome.CANCELLED
    consumed = _within(task.meta, "usage", "consume")
    points = consumed if isinstance(consumed, int) and _within(task.meta, "usage", "type") == "point" else None
    return Answer(
        outcome=outcome,
        output_url=next((url for url in _links(task.output) if 0 < len(url) <= LONGEST_URL), None),
        error=said,
        # Points are frozen at the beginning, and given back for what comes to nothing.
        charged=outcome is Outcome.SUCCEEDED or bool(points),
        removed=outcome is Outcome.SUCCEEDED and not task.output,
        reported_cost=None if points is None else Decimal(points) / POINTS_A_DOLLAR,
        predict_seconds=_seconds(_within(task.meta, "started_at"), _within(task.meta, "ended_at")),
    )


def _within(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _links(output: Any) -> Iterator[str]:
    """Where the clip lies, the likeliest first: every family of models has names of its own."""
    if isinstance(output, str):
        yield output
    elif isinstance(output, list):
        for one in output:
            yield from _links(one)
    elif isinstance(output, dict):
        for name in ("video_url", "download_url", "video", "video_raw", "works", "generation"):
            yield from _links(output.get(name))
        for name in ("resource_without_watermark", "resource", "url"):
            yield from _links(output.get(name))


def _seconds(began: Any, ended: Any) -> float | None:
    """Between two of their times; what has not happened lies in the year 1."""
    try:
        start, end = datetime.fromisoformat(began), datetime.fromisoformat(ended)
        return (end - start).total_seconds() if end >= start and start.year > 1 else None
    except (TypeError, ValueError):
        return None
