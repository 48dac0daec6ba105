"""The fork server and the worker that it forks: the execution environment of one function.

`python -m local.zygote FD` imports what every function imports, loads what every AWS client loads, and forks a worker
for each `fork` that arrives on the socket FD together with two descriptors: the worker's end of its connection, and
the pipe that its output goes to. It answers `started PID`, and `ended PID STATUS` whenever a worker ends. It has one
thread and no client, so that a fork copies neither a held lock nor a shared connection. At the socket's end it kills
its workers and goes.

A worker is told on its connection who it is (`Identity`), then serves one invocation at a time.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import Any, NoReturn, TypedDict

RESPONSE_LIMIT = 6 * 1024 * 1024 + 100  # bytes, as AWS states it in its error

THIRD_PARTY = (
    "aws_lambda_powertools",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.event_handler.openapi.params",
    "aws_lambda_powertools.metrics",
    "boto3",
    "boto3.dynamodb.conditions",
    "boto3.s3.transfer",
    "httpx",
    "multipart",
    "openai",
    "PIL.Image",
    "pydantic",
    "replicate",
    "requests",
    "standardwebhooks",
    "urllib3",
)
AWS_SERVICES = ("dynamodb", "events", "s3", "secretsmanager", "sqs", "ssm", "stepfunctions")
PR_SET_PDEATHSIG = 1


class Identity(TypedDict):
    handler: str
    environment: dict[str, str]


class Call(TypedDict):
    """Stands in front of the payload of an invocation; `deadline` in seconds since the epoch."""

    request_id: str
    function_arn: str
    deadline: float


class Context:
    """What a handler gets beside its event, with the attributes of Lambda's own context object."""

    client_context = None
    identity = None
    tenant_id = None

    def __init__(self, call: Call) -> None:
        self.aws_request_id = call["request_id"]
        self.invoked_function_arn = call["function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = call["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


Handler = Callable[[Any, Context], Any]


def main(control: socket.socket) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    preload()
    gc.collect()
    gc.freeze()
    serve(control)


def preload() -> None:
    for name in THIRD_PARTY:
        importlib.import_module(name)
    studio = importlib.import_module("functions.studio")
    for module in pkgutil.walk_packages(studio.__path__, "functions.studio."):
        importlib.import_module(module.name)
    preload_botocore()


def preload_botocore() -> None:
    """Fills the cache of the session that boto3's functions use, by the very calls that a new client makes."""
    import boto3

    boto3.setup_default_session()
    session = boto3.DEFAULT_SESSION
    assert session is not None
    loader = session._session.get_component("data_loader")
    loader.load_data_with_path("endpoints")
    for name in ("sdk-default-configuration", "partitions", "_retry"):
        loader.load_data(name)
    for service in AWS_SERVICES:
        for kind in ("service-2", "endpoint-rule-set-1"):
            loader.load_service_model(service, kind, api_version=None)
        loader.load_service_model(service, "paginators-1", None)


def serve(control: socket.socket) -> None:
    workers: set[int] = set()
    ended, wake = socket.socketpair()
    for end in (ended, wake):
        end.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)  # a default disposition would not wake the selector
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if ended in ready:
                ended.recv(4096)
                for pid, status in reap():
                    workers.discard(pid)
                    kill_group(pid)
                    control.sendall(f"ended {pid} {status}\n".encode())
            if control in ready:
                message, descriptors, _, _ = socket.recv_fds(control, 16, 2)
                if not message:
                    for pid in workers:
                        kill_group(pid)
                    return
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    for end in (control, ended, wake):
                        end.close()
                    selector.close()
                    work(*descriptors)
                workers.add(pid)
                for descriptor in descriptors:
                    os.close(descriptor)
                control.sendall(f"started {pid}\n".encode())


def reap() -> list[tuple[int, int]]:
    """The workers that have ended, with their exit codes (negative: the signal)."""
    gone = []
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            gone.append((found[0], os.waitstatus_to_exitcode(found[1])))
    return gone


def kill_group(pid: int) -> None:
    """Ends a worker and whatever it had started (ffmpeg)."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def end_with_parent(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def work(connection_descriptor: int, output: int) -> NoReturn:
    """Serves until the connection ends. Nothing that a handler does may let the fork return into the zygote."""
    status = 1
    try:
        parent = os.getppid()
        os.setsid()
        end_with_parent(parent)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # typed as any TextIO
        connection = Connection(connection_descriptor)
        with contextlib.suppress(EOFError):
            live(connection)
        status = 0
    except SystemExit as wish:
        status = wish.code if isinstance(wish.code, int) else 1
    except BaseException:  # noqa: BLE001  # a fork that unwound further would go on as a second zygote
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def live(connection: Connection) -> None:
    identity: Identity = json.loads(connection.recv_bytes())
    os.environ.clear()
    os.environ.update(identity["environment"])
    time.tzset()
    try:
        handler = find_handler(identity["handler"])
    except Exception as error:  # noqa: BLE001  # whatever a module raises becomes an answer
        traceback.print_exc()
        answer(connection, init_error(identity["handler"], error), failed=True)
        return
    answer(connection, b"", failed=False)
    while True:
        call: Call = json.loads(connection.recv_bytes())
        payload, failed = invoke(handler, connection.recv_bytes(), call)
        sys.stdout.flush()
        sys.stderr.flush()
        answer(connection, payload, failed)


def find_handler(name: str) -> Handler:
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), function)
    return handler


def init_error(handler: str, error: Exception) -> bytes:
    module, _, function = handler.rpartition(".")
    kind, message = f"{type(error).__name__}", str(error)
    if isinstance(error, ImportError):
        kind, message = "Runtime.ImportModuleError", f"Unable to import module '{module}': {error}"
    elif isinstance(error, SyntaxError):
        kind, message = "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}"
    elif isinstance(error, AttributeError) and getattr(error, "name", None) == function:
        kind, message = "Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module}'"
    return as_json({"errorMessage": message, "errorType": kind, "requestId": "", "stackTrace": stack(error)})


def invoke(handler: Handler, event: bytes, call: Call) -> tuple[bytes, bool]:
    """The bytes of the answer, and whether they are an error."""
    try:
        result = handler(json.loads(event), Context(call))
    except Exception as error:  # noqa: BLE001  # whatever a handler raises becomes an answer
        traceback.print_exc()
        return function_error(type(error).__name__, str(error), call, stack(error)), True
    try:
        payload = as_json(result)
    except (TypeError, ValueError) as error:
        return function_error("Runtime.MarshalError", f"Unable to marshal response: {error}", call), True
    if len(payload) > RESPONSE_LIMIT:
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
        return function_error("Function.ResponseSizeTooLarge", message, call), True
    return payload, False


def function_error(kind: str, message: str, call: Call, trace: list[str] | None = None) -> bytes:
    return as_json(
        {"errorMessage": message, "errorType": kind, "requestId": call["request_id"], "stackTrace": trace or []}
    )


def stack(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return traceback.format_list([frame for frame in frames if frame.filename != __file__])


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=plain_number).encode()


def plain_number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def answer(connection: Connection, payload: bytes, failed: bool) -> None:
    connection.send_bytes(b"error" if failed else b"")
    connection.send_bytes(payload)


if __name__ == "__main__":
    # The module under its own name, so that tracebacks and pickles of workers do not speak of __main__.
    importlib.import_module("local.zygote").main(socket.socket(fileno=int(sys.argv[1])))
