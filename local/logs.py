"""One log file for every process of the local cloud, each line behind the name of who wrote it."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from pathlib import Path
from typing import BinaryIO


class Log:
    """Gathers the output of processes, line by line, until `close`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file: BinaryIO = path.open("wb", buffering=0)
        self._selector = selectors.DefaultSelector()
        self._wake, self._sleep = socket.socketpair()
        self._selector.register(self._sleep, selectors.EVENT_READ)
        self._new: list[tuple[str, int]] = []
        self._rests: dict[int, bytes] = {}
        self._closing = False
        self._thread = threading.Thread(target=self._gather, name="log", daemon=True)
        self._thread.start()

    def pipe(self, name: str) -> int:
        """The writing end of a pipe whose lines are logged as `name`'s; the caller closes it once it is passed on."""
        reading, writing = os.pipe()
        self.adopt(name, reading)
        return writing

    def adopt(self, name: str, reading: int) -> None:
        """Logs what comes out of a descriptor, and closes it at its end."""
        self._new.append((name, reading))
        self._wake.send(b".")

    def write(self, name: str, text: str) -> None:
        self._file.write("".join(f"{name} | {line}\n" for line in text.splitlines()).encode())

    def close(self) -> None:
        self._closing = True
        self._wake.send(b".")
        self._thread.join(5)
        for key in list(self._selector.get_map().values()):
            if key.data:
                os.close(key.fd)
        self._selector.close()
        self._wake.close()
        self._sleep.close()
        self._file.close()

    def _gather(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data:
                    self._read(key.fd, key.data)
                    continue
                self._sleep.recv(4096)
                while self._new:
                    name, descriptor = self._new.pop(0)
                    self._rests[descriptor] = b""
                    self._selector.register(descriptor, selectors.EVENT_READ, name)
            if self._closing:
                return

    def _read(self, descriptor: int, name: str) -> None:
        chunk = b""
        with contextlib.suppress(ConnectionError):
            chunk = os.read(descriptor, 65536)
        *lines, rest = (self._rests[descriptor] + chunk).split(b"\n")
        if not chunk:
            lines, rest = [rest] if rest else [], b""
            self._selector.unregister(descriptor)
            del self._rests[descriptor]
            os.close(descriptor)
        else:
            self._rests[descriptor] = rest
        if lines:
            self._file.write(b"".join(name.encode() + b" | " + line + b"\n" for line in lines))
