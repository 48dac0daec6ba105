"""RequestClip: sends one attempt to its provider, once, and leaves its token where the answer will find it."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.request_clip.request import request_clip
from functions.studio import wiring
from functions.studio.messages import RequestClip
from functions.studio.providers import open_provider
from functions.studio.sending import Desk
from functions.studio.telemetry import entry


@cache
def _desk() -> Desk:
    return Desk(
        jobs=wiring.jobs(),
        media=wiring.media(),
        workflow=wiring.workflow(),
        checks=wiring.checks(),
        provider=open_provider,
        public_url=os.environ["PUBLIC_URL"],
        handover=os.environ["MEDIA_HANDOVER"],
    )


@entry
def handler(event: dict[str, Any], context: Any) -> None:
    request_clip(RequestClip.parse(event), _desk())
