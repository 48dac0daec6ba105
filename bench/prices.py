"""What counted requests cost on AWS: list prices and stated durations, as data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

TABLE: Final = Path(__file__).with_name("prices.json")

REQUESTS: Final = "Lambda requests"
GB_SECONDS: Final = "Lambda GB-seconds (arm64)"


@dataclass(frozen=True)
class Line:
    """So many of something, and what they cost in USD."""

    name: str
    quantity: float
    usd: float


@cache
def prices() -> Mapping[str, Any]:
    """`prices` in USD for `per` of something, each with where and when it was read. `durations`, for which an invocation
    is taken to be billed, are stated, not measured: on AWS most of them are waiting for other services, which this
    machine does not know. `free` and `aside` say what is counted nowhere."""
    found: Mapping[str, Any] = json.loads(TABLE.read_text())
    return found


def lines(counts: Mapping[str, float], table: Mapping[str, Any] | None = None) -> list[Line]:
    """The dearest first. Raises KeyError for what has no price: nothing that was counted may cost nothing unsaid."""
    known = (table or prices())["prices"]
    found = [
        Line(name, quantity, quantity * known[name]["usd"] / known[name]["per"]) for name, quantity in counts.items()
    ]
    return sorted(found, key=lambda line: -line.usd)


def lambda_counts(
    invocations: Mapping[str, int], memory: Mapping[str, int], table: Mapping[str, Any] | None = None
) -> dict[str, float]:
    """`invocations` and `memory` (MB) by the function's folder."""
    stated = (table or prices())["durations"]
    seconds = sum(times * stated[name]["ms"] / 1000 * memory[name] / 1024 for name, times in invocations.items())
    return {REQUESTS: sum(invocations.values()), GB_SECONDS: seconds}
