"""Prompted films before the API: a request, and what came of it in rows and money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from functions.studio.clips import Clip
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger, LineState
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import a_campaign

PATH = "/api/v3/jobs/from-prompt"
SCRIPT = "The day begins. Somebody pours coffee. The street wakes up. A bottle catches the light. The day ends."


def prompted(caller: Caller, campaign: str | None = None, **wishes: Any) -> Reply:
    words = {} if wishes.keys() & {"script", "prompt"} else {"prompt": "A cat plays with a ball"}
    return caller.post(PATH, {"campaignId": campaign or a_campaign(caller), **words, **wishes})


def accepted(jobs: JobStore, reply: Reply) -> tuple[Job, list[Clip]]:
    assert reply.status == 202, reply.text
    return jobs.job(reply.data["jobId"]), jobs.clips(reply.data["jobId"])


def reserved(ledger: Ledger, job: Job) -> Decimal:
    lines = ledger.lines(job.id)
    assert all(line.state is LineState.RESERVED for line in lines)
    return sum((line.amount for line in lines), Decimal(0))
