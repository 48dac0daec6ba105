"""The beginning and the end of the local cloud, and the assembly that it runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import requests

from local.checkout import ROOT
from local.loopback import bind
from local.synth import SynthesisFailed, synthesized
from tests.local_cloud.waiting import eventually


def start(out: Path, mark: str, port: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.local_cloud.stay", str(out), str(port)],
        cwd=ROOT,
        env={**os.environ, "STARTED_BY": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes(mark: str) -> set[str]:
    """Those that were started, or forked, with the mark in their environment."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"STARTED_BY={mark}".encode() in path.read_bytes():
                found.add(path.parent.name)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_no_process_is_left_however_the_cloud_ends(tmp_path: Path, number: signal.Signals) -> None:
    mark = uuid.uuid4().hex
    cloud = start(tmp_path, mark)
    assert cloud.stdout
    assert "Reelay is at http://127.0.0.1:" in cloud.stdout.readline()
    told = json.loads((tmp_path / "local.json").read_text())
    assert requests.get(f"{told['url']}/clips/first", timeout=10).status_code == 200
    assert (told["aws"]["table"], told["aws"]["bucket"]) == ("little-Table", "little-media")
    assert len(processes(mark)) > 4
    cloud.send_signal(number)
    cloud.communicate(timeout=20)
    assert cloud.returncode == (-9 if number == signal.SIGKILL else 0)
    eventually(lambda: not processes(mark))
    assert (tmp_path / "local.json").exists() == (number == signal.SIGKILL)


def test_a_second_cloud_of_the_same_checkout_is_refused_and_leaves_the_first_alone(tmp_path: Path) -> None:
    first = start(tmp_path, "first")
    assert first.stdout
    said = first.stdout.readline()
    assert "Reelay is at" in said
    left = (tmp_path / "local.json").read_text()
    second = start(tmp_path, "second")
    _, errors = second.communicate(timeout=20)
    assert second.returncode == 1
    url = said.split()[-1]
    assert errors.startswith(
        f"A local cloud of this checkout is up already, at {url}: end its process {first.pid} first"
    )
    assert (tmp_path / "local.json").read_text() == left
    first.send_signal(signal.SIGINT)
    assert "Traceback" not in first.communicate(timeout=20)[1]
    assert (first.returncode, (tmp_path / "local.json").exists()) == (0, False)


def test_a_cloud_whose_file_another_has_taken_ends_quietly_and_leaves_it(tmp_path: Path) -> None:
    cloud = start(tmp_path, "quiet")
    assert cloud.stdout
    cloud.stdout.readline()
    (tmp_path / "local.json").write_text('{"pid": 1}')
    cloud.send_signal(signal.SIGINT)
    assert cloud.communicate(timeout=20)[1] == ""
    assert (cloud.returncode, (tmp_path / "local.json").read_text()) == (0, '{"pid": 1}')


def test_a_port_that_is_taken_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with bind() as taken:
        port = taken.getsockname()[1]
        cloud = start(tmp_path, "nobody", port)
        _, errors = cloud.communicate(timeout=20)
    assert cloud.returncode == 1
    assert errors == f"127.0.0.1:{port} cannot be listened on: Address already in use\n"
    assert not (tmp_path / "local.log").exists()


APP = """
import json, os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}
(out / "manifest.json").write_text(json.dumps({"artifacts": {"reelay-dev": stack}}))
(out / "t.json").write_text(json.dumps({"Resources": {}}))
with open("runs", "a") as runs:
    runs.write(".")
"""


def test_the_app_is_synthesized_once_for_what_it_is_made_from(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "stack.py").write_text("one")
    assert synthesized(tmp_path).stack == "reelay-dev"
    synthesized(tmp_path)
    assert (tmp_path / "runs").read_text() == "."
    (tmp_path / "infra" / "stack.py").write_text("two")
    synthesized(tmp_path)
    assert (tmp_path / "runs").read_text() == ".."


def test_an_app_that_fails_says_why_and_leaves_no_assembly(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise SystemExit('nag: no encryption')")
    for _ in range(2):
        with pytest.raises(SynthesisFailed, match="nag: no encryption"):
            synthesized(tmp_path)
