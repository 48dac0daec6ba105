"""Runs the `ffmpeg` found on PATH: argument lists only, no network, no terminal, an end within a time limit.

Its exit status is trusted only with `-xerror`, which every input here brings along; what it made is proved elsewhere.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from functions.studio.errors import BrokenMedia, LimitExceeded, NotConfigured

CALM = ["-hide_banner", "-nostdin", "-nostats", "-y", "-filter_threads", "2", "-filter_complex_threads", "2"]
"""Threads as on Lambda, whatever this machine has: each takes memory of its own."""
STRICT = ["-xerror", "-err_detect", "crccheck"]
MODEST = ["-threads", "2", "-max_pixels", str(1 << 26)]
"""A picture may claim any size; twice 8K is more than any model makes."""
OUR_OWN = 256
"""MB that a function keeps for itself: ffmpeg fails in words then, and the function lives to tell whose fault it was."""
PICTURES = {b"\x89PNG\r\n\x1a\n": "png_pipe", b"\xff\xd8\xff": "jpeg_pipe"}
"""Demuxers by a file's first bytes."""
ADDRESS = re.compile(r" ?@ 0x[0-9a-f]+")
COMPLAINT = re.compile(
    r"error|invalid|missing|corrupt|conceal|unknown|unable|could not|cannot|no such|not ", re.IGNORECASE
)
CLOSING = re.compile(r"Conversion failed|\[out#|frame=|not on whitelist 'none'")
"""What it says after every failure, whatever the reason; and where we forbade it to decode."""
STARVED = re.compile(
    r"Cannot allocate memory|malloc of size \d+ failed|pthread_create\(\) failed|Resource temporarily unavailable"
)


def media(path: Path, late: int = 0) -> list[str]:
    """The arguments that open an MP4 or MOV file, `late` seconds after its beginning; `-f mov` refuses playlists in disguise.

    What lies before the keyframe in front of that second is not read; times count from it on.
    """
    seek = ["-ss", str(late)] if late else []
    return [*STRICT, *MODEST, "-protocol_whitelist", "file", *seek, "-f", "mov", "-i", str(path)]


def picture(path: Path) -> list[str]:
    """The arguments that open a PNG or JPEG file as one frame, by what it is and not by its name; BrokenMedia for others."""
    with path.open("rb") as file:
        beginning = file.read(8)
    demuxer = next((name for magic, name in PICTURES.items() if beginning.startswith(magic)), None)
    if demuxer is None:
        raise BrokenMedia("the picture is neither PNG nor JPEG")
    return [*STRICT, *MODEST, "-protocol_whitelist", "file", "-f", demuxer, "-i", str(path)]


def run(
    arguments: Sequence[str | Path],
    *,
    seconds: float,
    stdin: Iterable[bytes] = (),
    memory: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What ffmpeg said on stderr; `environment` is beside what this process has. BrokenMedia when it failed; LimitExceeded when that was for `seconds` or `memory` (in MB)."""
    ended_by_us = threading.Event()
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                ["ffmpeg", *CALM, *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env={**os.environ, **(environment or {})},
            )
        except FileNotFoundError:
            raise NotConfigured("ffmpeg is not available") from None

        memory = memory or most_memory()
        _limit_memory(process.pid, memory)

        def stop() -> None:
            ended_by_us.set()
            process.kill()

        limit = threading.Timer(seconds, stop)
        limit.start()
        try:
            _feed(process, stdin)
            status = process.wait()
        finally:
            limit.cancel()
            process.kill()
            process.wait()
        said.seek(0)
        words = said.read().decode("utf-8", "replace")
    if ended_by_us.is_set():
        raise LimitExceeded(f"ffmpeg did not end within {seconds:.0f} s")
    if status != 0 and (status == -signal.SIGKILL or STARVED.search(words)):
        raise LimitExceeded(f"ffmpeg did not get by with {memory} MB of memory")
    if status != 0:
        raise BrokenMedia(f"ffmpeg ended with {status}: {_last_words(words)}")
    return words


def most_memory() -> int:
    """MB: what Lambda says that the function has, or would if it were the one that makes pieces."""
    return int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "3008")) - OUR_OWN


def _limit_memory(pid: int, megabytes: int) -> None:
    """From outside: between fork and exec nothing is safe in a process with threads. Linux alone can."""
    if sys.platform == "linux":
        most = megabytes << 20
        with suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))


def _feed(process: subprocess.Popen[bytes], stdin: Iterable[bytes]) -> None:
    assert process.stdin is not None
    try:
        with process.stdin as pipe:
            for chunk in stdin:
                pipe.write(chunk)
    except BrokenPipeError:
        pass  # it ended first: its exit status tells why


def _last_words(words: str) -> str:
    """What went wrong first, in ffmpeg's words, fit for an `errorMessage`: no paths of ours, no addresses."""
    lines = [ADDRESS.sub("", line).strip() for line in words.splitlines() if line.strip()]
    complaints = [line for line in lines if COMPLAINT.search(line) and not CLOSING.match(line)]
    said = complaints[:2] or lines[-3:]
    return re.sub(r"/\S*/", "", "; ".join(said))[:400]
