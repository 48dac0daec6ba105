"""Layers that hold no program, fonts and music, where functions find them on this machine: unpacked once, in .cache."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from infra import bundles
from local.checkout import CACHE
from local.workers import Function

LAID: Final[Mapping[str, tuple[str, Callable[[], Path]]]] = {
    "FONTS_FOLDER": (bundles.FONTS_ON_LAMBDA, lambda: fonts_folder()),
    "TRACKS_FOLDER": (bundles.TRACKS_ON_LAMBDA, lambda: tracks_folder()),
}
"""By the variable that names it: the folder on Lambda, and the one here."""


def with_folders_of_here(function: Function) -> Function:
    """Where the template says in which folders Lambda lays them."""
    here = {
        variable: str(folder())
        for variable, (there, folder) in LAID.items()
        if function.environment.get(variable) == there
    }
    return replace(function, environment={**function.environment, **here}) if here else function


def fonts_folder() -> Path:
    """What `FONTS_FOLDER` names on this machine."""
    return _unpacked(bundles.fonts()) / "fonts"


def tracks_folder() -> Path:
    """What `TRACKS_FOLDER` names on this machine."""
    return _unpacked(bundles.tracks()) / "tracks"


def _unpacked(bundle: bundles.Bundle) -> Path:
    CACHE.mkdir(exist_ok=True)
    unpacked = bundle.path.with_suffix("")
    with (CACHE / "layers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several processes one unpacks
        if not unpacked.exists():
            scratch = Path(tempfile.mkdtemp(dir=CACHE))
            try:
                with zipfile.ZipFile(bundle.path) as content:
                    content.extractall(scratch)
                scratch.rename(unpacked)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    return unpacked
