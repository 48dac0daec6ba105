"""Each mend of the states process, shown by what AWS does: it holds with the mend, and not without it."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path

from local.loopback import bind, served
from local.mends import STATES
from tests.local_cloud.mended import (
    Fails,
    Function,
    InvokeServer,
    Mend,
    StatesCloud,
    Throttled,
    all_at_once,
    call,
    catch,
    each_item,
    inside,
    named,
    once,
    others,
    program,
    states_cloud,
    wait_for_answer,
)
from tests.local_cloud.waiting import eventually

AGAIN = {"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 2}
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatesCloud]:
    with states_cloud(tmp_path_factory.mktemp("states")) as up:
        yield up


def token_of(payloads: list[Any]) -> str:
    token: str = eventually(lambda: payloads)[-1]["token"]
    return token


def functions_run_behind_the_invoke_server(cloud: StatesCloud) -> None:
    function = cloud.function(once(Fails("Again")))
    ended = cloud.outcome({"Call": call(function, Retry=[AGAIN])}, {"clip": 1})
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"]) == {"clip": 1}
    assert function.payloads == [{"clip": 1}, {"clip": 1}]


def a_function_named_by_its_arn_fails_with_lambdas_own_errors(cloud: StatesCloud) -> None:
    function = cloud.function(once(Throttled()))
    by_arn = {"Type": "Task", "Resource": function.arn, "End": True, **catch("Lambda.TooManyRequestsException")}
    ended = cloud.outcome({"Call": by_arn, "Caught": {"Type": "Pass", "End": True}})
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["error"]["Error"] == "Lambda.TooManyRequestsException"


def a_broken_machine_is_not_caught(cloud: StatesCloud) -> None:
    function = cloud.function()
    parameters = {"FunctionName": function.arn, "Payload": {"clip.$": "$.missing"}}
    states = {"Call": call(function, Parameters=parameters, **catch("States.ALL"))}
    ended = cloud.outcome(states | {"Caught": {"Type": "Pass", "End": True}})
    assert (ended["status"], ended.get("error")) == ("FAILED", "States.Runtime")


def a_token_is_answered_once_and_in_time(cloud: StatesCloud) -> None:
    returned = threading.Event()
    function = cloud.function(lambda payload: returned.wait())
    late = cloud.function()
    execution = cloud.start(
        cloud.machine(
            {
                "Answered": wait_for_answer(function, HeartbeatSeconds=30, TimeoutSeconds=60, Next="Late"),
                "Late": wait_for_answer(late, TimeoutSeconds=1, **catch("States.Timeout"), Next="Caught"),
                "Caught": {"Type": "Wait", "Seconds": 3, "End": True},
            }
        )
    )
    token = token_of(function.payloads)
    try:
        assert _error(lambda: cloud.states.send_task_heartbeat(taskToken=token)) is None
        assert _error(lambda: cloud.states.send_task_success(taskToken=token, output="no JSON")) == "InvalidOutput"
        assert cloud.refusal(token) is None
    finally:
        returned.set()
    assert cloud.refusal(token) == "TaskTimedOut"
    late_token = token_of(late.payloads)
    eventually(lambda: _entered(cloud, execution, "Caught"))
    assert cloud.status(execution) == "RUNNING"
    assert cloud.refusal(late_token) == "TaskTimedOut"
    assert cloud.refusal("never given out") == "InvalidToken"


def _error(act: Callable[[], Any]) -> str | None:
    try:
        act()
    except ClientError as error:
        name: str = error.response["Error"]["Code"]
        return name
    return None


def _entered(cloud: StatesCloud, execution: str, state: str) -> bool:
    events = cloud.states.get_execution_history(executionArn=execution)["events"]
    return any(event.get("stateEnteredEventDetails", {}).get("name") == state for event in events)


def a_retry_waits_on_a_new_token(cloud: StatesCloud) -> None:
    function = cloud.function(once(Fails("Again")))
    execution = cloud.start(cloud.machine({"Wait": wait_for_answer(function, Retry=[AGAIN], TimeoutSeconds=30)}))
    eventually(lambda: len(function.payloads) == 2)
    first, second = (payload["token"] for payload in function.payloads)
    assert first != second
    assert cloud.refusal(second) is None
    assert cloud.end(execution)["status"] == "SUCCEEDED"


def an_answer_before_the_wait_counts(cloud: StatesCloud) -> None:
    function = cloud.function(lambda payload: cloud.refusal(payload["token"]))
    ended = cloud.outcome({"Wait": wait_for_answer(function, HeartbeatSeconds=1, TimeoutSeconds=10)})
    assert ended["status"] == "SUCCEEDED"


def a_missed_heartbeat_is_a_heartbeat_timeout(cloud: StatesCloud) -> None:
    ended = cloud.outcome({"Wait": wait_for_answer(cloud.function(), HeartbeatSeconds=1, TimeoutSeconds=10)})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.HeartbeatTimeout")


def a_failure_keeps_its_cause(cloud: StatesCloud) -> None:
    function = cloud.function()
    execution = cloud.start(cloud.machine({"Wait": wait_for_answer(function, TimeoutSeconds=30)}))
    token = token_of(function.payloads)
    cloud.states.send_task_failure(taskToken=token, error="Refused", cause="a face was seen")
    ended = cloud.end(execution)
    assert (ended["error"], ended.get("cause")) == ("Refused", "a face was seen")


def a_stopped_execution_is_aborted_at_once(cloud: StatesCloud) -> None:
    returned = threading.Event()
    function = cloud.function(lambda payload: returned.wait())
    execution = cloud.start(cloud.machine({"Call": call(function)}))
    eventually(lambda: function.payloads)
    cloud.states.stop_execution(executionArn=execution, error="Cancelled", cause="by its tenant")
    stopped = cloud.states.describe_execution(executionArn=execution)
    returned.set()
    assert (stopped["status"], stopped.get("error"), stopped.get("cause")) == ("ABORTED", "Cancelled", "by its tenant")
    cloud.states.stop_execution(executionArn=execution, error="Too late")
    eventually(lambda: cloud.status(execution) == "ABORTED" and function.payloads)
    assert cloud.states.describe_execution(executionArn=execution)["error"] == "Cancelled"


def an_ended_execution_leaves_no_token_open(cloud: StatesCloud) -> None:
    function = cloud.function()
    wait = wait_for_answer(function, TimeoutSeconds=30)
    clips = {"clips": [1, 2]}
    stopped = cloud.start(cloud.machine({"Clips": each_item({"Wait": wait})}), clips)
    eventually(lambda: len(function.payloads) == 2)
    cloud.states.stop_execution(executionArn=stopped)
    assert [cloud.refusal(payload["token"]) for payload in function.payloads] == ["TaskTimedOut"] * 2
    timed_out = cloud.start(cloud.machine({"Clips": each_item({"Wait": wait})}, TimeoutSeconds=1), clips)
    assert cloud.end(timed_out)["status"] == "TIMED_OUT"
    assert len(function.payloads) == 4
    assert {cloud.refusal(payload["token"]) for payload in function.payloads} == {"TaskTimedOut"}


def a_name_starts_one_execution(cloud: StatesCloud) -> None:
    # moto copies the machine between looking for the name and taking it: a long copy makes the moment wide.
    log = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:x:*"}}
    answer = cloud.states.create_state_machine(
        name=f"m-{uuid.uuid4()}",
        definition=json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 5, "End": True}}}),
        roleArn="arn:aws:iam::123456789012:role/states",
        loggingConfiguration={"level": "ALL", "destinations": [log] * 10_000},
    )
    machine = answer["stateMachineArn"]
    for name in ("first", "second", "third"):
        started = all_at_once(
            lambda _, name=name: cloud.states.start_execution(stateMachineArn=machine, name=name, input="{}"), 6
        )
        assert len({answer["startDate"] for answer in started}) == 1
    listed = cloud.states.list_executions(stateMachineArn=machine)["executions"]
    assert sorted(execution["name"] for execution in listed) == ["first", "second", "third"]
    unnamed = {cloud.states.start_execution(stateMachineArn=machine)["executionArn"] for _ in range(2)}
    assert len(unnamed) == 2


def a_timed_out_execution_says_when_it_stopped(cloud: StatesCloud) -> None:
    machine = cloud.machine({"Wait": {"Type": "Wait", "Seconds": 5, "End": True}}, TimeoutSeconds=1)
    described = cloud.end(cloud.start(machine))
    assert described["status"] == "TIMED_OUT"
    assert described.get("stopDate")
    assert cloud.states.list_executions(stateMachineArn=machine)["executions"][0].get("stopDate")


def an_output_is_described_as_json(cloud: StatesCloud) -> None:
    ended = cloud.outcome({"Pass": {"Type": "Pass", "Result": "j1", "End": True}})
    assert ended["output"] == '"j1"'


def an_item_has_an_execution_of_its_own(cloud: StatesCloud) -> None:
    function = cloud.function()
    context = {"execution.$": "$$.Execution.Id", "machine.$": "$$.StateMachine.Id"}
    state = call(function, Parameters={"FunctionName": function.arn, "Payload": context})
    machine = cloud.machine({"Clips": each_item({"Call": state})})
    execution = cloud.start(machine, {"clips": [1, 2]})
    cloud.end(execution)
    seen = {payload["execution"] for payload in function.payloads}
    assert len(seen) == 2
    assert all(arn.startswith(f"{machine.replace(':stateMachine:', ':execution:')}/Clips:") for arn in seen)
    assert {payload["machine"] for payload in function.payloads} == {f"{machine}/Clips"}


def a_rule_invokes_its_function(cloud: StatesCloud) -> None:
    whole, part, none = cloud.function(), cloud.function(), cloud.function()
    source = f"reelay.{uuid.uuid4()}"
    _rule(cloud, {"source": [source], "detail": {"status": ["completed"]}}, whole.arn)
    _rule(cloud, {"source": [source]}, part.arn, InputPath="$.detail")
    _rule(cloud, {"source": [source]}, none.arn, state="DISABLED")
    _rule(cloud, {"source": ["another"]}, none.arn)
    for status in ("completed", "failed"):
        entry = {"Source": source, "DetailType": "Job", "Detail": json.dumps({"status": status})}
        assert _error(lambda entry=entry: cloud.events.put_events(Entries=[entry])) is None
    eventually(lambda: len(part.payloads) == 2)
    (event,) = eventually(lambda: whole.payloads)
    assert event["detail"] == {"status": "completed"}
    assert (event["source"], event["detail-type"], event["version"]) == (source, "Job", "0")
    assert datetime.fromisoformat(event["time"])
    assert {payload["status"] for payload in part.payloads} == {"completed", "failed"}
    assert not none.payloads


def _rule(cloud: StatesCloud, pattern: dict[str, Any], function: str, state: str = "ENABLED", **target: Any) -> None:
    name = f"r-{uuid.uuid4()}"
    cloud.events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)
    cloud.events.put_targets(Rule=name, Targets=[{"Id": "function", "Arn": function, **target}])


def a_change_of_status_is_an_event(cloud: StatesCloud) -> None:
    told, parents_only = cloud.function(), cloud.function()
    work = cloud.function(lambda payload: fail_if(payload == "fail"))
    machine = cloud.machine(_clips_then(work))
    pattern = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}
    _rule(cloud, pattern, told.arn)
    _rule(cloud, pattern | {"detail": {"stateMachineArn": [machine], "status": ["FAILED"]}}, parents_only.arn)
    failed = cloud.start(machine, {"clips": ["go", "fail"], "last": "fail"})
    cloud.end(failed)
    (event,) = eventually(lambda: parents_only.payloads, seconds=5)
    assert event["resources"] == [failed]
    detail = event["detail"]
    assert (detail["executionArn"], detail["status"], detail["error"]) == (failed, "FAILED", "Broken")
    assert json.loads(detail["input"]) == {"clips": ["go", "fail"], "last": "fail"}
    assert detail["startDate"] <= detail["stopDate"]

    def statuses(of: str) -> list[str]:
        details = [event["detail"] for event in told.payloads]
        return sorted(detail["status"] for detail in details if detail["stateMachineArn"] == of)

    eventually(lambda: statuses(machine) == ["FAILED", "RUNNING"])
    eventually(lambda: statuses(f"{machine}/Clips") == ["FAILED", "RUNNING", "RUNNING", "SUCCEEDED"])

    waiting = cloud.machine({"Clips": each_item({"Wait": wait_for_answer(work, TimeoutSeconds=30)})})
    stopped = cloud.start(waiting, {"clips": [1]})
    eventually(lambda: statuses(f"{waiting}/Clips") == ["RUNNING"])
    cloud.states.stop_execution(executionArn=stopped)
    eventually(lambda: statuses(waiting) == ["ABORTED", "RUNNING"])
    eventually(lambda: statuses(f"{waiting}/Clips") == ["ABORTED", "RUNNING"])


def fail_if(broken: bool) -> None:
    if broken:
        raise Fails("Broken")


def _clips_then(work: Function) -> dict[str, Any]:
    clips = each_item({"Call": call(work)}, ResultPath=None, Next="Last")
    del clips["End"]
    return {"Clips": clips, "Last": call(work, InputPath="$.last")}


def a_json_path_is_parsed_once() -> None:
    assert json_path.parse("$.clips[0]") is json_path.parse("$.clips[0]")
    assert result_path.parse("$.answer") is result_path.parse("$.answer")


def a_definition_is_parsed_once() -> None:
    definition = json.dumps({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})
    assert AmazonStateLanguageParser.parse(definition)[0] is AmazonStateLanguageParser.parse(definition)[0]


def a_failure_is_not_printed(cloud: StatesCloud) -> None:
    secret = f"seen-{uuid.uuid4()}"
    ended = cloud.outcome({"Call": call(cloud.function(lambda payload: fail_if(True)), Comment=secret)})
    assert (ended["status"], ended["error"]) == ("FAILED", "Broken")
    assert secret not in cloud.log.read_text()


OVER_HTTP = named(
    (
        functions_run_behind_the_invoke_server,
        a_function_named_by_its_arn_fails_with_lambdas_own_errors,
        a_broken_machine_is_not_caught,
        a_token_is_answered_once_and_in_time,
        a_retry_waits_on_a_new_token,
        an_answer_before_the_wait_counts,
        a_missed_heartbeat_is_a_heartbeat_timeout,
        a_failure_keeps_its_cause,
        a_stopped_execution_is_aborted_at_once,
        an_ended_execution_leaves_no_token_open,
        a_name_starts_one_execution,
        a_timed_out_execution_says_when_it_stopped,
        an_output_is_described_as_json,
        an_item_has_an_execution_of_its_own,
        a_rule_invokes_its_function,
        a_change_of_status_is_an_event,
        a_failure_is_not_printed,
    )
)
INSIDE = named((a_json_path_is_parsed_once, a_definition_is_parsed_once))


def test_every_mend_has_a_check_of_its_name() -> None:
    assert {mend.__name__ for mend in STATES} == set(OVER_HTTP) | set(INSIDE)


@pytest.mark.parametrize("mend", STATES, ids=lambda mend: mend.__name__)
def test_aws_does_so_and_moto_only_when_mended(
    mend: Mend, cloud: StatesCloud, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if check := INSIDE.get(mend.__name__):
        inside(STATES, check, NOWHERE)
        with pytest.raises(AssertionError):
            inside(others(STATES, mend), check, NOWHERE)
    else:
        check = OVER_HTTP[mend.__name__]
        check(cloud)
        with (
            states_cloud(tmp_path_factory.mktemp("unmended"), left_out=mend) as unmended,
            pytest.raises(AssertionError),
        ):
            check(unmended)


def test_the_states_process_mends_itself(tmp_path: Path) -> None:
    server = InvokeServer()
    with (
        served(server, bind(), "functions") as invoke,
        program(tmp_path, "local.states", "--invoke", invoke) as url,
    ):
        functions_run_behind_the_invoke_server(StatesCloud(url, tmp_path / "program.log", server))
