"""The data and the states process, also with a mend left out: forked, ready in a moment, from one that has moto loaded."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import socket
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import boto3
from botocore.config import Config
from werkzeug.wrappers import Request, Response

import local.data
import local.states
from local.child import Child
from local.credentials import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY
from local.logs import Log
from local.loopback import bind, free_port, served
from local.mends import DATA, STATES
from local.process import HOST
from tests.local_cloud.waiting import eventually

FORKS: Final = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "local.data", "local.states"])

READY_SECONDS: Final = 60.0

# Threads take turns as often as they can, so that a race which is there is lost within a few tries.
THREADS_CHANGE_SECONDS: Final = 1e-6

# Mends differ in their arguments; what a test does with one is leave it out.
Mend = Callable[..., None]


def named(checks: Iterable[Mend]) -> dict[str, Mend]:
    return {check.__name__: check for check in checks}


def others(table: Sequence[Mend], left_out: Mend | None) -> tuple[Mend, ...]:
    return tuple(mend for mend in table if mend is not left_out)


def client(service: str, url: str, **config: Any) -> Any:
    """A client that asks once, so that an error is seen as it came."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50, **config),
    )


def all_at_once(act: Callable[[int], Any], times: int) -> list[Any]:
    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(act, range(times)))


@contextlib.contextmanager
def process(log: Path, target: Callable[..., None], port: int, *arguments: Any) -> Iterator[None]:
    child = FORKS.Process(target=_logged, args=(log, target, port, *arguments), daemon=True)
    child.start()
    try:
        eventually(lambda: listens(port), READY_SECONDS)
        yield
    finally:
        child.terminate()
        child.join()


@contextlib.contextmanager
def program(folder: Path, module: str, *arguments: str) -> Iterator[str]:
    """The URL of `python -m module`, started as the local cloud starts it."""
    log = Log(folder / "program.log")
    with contextlib.closing(log), Child("program", module, log, *arguments) as child:
        child.wait_until_ready()
        yield child.url


def _logged(log: Path, target: Callable[..., None], *arguments: Any) -> None:
    sys.setswitchinterval(THREADS_CHANGE_SECONDS)
    with log.open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    target(*arguments)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def inside(mends: Sequence[Mend], probe: Callable[[], None], *arguments: Any) -> None:
    """Runs `probe` in a process of its own in which the mends were applied; raises AssertionError when it does."""
    ours, theirs = FORKS.Pipe()
    child = FORKS.Process(target=_probed, args=(theirs, mends, probe, arguments), daemon=True)
    child.start()
    theirs.close()
    failure = ours.recv()
    child.join()
    assert failure is None, failure


def _probed(answer: Any, mends: Sequence[Mend], probe: Callable[[], None], arguments: tuple[Any, ...]) -> None:
    for mend in mends:
        mend(*arguments)
    try:
        probe()
    except AssertionError as error:
        answer.send(str(error) or "it does not hold")
    else:
        answer.send(None)


@dataclass(frozen=True)
class DataCloud:
    url: str

    @cached_property
    def tables(self) -> Any:
        return client("dynamodb", self.url)

    @cached_property
    def objects(self) -> Any:
        return client("s3", self.url, signature_version="s3v4")

    @cached_property
    def queues(self) -> Any:
        return client("sqs", self.url)

    @cached_property
    def table(self) -> str:
        name = f"table-{uuid.uuid4()}"
        self.tables.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    @cached_property
    def bucket(self) -> str:
        name = f"bucket-{uuid.uuid4()}"
        self.objects.create_bucket(Bucket=name)
        return name


@contextlib.contextmanager
def data_cloud(folder: Path, left_out: Mend | None = None) -> Iterator[DataCloud]:
    port = free_port()
    with process(folder / "data.log", local.data.run, port, others(DATA, left_out)):
        yield DataCloud(f"http://{HOST}:{port}")


class Fails(Exception):
    """What a function of a test ends with, by the name that Retry and Catch see."""

    def __init__(self, error_type: str) -> None:
        super().__init__(error_type)
        self.error_type = error_type


class Throttled(Exception):
    """Lambda has no room for this invocation."""


@dataclass
class Function:
    """A function of a test: what it does with a payload, and the payloads that it has had."""

    name: str
    act: Callable[[Any], Any]
    payloads: list[Any] = field(default_factory=list)

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


class InvokeServer:
    """The Lambda API, as a WSGI application, over functions that a test brings."""

    def __init__(self) -> None:
        self.functions: dict[str, Function] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        request = Request(environ)
        name = unquote(request.path.split("/")[3]).rpartition(":")[2]
        return self._answer(self.functions[name], json.loads(request.data))(environ, start_response)

    @staticmethod
    def _answer(function: Function, payload: Any) -> Response:
        function.payloads.append(payload)
        try:
            return Response(json.dumps(function.act(payload)))
        except Throttled:
            return Response("no room", 429)
        except Fails as failure:
            body = {"errorType": failure.error_type, "errorMessage": "as told", "stackTrace": []}
            return Response(json.dumps(body), headers={"X-Amz-Function-Error": "Unhandled"})


@dataclass(frozen=True)
class StatesCloud:
    url: str
    log: Path
    server: InvokeServer

    @cached_property
    def states(self) -> Any:
        return client("stepfunctions", self.url)

    @cached_property
    def events(self) -> Any:
        return client("events", self.url)

    def function(self, act: Callable[[Any], Any] = lambda payload: payload) -> Function:
        function = Function(f"f-{uuid.uuid4()}", act)
        self.server.functions[function.name] = function
        return function

    def machine(self, states: dict[str, Any], **more: Any) -> str:
        """The ARN of a machine of these states, which begins with the first."""
        answer = self.states.create_state_machine(
            name=f"m-{uuid.uuid4()}",
            definition=json.dumps({"StartAt": next(iter(states)), "States": states, **more}),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/states",
        )
        arn: str = answer["stateMachineArn"]
        return arn

    def start(self, machine: str, given: Any = None) -> str:
        answer = self.states.start_execution(
            stateMachineArn=machine, name=f"e-{uuid.uuid4()}", input=json.dumps(given or {})
        )
        arn: str = answer["executionArn"]
        return arn

    def status(self, execution: str) -> str:
        status: str = self.states.describe_execution(executionArn=execution)["status"]
        return status

    def end(self, execution: str) -> dict[str, Any]:
        """Waits for the end of an execution, and describes it."""
        eventually(lambda: self.status(execution) != "RUNNING")
        described: dict[str, Any] = self.states.describe_execution(executionArn=execution)
        return described

    def outcome(self, states: dict[str, Any], given: Any = None, **more: Any) -> dict[str, Any]:
        return self.end(self.start(self.machine(states, **more), given))

    def refusal(self, token: str) -> str | None:
        """What SendTaskSuccess says to this token: the name of an error, or None."""
        try:
            self.states.send_task_success(taskToken=token, output="{}")
        except self.states.exceptions.ClientError as error:
            name: str = error.response["Error"]["Code"]
            return name
        return None


@contextlib.contextmanager
def states_cloud(folder: Path, left_out: Mend | None = None) -> Iterator[StatesCloud]:
    port, server, log = free_port(), InvokeServer(), folder / "states.log"
    with (
        served(server, bind(), "functions") as invoke,
        process(log, local.states.run, port, invoke, others(STATES, left_out)),
    ):
        yield StatesCloud(f"http://{HOST}:{port}", log, server)


def once(failure: Exception) -> Callable[[Any], Any]:
    """A function that fails the first time, and then gives back what it got."""
    left = [failure]

    def act(payload: Any) -> Any:
        if left:
            raise left.pop()
        return payload

    return act


def call(function: Function, **more: Any) -> dict[str, Any]:
    """A state that calls the function with the state's input, and ends the machine unless `more` has a Next."""
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function.arn, "Payload.$": "$"},
        "OutputPath": "$.Payload",
    }
    return state | more | ({} if "Next" in more else {"End": True})


def wait_for_answer(function: Function, **more: Any) -> dict[str, Any]:
    """A state that hands the function `{"token": …}` and waits for its answer."""
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": function.arn, "Payload": {"token.$": "$$.Task.Token"}},
    }
    return state | more | ({} if "Next" in more else {"End": True})


def each_item(states: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A DISTRIBUTED map of the label `Clips` over `$.clips`."""
    return {
        "Type": "Map",
        "Label": "Clips",
        "ItemsPath": "$.clips",
        "ToleratedFailurePercentage": 100.0,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": next(iter(states)),
            "States": states,
        },
        "End": True,
    } | more


def catch(*errors: str) -> dict[str, Any]:
    """Sends these errors to the state `Caught`."""
    return {"Catch": [{"ErrorEquals": list(errors), "ResultPath": "$.error", "Next": "Caught"}]}
