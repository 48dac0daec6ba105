"""EventBridge: rules that invoke functions, and what Step Functions tells them."""

import copy
import datetime
import functools
import json
import uuid
from collections.abc import Callable
from typing import Any, Final

from moto.events.models import Rule, events_backends
from moto.events.utils import EventTemplateParser
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.utils.json_path import extract_json
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

from local.credentials import ACCOUNT, REGION
from local.lambda_client import Functions
from local.mends.executions import STATUS, Child

STATUS_CHANGE: Final = "Step Functions Execution Status Change"
ENVELOPE: Final = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")


def a_rule_invokes_its_function(functions: Functions) -> None:
    """An event that matches an enabled rule's pattern invokes the functions among its targets, with the event or what the
    target makes of it (Input, InputPath, InputTransformer). moto's PutEvents answers 500 when a target is a function,
    and sends to disabled rules too.
    """
    send = Rule.send_to_targets

    def send_to_targets(self: Rule, original_event: dict[str, Any], transform_input: bool = True) -> None:
        scheduled_only = not self.event_pattern.get_pattern()
        if self.state == "DISABLED" or scheduled_only or not self.event_pattern.matches_event(original_event):
            return
        for target in self.targets:
            if ":lambda:" in target["Arn"]:
                functions.invoke_later(target["Arn"], json.dumps(_input(target, original_event)).encode())
        others = copy.copy(self)
        others.targets = [target for target in self.targets if ":lambda:" not in target["Arn"]]
        send(others, original_event, transform_input)

    Rule.send_to_targets = send_to_targets


def _input(target: dict[str, Any], event: dict[str, Any]) -> Any:
    envelope = {key: event[key] for key in ENVELOPE}
    if isinstance(envelope["time"], int | float):
        envelope["time"] = _iso(datetime.datetime.fromtimestamp(envelope["time"], tz=datetime.UTC))
    if "Input" in target:
        return json.loads(target["Input"])
    if "InputPath" in target:
        return extract_json(target["InputPath"], envelope)
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        return EventTemplateParser.parse(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), envelope)
    return envelope


def a_change_of_status_is_an_event(functions: Functions) -> None:
    """Every start and end of an execution, an item's too, is a "Step Functions Execution Status Change" on the default
    bus; moto sends none.
    """

    def told(method: Callable[..., None], of: Callable[[Any], Execution]) -> Callable[..., None]:
        @functools.wraps(method)
        def change(self: Any, *args: Any, **kwargs: Any) -> None:
            execution = of(self)
            with STATUS:
                before = execution.exec_status
                method(self, *args, **kwargs)
                if execution.exec_status != before:
                    _publish(execution)

        return change

    Execution.start = told(Execution.start, lambda execution: execution)
    Execution.stop = told(Execution.stop, lambda execution: execution)
    BaseExecutionWorkerCommunication.terminated = told(
        BaseExecutionWorkerCommunication.terminated, lambda worker: worker.execution
    )
    Child.listeners.append(_publish)


def _publish(execution: Execution | Child) -> None:
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": STATUS_CHANGE,
        "source": "aws.states",
        "account": ACCOUNT,
        "time": _iso(execution.stop_date or execution.start_date),
        "region": REGION,
        "resources": [execution.exec_arn],
        "detail": _detail(execution),
    }
    for rule in list(events_backends[ACCOUNT][REGION].describe_event_bus("default").rules.values()):
        rule.send_to_targets(event)


def _detail(execution: Execution | Child) -> dict[str, Any]:
    """As AWS gives it: times in milliseconds, input and output as JSON in a string."""
    succeeded = execution.exec_status == ExecutionStatus.SUCCEEDED
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.exec_status.value,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": execution.stop_date and _milliseconds(execution.stop_date),
        "input": json.dumps(execution.input_data),
        "output": json.dumps(execution.output) if succeeded else None,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": None,
        "inputDetails": {"included": True},
        "outputDetails": {"included": True} if succeeded else None,
        "error": execution.error,
        "cause": execution.cause,
    }


def _milliseconds(moment: datetime.datetime) -> int:
    return round(moment.timestamp() * 1000)


def _iso(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
