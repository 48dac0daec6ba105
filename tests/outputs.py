"""A provider's output store that says what a test has scripted: real HTTP, on a free port of loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self


class Outputs:
    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []

    def holds(self, content: Path | bytes, name: str = "/out.mp4") -> str:
        """The URL that answers with the content."""
        return self.says(200, content if isinstance(content, bytes) else content.read_bytes(), name)

    def says(self, status: int, body: bytes = b"", name: str = "/out.mp4", **headers: str) -> str:
        self.answers[name] = (status, headers, body)
        return self.origin + name

    @classmethod
    @contextmanager
    def serving(cls) -> Iterator[Self]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # http.server's name
                outputs.asked.append(self.path)
                status, headers, body = outputs.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            outputs = cls(server.server_port)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                yield outputs
            finally:
                server.shutdown()
                thread.join()


@contextmanager
def drips() -> Iterator[str]:
    """The origin of a server by http that sends a byte now and then, and never ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)
    ended = threading.Event()

    def serve() -> None:
        with suppress(OSError), listener.accept()[0] as connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
            while not ended.wait(0.05):
                connection.sendall(b"x")

    serving_it = threading.Thread(target=serve)
    serving_it.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        listener.close()
        serving_it.join()
