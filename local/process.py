"""How a process of the local cloud behaves: it says `ready` once it listens, and ends on SIGTERM or with its parent."""

import gc
import os
import select
import signal
import stat
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

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
    stay(Server(HOST, port, app, handler=handler))


def stay(server: BaseWSGIServer, tidy: Callable[[], None] = lambda: None) -> None:
    """Serves until SIGTERM, Ctrl-C or the parent's end, tidies up, and ends this process; never returns."""
    told, tell = signal_pipe()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    # What was loaded stays, and most of what comes does too: looking it all through again and again is for nothing.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    threading.Thread(target=_follow_parent, args=(os.getppid(), tell), daemon=True).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    os.read(told, 1)
    tidy()
    os._exit(0)


def signal_pipe() -> tuple[int, int]:
    """Two ends of a pipe that every handled signal writes a byte to: what the main thread can safely wait for.

    Anything else has a gap: a signal in the moment before the wait would be noticed after it only, and an Event that a
    handler sets locks up when its waiter is just beginning to wait.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    return told, tell


def _follow_parent(parent: int, tell: int) -> None:
    """Tells when stdin, where that is a pipe, is closed, or when another process has become the parent.

    Not through sys.stdin: its lock, held by a thread that waits, aborts the interpreter's end.
    """
    mode = os.fstat(sys.stdin.fileno()).st_mode
    watched = [sys.stdin.fileno()] if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else []
    while os.getppid() == parent:
        readable, _, _ = select.select(watched, [], [], PARENT_CHECK_SECONDS)
        if readable and not os.read(readable[0], 1024):
            break
    os.write(tell, b".")
