"""What a scenario and its scenes are: the film that somebody has in mind, picture by picture. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from pydantic import Field

from functions.studio.rows import Entry, Row

USUAL_SECONDS = Decimal(5)


class Scenario(Entry):
    sort = "SCENARIO"
    word = "scenario"

    campaign_id: str
    """Whose budget its films are paid from."""
    title: str
    resolution: str
    """One of studio/resolutions.json."""
    metadata: dict[str, Any] = Field(default_factory=dict)
    scenes: int = 0
    """How many it has."""


class Scene(Entry):
    sort = "SCENE"
    word = "scene"

    scenario_id: str
    image_prompt: str | None = None
    visual_prompt: str | None = None
    """What is to move, and how, in the picture."""
    product_reference_image_url: str | None = None
    product_reference_image_asset_id: str | None = None
    """The same, where it is an asset; one of the two at most."""
    duration: Decimal = USUAL_SECONDS
    """Seconds that are wished for."""
    order: Decimal
    """Scenes are shown by it, those of the same by their age."""

    @property
    def reference(self) -> str | None:
        """What says which picture its own is to look like."""
        return self.product_reference_image_url or self.product_reference_image_asset_id


class Filmed(Row):
    """The clip that a job makes of a scene."""

    job_id: str
    clip: int


def in_order(scenes: Sequence[Scene]) -> list[Scene]:
    return sorted(scenes, key=lambda scene: (scene.order, scene.id))


def following(scenes: Sequence[Scene]) -> Decimal:
    """The order of one that comes last."""
    return max((scene.order for scene in scenes), default=Decimal(0)).to_integral_value(ROUND_FLOOR) + 1
