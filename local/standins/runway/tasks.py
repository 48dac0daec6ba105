"""Predictions as Runway has them: tasks, which cost credits, and whose outputs are had by addresses that expire."""

import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.standins.drawing import Shot
from local.standins.predictions import Prediction, Workshop
from local.standins.runway.inputs import RunwayModel
from local.standins.stills import save_stills

# By the verb that a script ends it with.
ERRORS = {
    "fail": "An unexpected error occurred.",
    "refuse": "The prompt was rejected by content moderation.",
}
CODES = {ERRORS["fail"]: "INTERNAL.BAD_OUTPUT.CODE01", ERRORS["refuse"]: "SAFETY.INPUT.TEXT"}
STATUSES = {
    "starting": "PENDING",
    "processing": "RUNNING",
    "succeeded": "SUCCEEDED",
    "failed": "FAILED",
    "canceled": "CANCELLED",
}


@dataclass(kw_only=True)
class Task(Prediction):
    """`keys` open its outputs until their time."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    model: RunwayModel
    link_ttl: float
    keys: dict[str, float] = field(default_factory=dict)

    def view(self) -> dict[str, Any]:
        """The task object of the API; each look at it makes addresses of its own."""
        with self.lock:
            status = STATUSES[self.status]
            if status == "PENDING" and "queue" in self.orders:
                status = "THROTTLED"
            shown: dict[str, Any] = {"id": self.id, "createdAt": _iso(self.created_at), "status": status}
            if self.ended.is_set():
                shown["cost"] = {"credits": self._cost()}
            else:
                shown["estimatedCost"] = {"credits": self.model.credits(self.input)}
            match status:
                case "RUNNING":
                    shown["progress"] = round(min(0.99, 1 - 1 / (1 + time.time() - (self.started_at or 0))), 2)
                case "SUCCEEDED":
                    shown["output"] = self._output()
                case "FAILED":
                    shown["failure"] = self.error
                    shown["failureCode"] = CODES.get(self.error or "", "INTERNAL")
            return shown

    def opens(self, key: str) -> bool:
        return time.time() < self.keys.get(key, 0.0)

    def _output(self) -> list[str]:
        key = secrets.token_urlsafe(24)
        # An address that was dead when it was handed out is followed by good ones.
        dead = "expire_output" in self.orders and not self.keys
        self.keys[key] = 0.0 if dead else time.time() + self.link_ttl
        return [f"{link}?_jwt={key}" for link in self.links]

    def _cost(self) -> int:
        """What failed is given back, unless its input was at fault; what is cancelled, if it had not begun."""
        refused = self.status == "failed" and CODES.get(self.error or "", "").startswith("SAFETY.INPUT")
        begun = self.status == "canceled" and self.started_at is not None
        return self.model.credits(self.input) if self.status == "succeeded" or refused or begun else 0


class TaskWorkshop(Workshop):
    def render(self, prediction: Prediction, shot: Shot) -> list[Path]:
        if prediction.model.render["makes"] == "image":
            return save_stills(prediction.model, prediction.input, shot, self.scratch / prediction.id)
        return super().render(prediction, shot)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
