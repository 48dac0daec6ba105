"""The time, and waiting for it to pass: the one place where the domain asks for either.

The machine's own, unless whoever runs the domain in a context has given it another.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Protocol


class Clock(Protocol):
    def time(self) -> float:
        """Seconds since the epoch."""
        ...

    def sleep(self, seconds: float, /) -> None: ...


CLOCK: ContextVar[Clock] = ContextVar("CLOCK", default=time)


def epoch() -> float:
    """Seconds since the epoch."""
    return CLOCK.get().time()


def sleep(seconds: float) -> None:
    CLOCK.get().sleep(seconds)
