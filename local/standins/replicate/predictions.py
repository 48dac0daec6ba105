"""Predictions as Replicate has them."""

import secrets
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.standins.drawing import Shot
from local.standins.predictions import Prediction, Workshop
from local.standins.stills import save_stills
from local.standins.webhooks import Notice

# By the verb that a script ends it with.
ERRORS = {
    "fail": "The model failed to generate an output. Please try again.",
    "refuse": "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
}


@dataclass(kw_only=True)
class ReplicatePrediction(Prediction):
    id: str = field(
        default_factory=lambda: "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(26))
    )

    def notice(self) -> Notice:
        body = self.view(as_it_was=True)
        return Notice(self.id, body["status"], body, is_last="completed_at" in body)

    def view(self, *, as_it_was: bool = False) -> dict[str, Any]:
        """The prediction object of the API; `as_it_was` before its data was removed, for a webhook."""
        with self.lock:
            gone = self.removed and not as_it_was
            links = self.links
            output = links if self.model.render.get("count") else (links[0] if links else None)
            path = f"{self.base_url}/v1/predictions/{self.id}"
            shown: dict[str, Any] = {
                "id": self.id,
                "model": self.model.slug,
                "version": "hidden",
                "input": {} if gone else dict(self.input),
                "logs": None if gone else self.logs,
                "output": None if gone or not links else output,
                "data_removed": gone,
                "error": self.error,
                "source": "api",
                "status": self.status,
                "created_at": _iso(self.created_at),
                "urls": {
                    "web": f"https://replicate.com/p/{self.id}",
                    "get": path,
                    "cancel": f"{path}/cancel",
                },
            }
            if self.started_at is not None:
                shown["started_at"] = _iso(self.started_at)
            if self.completed_at is not None:
                shown["completed_at"] = _iso(self.completed_at)
                shown["metrics"] = {"total_time": self.completed_at - self.created_at}
                if self.started_at is not None:
                    shown["metrics"]["predict_time"] = self.completed_at - self.started_at
            return shown


class ReplicateWorkshop(Workshop):
    def render(self, prediction: Prediction, shot: Shot) -> list[Path]:
        if prediction.model.render["makes"] == "image":
            return save_stills(prediction.model, prediction.input, shot, self.scratch / prediction.id)
        return super().render(prediction, shot)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
