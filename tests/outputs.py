"""A provider's output store that says what a test has scripted: real HTTP, on a free port of loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
