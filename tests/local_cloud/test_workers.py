"""Functions in worker processes: what they are told, what becomes of those that misbehave."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.logs import Log
from local.workers import Answer, Function, FunctionsDoNotStart, Workers, Zygote, ZygoteEnded
from tests.local_cloud.waiting import eventually

AWS = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": os.devnull, "PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    log = Log(tmp_path_factory.mktemp("workers") / "local.log")
    yield log
    log.close()


@pytest.fixture(scope="module")
def zygote(log: Log) -> Iterator[Zygote]:
    zygote = Zygote(log)
    yield zygote
    zygote.close()


@pytest.fixture
def employ(zygote: Zygote, log: Log, tmp_path: Path) -> Iterator[Any]:
    """Gives the workers of one function."""
    pools = []

    def do(handler: str, **given: Any) -> Workers:
        function = Function(handler, f"arn:aws:lambda:r:1:function:{handler}", a_handler(handler), {}, **given)
        workers = Workers([function], AWS, zygote, log, tmp_path)
        pools.append(workers[handler])
        return workers

    yield do
    for pool in pools:
        pool.close()


def a_handler(name: str) -> str:
    return f"tests.local_cloud.handlers.{name}"


def ask(workers: Workers, name: str, **event: Any) -> Any:
    answer = workers.invoke(name, json.dumps(event).encode())
    assert not answer.failed, answer.payload
    return json.loads(answer.payload)


def error(answer: Answer) -> tuple[str, str]:
    said = json.loads(answer.payload)
    assert answer.failed, said
    return said["errorType"], said["errorMessage"]


def do(workers: Workers, what: str) -> Answer:
    return workers.invoke("misbehave", json.dumps({"do": what}).encode())


def test_a_function_knows_what_lambda_would_tell_it_and_nothing_of_this_machine(employ: Any) -> None:
    workers = employ("about", memory=512, timeout=30)
    answer = workers.invoke("about", b"{}", "a-request")
    said = json.loads(answer.payload)
    assert (said["id"], said["name"], said["memory"]) == ("a-request", "about", "512")
    assert said["arn"] == "arn:aws:lambda:r:1:function:about"
    assert 29_000 < said["left"] <= 30_000
    assert said["environment"]["AWS_LAMBDA_FUNCTION_NAME"] == "about"
    assert said["environment"]["_HANDLER"] == a_handler("about")
    assert not said["environment"].keys() & {"HOME", "USER", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST"}


def test_a_function_is_invoked_by_name_and_by_arn(employ: Any) -> None:
    workers = employ("echo")
    assert ask(workers, "echo", x=1) == {"x": 1}
    assert ask(workers, "arn:aws:lambda:us-east-1:123456789012:function:echo", x=2) == {"x": 2}
    with pytest.raises(KeyError):
        workers.invoke("nobody", b"{}")


def test_a_warm_worker_is_used_again(employ: Any) -> None:
    workers = employ("count")
    assert [ask(workers, "count") for _ in range(3)] == [1, 2, 3]


def test_fifty_invocations_at_once_are_served_by_four_workers(employ: Any) -> None:
    workers = employ("pid", timeout=30)
    with ThreadPoolExecutor(50) as callers:
        pids = set(callers.map(lambda _: ask(workers, "pid", wait=0.02), range(50)))
    assert len(pids) == 4


def test_a_function_may_be_given_fewer_workers(employ: Any) -> None:
    workers = employ("pid", timeout=30, most_workers=1)
    with ThreadPoolExecutor(8) as callers:
        assert len(set(callers.map(lambda _: ask(workers, "pid"), range(8)))) == 1


def test_a_handler_s_error_is_answered_as_lambda_does(employ: Any) -> None:
    answer = do(employ("misbehave"), "fail")
    assert error(answer) == ("ValueError", "not today")
    [*_, last] = json.loads(answer.payload)["stackTrace"]
    assert "in fail" in last


@pytest.mark.parametrize(("verb", "how"), [("exit", "exit status 3"), ("abort", "signal: aborted")])
def test_a_worker_that_ends_is_answered_for_and_replaced(employ: Any, verb: str, how: str) -> None:
    workers = employ("misbehave")
    kind, text = error(do(workers, verb))
    assert kind == "Runtime.ExitError"
    assert text.endswith(f"Error: Runtime exited with error: {how}")
    assert json.loads(do(workers, "nothing").payload) is None


def test_a_worker_that_takes_too_long_is_killed_and_replaced(employ: Any) -> None:
    workers = employ("misbehave", timeout=0.5)
    kind, text = error(do(workers, "sleep"))
    assert kind == "Sandbox.Timedout"
    assert text.endswith("Task timed out after 0.50 seconds")
    assert json.loads(do(workers, "nothing").payload) is None


def test_what_a_killed_worker_had_started_is_killed_with_it(employ: Any) -> None:
    seconds = f"600.{os.getpid()}"
    workers = employ("misbehave", timeout=1)
    event = json.dumps({"do": "child", "seconds": seconds}).encode()
    with ThreadPoolExecutor(1) as callers:
        call = callers.submit(workers.invoke, "misbehave", event)
        eventually(lambda: sleepers(seconds))
        assert error(call.result(20))[0] == "Sandbox.Timedout"
    eventually(lambda: not sleepers(seconds))


def sleepers(seconds: str) -> list[Path]:
    return [path for path in Path("/proc").glob("[0-9]*/cmdline") if f"sleep\0{seconds}\0".encode() == read(path)]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def test_a_worker_killed_while_idle_is_not_missed(employ: Any) -> None:
    workers = employ("pid")
    first = ask(workers, "pid")
    os.kill(first, 9)
    eventually(lambda: not Path(f"/proc/{first}").exists())
    assert ask(workers, "pid") != first


def test_a_worker_can_be_killed_in_the_middle_of_its_work(employ: Any) -> None:
    workers = employ("misbehave", timeout=30)
    with ThreadPoolExecutor(1) as callers:
        call = callers.submit(do, workers, "sleep")
        eventually(workers["misbehave"].kill_busy)
        assert error(call.result(20))[0] == "Runtime.ExitError"


@pytest.mark.parametrize(
    ("verb", "kind"), [("object", "Runtime.MarshalError"), ("big", "Function.ResponseSizeTooLarge")]
)
def test_an_answer_that_lambda_would_not_carry_is_an_error(employ: Any, verb: str, kind: str) -> None:
    assert error(do(employ("misbehave"), verb))[0] == kind


def test_a_decimal_is_answered_as_a_number(employ: Any) -> None:
    assert do(employ("misbehave"), "decimal").payload == b"1.5"


def test_functions_that_do_not_start_are_all_named(employ: Any) -> None:
    with pytest.raises(FunctionsDoNotStart, match="nobody"):
        employ("nobody").warm()


def test_a_function_that_does_not_start_answers_so(employ: Any) -> None:
    assert error(employ("nobody").invoke("nobody", b"{}"))[0] == "Runtime.HandlerNotFound"


def test_each_worker_has_a_place_of_its_own_for_files_which_goes_with_it(employ: Any) -> None:
    workers = employ("about")
    scratch = Path(ask(workers, "about")["environment"]["TMPDIR"])
    assert scratch.is_dir()
    workers["about"].close()
    eventually(lambda: not scratch.exists())


def test_a_file_that_an_invocation_leaves_behind_is_seen(employ: Any) -> None:
    workers = employ("leave")
    workers.warm()
    assert workers["leave"].temporary_files == []
    ask(workers, "leave", file="film.mp4")
    assert [path.name for path in workers["leave"].temporary_files] == ["film.mp4"]


def test_log_lines_carry_their_own_invocation_s_keys(employ: Any, log: Log) -> None:
    workers = employ("log", timeout=30)
    with ThreadPoolExecutor(40) as callers:
        list(callers.map(lambda clip: ask(workers, "log", clip=clip), range(40)))

    def lines() -> list[Any]:
        found = re.findall(r"^log \| (\{.*\})$", log.path.read_text(), re.MULTILINE)
        return found if len(found) == 80 else []

    told = [json.loads(line) for line in eventually(lines)]
    assert all(line["clip"] == line["told"] for line in told)
    assert sorted(line["told"] for line in told) == sorted([*range(40), *range(40)])


def test_a_worker_s_first_clients_read_none_of_botocore_s_data_again(employ: Any) -> None:
    services = ["dynamodb", "events", "s3", "secretsmanager", "sqs", "stepfunctions"]
    assert ask(employ("client_reads", timeout=30), "client_reads", services=services) == []


def test_the_zygote_has_one_thread(employ: Any) -> None:
    worker = Path(f"/proc/{ask(employ('pid'), 'pid')}/status").read_text()
    [parent] = re.findall(r"^PPid:\s+(\d+)$", worker, re.MULTILINE)
    assert re.search(r"^Threads:\s+1$", Path(f"/proc/{parent}/status").read_text(), re.MULTILINE)


def test_no_worker_outlives_the_zygote(log: Log, tmp_path: Path) -> None:
    zygote = Zygote(log)
    function = Function("pid", "arn", a_handler("pid"), {})
    workers = Workers([function], AWS, zygote, log, tmp_path)
    pid = ask(workers, "pid")
    zygote.close()
    eventually(lambda: not Path(f"/proc/{pid}").exists())
    with pytest.raises(ZygoteEnded):
        workers.invoke("pid", b"{}")


def test_the_lambda_api_invokes(cloud: LocalCloud) -> None:
    answer = lambda_client(cloud).invoke(FunctionName="echo", Payload=b'{"x": 1}')
    assert (answer["StatusCode"], answer["Payload"].read()) == (200, b'{"x":1}')
    assert "FunctionError" not in answer


def test_the_lambda_api_tells_an_error_of_the_function(cloud: LocalCloud) -> None:
    answer = lambda_client(cloud).invoke(FunctionName="http", Payload=b"[]")
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorType"] == "AttributeError"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"FunctionName": "nobody"}, "ResourceNotFoundException"),
        ({"FunctionName": "echo", "Payload": b"{"}, "InvalidRequestContentException"),
        ({"FunctionName": "echo", "Payload": b'"' + b"x" * 7_000_000 + b'"'}, "RequestEntityTooLargeException"),
    ],
    ids=["no such function", "no JSON", "too large"],
)
def test_the_lambda_api_refuses(cloud: LocalCloud, given: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        lambda_client(cloud).invoke(**given)
    assert refused.value.response["Error"]["Code"] == code


def test_an_event_is_accepted_at_once_and_tried_three_times(cloud: LocalCloud) -> None:
    answer = lambda_client(cloud).invoke(
        FunctionName="fail_twice", InvocationType="Event", Payload=b'{"name": "event"}'
    )
    assert answer["StatusCode"] == 202
    key = {"pk": {"S": "event"}, "sk": {"S": "tries"}}

    def tries() -> str:
        item = cloud.client("dynamodb").get_item(TableName=cloud.table, Key=key).get("Item")
        return item["tries"]["N"] if item else ""

    eventually(lambda: tries() == "3")
    time.sleep(0.3)
    assert tries() == "3"


def test_the_state_machine_calls_functions(cloud: LocalCloud) -> None:
    states = cloud.client("stepfunctions")
    run = states.start_execution(stateMachineArn=cloud.state_machine, input='{"x": 1}')["executionArn"]
    ended = eventually(lambda: (told := states.describe_execution(executionArn=run))["status"] != "RUNNING" and told)
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"x": 1})


@pytest.fixture
def stopped(cloud: LocalCloud) -> Iterator[str]:
    """A function that may not run, until the test has ended."""
    lambda_client(cloud).put_function_concurrency(FunctionName="http", ReservedConcurrentExecutions=0)
    yield "http"
    lambda_client(cloud).delete_function_concurrency(FunctionName="http")


def test_a_function_whose_reserved_concurrency_is_taken_is_not_run(cloud: LocalCloud, stopped: str) -> None:
    with pytest.raises(ClientError) as refused:
        lambda_client(cloud).invoke(FunctionName=stopped, Payload=b"{}")
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert requests.get(f"{cloud.url}/clips/first", timeout=10).status_code == 503
    lambda_client(cloud).delete_function_concurrency(FunctionName=stopped)
    assert requests.get(f"{cloud.url}/clips/first", timeout=10).status_code == 200


def lambda_client(cloud: LocalCloud) -> boto3.client:
    return cloud.client("lambda")
