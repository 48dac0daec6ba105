"""Every wait outlasts what it waits for, and nothing asks for more than AWS gives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from functions.studio.check_queue import heartbeat_limit, read_delays
from functions.studio.recording import SURE_AFTER
from infra.workflow import DEFINITION

if TYPE_CHECKING:
    from tests.infra.conftest import Reader

API = 30
"""Seconds after which an HTTP API answers 503 whatever its function does."""

PLOT = json.loads(DEFINITION.read_text())


def tasks(plot: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in plot["States"].items():
        if state["Type"] == "Task":
            yield name, state
        elif "ItemProcessor" in state:
            yield from tasks(state["ItemProcessor"])


TASKS = dict(tasks(PLOT))


def default(template: Reader, parameter: str) -> int:
    return int(template.template["Parameters"][parameter]["Default"])


def seconds_of(template: Reader, state: str) -> int:
    """That a state waits at most; for the one whose item says it, what a deployment says that chooses nothing."""
    if "TimeoutSecondsPath" in TASKS[state]:
        return default(template, "ClipTimeoutSeconds")
    return int(TASKS[state]["TimeoutSeconds"])


def function_of(template: Reader, state: str) -> dict[str, Any]:
    return template.functions[re.sub(r"(?<!^)([A-Z])", r"_\1", state).lower()]


def test_whoever_calls_the_api_hears_from_its_function_not_from_its_gateway(template: Reader) -> None:
    called = [template.text(each["IntegrationUri"]) for each in template.all("AWS::ApiGatewayV2::Integration").values()]
    assert called
    for arn in called:
        assert template.all("AWS::Lambda::Function")[arn.removesuffix(".Arn")]["Timeout"] <= API


@pytest.mark.parametrize("state", TASKS)
def test_a_state_waits_longer_than_its_function_may_run(template: Reader, state: str) -> None:
    assert seconds_of(template, state) > function_of(template, state)["Timeout"]


def test_a_run_has_an_end_and_the_slowest_of_each_of_its_steps_is_over_before(template: Reader) -> None:
    longest_clip = 3600
    assert re.fullmatch(template.template["Parameters"]["ClipTimeoutSeconds"]["AllowedPattern"], str(longest_clip))
    assert not re.fullmatch(template.template["Parameters"]["ClipTimeoutSeconds"]["AllowedPattern"], "3601")
    steps = {state: seconds_of(template, state) for state in TASKS} | {"RequestClip": longest_clip}
    assert sum(steps.values()) <= PLOT["TimeoutSeconds"]


def test_a_look_is_not_taken_twice_at_once_nor_set_aside_while_its_clip_has_time(template: Reader) -> None:
    """AWS advises to hide a message for six times its function's time, so that one that Lambda had no room for is not
    set aside. Here it comes back sooner, for the heartbeat waits for it, and more often."""
    checks = template.all("AWS::SQS::Queue")[template.only("AWS::SQS::Queue", "MakeClipsChecks")]
    hidden, times = checks["VisibilityTimeout"], checks["RedrivePolicy"]["maxReceiveCount"]
    assert hidden > template.functions["check_clip"]["Timeout"]
    assert hidden * times > default(template, "ClipTimeoutSeconds")


def test_a_create_counts_as_over_only_when_whoever_sends_it_cannot_run_any_more(template: Reader) -> None:
    for sender in ("request_clip", "check_clip"):
        assert SURE_AFTER.total_seconds() > template.functions[sender]["Timeout"]
    assert SURE_AFTER.total_seconds() < default(template, "ClipTimeoutSeconds")


def test_a_waiting_step_outlasts_two_looks_that_crashed_but_not_itself(template: Reader) -> None:
    checks = template.all("AWS::SQS::Queue")[template.only("AWS::SQS::Queue", "MakeClipsChecks")]
    delays = read_delays(template.template["Parameters"]["CheckDelays"]["Default"])
    timeout = default(template, "ClipTimeoutSeconds")
    assert max(delays) + 2 * checks["VisibilityTimeout"] <= heartbeat_limit(delays, timeout) < timeout


def test_a_sweep_is_over_before_the_next(template: Reader) -> None:
    assert template.functions["sweep"]["Timeout"] <= 60


def test_functions_ask_for_no_more_than_lambda_has(template: Reader) -> None:
    for function in template.functions.values():
        assert function["Timeout"] <= 900
        assert function["MemorySize"] <= 10240
        assert function["EphemeralStorage"]["Size"] <= 10240


def test_names_leave_room_for_the_name_of_a_stage(template: Reader) -> None:
    for function in template.functions.values():
        assert len(function["FunctionName"].replace("-dev-", "-production-eu-west-1-")) <= 64


def test_no_variable_has_a_name_that_lambda_keeps_for_itself(template: Reader) -> None:
    names = {name for folder in template.functions for name in template.environment(folder)}
    assert not [name for name in names if name.startswith(("AWS_", "_", "LAMBDA_"))]
