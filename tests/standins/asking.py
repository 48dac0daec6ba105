"""What tests ask of the Replicate stand-in, through its real SDK."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import replicate
import requests
from replicate.prediction import Prediction

from local.standins.replicate import Replicate
from tests.standins.conftest import Host, a_picture, wait_until

Start = Callable[..., Replicate]
VEO, HAILUO = "google/veo-3.1-fast", "minimax/hailuo-02"
ENDED = ("succeeded", "failed", "canceled")


def client_of(standin: Replicate, token: str = "r8_any") -> replicate.Client:
    return replicate.Client(api_token=token, base_url=standin.url)


def veo_input(host: Host, **changes: Any) -> dict[str, Any]:
    return {
        "prompt": "a slow push in",
        "image": host.serve("first.jpg", a_picture(1)),
        "last_frame": host.serve("last.jpg", a_picture(2)),
        "duration": 4,
        "resolution": "720p",
        **changes,
    }


def ended(prediction: Prediction, client: replicate.Client) -> Prediction:
    wait_until(lambda: client.predictions.get(prediction.id).status in ENDED, 60)
    return client.predictions.get(prediction.id)


def seen(standin: Replicate, id: str) -> dict[str, Any]:
    """The prediction as it is on the wire; the SDK drops or refuses some of it."""
    url, headers = f"{standin.url}/v1/predictions/{id}", {"authorization": "Bearer x"}
    return requests.get(url, headers=headers, timeout=10).json()


def script(standin: Replicate, *rules: dict[str, Any]) -> requests.Response:
    return requests.post(f"{standin.url}/_script", json=list(rules), timeout=10)


def download(url: str, path: Path) -> Path:
    path.write_bytes(requests.get(url, timeout=10).content)
    return path


def decoded(path: Path, width: int, height: int) -> np.ndarray:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-i", str(path), "-map", "0:v:0"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
