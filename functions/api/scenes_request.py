"""What a request for a film of scenes says, and which scenes it is of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from functions.api.film_options import MOST_CLIPS
from functions.api.job_request import AnyJobRequest
from functions.api.scene_inputs import ResolutionName
from functions.api.variants import refuse
from functions.studio.errors import FieldError
from functions.studio.library import Library
from functions.studio.scenes import Scenario, Scene
from functions.studio.storyboard import Storyboard

ModelName = Annotated[str, StringConstraints(max_length=100)]


class ScenesRequest(AnyJobRequest):
    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [field]} for field in ("scenarioId", "sceneId", "sceneIds")]}
    )

    scenario_id: str | None = None
    """All of its scenes, in its order; with `sceneId` or `sceneIds`, the one that they are of."""
    scene_id: str | None = None
    scene_ids: Annotated[list[str], Field(min_length=1, max_length=MOST_CLIPS)] | None = None
    """Of one scenario; the film has them in this order."""
    campaign_id: str | None = None
    """Without it, the scenario's."""
    image_model: ModelName | None = None
    """Makes the pictures; without it gen4_image, or what comes nearest to it."""
    model: ModelName | None = None
    """Makes the videos of them; without it gen4_turbo, or what comes nearest to it."""
    resolution: ResolutionName | None = None
    """Without it, the scenario's."""
    pause_after: Literal["image"] | None = None
    """Where to wait for `…/sub-jobs/{n}/approve` before the videos are paid for."""


def the_scenes(
    asked: ScenesRequest, tenant: str, library: Library, storyboard: Storyboard
) -> tuple[Scenario, list[Scene]]:
    """In the order of the film; NotFound or InvalidRequest, which name the field, where they cannot be had."""
    named = _named(asked)
    if not named:
        if asked.scenario_id is None:
            refuse(FieldError("scenarioId", "is required, or sceneId, or sceneIds"))
        scenario = library.get(Scenario, tenant, asked.scenario_id, field="scenarioId")
        scenes = storyboard.scenes(scenario)
        if not scenes:
            refuse(FieldError("scenarioId", "must be a scenario with scenes: it has none yet"))
        return scenario, scenes
    there = {scene.id: scene for scene in storyboard.some(tenant, [scene_id for _, scene_id in named])}
    scenes = [there.get(scene_id) or library.get(Scene, tenant, scene_id, field=field) for field, scene_id in named]
    wanted = asked.scenario_id or scenes[0].scenario_id
    scenario = library.get(Scenario, tenant, wanted, field="scenarioId")
    strange = [field for (field, _), scene in zip(named, scenes, strict=True) if scene.scenario_id != scenario.id]
    if strange:
        refuse(*(FieldError(field, f"must be a scene of the scenario {scenario.id}") for field in strange))
    return scenario, scenes


def _named(asked: ScenesRequest) -> list[tuple[str, str]]:
    """The scenes that are named, each by its field."""
    if asked.scene_id is not None and asked.scene_ids is not None:
        refuse(FieldError("sceneIds", "must be left out with sceneId"))
    if asked.scene_id is not None:
        return [("sceneId", asked.scene_id)]
    ids = asked.scene_ids or []
    if twice := [place for place, scene_id in enumerate(ids) if scene_id in ids[:place]]:
        refuse(*(FieldError(f"sceneIds.{place}", "must be another scene: it is named before") for place in twice))
    return [(f"sceneIds.{place}", scene_id) for place, scene_id in enumerate(ids)]
