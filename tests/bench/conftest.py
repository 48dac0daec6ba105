"""The bench's own tests measure nothing; they are as fast as others."""

from __future__ import annotations

import os

import pytest

from local.ffmpeg import path_with_ffmpeg


@pytest.fixture(scope="session")
def ffmpeg_on_path(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As on Lambda, where the layer has it: a program called `ffmpeg`, found on PATH."""
    os.environ["PATH"] = path_with_ffmpeg(tmp_path_factory.mktemp("bin"), os.environ["PATH"])
