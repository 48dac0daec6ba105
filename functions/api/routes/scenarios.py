"""Scenarios: the films that somebody has in mind, scene by scene."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.api import cursors, inputs
from functions.api.envelope import ROOT, Envelope, Listed, Metadata, View, answer, created, gone
from functions.api.given import Asker, TheJobs, TheLibrary, TheStoryboard
from functions.api.in_use import refuse_while_running
from functions.api.inputs import NotNull
from functions.api.scene_inputs import ResolutionName
from functions.studio.library import Campaign, Library
from functions.studio.resolutions import resolutions
from functions.studio.rows import new_id, now
from functions.studio.scenes import Scenario

router = Router()
TAGS = ["scenarios"]


class NewScenario(inputs.Input):
    title: inputs.Name
    resolution: ResolutionName | None = None
    """720:1280 without it."""
    campaign_id: str | None = None
    """Whose budget its films are paid from; without it, the tenant's campaign "Scenarios", which is made when it is wanted."""
    metadata: inputs.Metadata = {}


class ScenarioChanges(inputs.Input):
    title: Annotated[inputs.Name | None, NotNull] = None
    resolution: Annotated[ResolutionName | None, NotNull] = None
    campaign_id: Annotated[str | None, NotNull] = None
    metadata: Annotated[inputs.Metadata | None, NotNull] = None


class ScenarioView(View):
    id: str
    user_id: str
    campaign_id: str
    title: str
    resolution: str
    scenes: int
    """How many it has."""
    metadata: Metadata
    created_at: str
    updated_at: str


def view(scenario: Scenario) -> ScenarioView:
    return ScenarioView.model_validate({**scenario.model_dump(), "user_id": scenario.tenant})


def _values(library: Library, asker: Asker, body: NewScenario | ScenarioChanges) -> dict[str, Any]:
    """What was given, as the table takes it; its campaign exists."""
    if body.campaign_id is not None:
        library.get(Campaign, asker.tenant, body.campaign_id, field="campaignId")
    return body.model_dump(exclude_unset=True, by_alias=True)


@router.post("/scenarios", tags=TAGS, status_code=201, summary="Create a scenario")
def create(body: NewScenario, asker: Asker, library: TheLibrary) -> Response[Envelope[ScenarioView]]:
    stamp, said = now(), _values(library, asker, body)
    scenario = Scenario.model_validate(
        {
            **said,
            "id": new_id(),
            "tenant": asker.tenant,
            "campaignId": body.campaign_id or library.usual_campaign(asker.tenant).id,
            "resolution": body.resolution or resolutions().usual,
            "createdAt": stamp,
            "updatedAt": stamp,
        }
    )
    library.add(scenario)
    return created(view(scenario), f"{ROOT}/scenarios/{scenario.id}")


@router.get("/scenarios", tags=TAGS, summary="List scenarios")
def page(
    asker: Asker, library: TheLibrary, limit: cursors.Limit = 50, cursor: cursors.Cursor = None
) -> Envelope[Listed[ScenarioView]]:
    found, more = library.page(Scenario, asker.tenant, limit=limit, after=cursors.position(cursor))
    return answer(Listed(items=[view(one) for one in found], next_cursor=cursors.cursor(more)))


@router.get("/scenarios/<scenario_id>", tags=TAGS, summary="Get a scenario")
def show(scenario_id: str, asker: Asker, library: TheLibrary) -> Envelope[ScenarioView]:
    return answer(view(library.get(Scenario, asker.tenant, scenario_id)))


@router.patch("/scenarios/<scenario_id>", tags=TAGS, summary="Change a scenario")
def change(scenario_id: str, body: ScenarioChanges, asker: Asker, library: TheLibrary) -> Envelope[ScenarioView]:
    library.get(Scenario, asker.tenant, scenario_id)
    return answer(view(library.change(Scenario, asker.tenant, scenario_id, _values(library, asker, body))))


@router.delete("/scenarios/<scenario_id>", tags=TAGS, status_code=204, summary="Delete a scenario without scenes")
def remove(
    scenario_id: str, asker: Asker, library: TheLibrary, storyboard: TheStoryboard, jobs: TheJobs
) -> Response[None]:
    scenario = library.get(Scenario, asker.tenant, scenario_id)
    refuse_while_running((job for job in jobs.running(asker.tenant) if job.scenario_id == scenario.id), "scenario")
    storyboard.remove_scenario(scenario)
    return gone()
