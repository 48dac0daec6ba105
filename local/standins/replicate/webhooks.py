"""Webhooks as Replicate sends them: signed, never redirected, only the last one repeated. Or as a script says."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from standardwebhooks import Webhook

from local.standins.scripts import Rule

EVENTS = ("start", "output", "logs", "completed")
DEFAULT_EVENTS = ("output", "completed")
# Waits before the repetitions of a terminal webhook: about a minute in all.
REPEATS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
SECONDS_TO_ANSWER = 10
COPIES_AT_ONCE = 4


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


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


class Courier:
    """Delivers webhooks in the background; those of one prediction keep their order."""

    def __init__(self, secret: str, repeats: Sequence[float] = REPEATS) -> None:
        self.secret = secret
        self.deliveries: list[Delivery] = []
        self._repeats = repeats
        self._stopped = threading.Event()
        self._last: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def send(self, url: str, body: Mapping[str, Any], orders: Mapping[str, Rule]) -> threading.Event:
        """Sends a prediction as it is in `body`; the event is set once it was sent, whatever the answer."""
        sent = threading.Event()
        if "lose_webhook" in orders:
            sent.set()
            return sent
        late = orders.get("late_webhook")
        due = time.monotonic() + (late.wait if late else 0.0)
        with self._lock:
            before = self._last.get(body["id"])
            args = (before, self._stopped, due, url, body, orders.keys(), sent)
            thread = threading.Thread(target=self._deliver, args=args, daemon=True)
            self._last[body["id"]] = thread
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
        body: Mapping[str, Any],
        verbs: Collection[str],
        sent: threading.Event,
    ) -> None:
        if before is not None:
            before.join()
        if stopped.wait(max(0.0, due - time.monotonic())):
            return
        is_last = "completed_at" in body
        if is_last and "forge_webhook" in verbs:
            self._post(url, _new_message(), _contrary(body), forged=True)
        message = _new_message()
        if "duplicate_webhook" in verbs:
            with ThreadPoolExecutor(COPIES_AT_ONCE) as copies:
                list(copies.map(lambda _: self._post(url, message, body), range(COPIES_AT_ONCE)))
        for wait in (0.0, *(self._repeats if is_last else ())):
            done = stopped.wait(wait) or self._post(url, message, body)
            sent.set()
            if done:
                return

    def _post(self, url: str, message: str, body: Mapping[str, Any], forged: bool = False) -> bool:
        now, text = datetime.now(UTC), json.dumps(body)
        headers = {
            "content-type": "application/json",
            "user-agent": "Replicate-Webhooks",
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(new_secret() if forged else self.secret).sign(message, now, text),
        }
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
        self.deliveries.append(Delivery(message, body["id"], body["status"], forged, now.timestamp(), answered))
        return answered is not None and 200 <= answered < 300


def _new_message() -> str:
    return f"msg_{secrets.token_urlsafe(20)}"


def _contrary(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same prediction with the other end, as a forger would have us believe."""
    if body["status"] == "succeeded":
        return {**body, "status": "failed", "output": None, "error": "Forged: nothing of this is true."}
    return {**body, "status": "succeeded", "output": "https://replicate.delivery/forged/output-0.mp4", "error": None}
