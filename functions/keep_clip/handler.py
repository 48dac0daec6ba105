"""KeepClip: copies and proves what the provider answered, settles its cost, and says whether the clip has more to do.

What comes of an attempt that was given up is kept too: our own event says so.
"""

from __future__ import annotations

import os
from typing import Any

from functions.keep_clip.keep import Keeper
from functions.studio.attempts import LIMITS
from functions.studio.clips import STAGES
from functions.studio.messages import ClipTask, KeepClip, LateClip
from functions.studio.providers import PROVIDERS, open_provider
from functions.studio.telemetry import entry
from functions.studio.wiring import catalogue, events, jobs, ledger, media, shared


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    origins = {
        provider: [origin.strip() for origin in os.environ[f"{provider.upper()}_OUTPUT_ORIGINS"].split(",")]
        for provider in PROVIDERS
    }
    keeper = Keeper(jobs(), ledger(), media(), shared, open_provider, origins, LIMITS, STAGES, events(), catalogue)
    if "detail" in event:
        keeper.keep_late(LateClip.parse(event["detail"]))
        return {}
    return keeper.keep(ClipTask.parse(event), KeepClip.parse(event).error).wire()
