"""Listings before the API: pictures, a request, and what came of it."""

from __future__ import annotations

from typing import Any

from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import a_campaign, uploaded

PATH = "/api/v3/jobs/from-listing"
CAMRY = {
    "title": "2020 Toyota Camry",
    "description": "Spacious family car with low mileage. One owner, full service history.",
    "category": "automotive",
    "price": 18500,
}


def pictures_of(caller: Caller, number: int, campaign: str | None = None) -> list[str]:
    campaign = campaign or a_campaign(caller)
    return [uploaded(caller, campaign).data["id"] for _ in range(number)]


def listed(caller: Caller, pictures: int = 2, **wishes: Any) -> Reply:
    ids = {} if "assetIds" in wishes or "imageUrls" in wishes else {"assetIds": pictures_of(caller, pictures)}
    return caller.post(PATH, {**CAMRY, **ids, **wishes})


def accepted(jobs: JobStore, reply: Reply) -> Job:
    assert reply.status == 202, reply.text
    return jobs.job(reply.data["jobId"])
