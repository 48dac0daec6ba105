"""Functions in worker processes, as Lambda runs them: an environment each, one invocation at a time."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from local.checkout import ROOT
from local.logs import Log
from local.settings import inherited
from local.zygote import Call, Identity, as_json

INIT_TIMEOUT = 60  # seconds; Lambda gives 10, on a machine of one's own
MOST_WORKERS = 4


@dataclass(frozen=True)
class Function:
    """What the template says of a function."""

    name: str
    arn: str
    handler: str
    environment: Mapping[str, str]
    timeout: float = 3
    memory: int = 128
    most_workers: int = MOST_WORKERS


@dataclass(frozen=True)
class Answer:
    """A function's payload, as bytes of JSON; an error's says `errorType` and `errorMessage`."""

    payload: bytes
    failed: bool = False


class ZygoteEnded(Exception):
    """No worker can be started any more: mostly because a module that all functions share cannot be imported."""


class FunctionsDoNotStart(Exception):
    """Raised with one line for each function whose handler cannot be imported."""


class TooManyRequests(Exception):
    """Lambda did not run the function: all of the concurrency that is reserved for it is taken."""


class Zygote:
    """The fork server, seen from the process that asks it for workers."""

    def __init__(self, log: Log) -> None:
        ours, theirs = socket.socketpair()
        output = log.pipe("zygote")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.zygote", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
            start_new_session=True,
            env=inherited(os.environ),
        )
        theirs.close()
        os.close(output)
        self._control = ours
        self._asking = threading.Lock()
        self._log = log
        self._started: queue.SimpleQueue[tuple[int, Future[int]] | None] = queue.SimpleQueue()
        self._ends: dict[int, Future[int]] = {}
        threading.Thread(target=self._listen, name="zygote", daemon=True).start()

    def fork(self, connection: socket.socket, output: int) -> tuple[int, Future[int]]:
        """The pid of a new worker, and its exit status to come."""
        with self._asking:
            with contextlib.suppress(OSError):  # then `started` is the listener's last word
                socket.send_fds(self._control, [b"fork"], [connection.fileno(), output])
            started = self._started.get(timeout=INIT_TIMEOUT)
        if not started:
            self._started.put(None)
            raise ZygoteEnded(f"the fork server of the functions has ended; {self._log.path} says why")
        return started

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._control.close()

    def _listen(self) -> None:
        with self._control.makefile("r") as lines:
            for line in lines:
                word, *numbers = line.split()
                if word == "started":
                    self._ends[int(numbers[0])] = Future()
                    self._started.put((int(numbers[0]), self._ends[int(numbers[0])]))
                else:
                    self._ends.pop(int(numbers[0])).set_result(int(numbers[1]))
        for end in self._ends.values():
            end.set_result(-signal.SIGKILL)
        self._started.put(None)


class Worker:
    """A forked process that has become one function."""

    def __init__(self, function: Function, environment: Mapping[str, str], zygote: Zygote, log: Log) -> None:
        self._function = function
        ours, theirs = socket.socketpair()
        output = log.pipe(function.name)
        try:
            self.pid, self._end = zygote.fork(theirs, output)
        finally:
            theirs.close()
            os.close(output)
        self._connection = Connection(ours.detach())
        self.ended = False
        self._send(as_json(Identity(handler=function.handler, environment=dict(environment))))

    def ready(self) -> Answer:
        """Waits for the handler to be imported; the answer says why it could not be."""
        return self._receive(INIT_TIMEOUT, request_id="")

    def invoke(self, payload: bytes, request_id: str) -> Answer:
        timeout = self._function.timeout
        call = Call(request_id=request_id, function_arn=self._function.arn, deadline=time.time() + timeout)
        self._send(as_json(call), payload)
        return self._receive(timeout, request_id)

    def gone(self) -> bool:
        """Whether it ended while it had nothing to do."""
        return self.ended or self._connection.poll()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        self.ended = True
        self.kill()
        self._connection.close()

    def _send(self, *frames: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # a worker that is gone is noticed where its answer is awaited
            for frame in frames:
                self._connection.send_bytes(frame)

    def _receive(self, timeout: float, request_id: str) -> Answer:
        try:
            if not self._connection.poll(timeout):
                self.close()
                return failure("Sandbox.Timedout", request_id, f"Task timed out after {timeout:.2f} seconds")
            failed = bool(self._connection.recv_bytes())
            return Answer(self._connection.recv_bytes(), failed)
        except (EOFError, ConnectionError):
            self.close()
            status = self._end.result(5)
            how = f"exit status {status}" if status >= 0 else f"signal: {str(signal.strsignal(-status)).lower()}"
            return failure("Runtime.ExitError", request_id, f"Runtime exited with error: {how}")


def failure(kind: str, request_id: str, message: str) -> Answer:
    said = {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"}
    return Answer(json.dumps(said).encode(), failed=True)


class Pool:
    """The workers of one function: as many as it needs, up to its most; who finds none waits."""

    def __init__(
        self, function: Function, environment: Mapping[str, str], zygote: Zygote, log: Log, scratch: Path
    ) -> None:
        self.function = function
        self._environment = environment
        self._zygote = zygote
        self._log = log
        self._scratch = scratch
        self._permits = threading.Semaphore(function.most_workers)
        self.reserved: int | None = None
        """Invocations that may run at once, beyond which they are refused; None: no limit but the workers', who wait."""
        self.throttles = 0
        """Invocations that were refused, as the metric of that name counts them."""
        self._running = 0
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._numbers = itertools.count(1)

    def invoke(self, payload: bytes, request_id: str) -> Answer:
        """Raises TooManyRequests."""
        with self._counted(), self._permits:
            worker = self._idle_worker()
            if not worker:
                worker, started = self._new_worker()
                if started.failed:
                    return started
            with self._lock:
                self._busy.add(worker)
            try:
                return worker.invoke(payload, request_id)
            finally:
                with self._lock:
                    self._busy.remove(worker)
                    if not worker.ended:
                        self._idle.append(worker)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            if self.reserved is not None and self._running >= self.reserved:
                self.throttles += 1
                raise TooManyRequests("Rate Exceeded.")
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    @property
    def temporary_files(self) -> list[Path]:
        """What lies in the workers' temporary folders, which a warm worker keeps from one invocation to the next."""
        return [path for path in self._scratch.glob(f"{self.function.name}-*/**/*") if path.is_file()]

    def warm(self) -> Answer:
        """Starts a worker, and says whether the handler could be imported."""
        worker, started = self._new_worker()
        if not started.failed:
            with self._lock:
                self._idle.append(worker)
        return started

    @property
    def busy(self) -> int:
        """Workers that serve an invocation now."""
        return len(self._busy)

    def kill_busy(self) -> int:
        """Kills the workers that serve an invocation now; how many there were."""
        with self._lock:
            for worker in self._busy:
                worker.kill()
            return len(self._busy)

    def close(self) -> None:
        """Ends the workers that have nothing to do."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _idle_worker(self) -> Worker | None:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if not worker.gone():
                    return worker
                worker.close()
        return None

    def _new_worker(self) -> tuple[Worker, Answer]:
        scratch = self._scratch / f"{self.function.name}-{next(self._numbers)}"
        scratch.mkdir(parents=True)
        worker = Worker(self.function, {**self._environment, "TMPDIR": str(scratch)}, self._zygote, self._log)
        worker._end.add_done_callback(lambda _: shutil.rmtree(scratch, ignore_errors=True))
        started = worker.ready()
        if started.failed:
            worker.close()
        return worker, started


class Workers:
    """Every function of the deployment, to be invoked by name or ARN."""

    def __init__(
        self, functions: Iterable[Function], environment: Mapping[str, str], zygote: Zygote, log: Log, scratch: Path
    ) -> None:
        """`environment` is what every function gets beside its own: where AWS is, and the PATH."""
        self._pools = {
            function.name: Pool(function, environment_of(function, environment), zygote, log, scratch)
            for function in functions
        }

    def __getitem__(self, name: str) -> Pool:
        """Raises KeyError for a function that is not deployed."""
        return self._pools[name.split(":function:")[-1].removesuffix(":$LATEST")]

    def invoke(self, name: str, payload: bytes, request_id: str | None = None) -> Answer:
        """Raises TooManyRequests."""
        return self[name].invoke(payload, request_id or str(uuid.uuid4()))

    def warm(self) -> None:
        """Starts a worker for each function.

        Raises FunctionsDoNotStart."""
        with ThreadPoolExecutor(4) as threads:
            started = dict(zip(self._pools, threads.map(Pool.warm, self._pools.values()), strict=True))
        faults = [
            f"{name} ({self._pools[name].function.handler}): {json.loads(answer.payload)['errorMessage']}"
            for name, answer in started.items()
            if answer.failed
        ]
        if faults:
            raise FunctionsDoNotStart("\n".join(faults))


def environment_of(function: Function, shared: Mapping[str, str]) -> dict[str, str]:
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(ROOT),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "_HANDLER": function.handler,
        **shared,
        **function.environment,
    }
