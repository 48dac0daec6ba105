"""Drawn clips that are kept from run to run, by all processes of this machine together."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

ROOM: Final = 300 * 1024 * 1024  # bytes; about a megabyte is usual for a clip


class ClipCache:
    """A directory with room for `room` bytes of clips, those that were used last. Many processes may share it."""

    def __init__(self, directory: Path, room: int = ROOM) -> None:
        self._directory = directory
        self._room = room
        directory.mkdir(parents=True, exist_ok=True)

    def fetch(self, key: str, to: Path) -> bool:
        """Copies the clip to `to`: another process may remove the kept one at any time. Whether there was one."""
        try:
            os.utime(self._path(key))
            shutil.copyfile(self._path(key), to)
        except FileNotFoundError:
            return False
        return True

    def keep(self, key: str, clip: Path) -> None:
        descriptor, copy = tempfile.mkstemp(dir=self._directory)
        os.close(descriptor)
        shutil.copyfile(clip, copy)
        with contextlib.suppress(FileNotFoundError):  # others have needed the room meanwhile
            Path(copy).replace(self._path(key))
        self._make_room()

    def _path(self, key: str) -> Path:
        return self._directory / f"{key}.mp4"

    def _make_room(self) -> None:
        found = []
        for path in self._directory.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process makes room too
                seen = path.stat()
                found.append((seen.st_mtime_ns, seen.st_size, path))
        left = self._room
        for _, size, path in sorted(found, reverse=True):
            left -= size
            if left < 0:
                path.unlink(missing_ok=True)
