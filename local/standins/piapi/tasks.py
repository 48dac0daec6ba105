"""Predictions as PiAPI has them: tasks, which cost points."""

import subprocess
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from PIL import Image

from local.standins.drawing import Shot, still
from local.standins.predictions import Prediction, Workshop
from local.standins.webhooks import Notice

# By the verb that a script ends it with.
ERRORS = {
    "fail": "The task failed to generate a video. Please try again.",
    "refuse": "The prompt or the image did not pass moderation: sensitive content.",
}
CANCELLED = "The task has been cancelled."
STATUSES = {
    "starting": "pending",
    "processing": "processing",
    "succeeded": "completed",
    "failed": "failed",
    "canceled": "failed",
}
NEVER = "0001-01-01T00:00:00Z"
FAILURE = 10000
"""The code of a task's error; 0 is none."""


@dataclass(kw_only=True)
class Task(Prediction):
    """`config` is what it was given, the secret of its webhooks included."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    task_type: str
    config: Mapping[str, Any]
    size: tuple[int, int] = (0, 0)

    def notice(self) -> Notice:
        """Of which the statuses are written as their list writes them, capital first; examples write them small."""
        view = self.view(as_it_was=True)
        shown = {**view, "status": view["status"].capitalize()}
        at = self.completed_at or self.started_at or self.created_at
        return Notice(self.id, shown["status"], {"timestamp": int(at), "data": shown}, self.completed_at is not None)

    def view(self, *, as_it_was: bool = False) -> dict[str, Any]:
        """The task object of the API; `as_it_was` before its data was removed, for a webhook."""
        with self.lock:
            gone = self.removed and not as_it_was
            said = CANCELLED if self.status == "canceled" else self.error or ""
            webhook = {"endpoint": self.webhook or "", "secret": ""} | self.config.get("webhook_config", {})
            return {
                "task_id": self.id,
                "model": self.model.slug,
                "task_type": self.task_type,
                "status": STATUSES[self.status],
                "config": {"service_mode": self.config.get("service_mode", ""), "webhook_config": webhook},
                "input": {} if gone else dict(self.input),
                "output": None if gone or not self.outputs else self._output(),
                "meta": {
                    "created_at": _iso(self.created_at),
                    "started_at": _iso(self.started_at),
                    "ended_at": _iso(self.completed_at),
                    "usage": self._usage(),
                    "is_using_private_pool": False,
                },
                "detail": None,
                "logs": [],
                "error": {"code": FAILURE if said else 0, "raw_message": said, "message": said, "detail": None},
            }

    def _usage(self) -> dict[str, Any]:
        """In points, which are given back for what comes to nothing."""
        points = self.model.render["points"]
        frozen, consumed = (0 if self.ended.is_set() else points), (points if self.status == "succeeded" else 0)
        return {"type": "point", "frozen": frozen, "consume": consumed}

    def _output(self) -> dict[str, Any]:
        width, height = self.size
        files = [{"url": link, "width": width, "height": height} for link in self.links]
        return _OUTPUTS[self.model.render["answers"]](files)


Files = Sequence[Mapping[str, Any]]


def _plain(files: Files) -> dict[str, Any]:
    return {"video_url": files[0]["url"]}


def _luma(files: Files) -> dict[str, Any]:
    named = dict(zip(("video", "thumbnail", "last_frame"), files, strict=False))
    return {"generation": None, **named, "video_raw": files[0]}


def _hailuo(files: Files) -> dict[str, Any]:
    clip, cover = files[0], files[-1]
    size = {"width": clip["width"], "height": clip["height"]}
    links = {"cover_url": cover["url"], "video_url": clip["url"], "download_url": clip["url"]}
    return {"percent": 100, "status": 2, **links, **size}


def _kling(files: Files) -> dict[str, Any]:
    clip = files[0]
    video = {"resource": clip["url"], "resource_without_watermark": clip["url"], "width": clip["width"]}
    return {"type": "m2v_img2video", "status": 99, "works": [{"content_type": "video", "status": 99, "video": video}]}


_OUTPUTS: Mapping[str, Callable[[Files], dict[str, Any]]] = {
    "plain": _plain,
    "luma": _luma,
    "hailuo": _hailuo,
    "kling": _kling,
}
PICTURED = {"luma", "hailuo"}
"""Whose answers name pictures beside the clip: its first frame, and its last."""


class TaskWorkshop(Workshop):
    def render(self, prediction: Prediction, shot: Shot) -> list[Path]:
        assert isinstance(prediction, Task)
        prediction.size = (shot.width, shot.height)
        files = super().render(prediction, shot)
        if prediction.model.render["answers"] not in PICTURED:
            return files
        folder = self.scratch / prediction.id
        folder.mkdir(parents=True, exist_ok=True)
        first = folder / "first.jpg"
        still(shot.first, shot.width, shot.height).save(first, "JPEG", quality=90)
        return [*files, first, _last_frame(files[0], folder / "last.jpg")]


def _last_frame(clip: Path, to: Path) -> Path:
    png = to.with_suffix(".png")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-sseof", "-0.5", "-i", str(clip)]
    subprocess.run([*command, "-update", "1", str(png)], check=True)
    with Image.open(png) as frame:
        frame.convert("RGB").save(to, "JPEG", quality=90)
    return to


def _iso(at: float | None) -> str:
    if at is None:
        return NEVER
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
