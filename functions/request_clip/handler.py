"""RequestClip: sends one attempt to its provider, once, and leaves its token where the answer will find it."""

from __future__ import annotations

from typing import Any

from functions.request_clip.request import request_clip
from functions.studio import wiring
from functions.studio.messages import RequestClip
from functions.studio.telemetry import entry


@entry
def handler(event: dict[str, Any], context: Any) -> None:
    request_clip(RequestClip.parse(event), wiring.outbox())
