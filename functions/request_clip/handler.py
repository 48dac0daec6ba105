"""RequestClip: sends one attempt to its provider, once, and leaves its token where the answer will find it."""

from __future__ import annotations

import os
from functools import cache
from typing import Any
from urllib.parse import urlencode

from functions.request_clip.request import Desk, request_clip
from functions.studio.check_queue import CheckQueue, read_delays
from functions.studio.job_store import JobStore
from functions.studio.media_store import MediaStore
from functions.studio.messages import RequestClip
from functions.studio.providers import open_provider
from functions.studio.table import Table
from functions.studio.telemetry import entry
from functions.studio.workflow import Workflow


def webhook_url(provider: str, job_id: str, attempt_id: str) -> str | None:
    """Where a provider reports to; None where this deployment cannot be reached, and check_clip does it all."""
    public = os.environ["PUBLIC_URL"]
    if public == "none":
        return None
    return f"{public}/api/v3/callbacks/{provider}?{urlencode({'job': job_id, 'attempt': attempt_id})}"


@cache
def _desk() -> Desk:
    return Desk(
        jobs=JobStore(Table(os.environ["TABLE_NAME"])),
        media=MediaStore(os.environ["MEDIA_BUCKET"]),
        workflow=Workflow(),
        checks=CheckQueue(os.environ["CHECK_QUEUE_URL"], read_delays(os.environ["CHECK_DELAYS"])),
        provider=open_provider,
        webhook_url=webhook_url,
    )


@entry
def handler(event: dict[str, Any], context: Any) -> None:
    request_clip(RequestClip.parse(event), _desk())
