"""Another process of the local cloud, for as long as it is needed."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from types import TracebackType
from typing import Final, Self

from local.checkout import ROOT
from local.logs import Log
from local.loopback import free_port
from local.process import HOST
from local.settings import inherited

READY_TIMEOUT: Final = 60  # seconds; about two are usual
END_TIMEOUT: Final = 5


class ChildEnded(Exception):
    """A process ended, or said nothing, before it was ready; the log says why."""


class Child:
    """`python -m module --port N …`, which says `ready` once it listens and ends when its stdin does."""

    def __init__(self, name: str, module: str, log: Log, *arguments: str) -> None:
        port = free_port()
        self.name = name
        self.url = f"http://{HOST}:{port}"
        self._log = log
        errors = log.pipe(name)
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, "--port", str(port), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env=inherited(os.environ),
            start_new_session=True,  # Ctrl-C is for the parent, which then ends its children
        )
        os.close(errors)

    def wait_until_ready(self) -> None:
        """Raises ChildEnded."""
        assert self._process.stdout
        output = self._process.stdout.fileno()
        deadline = time.monotonic() + READY_TIMEOUT
        said = b""
        while b"ready\n" not in said:
            readable, _, _ = select.select([output], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(output, 4096) if readable else b""
            if not chunk:
                raise ChildEnded(f"the process {self.name} did not become ready; {self._log.path} may say why")
            said += chunk
        self._log.adopt(self.name, os.dup(output))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()
