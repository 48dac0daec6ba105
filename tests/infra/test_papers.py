"""What the papers name is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def paths(text: str) -> list[str]:
    """What stands between backticks and looks like a file or a folder of ours."""
    return [each for each in re.findall(r"`([^`\s]+)`", text) if re.search(r"/|\.(py|md|json|toml)$", each)]


@pytest.mark.parametrize("path", sorted(set(paths(CONTRIBUTING))))
def test_contributing_names_files_that_there_are(path: str) -> None:
    """A word in braces stands for whichever."""
    assert list(ROOT.glob(re.sub(r"\{\w+\}", "*", path).rstrip("/")))


@pytest.mark.parametrize("paper", ["CONTRIBUTING.md", "README.md"])
def test_papers_name_verbs_that_there_are(paper: str) -> None:
    named = set(
        re.findall(r"\bmake ([a-z]+)\b(?=[`\s,;:])", " ".join(re.findall(r"`[^`]+`", (ROOT / paper).read_text())))
    )
    assert named
    assert named <= TARGETS


def test_contributing_is_one_page() -> None:
    assert len(CONTRIBUTING.splitlines()) <= 80


def test_pre_commit_runs_what_the_gate_runs_from_the_virtual_environment_and_fetches_nothing() -> None:
    [source] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert source["repo"] == "local"
    gate = (ROOT / "Makefile").read_text()
    for hook in source["hooks"]:
        assert hook["language"] == "system"
        program, *arguments = shlex.split(hook["entry"])
        assert (ROOT / program).exists()
        verb = " ".join([Path(program).name, *(each for each in arguments if not each.startswith("-"))])
        assert f"$(BIN)/{verb}" in gate
