"""What a request for a job of any kind says beside what the film is made of: for whom it is, its name, its own budget."""

from __future__ import annotations

from typing import Any

from functions.api import inputs
from functions.api.clip_failure import ClipFailureOptions
from functions.api.destinations import DestinationWish, the_destination
from functions.api.film_options import CutOptions, FilmOptions
from functions.studio.library import Campaign, Client, Library


class AnyJobRequest(CutOptions, ClipFailureOptions):
    client_id: str | None = None
    title: inputs.Name | None = None
    budget_usd: inputs.Dollars | None = None
    metadata: inputs.Metadata = {}
    destination: DestinationWish | None = None
    """Where the film is copied to, beside our own store."""


class JobRequest(FilmOptions, AnyJobRequest):
    campaign_id: str


def for_whom(asked: AnyJobRequest, campaign_id: str, tenant: str, library: Library) -> Campaign:
    """NotFound unless both are there; with the client that the request names, or else the campaign's."""
    campaign = library.get(Campaign, tenant, campaign_id, field="campaignId")
    if asked.client_id is None:
        return campaign
    client = library.get(Client, tenant, asked.client_id, field="clientId")
    return campaign.model_copy(update={"client_id": client.id})


def as_asked(asked: AnyJobRequest) -> dict[str, Any]:
    """The fields of a job's row that are the request's own."""
    budget = None if asked.budget_usd is None else inputs.exactly(asked.budget_usd)
    return {
        "title": asked.title,
        "budget_usd": budget,
        "metadata": asked.metadata,
        "destination": the_destination(asked.destination),
    }
