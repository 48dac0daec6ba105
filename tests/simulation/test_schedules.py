"""`make simulate` in small: that what must hold holds, that a seed is one history, that the faults are still there to plant."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.faults import HEADS, PAPER, held, plant
from simulation.held import HELD
from simulation.planted import FAULTS, Fault

ROOT = Path(__file__).parents[2]


def simulate(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: it has one clock and one set of threads."""
    return subprocess.run(
        [sys.executable, "-m", "simulation", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@pytest.mark.parametrize("first", [0, 500])
def test_a_thousand_schedules_hold(first: int) -> None:
    played = simulate("--schedules", "500", "--first", str(first), "--processes", "1")
    assert played.returncode == 0, played.stdout + played.stderr
    assert re.search(r"^500 schedules, 0 broken", played.stdout.splitlines()[-1])


@pytest.mark.parametrize("seed", ["2921718886", "151302460", "7"])
def test_a_seed_is_the_same_history_in_every_process(seed: str) -> None:
    one, other = (simulate("--seed", seed, PYTHONHASHSEED=chance) for chance in ("1", "2"))
    assert len(one.stdout.splitlines()) > 20, one.stderr
    assert one.stdout == other.stdout


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_still_be_planted(fault: Fault, tmp_path: Path) -> None:
    there = tmp_path / fault.file
    there.parent.mkdir(parents=True)
    there.write_text((ROOT / fault.file).read_text())
    plant(fault, tmp_path)
    assert there.read_text() != (ROOT / fault.file).read_text()


def test_a_fault_that_has_lost_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("nothing")
    with pytest.raises(ValueError, match=r"lost: the text to be replaced is in a\.py 0 times"):
        plant(Fault("lost", "", "a.py", "something", ""), tmp_path)


def test_the_paper_lists_the_faults_and_what_caught_each() -> None:
    first, second = PAPER.read_text().split("## What must hold")
    assert second.strip() == "\n".join(held()).partition("\n")[2].strip()
    lines = [line for line in first.splitlines() if line.startswith("|")]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == list(HEADS)
    assert [row[:3] for row in cells[2:]] == [[fault.name, fault.file, fault.says] for fault in FAULTS]
    assert all(row[4] for row in cells[2:])
    assert len(FAULTS) >= 25


@pytest.mark.parametrize("check", sorted({check for _, checks, _ in HELD for check in checks}))
def test_what_must_hold_is_asked_where_the_paper_says(check: str) -> None:
    module, *names = check.split(".")
    there: object = importlib.import_module(f"simulation.{module}")
    for name in names:
        there = getattr(there, name)
    assert callable(there)
