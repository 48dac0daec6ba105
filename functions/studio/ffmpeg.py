"""Runs the `ffmpeg` found on PATH: argument lists only, no network, no terminal, an end within a time limit.

Its exit status is trusted only with `-xerror`, which every input here brings along; what it made is proved elsewhere.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from functions.studio.errors import BrokenMedia, NotConfigured

CALM = ["-hide_banner", "-nostdin", "-nostats", "-y"]
STRICT = ["-xerror", "-err_detect", "crccheck"]
ADDRESS = re.compile(r" ?@ 0x[0-9a-f]+")
COMPLAINT = re.compile(
    r"error|invalid|missing|corrupt|conceal|unknown|unable|could not|cannot|no such|not ", re.IGNORECASE
)
CLOSING = re.compile(r"Conversion failed|\[out#|frame=")
"""What it says after every failure, whatever the reason."""


def media(path: Path) -> list[str]:
    """The arguments that open an MP4 or MOV file; `-f mov` refuses playlists in disguise."""
    return [*STRICT, "-protocol_whitelist", "file", "-f", "mov", "-i", str(path)]


def run(arguments: Sequence[str | Path], *, seconds: float, stdin: Iterable[bytes] = ()) -> str:
    """What ffmpeg said on stderr. BrokenMedia when it failed or needed more than `seconds`."""
    ended_by_us = threading.Event()
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                ["ffmpeg", *CALM, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
            )
        except FileNotFoundError:
            raise NotConfigured("ffmpeg is not available") from None

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
        raise BrokenMedia(f"ffmpeg did not end within {seconds:.0f} s")
    if status != 0:
        raise BrokenMedia(f"ffmpeg ended with {status}: {_last_words(words)}")
    return words


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
