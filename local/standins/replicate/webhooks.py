"""Webhooks as Replicate sends them: signed over their bytes."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from local.standins.webhooks import Courier, Notice

EVENTS = ("start", "output", "logs", "completed")
DEFAULT_EVENTS = ("output", "completed")
# Waits before the repetitions of a terminal webhook: about a minute in all.
REPEATS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


class SignedCourier(Courier):
    def __init__(self, secret: str, repeats: Sequence[float] = REPEATS) -> None:
        super().__init__(repeats)
        self.secret = secret

    def headers(self, message: str, at: datetime, text: str, notice: Notice, forged: bool) -> Mapping[str, str]:
        return {
            "user-agent": "Replicate-Webhooks",
            "webhook-id": message,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(new_secret() if forged else self.secret).sign(message, at, text),
        }

    def contrary(self, notice: Notice) -> Notice:
        other: dict[str, Any] = {
            "status": "succeeded",
            "output": "https://replicate.delivery/forged/output-0.mp4",
            "error": None,
        }
        if notice.status == "succeeded":
            other = {"status": "failed", "output": None, "error": "Forged: nothing of this is true."}
        return Notice(notice.prediction, other["status"], {**notice.body, **other}, notice.is_last)
