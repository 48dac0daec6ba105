"""Deliver: the film is proved and stored; the job takes it, is completed, and says so."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from functions.studio.closing import Closing, deliver
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.messages import RunRef
from functions.studio.table import Table
from functions.studio.telemetry import entry


@cache
def _closing() -> Closing:
    table = Table(os.environ["TABLE_NAME"])
    return Closing(JobStore(table), Ledger(table), JobEvents(os.environ["EVENT_BUS_NAME"]))


@entry
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    message = RunRef.parse(event)
    deliver(message.job_id, message.run, _closing())
    return {}
