"""Stand-ins started in this process, pictures served to them over HTTP, and a receiver of their webhooks."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from local.standins.openai import OpenAi
from local.standins.piapi import Piapi
from local.standins.replicate import Replicate
from local.standins.runway import Runway
from local.standins.xai import Xai


@dataclass
class Arrival:
    path: str
    headers: dict[str, str]
    body: str
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Host:
    """A small web server: `pages` are what it serves, `arrivals` what was posted to it, `statuses` its next answers, which
    it gives after `pause`."""

    pages: dict[str, bytes] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    pause: Callable[[], Any] = field(default=lambda: None)
    url: str = ""

    def serve(self, name: str, page: bytes) -> str:
        self.pages[f"/{name}"] = page
        return f"{self.url}/{name}"

    def wait(self, count: int, seconds: float = 20) -> list[Arrival]:
        wait_until(lambda: len(self.arrivals) >= count, seconds)
        return self.arrivals


def wait_until(holds: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def a_picture(seed: int, size: tuple[int, int] = (640, 360), kind: str = "JPEG") -> bytes:
    """Soft patches of colour, other ones for every seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC).save(out, kind)
    return out.getvalue()


@contextmanager
def hosting() -> Iterator[Host]:
    here = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            page = here.pages.get(self.path.partition("?")[0])
            self.send_response(200 if page is not None else 404)
            self.send_header("content-length", str(len(page or b"")))
            self.end_headers()
            self.wfile.write(page or b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            here.arrivals.append(Arrival(self.path, {k.lower(): v for k, v in self.headers.items()}, body, time.time()))
            here.pause()
            status = here.statuses.pop(0) if here.statuses else 200
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_port}"
    yield here
    server.shutdown()
    server.server_close()


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting() as here:
        yield here


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the clips drawn by any test are kept for the others."""
    return tmp_path_factory.mktemp("drawn")


@pytest.fixture
def start_replicate(drawn: Path) -> Iterator[Callable[..., Replicate]]:
    started: list[Replicate] = []

    def start(**options: Any) -> Replicate:
        started.append(Replicate(**{"cache": drawn, **options}).start())
        return started[-1]

    yield start
    for standin in started:
        standin.stop()


@pytest.fixture
def start_piapi(drawn: Path) -> Iterator[Callable[..., Piapi]]:
    started: list[Piapi] = []

    def start(**options: Any) -> Piapi:
        started.append(Piapi(**{"cache": drawn, **options}).start())
        return started[-1]

    yield start
    for standin in started:
        standin.stop()


@pytest.fixture
def start_runway(drawn: Path) -> Iterator[Callable[..., Runway]]:
    started: list[Runway] = []

    def start(**options: Any) -> Runway:
        started.append(Runway(**{"cache": drawn, **options}).start())
        return started[-1]

    yield start
    for standin in started:
        standin.stop()


@pytest.fixture
def xai() -> Iterator[Xai]:
    standin = Xai().start()
    yield standin
    standin.stop()


@pytest.fixture(scope="module")
def openai_of_this_issue() -> Iterator[OpenAi]:
    """On a day on which all of its models are there."""
    standin = OpenAi(day=date(2026, 11, 21)).start()
    yield standin
    standin.stop()


@pytest.fixture
def openai_service(openai_of_this_issue: OpenAi) -> OpenAi:
    openai_of_this_issue.script.clear()
    return openai_of_this_issue
