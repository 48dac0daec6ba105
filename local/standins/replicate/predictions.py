"""The life of a prediction: accepted, running, ended, forgotten after an hour."""

import secrets
import string
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from local.standins import pictures
from local.standins.drawing import Drawer, DrawingError
from local.standins.replicate.images import save_images
from local.standins.replicate.inputs import Model
from local.standins.replicate.webhooks import SECONDS_TO_ANSWER, Courier
from local.standins.scripts import Rule
from local.standins.spoiling import spoilt

SECONDS_TO_START = 0.1
SECONDS_TO_RUN = 0.9
ENDED = ("succeeded", "failed", "canceled", "aborted")
# By the verb that a script ends it with.
ERRORS = {
    "fail": "The model failed to generate an output. Please try again.",
    "refuse": "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
}


@dataclass
class Prediction:
    """Times are unix seconds. `outputs` are the files it made, by the path they are delivered under."""

    model: Model
    input: Mapping[str, Any]
    webhook: str | None
    events: frozenset[str]
    orders: Mapping[str, Rule]
    number: int
    base_url: str
    output_ttl: float
    id: str = field(
        default_factory=lambda: "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(26))
    )
    status: str = "starting"
    error: str | None = None
    logs: str = ""
    outputs: dict[str, Path] = field(default_factory=dict)
    created_at: float = field(default_factory=time.time)
    started_at: float | None = None
    completed_at: float | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    hurried: threading.Event = field(default_factory=threading.Event)
    """It takes no longer than it needs."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def move(self, status: str, **changes: Any) -> bool:
        """Goes on to a status with all that comes with it, unless it has ended: then nothing changes."""
        with self._lock:
            if self.ended.is_set():
                return False
            for name, value in changes.items():
                setattr(self, name, value)
            self.status = status
            if status in ENDED:
                self.completed_at = time.time()
                self.ended.set()
                self.hurried.set()
            return True

    @property
    def removed(self) -> bool:
        kept = 0.0 if "expire_output" in self.orders else self.output_ttl
        return self.completed_at is not None and time.time() >= self.completed_at + kept

    def view(self, *, as_it_was: bool = False) -> dict[str, Any]:
        """The prediction object of the API; `as_it_was` before its data was removed, for a webhook."""
        with self._lock:
            gone = self.removed and not as_it_was
            links = [f"{self.base_url}/delivery/{path}" for path in self.outputs]
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


@dataclass(frozen=True)
class Workshop:
    """All that predictions need to run, and where they go through their lives."""

    drawer: Drawer
    courier: Courier
    scratch: Path
    load: Callable[[str], bytes]

    def live(self, prediction: Prediction) -> None:
        """Takes a prediction from `starting` to its end; meant for a thread of its own."""
        slow = prediction.orders.get("slow")
        longer = slow.wait if slow else 0.0
        if "abort" in prediction.orders:
            prediction.hurried.wait(SECONDS_TO_START + longer)
            if prediction.move("aborted"):
                self.announce(prediction, "completed")
            return
        if prediction.ended.wait(SECONDS_TO_START):
            return
        seed = prediction.input.get("seed", int(prediction.id, 36) % 2**31)
        prediction.move("processing", started_at=time.time(), logs=f"Using seed: {seed}\n")
        self.announce(prediction, "start")
        self.announce(prediction, "logs")
        prediction.hurried.wait(SECONDS_TO_RUN + longer)
        if prediction.ended.is_set():
            return
        try:
            for verb, error in ERRORS.items():
                if verb in prediction.orders:
                    raise DrawingError(error)
            outputs = self._make(prediction)
        except CancelledError:
            return
        except (pictures.PictureError, DrawingError, OSError) as error:
            ended = prediction.move("failed", error=str(error))
        else:
            if prediction.move("processing", outputs=outputs):
                self.announce(prediction, "output")
            ended = prediction.move("succeeded")
        if ended:
            self.announce(prediction, "completed")

    def cancel(self, prediction: Prediction) -> None:
        if prediction.move("canceled"):
            self.announce(prediction, "completed")

    def announce(self, prediction: Prediction, event: str) -> None:
        """Sends a webhook if one is wanted; an early one is waited for."""
        if prediction.webhook and event in prediction.events:
            sent = self.courier.send(prediction.webhook, prediction.view(as_it_was=True), prediction.orders)
            if "early_webhook" in prediction.orders:
                sent.wait(SECONDS_TO_ANSWER)

    def _make(self, prediction: Prediction) -> dict[str, Path]:
        serve = prediction.orders.get("serve")
        files = [serve.file] if serve and serve.file else self._draw(prediction)
        files = [spoilt(file, prediction.orders, self.scratch / prediction.id) for file in files]
        return {f"{secrets.token_urlsafe(24)}/output-{n}{file.suffix}": file for n, file in enumerate(files)}

    def _draw(self, prediction: Prediction) -> list[Path]:
        model, given = prediction.model, prediction.input
        seen: dict[str, list[Image.Image]] = {}
        for name, url, is_picture in model.sources(given):
            try:
                raw = self.load(url)
                if is_picture:
                    seen.setdefault(name, []).append(pictures.decode(raw))
            except pictures.PictureError as error:
                raise pictures.PictureError(f"Failed to load input {name!r}: {error}") from error
        shot = model.shot(given, seen)
        if model.render["makes"] == "image":
            return save_images(model, given, shot, self.scratch / prediction.id)
        return [self.drawer.clip(shot).result()]


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
