"""Scenarios and scenes before the API."""

from __future__ import annotations

from typing import Any

from functions.studio.balances import Balances, granted
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply

SCENARIOS, SCENES = "/api/v3/scenarios", "/api/v3/scenes"


def endow(table: Table, *tenants: str, credits: int = 10_000) -> None:
    for tenant in tenants:
        Balances(table).grant(tenant, granted(credits, "for a start"))


def a_scenario(caller: Caller, **fields: Any) -> str:
    made: str = caller.post(SCENARIOS, {"title": "A morning", **fields}).data["id"]
    return made


def a_scene(caller: Caller, scenario: str, **fields: Any) -> Reply:
    words = {"imagePrompt": "A lamp on a desk", "visualPrompt": "The lamp is lit"}
    return caller.post(SCENES, {"scenarioId": scenario, **words, **fields})


def some_scenes(caller: Caller, scenario: str, number: int) -> list[str]:
    return [a_scene(caller, scenario, imagePrompt=f"Picture {one}").data["id"] for one in range(1, number + 1)]


def listed(caller: Caller, scenario: str, query: str = "") -> list[str]:
    return [one["id"] for one in caller.get(f"{SCENES}?scenarioId={scenario}{query}").data["items"]]


def filmed(caller: Caller, **wishes: Any) -> Reply:
    """With models that every release has, unless the wishes say others."""
    return caller.post("/api/v3/jobs/from-scenes", {"imageModel": "nano-banana", "model": "veo3", **wishes})
