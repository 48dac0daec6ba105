"""ffmpeg runs within limits, and what it is not meant to open it does not open."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.studio import ffmpeg
from functions.studio.errors import BrokenMedia, LimitExceeded
from tests.media import Studio

LARGE = ["-f", "lavfi", "-i", "color=s=8000x8000:r=1:d=2", "-f", "null", "-"]
"""Frames of 96 MB."""


def test_what_needs_too_much_memory_fails_instead_of_taking_it() -> None:
    ffmpeg.run(LARGE, seconds=60, memory=1000)
    with pytest.raises(LimitExceeded, match="ffmpeg did not get by with 64 MB of memory"):
        ffmpeg.run(LARGE, seconds=60, memory=64)


def test_the_limit_is_below_what_the_function_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "2048")
    assert ffmpeg.most_memory() == 1792


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(LimitExceeded, match="did not end within"):
        ffmpeg.run(["-re", "-f", "lavfi", "-i", "color=s=16x16", "-f", "null", "-"], seconds=0.3)


@pytest.mark.parametrize(
    "content",
    [b"#EXTM3U\n#EXTINF:1,\n/etc/hostname\n", b"ffconcat version 1.0\nfile /etc/hostname\n", b"<svg/>", b"GIF89a", b""],
    ids=["playlist", "list of files", "SVG", "GIF", "nothing"],
)
def test_only_png_and_jpeg_are_opened_as_pictures(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(BrokenMedia, match="neither PNG nor JPEG"):
        ffmpeg.picture(path)


def test_a_playlist_is_not_opened_as_a_clip(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n")
    with pytest.raises(BrokenMedia):
        ffmpeg.run([*ffmpeg.media(path), "-f", "null", "-"], seconds=10)


def test_a_picture_that_is_too_large_is_not_decoded(studio: Studio) -> None:
    drawn = ["-f", "lavfi", "-i", "color=s=9000x9000", "-frames:v", "1", "-pix_fmt", "gray"]
    path = studio.made(drawn, "png")
    with pytest.raises(BrokenMedia):
        ffmpeg.run([*ffmpeg.picture(path), "-f", "null", "-"], seconds=30)
