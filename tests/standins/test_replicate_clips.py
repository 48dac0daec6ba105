"""The clips and pictures that the Replicate stand-in makes."""

import io
import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
import requests
from PIL import Image

from local.standins.drawing import still
from tests.standins.asking import HAILUO, VEO, Start, client_of, decoded, download, ended, veo_input
from tests.standins.conftest import Host, a_picture


def sound_of(path: Path) -> np.ndarray:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-i", str(path), "-map", "0:a:0"]
    raw = subprocess.run([*command, "-f", "s16le", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.int16).reshape(-1, 2)


def streams_of(path: Path) -> str:
    told = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], check=False, capture_output=True)
    return told.stderr.decode()


def unlikeness(frame: np.ndarray, picture: bytes) -> float:
    """Mean difference of a channel, 0..255, to the picture filled into the frame."""
    wanted = still(Image.open(io.BytesIO(picture)).convert("RGB"), frame.shape[1], frame.shape[0])
    return float(np.abs(frame.astype(float) - np.asarray(wanted, float)).mean())


def test_a_veo_clip_moves_from_the_first_picture_to_the_last_with_sound(
    start_replicate: Start, host: Host, tmp_path: Path
) -> None:
    client = client_of(start_replicate())
    made = ended(client.predictions.create(model=VEO, input=veo_input(host, duration=6)), client)
    assert (made.status, made.model, made.version, made.error) == ("succeeded", VEO, "hidden", None)
    clip = download(made.output, tmp_path / "clip.mp4")
    frames = decoded(clip, 1280, 720)
    assert len(frames) == 6 * 24
    assert unlikeness(frames[0], a_picture(1)) < 4 < 20 < unlikeness(frames[0], a_picture(2))
    assert unlikeness(frames[-1], a_picture(2)) < 4 < 20 < unlikeness(frames[-1], a_picture(1))
    steps = np.abs(np.diff(frames[::4, ::8, ::8].astype(float), axis=0)).mean(axis=(1, 2, 3))
    assert steps.min() > 0.05, "it moves all the way"
    assert steps.max() < 20, "it never jumps"
    told = streams_of(clip)
    assert "h264 (High)" in told
    assert "yuv420p(tv, bt709" in told
    assert "24 fps" in told
    heard = sound_of(clip)
    assert 6 * 48_000 <= len(heard) < 6 * 48_000 + 1024, "AAC comes in whole frames of 1024"
    assert np.abs(heard[48_000:-48_000]).reshape(4, -1).max(axis=1).min() > 1000, "it sounds all the way"


def test_a_hailuo_clip_takes_the_shape_of_its_picture_at_25_frames_and_is_mute(
    start_replicate: Start, host: Host, tmp_path: Path
) -> None:
    client = client_of(start_replicate())
    given = {
        "prompt": "turn",
        "first_frame_image": host.serve("a.png", a_picture(3, (600, 800), "PNG")),
        "last_frame_image": host.serve("b.jpg", a_picture(4)),
        "duration": 6,
        "resolution": "768p",
    }
    made = ended(client.predictions.create(model=HAILUO, input=given), client)
    clip = download(made.output, tmp_path / "clip.mp4")
    assert len(decoded(clip, 768, 1024)) == 6 * 25
    assert "25 fps" in streams_of(clip)
    assert "Audio:" not in streams_of(clip)


def test_generate_audio_off_makes_a_clip_without_sound(start_replicate: Start, host: Host, tmp_path: Path) -> None:
    client = client_of(start_replicate())
    made = ended(client.predictions.create(model=VEO, input=veo_input(host, generate_audio=False)), client)
    assert "Audio:" not in streams_of(download(made.output, tmp_path / "clip.mp4"))


@pytest.mark.parametrize(
    ("model", "given", "size", "frames"),
    [
        ("google/veo-3", {"image": "A", "duration": 4, "aspect_ratio": "9:16"}, (720, 1280), 96),
        ("wan-video/wan-2.2-i2v-fast", {"image": "A", "last_image": "B"}, (854, 480), 81),
        ("luma/ray-flash-2-540p", {"start_image_url": "A"}, (960, 540), 120),
        ("kwaivgi/kling-v2.5-turbo-pro", {"aspect_ratio": "1:1"}, (1080, 1080), 120),
    ],
)
def test_every_family_of_models_makes_clips_of_its_own_size_and_rate(
    start_replicate: Start,
    host: Host,
    tmp_path: Path,
    model: str,
    given: dict[str, Any],
    size: tuple[int, int],
    frames: int,
) -> None:
    client = client_of(start_replicate())
    pictures = {"A": host.serve("a.jpg", a_picture(1)), "B": host.serve("b.jpg", a_picture(2))}
    given = {name: pictures.get(value, value) for name, value in given.items()}
    made = ended(client.predictions.create(model=model, input={"prompt": "go", **given}), client)
    assert len(decoded(download(made.output, tmp_path / "clip.mp4"), *size)) == frames


def test_a_model_of_several_pictures_answers_with_a_list(start_replicate: Start) -> None:
    client = client_of(start_replicate())
    asked = {"prompt": "a lamp", "num_outputs": 2, "aspect_ratio": "16:9", "output_format": "png"}
    made = ended(client.predictions.create(model="black-forest-labs/flux-schnell", input=asked), client)
    pictures = [Image.open(io.BytesIO(requests.get(url, timeout=10).content)) for url in made.output]
    assert [(p.format, p.size) for p in pictures] == [("PNG", (1366, 768))] * 2


def test_many_predictions_are_drawn_at_once_and_the_same_shot_only_once(
    start_replicate: Start, host: Host, tmp_path: Path
) -> None:
    standin = start_replicate(cache=tmp_path / "cache")
    client = client_of(standin)
    made = [client.predictions.create(model=VEO, input=veo_input(host, prompt=f"clip {n}")) for n in range(12)]
    assert {ended(p, client).status for p in made} == {"succeeded"}
    assert len(list((tmp_path / "cache").iterdir())) == 1
