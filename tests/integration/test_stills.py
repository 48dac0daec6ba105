"""The stills of a clip that is kept: a small one to show it by, and its very last frame, from which another can begin."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore
from functions.studio.probe import Stills, examine
from tests.integration.keep_stage import a_desk
from tests.media import Studio
from tests.outputs import Outputs
from tests.seen import decoded

B_FRAMES = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-pix_fmt", "yuv420p")


def frame(film: Path, number: int, size: tuple[int, int]) -> Image.Image:
    picked = ["-vf", f"select='eq(n,{number})'", "-fps_mode", "passthrough", "-frames:v", "1"]
    return Image.frombytes("RGB", size, decoded(film, *picked, "-f", "rawvideo", "-pix_fmt", "rgb24"))


def apart(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures, of 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other)).mean) / 3


@pytest.mark.parametrize("fps", ["24", "30000/1001"])
def test_the_last_frame_is_the_last_one_and_no_other(studio: Studio, tmp_path: Path, fps: str) -> None:
    film = studio.clip(fps=fps, size="640x360", encoder=B_FRAMES)
    stills = Stills(tmp_path / "thumbnail.jpg", tmp_path / "last.jpg")
    frames = examine(film, stills=stills).picture.frames
    with Image.open(stills.last) as last:
        assert (last.format, last.size) == ("JPEG", (640, 360))
        distances = [apart(last, frame(film, number, last.size)) for number in range(frames - 4, frames)]
    assert distances[-1] < min(distances[:-1])
    assert distances[-1] < 4
    with Image.open(stills.thumbnail) as thumbnail:
        assert apart(thumbnail, frame(film, frames // 2, thumbnail.size)) < 4


def test_stills_are_upright_with_square_pixels_and_a_thumbnail_is_small(studio: Studio, tmp_path: Path) -> None:
    film = studio.clip(size="1280x720", filters="setsar=1/2")
    stills = Stills(tmp_path / "thumbnail.jpg", tmp_path / "last.jpg")
    examine(film, stills=stills)
    with Image.open(stills.last) as last, Image.open(stills.thumbnail) as thumbnail:
        assert last.size == (640, 720)
        assert thumbnail.width <= 640


def test_a_kept_clip_has_its_stills_beside_it_and_says_how_long_it_took(
    jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs, studio: Studio
) -> None:
    desk = a_desk(jobs, ledger, media, outputs)
    desk.answered(output_url=desk.outputs.holds(studio.clip()), predict_seconds=41.5)
    desk.keep()
    kept = desk.clip.kept
    assert kept
    assert kept.predict_seconds == 41.5
    assert kept.thumbnail_key == kept.key.replace("clip_001.mp4", "clip_001_thumbnail.jpg")
    assert kept.last_frame_key == kept.key.replace("clip_001.mp4", "clip_001_last_frame.jpg")
    with Image.open(io.BytesIO(media.read(kept.last_frame_key))) as last:
        assert last.size == (320, 180)
