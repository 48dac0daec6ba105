"""How a process of the local cloud behaves: it says `ready` once it listens, and ends on SIGTERM or with its parent."""

import os
import select
import signal
import stat
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

HOST: Final = "127.0.0.1"
PARENT_CHECK_SECONDS: Final = 1.0

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Any]


class Server(ThreadedWSGIServer):
    """A thread a request. 500 clips may connect in the same moment, and a refused connection would look like an outage."""

    daemon_threads = True
    request_queue_size = 1024


class QuietHandler(WSGIRequestHandler):
    """Logs no request: the callers' own logs say what happened and why."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def serve(app: WsgiApp, port: int, handler: type[WSGIRequestHandler] = QuietHandler) -> None:
    """Serves `app` on loopback until this process is asked to end; never returns."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    server = Server(HOST, port, app, handler=handler)
    print("ready", flush=True)
    server.serve_forever()


def _end_with_parent(parent: int) -> None:
    """Ends this process when its stdin, where that is a pipe, is closed, or when another process has become its parent."""
    piped = stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode)
    watched = [sys.stdin.fileno()] if piped else []
    while os.getppid() == parent:
        readable, _, _ = select.select(watched, [], [], PARENT_CHECK_SECONDS)
        if readable and not os.read(readable[0], 1024):
            break
    os._exit(0)
