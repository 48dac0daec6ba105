"""What the tests of a live choice begin with: a time that can be moved on, and models of which things are counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from functions.studio.catalogue import Mode
from functions.studio.health import MINUTE, Counted
from functions.studio.pulse import Pulse
from functions.studio.table import Table


@dataclass
class MovedClock:
    """Stands still until it is moved."""

    at: float

    def time(self) -> float:
        return self.at

    def sleep(self, seconds: float, /) -> None:
        self.at += seconds

    def on(self, minutes: float) -> None:
        self.at += minutes * MINUTE


@dataclass
class Lately:
    """What has happened to models, at the time of the clock."""

    table: Table
    clock: MovedClock
    pulse: Pulse = field(init=False)

    def __post_init__(self) -> None:
        self.pulse = Pulse(self.table)

    def counted(
        self, model: str, what: Counted, times: int = 1, seconds: float | None = None, mode: Mode = "text"
    ) -> None:
        for _ in range(times):
            self.pulse.count(model, mode, what, seconds)

    def failed(self, *models: str, mode: Mode = "text") -> None:
        """As often as it takes to be let rest; a minute later."""
        for model in models:
            self.counted(model, "failed", 6, mode=mode)
            self.counted(model, "made", 1, 30, mode=mode)
        self.clock.on(1)
