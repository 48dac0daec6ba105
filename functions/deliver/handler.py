"""Deliver: the film is proved and stored; the job takes it, is completed, and says so. Or there is no film yet, and the job
waits for its caller."""

from __future__ import annotations

import os
from typing import Any

from functions.studio import wiring
from functions.studio.closing import end_well
from functions.studio.messages import RunRef
from functions.studio.telemetry import entry


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    message = RunRef.parse(event)
    end_well(message.job_id, message.run, wiring.closing(), int(os.environ["APPROVAL_SECONDS"]))
    return {}
