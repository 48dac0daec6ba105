"""Faults of the kind that systems like this one are shipped with, planted one at a time: each must break a schedule.

A fault is a small change of one file: a text that is there exactly once, and what takes its place. `python -m
simulation.faults` plants each in a copy of the tree, plays schedules there until one breaks, and writes docs/faults.md.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from simulation.held import HELD
from simulation.planted import FAULTS, Fault

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "docs" / "faults.md"
HEADS = ("fault", "in", "what it does", "broken by", "caught by")
SCHEDULES = 20_000
TREES = ("functions", "simulation")


@dataclass(frozen=True)
class Caught:
    schedules: int
    """Played until then, a chunk at a time."""
    by: str
    """The invariant that did not hold; empty where none broke."""


def plant(fault: Fault, tree: Path) -> None:
    """ValueError unless its text is there exactly once."""
    path = tree / fault.file
    text = path.read_text()
    there = text.count(fault.old)
    if there != 1:
        raise ValueError(f"{fault.name}: the text to be replaced is in {fault.file} {there} times")
    path.write_text(text.replace(fault.old, fault.new))


def catch(fault: Fault, schedules: int) -> Caught:
    with tempfile.TemporaryDirectory() as folder:
        for name in TREES:
            shutil.copytree(ROOT / name, Path(folder, name), ignore=shutil.ignore_patterns("__pycache__"))
        plant(fault, Path(folder))
        played = subprocess.run(
            [
                *[sys.executable, "-m", "simulation", "--processes", "1", "--most-broken", "1"],
                *["--schedules", str(schedules)],
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
    if played.returncode not in (0, 1) or not re.search(r"^\d+ schedules, ", played.stdout, re.MULTILINE):
        raise RuntimeError(f"{fault.name}: {played.stderr[-2000:]}")
    many = int(re.findall(r"^(\d+) schedules, ", played.stdout, re.MULTILINE)[-1])
    found = re.search(r"^seed \d+ .*\n  (.+)$", played.stdout, re.MULTILINE)
    return Caught(many, generally(found[1]) if found else "")


def generally(fault: str) -> str:
    """An invariant's words without the names of one history."""
    without = re.sub(r"^job of \w+: ", "", fault)
    without = re.sub(r"\('J#[^)]*'([A-Z]+)[^)]*\)", lambda found: f"a {found[1]} row", without)
    without = re.sub(r"(J#)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a job", without)
    without = re.sub(r"\b\d\.\d{4}\.(?:image|video|script|voice|captions)\.\d+\b", "…", without)
    without = re.sub(r"\bp\d+\b", "the prediction", without)
    return re.sub(r"\d[\d.]*|\[[^\]]*\]", "…", without)[:140].replace("|", "/")


def row(fault: Fault, caught: Caught) -> str:
    return f"| {fault.name} | `{fault.file}` | {fault.says} | {caught.schedules:,} schedules or fewer | {caught.by} |"


def main() -> int:
    asked = argparse.ArgumentParser(prog="make faults", description=__doc__)
    asked.add_argument("names", nargs="*", help="these only; the paper is then left as it is")
    asked.add_argument("--schedules", type=int, default=SCHEDULES)
    asked.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    given = asked.parse_args()
    faults = [fault for fault in FAULTS if not given.names or fault.name in given.names]
    rows, missed = [], 0
    with ThreadPoolExecutor(given.at_once) as pool:
        for fault, caught in zip(faults, pool.map(lambda one: catch(one, given.schedules), faults), strict=True):
            missed += not caught.by
            print(
                f"{'caught' if caught.by else 'MISSED'}  {fault.name}: {caught.by or 'nothing broke'} ({caught.schedules})",
                flush=True,
            )
            rows.append(row(fault, caught))
    if not given.names and not missed:
        PAPER.write_text(paper(rows))
    print(f"{len(faults)} faults, {len(faults) - missed} caught")
    return 1 if missed else 0


def held() -> list[str]:
    """What the schedules hold, and by which checks: the second half of the page."""
    checks = [", ".join(f"`{one}`" for one in names) for _, names, _ in HELD]
    return [
        "## What must hold",
        "",
        "The invariants, and the checks of each, below `simulation`.",
        "",
        "| what | asked by | when |",
        "|---|---|---|",
        *[f"| {what} | {by} | {when} |" for (what, _, when), by in zip(HELD, checks, strict=True)],
    ]


def paper(rows: list[str]) -> str:
    return "\n".join(
        [
            "# Planted faults",
            "",
            "What shows that the seeded schedules (`make simulate`) can fail: each of these changes, made alone in a copy of",
            "the tree, breaks one. `make faults` plants them and writes this page; the texts that they replace are in",
            "`simulation/planted/`.",
            "",
            f"| {' | '.join(HEADS)} |",
            "|---|---|---|---|---|",
            *rows,
            "",
            *held(),
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
