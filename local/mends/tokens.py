"""Tokens: one for each wait, answered once, while somebody waits."""

import json
import threading
from typing import Any, Final

from moto.core.responses import EmptyResult
from moto.stepfunctions.parser.api import InvalidOutput, InvalidToken, TaskTimedOut, TaskTimedOutEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    CallbackPoolManager,
    HeartbeatEndpoint,
    HeartbeatTimeoutError,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from local.lambda_client import Functions


class Tokens:
    """Every token of this process: with the endpoint that waits for its answer, or None once it is closed."""

    def __init__(self) -> None:
        self._endpoints: dict[str, CallbackEndpoint | None] = {}
        self._lock = threading.Lock()

    def open(self, endpoint: CallbackEndpoint) -> None:
        with self._lock:
            self._endpoints[endpoint.callback_id] = endpoint

    def close(self, token: str) -> None:
        """Refuses further answers and wakes whatever still waits for one."""
        with self._lock:
            endpoint = self._endpoints.get(token)
            if endpoint is not None:
                self._endpoints[token] = None
                endpoint.interrupt_all()

    def answer(self, token: str, outcome: CallbackOutcome) -> None:
        with self._lock:
            endpoint = self._waiting(token)
            self._endpoints[token] = None
            endpoint.notify(outcome)

    def beat(self, token: str) -> None:
        with self._lock:
            self._waiting(token).notify_heartbeat()

    def _waiting(self, token: str) -> CallbackEndpoint:
        if token not in self._endpoints:
            raise InvalidToken()
        endpoint = self._endpoints[token]
        if endpoint is None:
            raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'", "TaskTimedOut", 400)
        return endpoint


TOKENS: Final = Tokens()


def a_token_is_answered_once_and_in_time(functions: Functions) -> None:
    """A token that was used, whose wait is over or that was never given out is refused (TaskTimedOut,
    InvalidToken), an output that is no JSON too (InvalidOutput), and a heartbeat is welcome from the
    moment that the function has the token. moto takes any answer while the execution runs, an answer of
    failure even later, and refuses a heartbeat before the function has returned.
    """
    add = CallbackPoolManager.add
    evaluate = StateTaskServiceCallback._evaluate_with_timeout

    def add_and_open(self: CallbackPoolManager, callback_id: str) -> CallbackEndpoint:
        endpoint = add(self, callback_id)
        TOKENS.open(endpoint)
        return endpoint

    def evaluate_and_close(self: StateTaskServiceCallback, env: Any) -> None:
        try:
            evaluate(self, env)
        finally:
            if _waits_for_token(self):
                TOKENS.close(_context(env)["Task"]["Token"])

    def succeed(self: StepFunctionsParserBackend, task_token: str, outcome: str) -> None:
        try:
            json.loads(outcome)
        except ValueError as error:
            raise InvalidOutput(f"Invalid Output: '{error}'", "InvalidOutput", 400) from error
        TOKENS.answer(task_token, CallbackOutcomeSuccess(task_token, outcome))

    def fail(
        self: StepFunctionsParserBackend, task_token: str, error: str | None = None, cause: str | None = None
    ) -> None:
        TOKENS.answer(task_token, CallbackOutcomeFailure(task_token, error, cause))

    def beat(self: StepFunctionsParserBackend, task_token: str) -> None:
        TOKENS.beat(task_token)

    CallbackPoolManager.add = add_and_open
    StateTaskServiceCallback._evaluate_with_timeout = evaluate_and_close
    StepFunctionsParserBackend.send_task_success = succeed
    StepFunctionsParserBackend.send_task_failure = fail
    StepFunctionsParserBackend.send_task_heartbeat = beat


def a_retry_waits_on_a_new_token(functions: Functions) -> None:
    """Each Retry of a `.waitForTaskToken` state hands its function a new token; moto hands out the first one again."""
    evaluate = StateTaskServiceCallback._evaluate_with_timeout

    def evaluate_with_new_token(self: StateTaskServiceCallback, env: Any) -> None:
        if _waits_for_token(self) and _context(env)["State"]["RetryCount"] > 0:
            env.callback_pool_manager.add(env.states.context_object.update_task_token())
        evaluate(self, env)

    StateTaskServiceCallback._evaluate_with_timeout = evaluate_with_new_token


def _waits_for_token(state: StateTaskServiceCallback) -> bool:
    return bool(state.resource.condition == ResourceCondition.WaitForTaskToken)


def _context(env: Any) -> dict[str, Any]:
    data: dict[str, Any] = env.states.context_object.context_object_data
    return data


def an_answer_before_the_wait_counts(functions: Functions) -> None:
    """A token may be answered while its function still runs, with a heartbeat asked for or not; moto's
    wait for heartbeats does not look at what came before it.
    """
    set_up = CallbackEndpoint.setup_heartbeat_endpoint

    def set_up_and_look(self: CallbackEndpoint, heartbeat_seconds: int) -> HeartbeatEndpoint:
        heartbeats = set_up(self, heartbeat_seconds)
        if self.get_outcome() is not None:
            heartbeats.notify()
        return heartbeats

    CallbackEndpoint.setup_heartbeat_endpoint = set_up_and_look


def a_missed_heartbeat_is_a_heartbeat_timeout(functions: Functions) -> None:
    """A wait that missed its heartbeat fails with States.HeartbeatTimeout; moto names it States.Timeout."""
    original = StateTask._from_error

    def from_error(self: StateTask, env: Any, ex: Exception) -> FailureEvent:
        event = original(self, env, ex)
        if isinstance(ex, HeartbeatTimeoutError):
            kind = StatesErrorNameType.StatesHeartbeatTimeout
            details = TaskTimedOutEventDetails(**event.event_details["taskTimedOutEventDetails"])
            details["error"] = kind.to_name()
            return FailureEvent(
                env=env,
                error_name=StatesErrorName(typ=kind),
                event_type=event.event_type,
                event_details=EventDetails(taskTimedOutEventDetails=details),
            )
        return event

    StateTask._from_error = from_error


def a_failure_keeps_its_cause(functions: Functions) -> None:
    """SendTaskFailure's cause reaches Catch; moto forgets it on the way."""

    def send_task_failure(self: StepFunctionResponse) -> EmptyResult:
        self.stepfunction_backend.send_task_failure(
            self._get_param("taskToken"), error=self._get_param("error"), cause=self._get_param("cause")
        )
        return EmptyResult()

    StepFunctionResponse.send_task_failure = send_task_failure
