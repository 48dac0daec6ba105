"""`python -m bench`, without measuring anything."""

from __future__ import annotations

import subprocess
import sys

from local.checkout import ROOT


def test_a_subject_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    command = [sys.executable, "-m", "bench", "weather"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "weather" in done.stderr
    assert "startup, films, gliding, jobs, cost" in done.stderr
