"""Webhooks as Replicate sends them: signed, never redirected, only the last one repeated."""

import base64
import json
import secrets
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import requests
from standardwebhooks import Webhook

EVENTS = ("start", "output", "logs", "completed")
DEFAULT_EVENTS = ("output", "completed")
# Waits before the repetitions of a terminal webhook: about a minute in all.
REPEATS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
SECONDS_TO_ANSWER = 10


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


class Courier:
    """Delivers webhooks in the background; those that share a `lane` keep their order."""

    def __init__(self, secret: str, repeats: Sequence[float] = REPEATS) -> None:
        self.secret = secret
        self._repeats = repeats
        self._stopped = threading.Event()
        self._lanes: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def send(self, lane: str, url: str, body: Mapping[str, Any]) -> None:
        waits = self._repeats if "completed_at" in body else ()
        with self._lock:
            before = self._lanes.get(lane)
            thread = threading.Thread(target=self._deliver, args=(before, url, json.dumps(body), waits), daemon=True)
            self._lanes[lane] = thread
            thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def _deliver(self, before: threading.Thread | None, url: str, body: str, waits: Sequence[float]) -> None:
        if before is not None:
            before.join()
        message = f"msg_{secrets.token_urlsafe(20)}"
        for wait in (0.0, *waits):
            if self._stopped.wait(wait) or self._post(url, message, body):
                return

    def _post(self, url: str, message: str, body: str) -> bool:
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "user-agent": "Replicate-Webhooks",
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message, now, body),
        }
        try:
            with requests.Session() as session:
                # A proxy named in the environment would answer for loopback addresses.
                session.trust_env = False
                answer = session.post(
                    url, data=body.encode(), headers=headers, allow_redirects=False, timeout=SECONDS_TO_ANSWER
                )
        except requests.RequestException:
            return False
        return 200 <= answer.status_code < 300
