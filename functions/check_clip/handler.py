"""CheckClip: a delayed look at the provider, which finds the answers that no webhook brought and shows who still works."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.check_clip.check import check_clip
from functions.studio import wiring
from functions.studio.messages import CheckClip
from functions.studio.providers import open_provider
from functions.studio.sending import Desk
from functions.studio.telemetry import about, entry


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
    """One message an invocation: an error sends back just that one, until the dead-letter queue takes it."""
    for record in event["Records"]:
        message = CheckClip.model_validate_json(record["body"])
        about(job=message.job_id, run=message.run, clip=message.clip, attempt=message.attempt_id)
        check_clip(message, _desk())
