"""Functions in task states."""

from typing import Any, Final

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType, LambdaFunctionFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from local.lambda_client import Functions, ServiceError

REQUEST_ID: Final = "00000000-0000-0000-0000-000000000000"


def functions_run_behind_the_invoke_server(functions: Functions) -> None:
    """A task calls the function its state names; the function's error type is what Retry and Catch match.

    moto looks for the function in its own Lambda, which would run it in a container.
    """

    def invoke(parameters: dict[str, Any], region: str, state_credentials: Any) -> dict[str, Any]:
        try:
            answer = functions.invoke(parameters["FunctionName"], parameters.get("Payload") or b"{}")
        except ServiceError as error:
            raise _client_error(error) from error
        response = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": answer.payload}
        if answer.error:
            response["FunctionError"] = answer.error
        return response

    lambda_eval_utils._invoke_lambda_function = invoke


def _client_error(error: ServiceError) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": error.code, "Message": str(error)},
            "ResponseMetadata": {
                "HTTPStatusCode": error.status,
                "RequestId": REQUEST_ID,
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "Invoke",
    )


def a_function_named_by_its_arn_fails_with_lambdas_own_errors(functions: Functions) -> None:
    """A function called by its bare ARN fails with `Lambda.TooManyRequestsException` and the like, as
    `lambda:invoke` does; in moto every such error is called `Exception`.
    """
    original = StateTaskLambda._from_error

    def from_error(self: StateTaskLambda, env: Any, ex: Exception) -> FailureEvent:
        if not isinstance(ex, ClientError):
            return original(self, env, ex)
        error, cause = StateTaskServiceLambda._error_cause_from_client_error(ex)
        return FailureEvent(
            env=env,
            error_name=CustomErrorName(error),
            event_type=HistoryEventType.LambdaFunctionFailed,
            event_details=EventDetails(
                lambdaFunctionFailedEventDetails=LambdaFunctionFailedEventDetails(error=error, cause=cause)
            ),
        )

    StateTaskLambda._from_error = from_error


def a_broken_machine_is_not_caught(functions: Functions) -> None:
    """States.ALL and States.TaskFailed match neither States.Runtime nor States.DataLimitExceeded: an execution that
    misses a path or outgrows its state fails. In moto States.ALL catches them.
    """
    eval_body = ErrorEqualsDecl._eval_body
    terminal = tuple(
        StatesErrorName(typ=kind)
        for kind in (StatesErrorNameType.StatesRuntime, StatesErrorNameType.StatesStatesDataLimitExceeded)
    )

    def eval_body_unless_terminal(self: ErrorEqualsDecl, env: Any) -> None:
        error = env.stack[-1]
        eval_body(self, env)
        if error in terminal and error not in self.error_names:
            env.stack[-1] = False

    ErrorEqualsDecl._eval_body = eval_body_unless_terminal
