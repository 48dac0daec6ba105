"""A video of the caller's own among the pictures of a film."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.plan.own_video import keep_video
from functions.studio import sound
from functions.studio.clips import Kept
from functions.studio.errors import BrokenMedia
from functions.studio.media_store import MediaStore
from functions.studio.videos import MOST_SECONDS
from tests.media import Studio

KEY = "acme/1/videos/job/clips/clip_001.mp4"


def kept(media: MediaStore, file: Path) -> Kept:
    media.upload(file, "acme/assets/one/original.mp4", "video/mp4")
    return keep_video(media, "acme/assets/one/original.mp4", KEY, 60)


def test_it_is_kept_as_a_providers_clip_is(media: MediaStore, studio: Studio) -> None:
    made = kept(media, studio.clip(seconds=2, fps="30"))
    assert made.probe.picture.frames == 60
    assert len(media.read(made.pcm_key)) == 2 * sound.RATE * sound.SAMPLE_BYTES
    assert all(media.read(key or "").startswith(b"\xff\xd8") for key in (made.thumbnail_key, made.last_frame_key))
    assert media.read(made.key) == media.read("acme/assets/one/original.mp4")


def test_what_a_film_cannot_show_is_refused(media: MediaStore, studio: Studio, tmp_path: Path) -> None:
    not_a_video = tmp_path / "text.mp4"
    not_a_video.write_text("no video")
    for file, why in (
        (not_a_video, ""),
        (studio.clip(colour="black", seconds=2), "black"),
        (studio.clip(colour="red", seconds=2), "nothing moves"),
        (studio.clip(seconds=MOST_SECONDS + 1, fps="2", size="32x18", sound=False), f"{MOST_SECONDS} s is the most"),
    ):
        with pytest.raises(BrokenMedia, match=why):
            kept(media, file)
    assert media.find(KEY) is None
