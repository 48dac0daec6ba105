"""The fonts where they are on Lambda in their layer: unpacked once, in .cache."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

from infra import bundles
from local.checkout import CACHE
from local.workers import Function

FOLDER = "FONTS_FOLDER"


def with_fonts_of_here(function: Function) -> Function:
    """Where the template says in which folder Lambda lays them."""
    if function.environment.get(FOLDER) != bundles.FONTS_ON_LAMBDA:
        return function
    return replace(function, environment={**function.environment, FOLDER: str(fonts_folder())})


def fonts_folder() -> Path:
    """What `FONTS_FOLDER` names on this machine."""
    CACHE.mkdir(exist_ok=True)
    archive = bundles.fonts().path
    unpacked = archive.with_suffix("")
    with (CACHE / "fonts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several processes one unpacks
        if not unpacked.exists():
            scratch = Path(tempfile.mkdtemp(dir=CACHE))
            try:
                with zipfile.ZipFile(archive) as content:
                    content.extractall(scratch)
                scratch.rename(unpacked)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    return unpacked / "fonts"
