"""Jobs whose clips nobody draws: what remains of their time is ours."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import imageio_ffmpeg
import requests
from PIL import Image

from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.table import Table
from local.cloud import LocalCloud
from local.demo import Api

MODEL: Final = "veo3"
SECONDS: Final = 4
"""That a clip is asked for: the fewest that the model makes."""

SERVED_SECONDS: Final = 3.25
"""That it lasts: about the fewest that are kept for it, for it is not the encoding of sound that is measured here."""

FPS: Final = 24

PICTURES: Final = 34
"""They allow 561 pairs."""

PATIENCE: Final = 600.0
LOOK_EVERY: Final = 0.1


class NoBench(Exception):
    """Why something cannot be measured."""


@dataclass(frozen=True)
class Prediction:
    """As the Replicate stand-in saw it; unix seconds."""

    created: float
    ended: float


@dataclass(frozen=True)
class Measured:
    """`wall` is from the request for the film to its delivery, as an onlooker sees it, in seconds."""

    wall: float
    predictions: Sequence[Prediction]

    @property
    def at_once(self) -> int:
        return most_at_once(self.predictions)

    @property
    def spread(self) -> float:
        """Seconds from the first create to the last."""
        created = [one.created for one in self.predictions]
        return max(created) - min(created)

    @property
    def overhead(self) -> float:
        """What a job takes beyond its longest prediction: choosing the pairs, sending, hearing, keeping, copying."""
        return self.wall - max(one.ended - one.created for one in self.predictions)


def most_at_once(predictions: Iterable[Prediction]) -> int:
    """The largest number in flight in the same moment; one that ends as another begins is not counted with it."""
    moves = sorted(
        move for one in predictions for move in ((one.created, 1), (one.ended, -1))
    )  # at the same time -1 sorts first
    return max(accumulate(change for _, change in moves), default=0)


class Studio:
    """A tenant of a local cloud with a campaign of small pictures; its clips are served ready-made."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud = cloud
        self.clip = make_clip(folder / "clip.mp4")
        self.api = Api(cloud.url, cloud.keys["demo"])
        self.jobs = JobStore(Table(cloud.table, cloud.client("dynamodb")))
        self.campaign = str(self.api.post("/api/v3/campaigns", {"name": "Bench", "goal": "Measure"})["id"])
        for picture in draw_pictures(folder, PICTURES):
            self.api.upload(self.campaign, picture)

    def film(self, clips: int, slow: float) -> tuple[Job, Measured]:
        """Makes a film of that many clips, each predicted for `slow` seconds longer than the stand-in's one."""
        replicate = self.cloud.services["replicate"]
        requests.post(f"{replicate}/_reset", timeout=10).raise_for_status()
        rules = [
            {"times": clips, "do": "serve", "file": str(self.clip)},
            {"times": clips, "do": "slow", "seconds": slow},
        ]
        requests.post(f"{replicate}/_script", json=rules, timeout=10).raise_for_status()
        asked = {"campaignId": self.campaign, "numPairs": clips, "model": MODEL, "clipDuration": SECONDS}
        began = time.time()
        job = self._ended(str(self.api.post("/api/v3/jobs/from-image-pairs", asked)["jobId"]))
        wall = time.time() - began
        if job.status is not JobStatus.COMPLETED or job.successful_clips != clips:
            raise NoBench(f"{job.successful_clips} of {clips} clips, the job {job.status}: {job.error_message}")
        seen = requests.get(f"{replicate}/_predictions", timeout=30).json()
        return job, Measured(wall, [prediction(one) for one in seen])

    def _ended(self, job_id: str) -> Job:
        """Looks at the row itself, so that the API has nothing else to do meanwhile."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            job = self.jobs.job(job_id)
            if job.ended:
                return job
            time.sleep(LOOK_EVERY)
        raise NoBench(f"the job is still {job.status} after {PATIENCE:g} s")


def prediction(seen: Mapping[str, Any]) -> Prediction:
    if seen["status"] != "succeeded":
        raise NoBench(f"a prediction is {seen['status']}")
    return Prediction(created=seen["createdAt"], ended=seen["endedAt"])


def make_clip(path: Path) -> Path:
    """As a provider would answer, but small: H.264 and AAC."""
    picture = f"testsrc2=size=320x180:rate={FPS}:duration={SERVED_SECONDS}"
    sound = f"sine=frequency=220:sample_rate=48000:duration={SERVED_SECONDS}"
    codecs = shlex.split("-c:v libx264 -preset veryfast -profile:v high -pix_fmt yuv420p -c:a aac -ac 2 -b:a 64k")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", picture]
    command += ["-f", "lavfi", "-i", sound, *codecs, "-movflags", "+faststart", str(path)]
    subprocess.run(command, check=True)
    return path


def draw_pictures(folder: Path, count: int) -> list[Path]:
    """Small JPEGs, no two alike."""
    paths = [folder / f"picture-{number:02d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        tint = (number * 7 % 256, number * 53 % 256, 255 - number * 5 % 256)
        across, down = Image.linear_gradient("L").rotate(90), Image.linear_gradient("L")
        grey = Image.blend(across, down, number / count).resize((320, 180))
        Image.composite(Image.new("RGB", grey.size, tint), Image.new("RGB", grey.size, "white"), grey).save(path)
    return paths
