"""Webhooks as services send them: never redirected, only the last one repeated. Or as a script says."""

import json
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from local.standins.scripts import Rule

SECONDS_TO_ANSWER = 10
COPIES_AT_ONCE = 4


@dataclass(frozen=True)
class Notice:
    """What is told of a prediction. `body` is what is posted; `is_last` when it has ended."""

    prediction: str
    status: str
    body: Mapping[str, Any]
    is_last: bool


@dataclass(frozen=True)
class Delivery:
    """One POST. `answered` is None where nobody answered."""

    message: str
    prediction: str
    status: str
    forged: bool
    at: float
    answered: int | None

    def view(self) -> dict[str, Any]:
        return {
            "webhookId": self.message,
            "predictionId": self.prediction,
            "status": self.status,
            "forged": self.forged,
            "at": self.at,
            "answered": self.answered,
        }


class Courier(ABC):
    """Delivers webhooks in the background; those of one prediction keep their order. `repeats` are the waits before a last
    one is sent again."""

    def __init__(self, repeats: Sequence[float]) -> None:
        self.deliveries: list[Delivery] = []
        self._repeats = repeats
        self._stopped = threading.Event()
        self._last: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def headers(self, message: str, at: datetime, text: str, notice: Notice, forged: bool) -> Mapping[str, str]:
        """What proves `text` to come from the service, or as a forger would have it."""

    @abstractmethod
    def contrary(self, notice: Notice) -> Notice:
        """The same prediction with the other end, as a forger would have us believe."""

    def send(self, url: str, notice: Notice, orders: Mapping[str, Rule]) -> threading.Event:
        """Sends a notice; the event is set once it was sent, whatever the answer."""
        sent = threading.Event()
        if "lose_webhook" in orders:
            sent.set()
            return sent
        late = orders.get("late_webhook")
        due = time.monotonic() + (late.wait if late else 0.0)
        with self._lock:
            before = self._last.get(notice.prediction)
            args = (before, self._stopped, due, url, notice, orders.keys(), sent)
            thread = threading.Thread(target=self._deliver, args=args, daemon=True)
            self._last[notice.prediction] = thread
            thread.start()
        return sent

    def forget_all_but(self, predictions: Collection[str]) -> None:
        """Of the deliveries that were made. What is on its way still arrives."""
        self.deliveries[:] = [one for one in self.deliveries if one.prediction in predictions]

    def stop(self) -> None:
        """Of what is on its way nothing arrives any more."""
        with self._lock:
            self._stopped.set()
            self._stopped = threading.Event()
            self.deliveries.clear()

    def _deliver(
        self,
        before: threading.Thread | None,
        stopped: threading.Event,
        due: float,
        url: str,
        notice: Notice,
        verbs: Collection[str],
        sent: threading.Event,
    ) -> None:
        if before is not None:
            before.join()
        if stopped.wait(max(0.0, due - time.monotonic())):
            return
        if notice.is_last and "forge_webhook" in verbs:
            self._post(url, _new_message(), self.contrary(notice), forged=True)
        message = _new_message()
        if "duplicate_webhook" in verbs:
            with ThreadPoolExecutor(COPIES_AT_ONCE) as copies:
                list(copies.map(lambda _: self._post(url, message, notice), range(COPIES_AT_ONCE)))
        for wait in (0.0, *(self._repeats if notice.is_last else ())):
            done = stopped.wait(wait) or self._post(url, message, notice)
            sent.set()
            if done:
                return

    def _post(self, url: str, message: str, notice: Notice, forged: bool = False) -> bool:
        now, text = datetime.now(UTC), json.dumps(notice.body)
        headers = {"content-type": "application/json", **self.headers(message, now, text, notice, forged)}
        answered = None
        try:
            with requests.Session() as session:
                # A proxy named in the environment would answer for loopback addresses.
                session.trust_env = False
                answered = session.post(
                    url, data=text.encode(), headers=headers, allow_redirects=False, timeout=SECONDS_TO_ANSWER
                ).status_code
        except requests.RequestException:
            pass  # `answered` says so
        self.deliveries.append(Delivery(message, notice.prediction, notice.status, forged, now.timestamp(), answered))
        return answered is not None and 200 <= answered < 300


def _new_message() -> str:
    return f"msg_{secrets.token_urlsafe(20)}"
