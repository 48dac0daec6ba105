"""The README's calls, as a newcomer pastes them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from tests.workflow.conftest import Film, Team

ROOT = Path(__file__).parents[2]


def calls(begins: str) -> list[str]:
    """The lines of the block of shell that begins so."""
    (block,) = re.findall(rf"```sh\n({begins}.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return str(block).strip().splitlines()


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
    address, *rest = calls("API=")
    assert address == "API=http://127.0.0.1:8080/api/v3"
    key = str(team.http.headers["Authorization"]).removeprefix("Bearer ")
    bash([f"API={team.url}", *rest], tmp_path, KEY=key)
    film = Film(tmp_path / "out" / "film.mp4")
    assert film.plays_in_browsers
    assert film.lasts(3 * 8)


def test_the_readmes_script_of_misbehaviour_is_taken_and_its_next_create_fails(
    team: Team, pictures: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "local.json").write_text(json.dumps({"services": team.cloud.services}))
    assert json.loads(bash(calls("REPLICATE="), tmp_path)) == {"rules": 2}
    job = team.film(team.campaign(pictures[:3]), numPairs=2, clipDuration=4)
    state = team.wait(job)
    assert (state["progress"]["successful_clips"], state["progress"]["failed_clips"]) == (1, 1)
