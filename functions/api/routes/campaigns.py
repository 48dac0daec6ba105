"""Campaigns: which push, for whom, and to what end."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api import cursors, inputs
from functions.api.envelope import ROOT, Envelope, Listed, Metadata, Money, View, answer, created, gone
from functions.api.given import Asker, TheJobs, TheLibrary
from functions.api.in_use import refuse_while_running
from functions.api.inputs import NotNull
from functions.studio.budgets import forgotten
from functions.studio.library import Campaign, Client, Library
from functions.studio.rows import new_id, now

router = Router()
TAGS = ["campaigns"]


class NewCampaign(inputs.Input):
    client_id: str | None = None
    name: inputs.Name
    goal: inputs.Text | None = None
    target_audience: inputs.Text | None = None
    product_url: inputs.WebAddress | None = None
    budget_usd: inputs.Dollars | None = None
    metadata: inputs.Metadata = {}


class CampaignChanges(inputs.Input):
    client_id: str | None = None
    name: Annotated[inputs.Name | None, NotNull] = None
    goal: inputs.Text | None = None
    target_audience: inputs.Text | None = None
    product_url: inputs.WebAddress | None = None
    budget_usd: inputs.Dollars | None = None
    metadata: inputs.Metadata | None = None


class CampaignView(View):
    id: str
    user_id: str
    client_id: str | None
    name: str
    goal: str | None
    target_audience: str | None
    product_url: str | None
    budget_usd: Money | None
    metadata: Metadata
    created_at: str
    updated_at: str


def view(campaign: Campaign) -> CampaignView:
    return CampaignView.model_validate({**campaign.model_dump(), "user_id": campaign.tenant})


def _values(library: Library, asker: Asker, body: NewCampaign | CampaignChanges) -> dict[str, Any]:
    """What was given, as the table takes it; its client exists."""
    if body.client_id is not None:
        library.get(Client, asker.tenant, body.client_id, field="clientId")
    given = body.model_dump(exclude_unset=True, by_alias=True)
    if body.budget_usd is not None:
        given["budgetUsd"] = inputs.exactly(body.budget_usd)
    return given


@router.post("/campaigns", tags=TAGS, status_code=201, summary="Create a campaign")
def create(body: NewCampaign, asker: Asker, library: TheLibrary) -> Response[Envelope[CampaignView]]:
    stamp = now()
    campaign = Campaign.model_validate(
        {
            **_values(library, asker, body),
            "id": new_id(),
            "tenant": asker.tenant,
            "createdAt": stamp,
            "updatedAt": stamp,
        }
    )
    library.add(campaign)
    return created(view(campaign), f"{ROOT}/campaigns/{campaign.id}")


@router.get("/campaigns", tags=TAGS, summary="List campaigns")
def page(
    asker: Asker,
    library: TheLibrary,
    client: Annotated[str | None, Query(alias="clientId")] = None,
    limit: cursors.Limit = 50,
    cursor: cursors.Cursor = None,
) -> Envelope[Listed[CampaignView]]:
    found, more = library.page(
        Campaign,
        asker.tenant,
        limit=limit,
        after=cursors.position(cursor),
        keep=lambda campaign: client in (None, campaign.client_id),
    )
    return answer(Listed(items=[view(one) for one in found], next_cursor=cursors.cursor(more)))


@router.get("/campaigns/<campaign_id>", tags=TAGS, summary="Get a campaign")
def show(campaign_id: str, asker: Asker, library: TheLibrary) -> Envelope[CampaignView]:
    return answer(view(library.get(Campaign, asker.tenant, campaign_id)))


@router.patch("/campaigns/<campaign_id>", tags=TAGS, summary="Change a campaign")
def change(campaign_id: str, body: CampaignChanges, asker: Asker, library: TheLibrary) -> Envelope[CampaignView]:
    library.get(Campaign, asker.tenant, campaign_id)
    return answer(view(library.change(Campaign, asker.tenant, campaign_id, _values(library, asker, body))))


@router.delete("/campaigns/<campaign_id>", tags=TAGS, status_code=204, summary="Delete a campaign")
def remove(campaign_id: str, asker: Asker, library: TheLibrary, jobs: TheJobs) -> Response[None]:
    campaign = library.get(Campaign, asker.tenant, campaign_id)

    def check_unused() -> None:
        refuse_while_running(jobs.running(asker.tenant, campaign.id), "campaign")

    check_unused()
    library.remove_campaign(campaign, check_unused, forgotten(campaign))
    return gone()
