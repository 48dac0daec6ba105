"""HTTP on this machine only: free ports, and servers that run in a thread of this process."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Iterator

from local.process import HOST, QuietHandler, Server, WsgiApp

# Below what Linux hands out to outgoing connections, which could take a port between its choice and its use.
PORTS = range(20_000, 32_768)


class PortTaken(Exception):
    """Another program listens on the port that was asked for."""


def bind(port: int = 0) -> socket.socket:
    """A socket that listens on `port` (0: any free one) already, though nobody answers yet; raises PortTaken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(Server.request_queue_size)
    except OSError as error:
        listening.close()
        raise PortTaken(f"{HOST}:{port} cannot be listened on: {error.strerror}") from error
    return listening


def free_port() -> int:
    """A port that nobody listens on, for a process that is about to."""
    while True:
        port = random.choice(PORTS)
        with contextlib.suppress(PortTaken):
            bind(port).close()
            return port


def url_of(listening: socket.socket) -> str:
    return f"http://{HOST}:{listening.getsockname()[1]}"


@contextlib.contextmanager
def served(app: WsgiApp, listening: socket.socket, name: str) -> Iterator[str]:
    """Answers by `app`, a thread a request, and gives the URL; the socket is closed at the end."""
    server = Server(HOST, 0, app, handler=QuietHandler, fd=listening.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name=name, daemon=True)
    thread.start()
    try:
        yield url_of(listening)
    finally:
        server.shutdown()
        thread.join()
        listening.close()
