"""KeepClip: copies and proves what the provider answered, settles its cost, and says whether the clip has more to do."""

from __future__ import annotations

import os
from typing import Any

from functions.keep_clip.keep import Keeper
from functions.studio.clips import STAGES
from functions.studio.messages import ClipTask, KeepClip
from functions.studio.providers import open_provider
from functions.studio.telemetry import entry
from functions.studio.wiring import jobs, ledger, media

ONE_ATTEMPT: dict[str, int] = {}
"""How many attempts an error class may take; one each, until jobs carry a policy."""


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    origins = [origin.strip() for origin in os.environ["REPLICATE_OUTPUT_ORIGINS"].split(",")]
    keeper = Keeper(jobs(), ledger(), media(), open_provider, origins, ONE_ATTEMPT, STAGES)
    return keeper.keep(ClipTask.parse(event), KeepClip.parse(event).error).wire()
