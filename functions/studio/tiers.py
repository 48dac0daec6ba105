"""What a tenant may have by its tier, read from tiers.json."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from functions.studio.catalogue import Model
from functions.studio.cut import Cut
from functions.studio.data import Data


class Tier(Data):
    name: str
    clip_usd: Annotated[Decimal, Field(ge=0)] | None = None
    """The most that a usual clip of a model may cost which is chosen for the tenant; None: no limit."""
    names_others: bool
    """Whether it may name dearer ones itself."""
    clips: Annotated[int, Field(ge=1)]
    """The most of a job, variants included."""

    def against(self, model: Model) -> str | None:
        """Why a model is not chosen for the tenant, as what is said of it; None where it may be."""
        usual = model.offer(Cut(), model.duration(None)).cost
        if self.clip_usd is None or usual <= self.clip_usd:
            return None
        return f"takes ${usual:.2f} for a usual clip, and the tier {self.name} has at most ${self.clip_usd:.2f}"


class Tiers(Data):
    tiers: Annotated[list[Tier], Field(min_length=1)]
    """The strictest first."""

    def find(self, name: str) -> Tier | None:
        return next((one for one in self.tiers if one.name == name), None)

    @property
    def strictest(self) -> Tier:
        return self.tiers[0]


@cache
def tiers() -> Tiers:
    return Tiers.model_validate_json(Path(__file__).with_name("tiers.json").read_bytes())
