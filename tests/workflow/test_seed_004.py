"""Seed 004: its Python client and its shell loop as written, and what they lead to; a scenario becomes one film."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from functions.studio.scene_progress import Step
from local.cloud import LocalCloud
from tests.workflow.conftest import GIVE_UP, Film, Team, fresh

HERE = Path(__file__).parent
WRITTEN = dict(
    re.findall(r"^# (\S+)\n((?:curl|while) .*?)(?:\n\n(?=# )|\n?\Z)", (HERE / "seed_004.sh").read_text(), re.S | re.M)
)
CLIENT = (HERE / "seed_004.py.txt").read_text()
HOST = "http://localhost:8000"
TOLD = re.compile(r"Status: (\w+), Progress: ([\d.]+)%")

JQ = """#!{python}
import json, sys
value = json.load(sys.stdin)[sys.argv[2].lstrip(".")]
print(value if isinstance(value, str) else json.dumps(value))
"""
"""For machines that have none: `jq -r .name`, which is all that the loop asks of it."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("bin")
    (folder / "jq").write_text(JQ.format(python=sys.executable))
    (folder / "jq").chmod(0o755)
    return os.pathsep.join(["/usr/local/bin", "/usr/bin", "/bin", str(folder)])


def a_scenario(team: Team, scenes: int, **fields: Any) -> tuple[str, list[str]]:
    scenario = team.post("/scenarios", {"title": "A morning", **fields})["id"]
    words = {"visualPrompt": "The lamp is lit", "scenarioId": scenario, "duration": 2}
    ids = [team.post("/scenes", {**words, "imagePrompt": f"A lamp, {one}"})["id"] for one in range(1, scenes + 1)]
    return str(scenario), [str(one) for one in ids]


def shell(team: Team, call: str, path: str, scene: str = "", task: str = "") -> str:
    """Runs a call of the seed with host, ids and a key put in, and nothing else."""
    line = WRITTEN[call].replace(HOST, team.cloud.url).replace("{task_id}", task)
    line = line.replace("123e4567-e89b-12d3-a456-426614174000", scene)
    line = line.replace("987fcdeb-51a2-43d1-9f12-345678901234", team.get("/me")["userId"])
    key = team.http.headers["Authorization"]
    done = subprocess.run(
        ["bash", "-ec", line.replace("curl ", f"curl -sS -H 'Authorization: {key!s}' ")],
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=GIVE_UP,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def client(team: Team, scene: str) -> str:
    """Runs the seed's client, whose `requests` has the key in every call."""
    key = team.http.headers["Authorization"]
    with_a_key = f"import requests\nrequests = requests.Session()\nrequests.headers['Authorization'] = '{key!s}'\n"
    script = CLIENT.replace("import requests\n", with_a_key, 1).replace(HOST, team.cloud.url)
    script = script.replace("scene-uuid", scene).replace("user-uuid", team.get("/me")["userId"])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=GIVE_UP, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def played(url: str, to: Path) -> Film:
    """Fetched without a key."""
    answer = requests.get(url, timeout=60)
    answer.raise_for_status()
    to.write_bytes(answer.content)
    return Film(to)


def finished(team: Team, task: str) -> list[Any]:
    """All that the task says until it has ended."""
    end, said = time.monotonic() + GIVE_UP, [got(team, task)]
    while said[-1]["status"] not in ("completed", "failed"):
        assert time.monotonic() < end, f"the task hangs: {said[-1]}"
        time.sleep(0.2)
        said.append(got(team, task))
    return said


def got(team: Team, task: str) -> Any:
    return team.http.get(f"{team.cloud.url}/api/video/generate/tasks/{task}", timeout=30).json()


def check_progress(output: str) -> None:
    percents = [float(percent) for _, percent in TOLD.findall(output)]
    assert percents == sorted(percents)
    assert percents[-1] == 100


def test_the_seeds_python_client_waits_for_its_video_and_has_it(cloud: LocalCloud, tmp_path: Path) -> None:
    team = fresh(cloud)
    _, (scene,) = a_scenario(team, 1)
    output = client(team, scene)
    check_progress(output)
    (url,) = re.findall(r"Video URL: (\S+)", output)
    film = played(url, tmp_path / "film.mp4")
    assert film.lasts(2)
    assert film.plays_in_browsers
    shown = team.get(f"/scenes/{scene}")
    assert (shown["status"], shown["imageUrl"].rsplit(".", 1)[1]) == ("completed", "png")
    assert f"/{team.get('/me')['userId']}/generated_images/" in shown["imageUrl"]
    picture = requests.get(shown["imageUrl"], timeout=30)
    assert (picture.status_code, picture.content[:4]) == (200, b"\x89PNG"), "everybody has it, without a key"


def test_the_seeds_calls_and_its_shell_loop_run_as_written(cloud: LocalCloud, path: str, tmp_path: Path) -> None:
    team = fresh(cloud)
    _, (scene,) = a_scenario(team, 1, resolution="1280:720")
    begun = json.loads(shell(team, "generate", path, scene=scene))
    assert (begun["status"], begun["progress"], begun["current_step"]) == ("pending", 0.0, "Initializing")
    told = json.loads(shell(team, "status", path, task=begun["task_id"]))
    assert (told["task_id"], told["scene_id"]) == (begun["task_id"], scene)
    output = shell(team, "monitor", path, task=begun["task_id"])
    check_progress(output)
    (url,) = re.findall(r"Video URL: (\S+)", output)
    assert played(url, tmp_path / "film.mp4").lasts(2)
    created = [entry["body"] for entry in team.log("runway") if entry["method"] == "POST"]
    assert [(one["model"], one["ratio"]) for one in created] == [
        ("gen4_image", "1920:1080"),
        ("gen4_turbo", "1280:720"),
    ]
    (first,) = team.http.get(f"{team.cloud.url}/api/video/generate/tasks?per_page=1", timeout=30).json()["tasks"]
    assert (first["task_id"], first["status"]) == (begun["task_id"], "completed")


def test_a_scenario_of_three_scenes_becomes_one_film_in_its_order(team: Team, film_of: Any) -> None:
    scenario, ids = a_scenario(team, 3)
    team.http.patch(f"{team.url}/scenes/{ids[2]}", json={"order": 0, "duration": 3}, timeout=30).raise_for_status()
    before = team.get("/credits")["balance"]
    job = team.post("/jobs/from-scenes", {"scenarioId": scenario})["jobId"]
    told = finished(team, job)
    assert [one["progress"] for one in told] == sorted(one["progress"] for one in told)
    assert {one["current_step"] for one in told} <= {step.words for step in Step}
    state = team.wait(job)
    assert (state["status"], state["errorMessage"], state["warnings"]) == ("completed", None, [])
    assert film_of(job).lasts(3 + 2 + 2)
    clips = team.clips(job)
    assert [clip["durationSeconds"] for clip in clips] == [3, 2, 2]
    scenes = team.get(f"/scenes?scenarioId={scenario}")["items"]
    assert [one["id"] for one in scenes] == [ids[2], ids[0], ids[1]]
    assert {(one["status"], one["jobId"]) for one in scenes} == {("completed", job)}
    assert len({one["imageUrl"] for one in scenes}) == 3
    assert state["actualCost"] == pytest.approx(3 * 0.08 + 7 * 0.05)
    assert before - team.get("/credits")["balance"] == 3 * (8 + 25)


def test_a_scene_whose_video_is_refused_fails_in_the_seeds_words_and_keeps_its_picture(team: Team, path: str) -> None:
    _, (scene,) = a_scenario(team, 1)
    team.script({"do": "refuse", "match": {"model": "gen4_turbo"}}, service="runway")
    begun = json.loads(shell(team, "generate", path, scene=scene))
    output = shell(team, "monitor", path, task=begun["task_id"])
    assert "Error: The only clip failed" in output
    shown = team.get(f"/scenes/{scene}")
    assert (shown["status"], shown["generatedVideoUrl"]) == ("failed", None)
    assert shown["imageUrl"]
