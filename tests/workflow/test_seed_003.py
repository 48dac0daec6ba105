"""Seed 003, the walkthrough: its calls as written, both of its modes to the finished video, and its library."""

from __future__ import annotations

import io
import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from PIL import Image

from functions.api import given
from functions.api.handler import app
from functions.studio import wiring
from local.cloud import LocalCloud
from local.workers import environment_of
from tests.integration.api_events import Caller
from tests.pictures import drawn, saved
from tests.strangers import response, stranger
from tests.workflow.conftest import GIVE_UP, Film, Team, fresh
from tests.workflow.test_seed_000 import differences

HERE = Path(__file__).parent
WRITTEN = dict(re.findall(r"^# (\S+)\n(curl .*?)(?:\n\n|\n?\Z)", (HERE / "seed_003.sh").read_text(), re.DOTALL | re.M))
TOLD = json.loads((HERE / "seed_003.json").read_text())


def as_written(call: str, team: Team, campaign: str = "", video: str = "") -> Any:
    """Runs a call of the walkthrough with host, ids and a key put in, and nothing else: not even its `&` is quoted."""
    line = WRITTEN[call].replace("http://localhost:8000", team.cloud.url)
    line = line.replace('"123"', f'"{campaign}"').replace("/status/1", f"/status/{video}")
    key = team.http.headers["Authorization"]
    done = subprocess.run(
        ["bash", "-ec", line.replace("curl ", f"curl -sS -H 'Authorization: {key!s}' ", 1)],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


def got(team: Team, video: str) -> Any:
    return team.http.get(f"{team.cloud.url}/api/video/status/{video}", timeout=30).json()


def posted(team: Team, body: dict[str, Any]) -> Any:
    answer = team.http.post(f"{team.cloud.url}/api/video/generate", json=body, timeout=60)
    assert answer.status_code == 202, answer.text
    return answer.json()


def finished(team: Team, video: str) -> Any:
    """The video when it is no longer in the making."""
    end = time.monotonic() + GIVE_UP
    while (said := got(team, video))["status"] == "processing":
        assert time.monotonic() < end, f"the video hangs: {said}"
        assert 0 <= said["progress"] < 100
        time.sleep(0.3)
    return said


def played(url: str, to: Path) -> Film:
    """Fetched without a key, as a page's `<a href>` does it, and decoded whole by ffmpeg."""
    answer = requests.get(url, timeout=60)
    answer.raise_for_status()
    to.write_bytes(answer.content)
    return Film(to)


def picture(url: str) -> Image.Image:
    answer = requests.get(url, timeout=30)
    answer.raise_for_status()
    return Image.open(io.BytesIO(answer.content))


def creates(team: Team) -> list[Any]:
    return [entry["body"] for entry in team.log("piapi") if entry["method"] == "POST"]


@dataclass
class Walked:
    """What the walkthrough's calls answered, in its order."""

    accepted: Any
    at_once: Any
    completed: Any
    library: Any
    film: Film
    created: Any


@pytest.fixture(scope="module")
def walked(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    team = fresh(cloud)
    team.script({"do": "slow", "seconds": 5}, service="piapi")
    accepted = as_written("generate", team, campaign=team.campaign([]))
    at_once = as_written("status", team, video=accepted["video_id"])
    finished(team, accepted["video_id"])
    completed = as_written("status", team, video=accepted["video_id"])
    assert completed["status"] == "completed", completed
    film = played(completed["video_url"], tmp_path_factory.mktemp("walked") / "film.mp4")
    (created,) = creates(team)
    return Walked(accepted, at_once, completed, as_written("library", team), film, created)


def test_every_call_of_the_walkthrough_is_here() -> None:
    seed = WRITTEN.values()
    assert [line.split("/api/video/")[1].split()[0].split("/")[0] for line in seed] == [
        "generate",
        "status",
        "library?page=1&per_page=20",
    ]


@pytest.mark.parametrize(
    ("answer", "told"),
    [("accepted", "accepted"), ("at_once", "processing"), ("completed", "completed")],
)
def test_answers_have_every_field_of_the_walkthrough(walked: Walked, answer: str, told: str) -> None:
    said = getattr(walked, answer)
    assert list(differences(TOLD[told], said)) == []
    assert said["status"] == TOLD[told]["status"]


def test_what_was_accepted_costs_and_lasts_what_the_walkthrough_says(walked: Walked) -> None:
    assert (walked.accepted["duration"], walked.accepted["cost"]) == (5, 0.03)
    assert (walked.accepted["provider"], walked.accepted["model_name"]) == ("piapi_hunyuan_fast", "hunyuan-fast")
    assert walked.completed["cost"] == 0.03


def test_the_video_plays_and_is_what_its_row_says(walked: Walked) -> None:
    said = walked.completed
    assert walked.film.plays_in_browsers
    assert f"{said['video_width']}x{said['video_height']}" in walked.film.banner
    assert float(walked.film.presented["vide"]) == pytest.approx(said["actual_duration"], abs=0.001)
    for name in ("thumbnail_url", "last_frame_url"):
        assert picture(said[name]).format == "JPEG", name
    assert requests.get(said["video_raw_url"], timeout=60).content[4:8] == b"ftyp"


def test_the_row_has_every_column_of_the_walkthrough(walked: Walked) -> None:
    assert set(TOLD["row"]) <= walked.completed.keys()
    empty = {name for name in TOLD["row"] if walked.completed[name] is None}
    assert empty == {"prompt", "error_message", "error_code"}


def test_the_library_as_it_is_called_shows_the_video(walked: Walked) -> None:
    told = {"videos": [{**TOLD["library"]["videos"][0], "id": "1"}]}
    mine = [one for one in walked.library["videos"] if one["id"] == walked.accepted["video_id"]]
    assert list(differences(told, {"videos": mine})) == []
    assert mine[0]["generation_mode"].replace("_", " ").upper() == "TEXT TO VIDEO"
    assert walked.library["page"] == 1


def test_the_script_is_told_to_the_model_in_its_style(walked: Walked) -> None:
    assert walked.created["input"]["prompt"] == (
        "Dynamic, eye-catching social media video optimized for mobile. Duration: 5s. Script: A cat playing with a ball"
    )


def test_a_forced_provider_is_asked_as_the_walkthrough_asks_it(team: Team) -> None:
    video = posted(team, {**TOLD["requests"]["text"], "campaign_id": team.campaign([])})
    assert (video["requested_duration"], video["actual_duration"], video["cost"]) == (10, 5, 0.03)
    said = finished(team, video["video_id"])
    assert said["status"] == "completed", said
    (created,) = creates(team)
    assert list(differences(TOLD["sentToHunyuan"], created)) == []
    assert created["input"]["prompt"] == TOLD["sentToHunyuan"]["input"]["prompt"]
    assert created["task_type"].endswith("txt2video")


@pytest.fixture
def api(cloud: LocalCloud, team: Team, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """The cloud's API function in this process: with another door to the world, for a picture that only this machine has."""
    function = cloud.pool("api").function
    for name, value in environment_of(function, cloud.environment).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it has the environment of before
    wiring.forget()
    given.keys.cache_clear()
    yield Caller(cloud.keys["demo"])
    wiring.forget()
    given.keys.cache_clear()


def animated(api: Caller, team: Team, url: str, **changes: str) -> Any:
    """The walkthrough's second request, in its own words but for the picture's address and `changes`; the finished video."""
    asked = {**TOLD["requests"]["image"], "campaign_id": team.campaign([]), "image_url": url, **changes}
    accepted = api.post("/api/video/generate", asked)
    assert accepted.status == 202, accepted.text
    return finished(team, accepted.envelope["video_id"])


def test_an_image_becomes_a_video_by_the_model_that_piapi_has(api: Caller, team: Team, tmp_path: Path) -> None:
    """The walkthrough's task `img2video-1.3b` is sent as it is there; PiAPI has no such task, so that nothing is charged and
    its successor is offered."""
    with stranger(response(saved(drawn()))) as there:
        app.dependency_overrides[given.outside] = there.outside
        refused = animated(api, team, there.url)
        said = animated(api, team, there.url, provider="piapi_wanx_14b")
        del app.dependency_overrides[given.outside]
    assert (refused["status"], refused["error_code"], refused["cost"]) == ("failed", "gone", 0)
    assert "piapi_wanx_14b" in refused["error_message"]
    assert "$0.28" in refused["error_message"]
    assert (said["status"], said["generation_mode"], said["cost"]) == ("completed", "image_to_video", 0.28), said
    first, second = creates(team)
    assert list(differences(TOLD["sentToWanx"], first)) == []
    for created, task in ((first, TOLD["sentToWanx"]["task_type"]), (second, "img2video-14b")):
        assert (created["task_type"], created["input"]["prompt"]) == (task, TOLD["sentToWanx"]["input"]["prompt"])
        assert picture(created["input"]["image"]).size == drawn().size
    assert played(said["video_url"], tmp_path / "film.mp4").plays_in_browsers
    library = team.http.get(f"{team.cloud.url}/api/video/library", timeout=30).json()
    assert [one["video_id"] for one in library["videos"][:2]] == [said["video_id"], refused["video_id"]]


def test_thirty_seconds_are_taken_and_what_was_delivered_is_told(team: Team, tmp_path: Path) -> None:
    body = {"campaign_id": team.campaign([]), "generation_mode": "text_to_video", "script": "A day", "duration": 30}
    video = posted(team, {**body, "aspect_ratio": "1:1"})
    assert (video["provider"], video["cost"], video["requested_duration"]) == ("piapi_wanx_1.3b", 0.12, 30)
    said = finished(team, video["video_id"])
    assert said["status"] == "completed", said
    film = played(said["video_url"], tmp_path / "film.mp4")
    assert float(film.presented["vide"]) == pytest.approx(said["actual_duration"], abs=0.001)
    assert said["actual_duration"] < 6
    assert said["video_width"] / said["video_height"] == pytest.approx(16 / 9, rel=0.05)


def test_a_video_that_fails_says_why_in_the_walkthroughs_words(team: Team) -> None:
    team.script({"match": {}, "times": 1, "do": "refuse"}, service="piapi")
    body = {"campaign_id": team.campaign([]), "generation_mode": "text_to_video", "script": "A day", "duration": 5}
    said = finished(team, posted(team, body)["video_id"])
    assert (said["status"], said["error_code"], said["video_url"], said["cost"]) == ("failed", "refused", None, 0)
    assert "moderation" in said["error_message"]
