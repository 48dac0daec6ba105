"""ffmpeg as the functions find it on PATH, noted down run by run: what it was told, and what the kernel says it used."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import imageio_ffmpeg

from functions.studio.boxes import read_movie

PROGRAM: Final = """\
#!{python} -IS
import json, os, sys
told = sys.argv[1:]
pid = os.posix_spawn({ffmpeg!r}, [{ffmpeg!r}, *told], os.environ)
_, status, used = os.wait4(pid, 0)
with open({notes!r}, "a") as notes:
    print(json.dumps({{"told": told, "resident": used.ru_maxrss}}), file=notes)
os._exit(os.waitstatus_to_exitcode(status) & 255)
"""
"""A small process between: a child's peak counts from its parent's, so that no figure is below some ten megabytes."""

COPIES: Final = {("-c", "copy"), ("-c:v", "copy"), ("-codec", "copy"), ("-vcodec", "copy")}


@dataclass(frozen=True)
class Run:
    told: tuple[str, ...]
    """Its arguments."""
    resident: float
    """MiB, at its peak."""

    @property
    def encoded(self) -> float:
        """Seconds of picture that it encoded: none where it made no video, or copied what it made it of."""
        made = Path(self.told[-1])
        if made.suffix != ".mp4" or any(pair in COPIES for pair in pairwise(self.told)):
            return 0.0
        track = read_movie(made).first("vide")
        return track.ticks / track.timescale if track else 0.0


@contextmanager
def noted(folder: Path) -> Iterator[list[Run]]:
    """The runs, which are there when the context ends."""
    folder.mkdir()
    notes = folder / "notes"
    notes.touch()
    program = folder / "ffmpeg"
    told = {"python": sys.executable, "ffmpeg": imageio_ffmpeg.get_ffmpeg_exe(), "notes": str(notes)}
    program.write_text(PROGRAM.format(**told))
    program.chmod(0o755)
    runs: list[Run] = []
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{folder}:{before}"
    try:
        yield runs
    finally:
        os.environ["PATH"] = before
        runs += [read(json.loads(line)) for line in notes.read_text().splitlines()]


def read(note: Mapping[str, Any]) -> Run:
    return Run(tuple(note["told"]), note["resident"] / 1024)
