"""The scenes of a scenario, and what was made of them: `T#{tenant}` → SCENE#{id} beside the library's own entries;
OF#{scenario}#{scene} for the scenes of a scenario, FILMED#{scenario}#{job} for the clip that a job makes of each.

A scenario's row counts its scenes: it goes only without any, and has so many at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from functions.studio.errors import ConditionLost, Conflict, FieldError, NotFound
from functions.studio.rows import id_before
from functions.studio.scenes import Filmed, Scenario, Scene, in_order
from functions.studio.table import AtMost, Table, Write, delete, put, update

MOST_SCENES = 500
"""Of a scenario: all of them are read for its list, and for its film."""

JOBS_AT_ONCE = 50
"""Rows of jobs that are read together while the latest of each scene is looked for."""


def _pk(tenant: str) -> str:
    return f"T#{tenant}"


def _scenario(scenario_id: str) -> str:
    return f"{Scenario.sort}#{scenario_id}"


def _scene(scene_id: str) -> str:
    return f"{Scene.sort}#{scene_id}"


def _of(scenario_id: str) -> str:
    return f"OF#{scenario_id}#"


def _filmed(scenario_id: str) -> str:
    return f"FILMED#{scenario_id}#"


class Storyboard:
    def __init__(self, table: Table) -> None:
        self.table = table

    def scenes(self, scenario: Scenario) -> list[Scene]:
        """All of them, in order."""
        marked = [row["sceneId"] for row in self.table.query(_pk(scenario.tenant), _of(scenario.id))]
        return in_order(self.some(scenario.tenant, marked))

    def some(self, tenant: str, scene_ids: Sequence[str]) -> list[Scene]:
        """Those that there are, in no particular order."""
        keys = [(_pk(tenant), _scene(scene_id)) for scene_id in scene_ids]
        return [Scene.model_validate(row) for row in self.table.get_many(keys)]

    def page(self, scenario: Scenario, *, limit: int, after: str | None = None) -> tuple[list[Scene], str | None]:
        """At most `limit` of them, in order, from the one after the id `after` on; and the id to go on from, if there are
        more. Where the scene of that id has gone meanwhile, from the beginning."""
        ordered = self.scenes(scenario)
        start = next((place for place, scene in enumerate(ordered, 1) if scene.id == after), 0)
        found = ordered[start : start + limit]
        return found, found[-1].id if start + limit < len(ordered) else None

    def add(self, scene: Scene) -> None:
        """NotFound where its scenario has gone, Conflict where that has as many as it may have."""
        pk = _pk(scene.tenant)
        room = {"pk": ..., "scenes": AtMost(Decimal(MOST_SCENES - 1))}
        try:
            self.table.commit(
                put(pk, _scene(scene.id), scene.attributes()),
                put(pk, _of(scene.scenario_id) + scene.id, {"sceneId": scene.id}),
                update(pk, _scenario(scene.scenario_id), {}, room, add={"scenes": 1}),
            )
        except ConditionLost:
            if self.table.get(pk, _scenario(scene.scenario_id)):
                detail = f"has {MOST_SCENES} scenes already, and may not have more"
                raise Conflict(f"The scenario {detail}.", errors=(FieldError("scenarioId", detail),)) from None
            detail = f"There is no scenario {scene.scenario_id!r} any more."
            raise NotFound(detail, errors=(FieldError("scenarioId", detail),)) from None

    def remove(self, scene: Scene) -> None:
        pk = _pk(scene.tenant)
        try:
            self.table.commit(
                delete(pk, _scene(scene.id), {"pk": ...}),
                delete(pk, _of(scene.scenario_id) + scene.id),
                update(pk, _scenario(scene.scenario_id), {}, {"pk": ...}, add={"scenes": -1}),
            )
        except ConditionLost:
            raise NotFound(f"There is no scene {scene.id!r} any more.") from None

    def remove_scenario(self, scenario: Scenario) -> None:
        """Conflict while it has scenes."""
        pk = _pk(scenario.tenant)
        try:
            self.table.commit(delete(pk, _scenario(scenario.id), {"scenes": Decimal(0)}))
        except ConditionLost:
            if self.table.get(pk, _scenario(scenario.id)):
                raise Conflict("The scenario still has scenes.", hint="Delete its scenes first.") from None

    def filmed(self, tenant: str, scenario_id: str, job_id: str, clips: Mapping[str, int]) -> Write:
        """For the transaction that accepts a job: which clip it makes of each scene."""
        return put(_pk(tenant), _filmed(scenario_id) + job_id, {"jobId": job_id, "clips": clips})

    def latest(self, tenant: str, scenario_id: str, scene_ids: Sequence[str]) -> dict[str, Filmed]:
        """Of each scene the clip of the job that was asked for last; none of a scene that was never filmed.

        No job is older than the scenes it is of, so nothing before the oldest of them is read.
        """
        missing, found = set(scene_ids), dict[str, Filmed]()
        if not missing:
            return found
        low, high = _filmed(scenario_id) + min(missing), _filmed(scenario_id) + "g"
        more = True
        while missing and more:
            rows, more = self.table.between(_pk(tenant), low, high, limit=JOBS_AT_ONCE, last_first=True)
            for row in rows:
                for scene_id in missing & row["clips"].keys():
                    found[scene_id] = Filmed(job_id=row["jobId"], clip=int(row["clips"][scene_id]))
                missing -= found.keys()
                high = _filmed(scenario_id) + id_before(row["jobId"])
        return found
