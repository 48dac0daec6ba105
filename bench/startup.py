"""What a cold start of the API costs, held against the least that a function which reads a table can do."""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bench.figures import Figure
from bench.film_job import NoBench
from local.checkout import ROOT
from local.credentials import AWS_OF_NOBODY
from local.synth import synthesized

BARE: Final = "import boto3; boto3.client('dynamodb')"
OURS: Final = "import functions.api.handler; from functions.studio import wiring; wiring.table()"
HANDLER: Final = "functions.api.handler.handler"
PAIRS: Final = 21
BOUND: Final = 1.8


def measure() -> Figure:
    """Processor time, not the clock's: both wait for nothing, and neighbours on the machine disturb it less. Each start
    is held against its neighbour in time; the figure is the median of these ratios."""
    compileall.compile_dir(str(ROOT / "functions"), quiet=1)
    environment = {"PATH": os.environ["PATH"], **AWS_OF_NOBODY, **environment_of(synthesized().template)}
    for code in (BARE, OURS):  # the first ones fill the caches
        cpu_seconds(code, environment)
    starts = [(cpu_seconds(BARE, environment), cpu_seconds(OURS, environment)) for _ in range(PAIRS)]
    return Figure("start of the API function against a bare boto3 handler", ratio(starts), "×", BOUND)


def ratio(starts: Sequence[tuple[float, float]]) -> float:
    return statistics.median(ours / bare for bare, ours in starts)


def environment_of(template: Mapping[str, Any]) -> dict[str, str]:
    """What the construct sets for the API function; what only a deployment knows, like a table's name, is made up."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if properties.get("Handler") == HANDLER:
            variables = properties["Environment"]["Variables"]
            return {name: value if isinstance(value, str) else "made-up" for name, value in variables.items()}
    raise NoBench(f"the template has no function with the handler {HANDLER}")


def cpu_seconds(code: str, environment: Mapping[str, str]) -> float:
    """Of a fresh interpreter that runs `code`, by the kernel's own account."""
    process = subprocess.Popen([sys.executable, "-c", code], env=dict(environment), cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise NoBench(f"`{code}` ended with exit status {process.returncode}")
    return usage.ru_utime + usage.ru_stime
