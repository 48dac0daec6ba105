"""How the data and the states process begin and end."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from local.loopback import free_port
from tests.local_cloud.mended import listens

COMMANDS = {"data": ("local.data",), "states": ("local.states", "--invoke", "http://127.0.0.1:9")}


def ask_to_end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)


def close_stdin(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.close()


@pytest.mark.parametrize("end", [ask_to_end, close_stdin])
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_process_says_ready_when_it_listens_and_ends_when_asked(
    command: tuple[str, ...], end: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    port = free_port()
    arguments = [sys.executable, "-m", *command, "--port", str(port)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        assert listens(port)
        end(process)
        assert process.wait(10) == 0
        assert not listens(port)
