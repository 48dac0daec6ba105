"""The README's calls, as a newcomer pastes them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.standins.conftest import wait_until
from tests.workflow.conftest import Film, Team

ROOT = Path(__file__).parents[2]


def calls(begins: str) -> list[str]:
    """The lines of the block of shell that begins so."""
    (block,) = re.findall(rf"```sh\n({begins}.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return str(block).strip().splitlines()


def commands(lines: list[str]) -> list[str]:
    """Without comments; a command that goes on in the next line is one."""
    joined = re.sub(r"\\\n *", "", "\n".join(lines))
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


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


def test_the_readmes_calls_by_example_do_what_they_say(team: Team, pictures: list[Path], tmp_path: Path) -> None:
    signs, from_outside, announce, told_by, put, confirm, listed, asked, *looks = commands(calls("AUTH="))
    assert "https://example.com/" in from_outside
    samples = tmp_path / "out" / "demo" / "pictures"
    samples.mkdir(parents=True)
    (samples / pictures[2].name).write_bytes(pictures[2].read_bytes())
    told = {
        "API": team.url,
        "KEY": str(team.http.headers["Authorization"]).removeprefix("Bearer "),
        "CAMPAIGN": team.campaign(pictures[:1]),
    }

    def said(call: str) -> str:
        return bash([signs, call], tmp_path, **told)

    def data(call: str) -> Any:
        envelope = json.loads(said(call))
        assert envelope["error"] is None, envelope
        return envelope["data"]

    kept = json.loads(bash([signs, announce, told_by, put, confirm], tmp_path, **told))["data"]
    assert (kept["name"], kept["duplicate"]) == ("poster", False)
    assert len(team.get(f"/assets?campaignId={told['CAMPAIGN']}")["items"]) == 2
    assert data(listed) == {"items": [], "nextCursor": None}
    told["JOB"] = data(asked)["jobId"]
    assert data(asked)["jobId"] == told["JOB"]
    assert team.wait(told["JOB"])["status"] == "completed"
    jobs, films, polled, sub_jobs, ledger, manifest = looks
    assert [one["jobId"] for one in data(films)["items"]] == [told["JOB"]]
    assert [(one["id"], one["metadata"]) for one in data(jobs)["items"]] == [(told["JOB"], {"order": "4711"})]
    tag = re.search(r'^etag: (W/"\S+")\r?$', said(polled), re.IGNORECASE | re.MULTILINE)
    assert tag
    assert said(polled.replace('W/"…"', tag[1])).split()[1] == "304"
    [clip] = data(sub_jobs)["subJobs"]
    assert {"status", "actualCost", "reason", "predictionUrl"} <= set(clip)
    assert (
        data(ledger)["totals"]["settled"]
        == data(manifest)["cost"]["total"]
        == clip["actualCost"]
        == pytest.approx(6 * 0.15)
    )


def test_the_readmes_script_of_misbehaviour_refuses_the_next_create_and_delays_the_third_clips_webhook(
    team: Team, pictures: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "local.json").write_text(json.dumps({"services": team.cloud.services}))
    assert json.loads(bash(calls("REPLICATE="), tmp_path)) == {"rules": 2}
    job = team.film(team.campaign(pictures), numPairs=3, clipDuration=4)
    state = team.wait(job)
    assert (state["progress"]["successful_clips"], state["progress"]["failed_clips"]) == (2, 1)
    [third] = [one for one in team.look("_predictions") if "attempt=1.0003." in one["webhook"]]

    def late() -> list[Any]:
        return [one for one in team.look("_webhooks") if one["predictionId"] == third["id"]]

    wait_until(lambda: bool(late()), 60)
    assert [one["at"] >= third["endedAt"] + 20 for one in late()] == [True]


def test_the_readmes_calls_of_an_older_back_end_are_answered(team: Team, tmp_path: Path) -> None:
    signs = commands(calls("AUTH="))[0]
    generate, status, library = commands(calls("VIDEO="))
    key = str(team.http.headers["Authorization"]).removeprefix("Bearer ")
    told = {"API": team.url, "KEY": key, "CAMPAIGN": team.campaign([])}
    video = json.loads(bash([signs, generate, status], tmp_path, **told))
    assert video["provider"] == "piapi_hunyuan_fast"
    assert video["status"] in ("processing", "completed")
    assert json.loads(bash([signs, library], tmp_path, **told))["videos"][0]["video_id"] == video["video_id"]


def test_the_readmes_prompted_films_are_accepted_as_written(team: Team, tmp_path: Path) -> None:
    signs = commands(calls("AUTH="))[0]
    styles, *films = commands(calls(r"curl -s \$API/styles"))
    told = {
        "API": team.url,
        "KEY": str(team.http.headers["Authorization"]).removeprefix("Bearer "),
        "CAMPAIGN": team.campaign([]),
    }
    assert json.loads(bash([signs, styles], tmp_path, **told))["data"]["items"][0]["id"] == "marketing"
    from_outside = [call for call in films if "https://example.com/" in call]
    assert len(from_outside) == 1
    for call in films:
        if call not in from_outside:
            job = json.loads(bash([signs, call], tmp_path, **told))["data"]["jobId"]
            assert team.wait(job)["status"] == "completed"


def test_the_readmes_calls_of_a_listing_make_its_film_and_its_captions(
    team: Team, pictures: list[Path], tmp_path: Path
) -> None:
    signs = commands(calls("AUTH="))[0]
    car, listing, script, job, wait, look, captions = commands(calls("CAR="))
    [form] = commands(calls(r"curl -s \$\{API%/v3\}/video/generate -H \"\$AUTH\" -F images"))
    samples = tmp_path / "out" / "demo" / "pictures"
    samples.mkdir(parents=True)
    (samples / pictures[0].name).write_bytes(pictures[0].read_bytes())
    key = str(team.http.headers["Authorization"]).removeprefix("Bearer ")
    told = {"API": team.url, "KEY": key, "CAMPAIGN": team.campaign([])}
    said = bash([signs, car, listing, script, "echo", job, wait, look, "echo", captions], tmp_path, **told)
    written, film, *timed = said.splitlines()
    assert 0 < json.loads(written)["data"]["cost"] < 0.001
    made = json.loads(film)["data"]
    assert (made["status"], made["listing"]["narration"]["spoken"]) == ("completed", True)
    assert timed[0] == "1"
    begun = json.loads(bash([signs, form], tmp_path, **told))
    assert begun["success"] is True
    team.post(f"/jobs/{begun['jobId']}/cancel", {})


def test_the_readmes_calls_of_scenes_make_a_film_and_a_task(team: Team, tmp_path: Path) -> None:
    signs = commands(calls("AUTH="))[0]
    made, one, two, listed, film = commands(calls("SCENARIO="))
    scene, task, told_of, tasks = commands(calls("SCENE="))
    told = {"API": team.url, "KEY": str(team.http.headers["Authorization"]).removeprefix("Bearer ")}
    said = bash(
        [signs, made, f"{one} >/dev/null", f"{two} >/dev/null", 'echo "$SCENARIO"', listed, "echo", film],
        tmp_path,
        **told,
    )
    scenario, scenes, job = said.strip().splitlines()
    assert [one["order"] for one in json.loads(scenes)["data"]["items"]] == [0.5, 1]
    told["SCENARIO"] = scenario
    assert team.wait(json.loads(job)["data"]["jobId"])["status"] == "completed"
    begun, listing = bash([signs, scene, task, told_of, "echo", tasks], tmp_path, **told).splitlines()
    assert json.loads(begun)["status"] in ("pending", "processing")
    assert json.loads(listing)["tasks"][0]["task_id"] == json.loads(begun)["task_id"]
    assert team.wait(json.loads(begun)["task_id"])["status"] == "completed"
