"""What a measurement comes to: a figure, the bound that it must hold, and how both are shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str
    bound: float
    better: Literal["lower", "higher"] = "lower"

    @property
    def holds(self) -> bool:
        return self.value <= self.bound if self.better == "lower" else self.value >= self.bound


def document(figures: Sequence[Figure]) -> str:
    """`out/bench.json`."""
    return json.dumps([entry(one) for one in figures], indent=2) + "\n"


def entry(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit,
        "bound": figure.bound,
        "better": figure.better,
        "holds": figure.holds,
    }


def table(figures: Sequence[Figure]) -> str:
    rows = [("what", "measured", "bound", "")]
    for one in figures:
        sign = "≤" if one.better == "lower" else "≥"
        verdict = "holds" if one.holds else "DOES NOT HOLD"
        rows.append((one.name, shown(one.value, one.unit), f"{sign} {shown(one.bound, one.unit)}", verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        f"{what:<{widths[0]}}  {value:>{widths[1]}}  {bound:>{widths[2]}}  {verdict}".rstrip()
        for what, value, bound, verdict in rows
    )


def shown(value: float, unit: str) -> str:
    """Three digits that count, whole numbers whole."""
    if unit == "USD":
        return f"${value:.6f}"
    digits = f"{value:.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.3g}"
    return f"{digits} {unit}".strip()
