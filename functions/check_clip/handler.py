"""CheckClip: a delayed look at the provider, which finds the answers that no webhook brought and shows who still works."""

from __future__ import annotations

from typing import Any

from functions.check_clip.check import check_clip
from functions.studio import wiring
from functions.studio.messages import CheckClip
from functions.studio.telemetry import about, entry


@entry
def handler(event: dict[str, Any], context: Any) -> None:
    """One message an invocation: an error sends back just that one, until the dead-letter queue takes it."""
    for record in event["Records"]:
        message = CheckClip.model_validate_json(record["body"])
        about(job=message.job_id, run=message.run, clip=message.clip, attempt=message.attempt_id)
        check_clip(message, wiring.outbox(), wiring.events())
