"""A run as its rows have shown it, and how rows are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from simulation.expressions import Item


class Broken(BaseException):
    """An invariant does not hold. Nothing of the domain's may survive it."""


@dataclass
class Run:
    """One run of a job, as its row showed it. Times are seconds since the epoch."""

    began: float
    kind: str = "first"
    clips: set[int] = field(default_factory=set)
    """That it was to make anew; of a first run those are not known yet."""
    chooses: bool = True
    stopped: float | None = None
    """From when on nothing is sent for it any more."""
    closing: float | None = None
    """When its row said so."""
    good: set[int] = field(default_factory=set)
    """Clips that had a video before it."""
    ended: float | None = None
    paused: float | None = None
    """When it ended as a pause; what became of the job since is `status`."""
    pictured: set[int] = field(default_factory=set)
    """Clips that had a picture before it."""
    waiting: set[int] = field(default_factory=set)
    """Those of them that waited for their caller."""
    pictures_anew: bool = False
    """Whether somebody has asked for another picture."""
    reserved: Decimal = Decimal(0)
    """That was set aside for it last."""
    status: str = ""
    """That it ended with."""


def text(item: Item, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def money(item: Item, name: str) -> Decimal:
    return Decimal(item.get(name, {}).get("N", 0))
