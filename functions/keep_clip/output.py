"""Fetches what a provider made: only from the provider's own origins, within limits of size and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError
from urllib3.util import Url, parse_url  # what requests itself reads URLs with: one reading, no gap between two

from functions.studio.errors import BrokenMedia, NotConfigured, OutputExpired, OutputUnreachable

MOST_BYTES = 256 * 1024 * 1024
"""Twenty times a clip of 8 s in full HD, and half of what Lambda's /tmp holds."""

MOST_SECONDS = 180.0
WAITS = (5.0, 30.0)
"""Seconds to connect, and between two packets."""
MOST_REDIRECTS = 3
GONE = frozenset({401, 403, 404, 410})
"""Signed and expiring outputs answer with any of these once they are no more."""
PORTS = {"http": 80, "https": 443}


def fetch_shown(
    shown: Callable[[], str | None], url: str, path: Path, origins: Sequence[str], *, most_bytes: int = MOST_BYTES
) -> None:
    """As `fetch`, but where the address has expired once more from the one that is `shown` now, if that is another."""
    try:
        fetch(url, path, origins, most_bytes=most_bytes)
    except OutputExpired:
        other = shown()
        if other is None or other == url:
            raise
        fetch(other, path, origins, most_bytes=most_bytes)


def fetch(
    url: str,
    path: Path,
    origins: Sequence[str],
    *,
    seconds: float = MOST_SECONDS,
    most_bytes: int = MOST_BYTES,
) -> None:
    """Streams the output into `path`. OutputUnreachable is worth another try, OutputExpired and BrokenMedia are not;
    NotConfigured for an output of another origin, where the next one would lie too."""
    end = time.monotonic() + seconds
    try:
        with requests.Session() as session:
            answer = _open(session, url, origins)
            with answer, path.open("wb") as file:
                for chunk in _limited(_as_it_comes(answer), end, most_bytes):
                    file.write(chunk)
    except (requests.RequestException, HTTPError) as error:
        raise OutputUnreachable(
            f"the provider's output did not arrive: {type(error).__name__}"
        ) from None  # its own words hold the URL


def _open(session: requests.Session, url: str, origins: Sequence[str]) -> requests.Response:
    for _ in range(1 + MOST_REDIRECTS):
        if not may_fetch(url, origins):
            raise NotConfigured(
                f"The provider's output lies at {_host(url)}, which is none of the origins that this deployment lets it have"
            )
        answer = session.get(url, stream=True, timeout=WAITS, allow_redirects=False)
        if not answer.is_redirect:
            _judge(answer.status_code)
            return answer
        url = urljoin(url, answer.headers["location"])
        answer.close()
    raise BrokenMedia("the output redirects without end")


def _host(url: str) -> str:
    try:
        return parse_url(url).host or "no host"
    except ValueError:
        return "no host"


def _judge(status: int) -> None:
    if status == requests.codes.ok:
        return
    if status in GONE:
        raise OutputExpired(f"the provider's output has expired (HTTP {status})")
    raise OutputUnreachable(f"the provider's output cannot be fetched (HTTP {status})")


def _as_it_comes(answer: requests.Response) -> Iterator[bytes]:
    """What each packet brings: whoever waits for a full buffer does not look at the clock while it drips."""
    while piece := answer.raw.read1(1 << 20, decode_content=True):
        yield piece


def _limited(chunks: Iterator[bytes], end: float, most_bytes: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most_bytes:
            raise BrokenMedia(f"the output is larger than {most_bytes >> 20} MiB")
        if time.monotonic() > end:
            raise OutputUnreachable("the provider's output did not arrive in time")
        yield chunk


def may_fetch(url: str, origins: Sequence[str]) -> bool:
    """`origins` are `scheme://host[:port]`; a host that begins with `*.` stands for its subdomains."""
    try:
        asked = parse_url(url)
    except ValueError:
        return False
    if asked.auth or not asked.host:
        return False
    return any(_within(asked, parse_url(allowed)) for allowed in origins)


def _within(asked: Url, allowed: Url) -> bool:
    host, pattern = asked.host or "", allowed.host or ""
    named = host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
    return named and asked.scheme == allowed.scheme and _port(asked) == _port(allowed)


def _port(url: Url) -> int | None:
    return url.port or PORTS.get(url.scheme or "")
