"""Scenes: of each its picture and what is to move in it."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api import cursors, inputs
from functions.api.envelope import ROOT, Envelope, Listed, answer, created, gone
from functions.api.given import Asker, TheJobs, TheLibrary, TheStoryboard
from functions.api.in_use import refuse_while_running
from functions.api.inputs import NotNull
from functions.api.scene_inputs import Order, Prompt, ReferenceUrl, Seconds
from functions.api.scene_views import SceneView, TheScreening
from functions.api.variants import refuse
from functions.studio.errors import FieldError
from functions.studio.library import Asset, Library
from functions.studio.rows import new_id, now
from functions.studio.scenes import Scenario, Scene, following

router = Router()
TAGS = ["scenes"]


class _Written(inputs.Input):
    """A scene may be written bit by bit: what it lacks is asked for when its film is."""

    image_prompt: Prompt | None = None
    visual_prompt: Prompt | None = None
    product_reference_image_url: ReferenceUrl | None = None
    product_reference_image_asset_id: str | None = None


class NewScene(_Written):
    scenario_id: str
    duration: Seconds = 5
    order: Order | None = None
    """Any number: one between those of two others puts it between them. Without it, the scene comes last."""


class SceneChanges(_Written):
    duration: Annotated[Seconds | None, NotNull] = None
    order: Annotated[Order | None, NotNull] = None


def _values(
    library: Library, asker: Asker, body: NewScene | SceneChanges, before: Scene | None = None
) -> dict[str, Any]:
    """What was given, as the table takes it; with one reference at most, and that is a picture."""
    given = body.model_dump(exclude_unset=True, by_alias=True)
    said = {} if before is None else before.model_dump(by_alias=True)
    if body.product_reference_image_asset_id is not None:
        field = "productReferenceImageAssetId"
        asset = library.get(Asset, asker.tenant, body.product_reference_image_asset_id, field=field)
        if asset.type != "image":
            refuse(FieldError(field, f"must be an asset of type image; {asset.name!r} is {asset.type}"))
    references = ("productReferenceImageUrl", "productReferenceImageAssetId")
    if all((said | given).get(name) for name in references):
        named = next(name for name in references if name in given)
        other = next(name for name in references if name != named)
        refuse(FieldError(named, f"must be left out with {other}, or that be null: a scene has one reference picture"))
    exact = {name: inputs.exactly(given[name]) for name in ("duration", "order") if given.get(name) is not None}
    return given | exact


@router.post("/scenes", tags=TAGS, status_code=201, summary="Create a scene")
def create(
    body: NewScene, asker: Asker, library: TheLibrary, storyboard: TheStoryboard, screening: TheScreening
) -> Response[Envelope[SceneView]]:
    scenario = library.get(Scenario, asker.tenant, body.scenario_id, field="scenarioId")
    said, stamp = _values(library, asker, body), now()
    if said.get("order") is None:
        said["order"] = following(storyboard.scenes(scenario))
    scene = Scene.model_validate(
        {**said, "id": new_id(), "tenant": asker.tenant, "createdAt": stamp, "updatedAt": stamp}
    )
    storyboard.add(scene)
    return created(screening.shown(scene), f"{ROOT}/scenes/{scene.id}")


@router.get("/scenes", tags=TAGS, summary="List scenes; those of a scenario in its order")
def page(
    asker: Asker,
    library: TheLibrary,
    storyboard: TheStoryboard,
    screening: TheScreening,
    scenario_id: Annotated[str | None, Query(alias="scenarioId")] = None,
    limit: cursors.Limit = 50,
    cursor: cursors.Cursor = None,
) -> Envelope[Listed[SceneView]]:
    """Without `scenarioId` all of the tenant's, by their age."""
    after = cursors.position(cursor)
    if scenario_id is None:
        found, more = library.page(Scene, asker.tenant, limit=limit, after=after)
    else:
        scenario = library.get(Scenario, asker.tenant, scenario_id, field="scenarioId")
        found, more = storyboard.page(scenario, limit=limit, after=after)
    return answer(Listed(items=screening.all(found), next_cursor=cursors.cursor(more)))


@router.get("/scenes/<scene_id>", tags=TAGS, summary="Get a scene")
def show(scene_id: str, asker: Asker, library: TheLibrary, screening: TheScreening) -> Envelope[SceneView]:
    return answer(screening.shown(library.get(Scene, asker.tenant, scene_id)))


@router.patch("/scenes/<scene_id>", tags=TAGS, summary="Change a scene")
def change(
    scene_id: str, body: SceneChanges, asker: Asker, library: TheLibrary, screening: TheScreening
) -> Envelope[SceneView]:
    """What is filmed already stays as it is: a film has its scenes as they were when it was asked for."""
    scene = library.get(Scene, asker.tenant, scene_id)
    changes = _values(library, asker, body, scene)
    return answer(screening.shown(library.change(Scene, asker.tenant, scene_id, changes)))


@router.delete("/scenes/<scene_id>", tags=TAGS, status_code=204, summary="Delete a scene that no running job makes")
def remove(
    scene_id: str, asker: Asker, library: TheLibrary, storyboard: TheStoryboard, jobs: TheJobs
) -> Response[None]:
    """Its films stay."""
    scene = library.get(Scene, asker.tenant, scene_id)
    of_its_scenario = [job for job in jobs.running(asker.tenant) if job.scenario_id == scene.scenario_id]
    refuse_while_running(
        (job for job in of_its_scenario if any(clip.scene_id == scene.id for clip in jobs.clips(job.id))), "scene"
    )
    storyboard.remove(scene)
    return gone()
