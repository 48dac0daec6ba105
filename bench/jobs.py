"""How close together the clips of a job start, and what the job takes beyond its predictions."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.figures import Figure
from bench.film_job import Measured, Studio
from local.cloud import LocalCloud

FEW: Final = 50
MANY: Final = 500
TIMES: Final = 3
NO_LOOKS: Final = "600"
"""On AWS the first look at a prediction comes after such a job."""

SLOW: Final = 5.0
"""Seconds that predictions take beyond the stand-in's one: longer than it takes to send FEW of them. To see all in flight."""


def measure(folder: Path) -> list[Figure]:
    with LocalCloud(out=folder, parameters={"CheckDelays": NO_LOOKS}) as cloud:
        studio = Studio(cloud, folder)
        studio.film(FEW, slow=0)  # to warm up
        together = [studio.film(FEW, SLOW)[1] for _ in range(TIMES)]
        few = [studio.film(FEW, slow=0)[1] for _ in range(TIMES)]
        many = studio.film(MANY, slow=0)[1]
    return figures(together, few, many)


def figures(together: Sequence[Measured], few: Sequence[Measured], many: Measured) -> list[Figure]:
    """The worst of the jobs for what is in flight at once; medians for seconds.

    Overhead is measured without SLOW: processors that wait for 50 predictions would hide what those of 500 cannot.
    """
    overhead = statistics.median(one.overhead for one in few)
    spread = statistics.median(one.spread for one in together)
    at_once = min(one.at_once for one in together)
    return [
        Figure(f"predictions of a {FEW}-clip job in flight at once", at_once, "", FEW, "higher"),
        Figure(f"first create to last, {FEW} clips", spread, "s", 3),
        Figure(f"job without its predictions, {FEW} clips", overhead, "s", 10),
        Figure(f"the same, growth from {FEW} to {MANY} clips", many.overhead / overhead, "×", 11),
    ]
