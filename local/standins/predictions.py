"""The life of a prediction: accepted, running, ended, forgotten after a while."""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from local.standins import pictures
from local.standins.drawing import Drawer, DrawingError, Shot
from local.standins.inputs import Model
from local.standins.scripts import Rule
from local.standins.spoiling import spoilt
from local.standins.webhooks import SECONDS_TO_ANSWER, Courier, Notice

SECONDS_TO_START = 0.1
SECONDS_TO_RUN = 0.9
ENDED = ("succeeded", "failed", "canceled", "aborted")


@dataclass(kw_only=True)
class Prediction:
    """Times are unix seconds. `outputs` are the files it made, by the path they are delivered under."""

    id: str
    model: Model
    input: Mapping[str, Any]
    webhook: str | None
    events: frozenset[str]
    orders: Mapping[str, Rule]
    number: int
    base_url: str
    output_ttl: float
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
    lock: threading.Lock = field(default_factory=threading.Lock)

    def notice(self) -> Notice | None:
        """What its webhook tells now; None of a service that has no webhooks."""
        return None

    def move(self, status: str, *, only_from: str | None = None, **changes: Any) -> bool:
        """Goes on to a status with all that comes with it, unless it has ended, or is not where it may go on from."""
        with self.lock:
            if self.ended.is_set() or only_from not in (None, self.status):
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

    @property
    def links(self) -> list[str]:
        """Where its files are delivered."""
        return [f"{self.base_url}/delivery/{path}" for path in self.outputs]

    def overview(self) -> dict[str, Any]:
        """As `GET /_predictions` shows it."""
        return {
            "id": self.id,
            "model": self.model.slug,
            "status": self.status,
            "createdAt": self.created_at,
            "startedAt": self.started_at,
            "endedAt": self.completed_at,
            "webhook": self.webhook,
            "scripted": sorted(self.orders),
        }


@dataclass(frozen=True)
class Workshop:
    """All that predictions need to run, and where they go through their lives. `errors` are the service's words, by the
    verb that a script ends them with."""

    drawer: Drawer
    courier: Courier | None
    scratch: Path
    load: Callable[[str], bytes]
    errors: Mapping[str, str]

    def live(self, prediction: Prediction) -> None:
        """Takes a prediction from `starting` to its end; meant for a thread of its own."""
        slow = prediction.orders.get("slow")
        longer = slow.wait if slow else 0.0
        if "abort" in prediction.orders:
            prediction.hurried.wait(SECONDS_TO_START + longer)
            if prediction.move("aborted"):
                self.announce(prediction, "completed")
            return
        queued = prediction.orders.get("queue")
        prediction.hurried.wait(SECONDS_TO_START + (queued.wait if queued else 0.0))
        if prediction.ended.is_set():
            return
        seed = prediction.input.get("seed", int.from_bytes(prediction.id.encode()) % 2**31)
        prediction.move("processing", started_at=time.time(), logs=f"Using seed: {seed}\n")
        self.announce(prediction, "start")
        self.announce(prediction, "logs")
        prediction.hurried.wait(SECONDS_TO_RUN + longer)
        if prediction.ended.is_set():
            return
        try:
            for verb, error in self.errors.items():
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

    def cancel(self, prediction: Prediction, *, only_from: str | None = None) -> bool:
        """Whether it was cancelled by this."""
        cancelled = prediction.move("canceled", only_from=only_from)
        if cancelled:
            self.announce(prediction, "completed")
        return cancelled

    def announce(self, prediction: Prediction, event: str) -> None:
        """Sends a webhook if one is wanted; an early one is waited for."""
        if not self.courier or not prediction.webhook or event not in prediction.events:
            return
        if notice := prediction.notice():
            sent = self.courier.send(prediction.webhook, notice, prediction.orders)
            if "early_webhook" in prediction.orders:
                sent.wait(SECONDS_TO_ANSWER)

    def render(self, prediction: Prediction, shot: Shot) -> list[Path]:
        """The files that come of it, the clip (or picture) itself first."""
        return [self.drawer.clip(shot).result()]

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
        return self.render(prediction, model.shot(given, seen))
