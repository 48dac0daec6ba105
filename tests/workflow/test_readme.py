"""The README's calls, as a newcomer pastes them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.workflow.conftest import Film, Team

ROOT = Path(__file__).parents[2]


def calls() -> list[str]:
    """The lines of the block that begins with API=."""
    (block,) = re.findall(r"```sh\n(API=.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return block.strip().splitlines()


def bash(lines: list[str], folder: Path, **variables: str) -> str:
    done = subprocess.run(
        ["bash", "-ec", "\n".join(lines)],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readmes_five_calls_make_a_film(team: Team, pictures: list[Path], tmp_path: Path) -> None:
    samples = tmp_path / "out" / "demo" / "pictures"
    samples.mkdir(parents=True)
    for picture in pictures:
        (samples / picture.name).write_bytes(picture.read_bytes())
    address, *rest = calls()
    assert address == "API=http://127.0.0.1:8080/api/v3"
    key = str(team.http.headers["Authorization"]).removeprefix("Bearer ")
    bash([f"API={team.url}", *rest], tmp_path, KEY=key)
    film = Film(tmp_path / "out" / "film.mp4")
    assert film.plays_in_browsers
    assert film.lasts(3 * 8)
