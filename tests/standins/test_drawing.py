"""Clips: drawn once, kept from run to run, and left alone when there is no more time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from local.standins.clip_cache import ClipCache
from local.standins.drawing import Drawer, DrawingError, Shot
from tests.standins.conftest import wait_until


def a_shot(colour: str = "teal", frames: int = 6) -> Shot:
    return Shot(Image.new("RGB", (64, 36), colour), None, 64, 36, 24, frames, sound=False)


def a_clip(folder: Path, size: int) -> Path:
    path = folder / "a clip"
    path.write_bytes(bytes(size))
    return path


def test_a_clip_that_is_kept_is_not_drawn_again(tmp_path: Path) -> None:
    kept, shot = ClipCache(tmp_path / "kept"), a_shot()
    ready_made = a_clip(tmp_path, 7)
    kept.keep(shot.key(), ready_made)
    drawer = Drawer(tmp_path / "drawn", kept)
    assert drawer.clip(shot).result().read_bytes() == bytes(7)
    assert drawer.clip(a_shot("orange")).result().read_bytes() != bytes(7)
    drawer.stop()


def test_a_clip_that_was_drawn_is_kept_for_the_next_process(tmp_path: Path) -> None:
    first, second = (Drawer(tmp_path / name, ClipCache(tmp_path / "kept")) for name in ("first", "second"))
    drawn = first.clip(a_shot()).result().read_bytes()
    [kept] = (tmp_path / "kept").iterdir()
    kept.write_bytes(drawn + b"as kept")
    assert second.clip(a_shot()).result().read_bytes() == drawn + b"as kept"
    for drawer in (first, second):
        drawer.stop()


def test_there_is_room_for_the_clips_that_were_used_last(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path / "kept", room=30)
    for age, key in enumerate("cba"):
        cache.keep(key, a_clip(tmp_path, 10))
        os.utime(tmp_path / "kept" / f"{key}.mp4", (1_000 + age, 1_000 + age))
    assert cache.fetch("c", tmp_path / "fetched")
    cache.keep("d", a_clip(tmp_path, 10))
    assert {path.stem for path in (tmp_path / "kept").iterdir()} == {"a", "c", "d"}


def test_many_may_keep_and_fetch_at_once_and_a_fetched_clip_is_whole(tmp_path: Path) -> None:
    clip = a_clip(tmp_path, 1_000_000)

    def use(number: int) -> set[int]:
        cache = ClipCache(tmp_path / "kept", room=3_000_000)
        sizes, copy = set(), tmp_path / f"copy {number}"
        for turn in range(20):
            cache.keep(str((number + turn) % 6), clip)
            if cache.fetch(str(turn % 6), copy):
                sizes.add(copy.stat().st_size)
        return sizes

    with ThreadPoolExecutor(6) as threads:
        assert set().union(*threads.map(use, range(6))) == {1_000_000}
    assert sum(path.stat().st_size for path in (tmp_path / "kept").iterdir()) <= 3_000_000


def test_stopping_leaves_drawings_unfinished_and_nothing_of_them_behind(tmp_path: Path) -> None:
    drawer = Drawer(tmp_path / "drawn", ClipCache(tmp_path / "kept"))
    unfinished = drawer.clip(a_shot(frames=100_000))
    wait_until(lambda: any((tmp_path / "drawn").iterdir()))
    drawer.stop()
    with pytest.raises(DrawingError):
        unfinished.result()
    assert not any((tmp_path / "drawn").iterdir())
    assert not any((tmp_path / "kept").iterdir())
