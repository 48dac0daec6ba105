"""The state machine's interpreter, whole: what the workflow asks of Step Functions."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.local_cloud.mended import (
    StatesCloud,
    Throttled,
    all_at_once,
    call,
    catch,
    each_item,
    once,
    states_cloud,
    wait_for_answer,
)
from tests.local_cloud.waiting import eventually


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StatesCloud]:
    with states_cloud(tmp_path_factory.mktemp("states")) as up:
        yield up


def test_a_clip_goes_the_way_of_the_workflow(cloud: StatesCloud) -> None:
    """Limits from paths, a throttled function tried again with jitter, a caught clip, results left out."""
    request = cloud.function(once(Throttled()))
    keep = cloud.function()
    retry = {
        "ErrorEquals": ["Lambda.TooManyRequestsException"],
        "IntervalSeconds": 1,
        "MaxAttempts": 5,
        "BackoffRate": 2,
        "MaxDelaySeconds": 1,
        "JitterStrategy": "FULL",
    }
    clip = {
        "RequestClip": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {
                "FunctionName": request.arn,
                "Payload": {"token.$": "$$.Task.Token", "clip.$": "$.clip", "retries.$": "$$.State.RetryCount"},
            },
            "TimeoutSecondsPath": "$.timeout",
            "HeartbeatSecondsPath": "$.heartbeat",
            "ResultSelector": {"answer.$": "$.status"},
            "ResultPath": "$.asked",
            "Retry": [retry],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "KeepClip"}],
            "Next": "KeepClip",
        },
        "KeepClip": call(keep, ResultPath=None, OutputPath="$.clip"),
    }
    selector = {"clip.$": "$$.Map.Item.Value", "timeout.$": "$.timeout", "heartbeat.$": "$.heartbeat"}
    clips = each_item(clip, ItemSelector=selector, ResultPath=None, OutputPath="$.job")
    execution = cloud.start(
        cloud.machine({"MakeClips": clips}, TimeoutSeconds=60),
        {"job": "j1", "clips": [1, 2, 3], "timeout": 20, "heartbeat": 10},
    )
    eventually(lambda: len(request.payloads) == 4)
    tokens = {payload["clip"]: payload["token"] for payload in request.payloads}
    cloud.states.send_task_heartbeat(taskToken=tokens[1])
    cloud.states.send_task_success(taskToken=tokens[1], output=json.dumps({"status": "kept"}))
    cloud.states.send_task_success(taskToken=tokens[2], output=json.dumps({"status": "kept"}))
    cloud.states.send_task_failure(taskToken=tokens[3], error="Refused", cause="a face was seen")
    ended = cloud.end(execution)
    assert (ended["status"], ended.get("output")) == ("SUCCEEDED", '"j1"')
    kept = {payload["clip"]: payload for payload in keep.payloads}
    assert kept[1]["asked"] == kept[2]["asked"] == {"answer": "kept"}
    assert kept[3]["failure"] == {"Error": "Refused", "Cause": "a face was seen"}


@pytest.mark.parametrize(
    ("limits", "error"),
    [({"timeout": 1, "heartbeat": 5}, "States.Timeout"), ({"timeout": 5, "heartbeat": 1}, "States.HeartbeatTimeout")],
)
def test_the_limits_of_a_wait_may_come_from_its_input(cloud: StatesCloud, limits: dict[str, int], error: str) -> None:
    wait = wait_for_answer(
        cloud.function(), TimeoutSecondsPath="$.timeout", HeartbeatSecondsPath="$.heartbeat", **catch(error)
    )
    ended = cloud.outcome({"Wait": wait, "Caught": {"Type": "Pass", "End": True}}, limits)
    assert json.loads(ended["output"])["error"]["Error"] == error


def test_fifty_clips_wait_at_once_and_all_are_answered(cloud: StatesCloud) -> None:
    function = cloud.function()
    wait = wait_for_answer(function, HeartbeatSeconds=30, TimeoutSeconds=60)
    execution = cloud.start(cloud.machine({"MakeClips": each_item({"Wait": wait})}), {"clips": list(range(50))})
    eventually(lambda: len(function.payloads) == 50)
    refusals = all_at_once(lambda number: cloud.refusal(function.payloads[number]["token"]), 50)
    assert refusals == [None] * 50
    assert cloud.end(execution)["status"] == "SUCCEEDED"
