"""A laptop with real keys: services out in the world, which can neither fetch from it nor call it, make a film for it.

The services are our stand-ins, in a process of nobody's local cloud, with keys that must match and with `refuse_loopback`:
they know nothing but what is sent to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from local.checkout import CACHE, ROOT
from local.standins.openai import OpenAi
from local.standins.piapi import Piapi
from local.standins.replicate import Replicate
from local.standins.runway import Runway
from local.standins.xai import Xai
from tests.workflow.conftest import Film, Team

REPLICATE_KEY = f"r8_{uuid.uuid4().hex}"
PIAPI_KEY = uuid.uuid4().hex * 2
RUNWAY_KEY = f"key_{uuid.uuid4().hex}"
XAI_KEY = f"xai-{uuid.uuid4().hex}"
OPENAI_KEY = f"sk-{uuid.uuid4().hex}"
MARK = uuid.uuid4().hex

PROGRAM = """
import os, sys
from pathlib import Path
from local.__main__ import stay
from local.cloud import LocalCloud
from local.settings import Settings
sys.exit(stay(LocalCloud(settings=Settings(os.environ), out=Path(sys.argv[1]))))
"""
"""`python -m local` with another folder for what it leaves, and without the `.env` of this checkout."""


class Laptop:
    """The local cloud in a process of its own, as its user starts it."""

    def __init__(self, out: Path, **environment: str) -> None:
        self.out = out
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(out)],
            cwd=ROOT,
            env={**os.environ, "STARTED_BY": MARK, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.said = []
        while not self.said or not self.said[-1].startswith("Ctrl-C"):
            self.said.append(line := self._process.stdout.readline())
            assert line, "the local cloud has ended; stderr says why"
        self.told = json.loads((out / "local.json").read_text())
        self.team = Team(SimpleNamespace(**self.told))

    def processes(self) -> dict[int, tuple[bytes, bytes]]:
        """The arguments and the environment of each process that belongs to it, but of the one that the user started."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                arguments, environment = (path / "cmdline").read_bytes(), (path / "environ").read_bytes()
            except OSError:
                continue
            if f"STARTED_BY={MARK}".encode() in environment and path.name != str(self._process.pid):
                found[int(path.name)] = (arguments, environment)
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def replicate() -> Iterator[Replicate]:
    service = Replicate(token=REPLICATE_KEY, refuse_loopback=True, cache=CACHE / "clips").start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def piapi() -> Iterator[Piapi]:
    service = Piapi(token=PIAPI_KEY, refuse_loopback=True, cache=CACHE / "clips").start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def runway() -> Iterator[Runway]:
    service = Runway(token=RUNWAY_KEY, refuse_loopback=True, cache=CACHE / "clips").start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def xai() -> Iterator[Xai]:
    service = Xai(token=XAI_KEY, refuse_loopback=True).start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def openai() -> Iterator[OpenAi]:
    service = OpenAi(token=OPENAI_KEY).start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def laptop(
    replicate: Replicate,
    piapi: Piapi,
    runway: Runway,
    xai: Xai,
    openai: OpenAi,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Laptop]:
    """Its keys have white space around them, as pasted keys do."""
    running = Laptop(
        tmp_path_factory.mktemp("laptop"),
        REPLICATE_API_TOKEN=f" {REPLICATE_KEY}",
        REPLICATE_BASE_URL=replicate.url,
        PIAPI_API_KEY=f"{PIAPI_KEY} ",
        PIAPI_BASE_URL=piapi.url,
        RUNWAYML_API_SECRET=RUNWAY_KEY,
        RUNWAYML_BASE_URL=runway.url,
        XAI_API_KEY=f" {XAI_KEY}\n",
        XAI_BASE_URL=f"{xai.url}/v1",
        OPENAI_API_KEY=OPENAI_KEY,
        OPENAI_BASE_URL=f"{openai.url}/v1",
    )
    yield running
    running.close()


@pytest.fixture(scope="module")
def job(laptop: Laptop, pictures: list[Path]) -> Any:
    """A film of two clips, made for real."""
    return laptop.team.wait(laptop.team.film(laptop.team.campaign(pictures[:3]), numPairs=2))


def asked(service: Replicate | Piapi | Runway | Xai | OpenAi, path: str) -> list[Any]:
    log = requests.get(f"{service.url}/_log", timeout=10).json()
    return [request["body"] for request in log if request["method"] == "POST" and path in request["path"]]


def test_real_services_make_a_whole_film_for_a_laptop(laptop: Laptop, job: Any, tmp_path: Path) -> None:
    assert (job["status"], job["warnings"]) == ("completed", [])
    film = Film(laptop.team.download(f"/videos/{job['id']}/combined", tmp_path / "film.mp4"))
    assert film.plays_in_browsers
    assert film.lasts(2 * 8)


def test_seed_001s_bug_1_a_leading_space_in_xais_key_is_no_part_of_it(xai: Xai, job: Any) -> None:
    assert asked(xai, "/chat/completions")
    assert job["planningModel"] == "grok-4.3"


def test_replicate_gets_the_pictures_uploaded_and_no_webhook(replicate: Replicate, job: Any) -> None:
    creates = asked(replicate, "/predictions")
    assert len(creates) == 2
    for body in creates:
        assert "webhook" not in body
        pictures = [body["input"]["image"], body["input"]["last_frame"]]
        assert all(url.startswith(f"{replicate.url}/v1/files/") for url in pictures)
    assert len(asked(replicate, "/v1/files")) >= 2


def test_piapi_makes_a_clip_of_what_was_uploaded_to_it_without_a_webhook(
    laptop: Laptop, piapi: Piapi, pictures: list[Path]
) -> None:
    wish = {"numPairs": 1, "model": "piapi_luma"}
    made = laptop.team.wait(laptop.team.film(laptop.team.campaign(pictures[:2]), **wish))
    assert (made["status"], made["actualCost"]) == ("completed", 0.2)
    [body] = asked(piapi, "/api/v1/task")
    frames = body["input"]["key_frames"].values()
    assert [frame["url"].startswith(f"{piapi.url}/ephemeral/") for frame in frames] == [True, True]
    assert "config" not in body


def test_runway_makes_a_scene_of_a_picture_that_was_uploaded_to_it(laptop: Laptop, runway: Runway) -> None:
    scenario = laptop.team.post("/scenarios", {"title": "A morning"})["id"]
    words = {"imagePrompt": "A lamp on a desk", "visualPrompt": "The lamp is lit"}
    laptop.team.post("/scenes", {"scenarioId": scenario, **words})
    made = laptop.team.wait(laptop.team.post("/jobs/from-scenes", {"scenarioId": scenario})["jobId"])
    assert made["status"] == "completed", made["errorMessage"]
    [body] = asked(runway, "/v1/image_to_video")
    assert str(body["promptImage"]).startswith(("runway://", "data:image/"))


def test_openai_writes_speaks_and_hears_for_a_listing(laptop: Laptop, openai: OpenAi, pictures: list[Path]) -> None:
    team = laptop.team
    listing = {"title": "Desk lamp", "description": "Brass. It dims by touch.", "category": "home"}
    picture = team.upload(team.campaign([]), pictures[0])
    film = {**listing, "assetIds": [picture], "durationSeconds": 5, "resolution": "480p"}
    made = team.wait(str(team.post("/jobs/from-listing", film)["jobId"]))
    assert (made["status"], made["warnings"]) == ("completed", [])
    assert [len(asked(openai, path)) for path in ("/chat/completions", "/speech", "/transcriptions")] == [1, 1, 1]


def test_the_vision_model_gets_the_pictures_as_data(xai: Xai, job: Any) -> None:
    body = asked(xai, "/chat/completions")[0]
    parts = [
        part for message in body["messages"] if isinstance(message["content"], list) for part in message["content"]
    ]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    assert len(urls) == 3
    assert all(url.startswith("data:image/jpeg;base64,") for url in urls)


def test_nothing_stands_in_for_a_real_service(laptop: Laptop) -> None:
    assert laptop.told["services"] == {}
    stand_ins = {
        part for arguments, _ in laptop.processes().values() for part in arguments.split(b"\0") if b".standins" in part
    }
    assert stand_ins == {b"local.standins.polly"}, "which is AWS's, as the table and the bucket are"


def test_the_start_says_what_is_real(laptop: Laptop) -> None:
    assert laptop.said[-8:-1] == [
        "Replicate is real and wants to be paid: key from REPLICATE_API_TOKEN in the environment\n",
        "PiAPI is real and wants to be paid: key from PIAPI_API_KEY in the environment\n",
        "Runway is real and wants to be paid: key from RUNWAYML_API_SECRET in the environment\n",
        "xAI is real and wants to be paid: key from XAI_API_KEY in the environment\n",
        "OpenAI is real and wants to be paid: key from OPENAI_API_KEY in the environment\n",
        "Replicate is asked every few seconds\n",
        "PiAPI is asked every few seconds\n",
    ]


def test_the_keys_are_in_the_secret_store_alone(laptop: Laptop, job: Any) -> None:
    shown = "".join(laptop.said) + (laptop.out / "local.log").read_text() + (laptop.out / "local.json").read_text()
    processes = laptop.processes()
    assert len(processes) > 4
    for key in (REPLICATE_KEY, PIAPI_KEY, RUNWAY_KEY, XAI_KEY, OPENAI_KEY):
        assert key not in shown
        assert not any(key.encode() in held for both in processes.values() for held in both)
