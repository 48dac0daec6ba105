"""One local cloud for all workflow tests, and a marketing team that uses it through HTTP alone."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import boto3
import imageio_ffmpeg
import pytest
import requests
from moto.server import ThreadedMotoServer
from PIL import Image, ImageOps

from functions.studio.boxes import read_movie
from local.cloud import LocalCloud
from local.credentials import ACCESS_KEY, REGION, SECRET_KEY
from local.samples import draw_samples
from local.settings import Settings

GIVE_UP = 240.0
"""Seconds that a job may take before a test calls it hung; the machines are shared."""


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[str]:
    """Another store that speaks S3, with the bucket that films are copied to, which everybody can read."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "region_name": REGION}
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **keys)
    client.create_bucket(Bucket="vidx-videos")
    readable = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::vidx-videos/*"}
    client.put_bucket_policy(Bucket="vidx-videos", Policy=json.dumps({"Statement": [readable]}))
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def cloud(elsewhere: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    settings = {
        "R2_ACCOUNT_ID": "account",
        "R2_ACCESS_KEY_ID": ACCESS_KEY,
        "R2_SECRET_ACCESS_KEY": SECRET_KEY,
        "R2_BUCKET_NAME": "vidx-videos",
        "R2_ENDPOINT_URL": elsewhere,
        "R2_PUBLIC_URL": f"{elsewhere}/vidx-videos",
    }
    with LocalCloud(out=tmp_path_factory.mktemp("cloud"), settings=Settings(settings)) as running:
        yield running


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return draw_samples(tmp_path_factory.mktemp("samples"))


@pytest.fixture(scope="session")
def crowd(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twenty pictures of which no two are the same: the samples, mirrored, and closer up."""
    folder = tmp_path_factory.mktemp("crowd")
    made = list(pictures)
    for number, path in enumerate((pictures * 3)[:14]):
        with Image.open(path) as picture:
            closer = 40 * (number // len(pictures) + 1)
            box = (closer, closer * 9 / 16, picture.width - closer, picture.height - closer * 9 / 16)
            turned = ImageOps.mirror(picture.resize(picture.size, box=box))
        made.append(folder / f"{number}-{path.name}")
        turned.save(made[-1], quality=88)
    return made


class Team:
    """A tenant's own people: they know the URL, their key, and nothing else."""

    def __init__(self, cloud: LocalCloud, tenant: str = "demo") -> None:
        self.cloud = cloud
        self.url = f"{cloud.url}/api/v3"
        self.http = requests.Session()
        self.http.headers["Authorization"] = f"Bearer {cloud.keys[tenant]}"

    def get(self, path: str) -> Any:
        answer = self.http.get(self.url + path, timeout=30)
        answer.raise_for_status()
        return answer.json()["data"]

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.http.post(self.url + path, json=body, timeout=60)
        assert answer.ok, answer.text
        return answer.json()["data"]

    def campaign(self, pictures: list[Path]) -> str:
        client = self.post("/clients", {"name": "Acme", "brandGuidelines": "Calm, warm, no neon"})
        campaign = self.post("/campaigns", {"name": "Autumn", "clientId": client["id"], "goal": "Sell bottles"})
        for picture in pictures:
            self.upload(campaign["id"], picture)
        return str(campaign["id"])

    def upload(self, campaign: str, picture: Path, type: str = "image") -> str:
        """The asset that the picture (or the music) has become."""
        answer = self.http.post(
            f"{self.url}/assets/upload",
            data={"uploadType": "file", "name": picture.stem, "type": type, "campaignId": campaign},
            files={"file": (picture.name, picture.read_bytes(), "image/jpeg")},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["id"])

    def film(self, campaign: str, **wishes: Any) -> str:
        return str(self.post("/jobs/from-image-pairs", {"campaignId": campaign, **wishes})["jobId"])

    def wait(self, job: str) -> Any:
        """The job when it has ended, well or not."""
        end = time.monotonic() + GIVE_UP
        while time.monotonic() < end:
            state = self.get(f"/jobs/{job}")
            if state["status"] in ("completed", "failed", "cancelled"):
                return state
            time.sleep(0.3)
        raise TimeoutError(f"job {job} hangs in {state['status']}: {self.get(f'/jobs/{job}/sub-jobs')['summary']}")

    def clips(self, job: str) -> list[Any]:
        return list(self.get(f"/jobs/{job}/sub-jobs")["subJobs"])

    def download(self, path: str, to: Path) -> Path:
        answer = self.http.get(self.cloud.url + path if path.startswith("/api") else self.url + path, timeout=60)
        answer.raise_for_status()
        to.write_bytes(answer.content)
        return to

    def script(self, *rules: dict[str, Any], service: str = "replicate") -> None:
        requests.post(f"{self.cloud.services[service]}/_script", json=list(rules), timeout=10).raise_for_status()

    def look(self, what: str, service: str = "replicate") -> list[Any]:
        """What a stand-in shows of itself: `_predictions`, `_webhooks`, `_log`."""
        return list(requests.get(f"{self.cloud.services[service]}/{what}", timeout=10).json())

    def log(self, service: str = "replicate") -> list[Any]:
        return self.look("_log", service)


def fresh(cloud: LocalCloud) -> Team:
    """Before stand-ins that have forgotten everything."""
    for service in cloud.services.values():
        requests.post(f"{service}/_reset", timeout=10).raise_for_status()
    return Team(cloud)


@pytest.fixture
def team(cloud: LocalCloud) -> Team:
    return fresh(cloud)


class Film:
    """What ffmpeg itself finds in a file, without a line of ours in between."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes = path.read_bytes()
        self.banner = self._ffmpeg("-i", path, check=False)
        decoded = self._ffmpeg("-xerror", "-i", path, "-map", "0:v:0", "-f", "null", "-")
        self.frames = int(decoded.rsplit("frame=", 1)[1].split()[0])
        pcm = subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-map", "0:a:0?", "-f", "s16le", "-"],
            capture_output=True,
            check=False,
        ).stdout
        self.decoded_samples = len(pcm) // 4
        self.loudest = max(pcm, default=0)
        movie = read_movie(path)
        self.presented = {
            track.kind: Fraction(sum(edit.duration for edit in track.edits), movie.timescale) for track in movie.tracks
        }
        """Seconds that players show of each track: its edit list, which cuts the padding of the last AAC frame."""

    def _ffmpeg(self, *arguments: str | Path, check: bool = True) -> str:
        done = subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", *arguments],
            capture_output=True,
            check=False,
        )
        words = done.stderr.decode(errors="replace")
        assert not check or done.returncode == 0, words
        return words

    def lasts(self, seconds: int) -> bool:
        """Picture and sound are both exactly that long, and the sound is really there to its end."""
        samples = seconds * 48_000
        return self.presented == {"vide": seconds, "soun": seconds} and samples <= self.decoded_samples < samples + 1024

    @property
    def plays_in_browsers(self) -> bool:
        """H.264 4:2:0 with AAC, the index in front, and one decoder configuration for the whole film."""
        return (
            "h264 (High)" in self.banner
            and "yuv420p" in self.banner
            and "aac (LC)" in self.banner
            and 0 < self.bytes.index(b"moov") < self.bytes.index(b"mdat")
            and self.bytes.count(b"avcC") == 1
        )


@pytest.fixture
def film_of(team: Team, tmp_path: Path) -> Any:
    def fetched(job: str) -> Film:
        return Film(team.download(f"/videos/{job}/combined", tmp_path / f"{job}.mp4"))

    return fetched
