"""A folder of /tmp for one invocation: empty when it begins, gone when it ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = f"reelay-{os.getuid()}-"
"""On a machine of several users each looks after their own."""


@contextmanager
def workplace() -> Iterator[Path]:
    """Whoever works in a folder holds its lock. A process that was killed holds none: a warm Lambda would keep what it left
    until the disk is full, so that the next one removes it."""
    held = None
    try:
        with _gate():
            _clear()
            folder = Path(tempfile.mkdtemp(prefix=PREFIX))
            held = os.open(folder, os.O_RDONLY)
            fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
    finally:
        if held is not None:
            os.close(held)


@contextmanager
def _gate() -> Iterator[None]:
    """Nobody finds a folder between its making and its locking. /tmp itself is the lock: nothing is left in it."""
    gate = os.open(tempfile.gettempdir(), os.O_RDONLY)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield
    finally:
        os.close(gate)


def _clear() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/"):
        try:
            lock = os.open(folder, os.O_RDONLY)
        except OSError:
            continue  # it went meanwhile, or is somebody else's
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # its owner lives
        finally:
            os.close(lock)
