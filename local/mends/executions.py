"""Executions: how they start, how they end, and those of a distributed map's items."""

import datetime
import json
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any, ClassVar, Final

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker as items,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import Job
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.asl.eval.states import ExecutionData, StateMachineData
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from local.lambda_client import Functions
from local.mends.tokens import TOKENS

BEGIN_SECONDS: Final = 10.0

# Held around every change of a status, so that an end by itself and a stop from outside cannot both happen.
STATUS: Final = threading.RLock()


class Child:
    """The execution of one item of a distributed map, which moto runs inside its parent's; shaped like an Execution.

    `listeners` are called with each that has begun or ended.
    """

    listeners: ClassVar[list[Callable[["Child"], None]]] = []

    def __init__(self, parent: str, state_machine: str, execution_input: Any) -> None:
        self.parent = parent
        self.name = str(uuid.uuid4())
        self.state_machine_arn = state_machine
        self.exec_arn = f"{state_machine.replace(':stateMachine:', ':execution:')}:{self.name}"
        self.input_data = execution_input
        self.start_date = _now()
        self.stop_date: datetime.datetime | None = None
        self.exec_status = ExecutionStatus.RUNNING
        self.output: Any = None
        self.error: str | None = None
        self.cause: str | None = None
        self._tell()

    def end(self, status: ExecutionStatus, output: Any = None, error: dict[str, str] | None = None) -> None:
        """Ends this execution unless it has ended before."""
        with STATUS:
            if self.exec_status == ExecutionStatus.RUNNING:
                self.stop_date = _now()
                self.output = output
                self.error = (error or {}).get("error")
                self.cause = (error or {}).get("cause")
                self.exec_status = status
                self._tell()

    def _tell(self) -> None:
        for listener in self.listeners:
            listener(self)


CHILDREN: Final[defaultdict[str, list[Child]]] = defaultdict(list)


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.UTC)


def a_stopped_execution_is_aborted_at_once(functions: Functions) -> None:
    """StopExecution makes an execution ABORTED with the error and cause given, at once and for good; one that has
    ended stays as it is. moto waits for the states that run to end by themselves, and takes their end for its own.
    """
    terminated = BaseExecutionWorkerCommunication.terminated

    def stop(self: Execution, stop_date: datetime.datetime, error: str | None, cause: str | None) -> None:
        with STATUS:
            if self.exec_status != ExecutionStatus.RUNNING:
                return
            self.stop_date, self.error, self.cause = stop_date, error, cause
            self.exec_status = ExecutionStatus.ABORTED
        _running_environment(self).set_stop(stop_date=stop_date, cause=cause, error=error)

    def terminated_unless_stopped(self: BaseExecutionWorkerCommunication) -> None:
        with STATUS:
            if self.execution.exec_status == ExecutionStatus.RUNNING:
                terminated(self)

    def stop_execution(self: StepFunctionResponse) -> ActionResult:
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        execution.stop(_now(), self._get_param("error"), self._get_param("cause"))
        return ActionResult({"stopDate": execution.stop_date})

    Execution.stop = stop
    BaseExecutionWorkerCommunication.terminated = terminated_unless_stopped
    StepFunctionResponse.stop_execution = stop_execution


def _running_environment(execution: Execution) -> Environment:
    """The environment of an execution that was just started appears in its own thread, and takes no stop before it runs."""
    deadline = time.monotonic() + BEGIN_SECONDS
    while time.monotonic() < deadline:
        environment = execution.exec_worker.env
        if environment is not None and environment.program_state() is not None:
            return environment
        time.sleep(0.005)
    raise TimeoutError(f"{execution.exec_arn} has not begun to run")


def an_ended_execution_leaves_no_token_open(functions: Functions) -> None:
    """Whatever ends an execution (StopExecution, its time-out, a failure beside it) ends its waits: the tokens
    of it and of its items are refused and the items' executions are ABORTED. In moto they wait on.
    """
    stop = Execution.stop
    terminated = BaseExecutionWorkerCommunication.terminated

    def stop_and_end(self: Execution, stop_date: datetime.datetime, error: str | None, cause: str | None) -> None:
        stop(self, stop_date, error, cause)
        if self.exec_status != ExecutionStatus.RUNNING:
            _end_waits(self)

    def terminated_and_end(self: BaseExecutionWorkerCommunication) -> None:
        terminated(self)
        _end_waits(self.execution)

    Execution.stop = stop_and_end
    BaseExecutionWorkerCommunication.terminated = terminated_and_end


def _end_waits(execution: Execution) -> None:
    for token in list(execution.exec_worker.env.callback_pool_manager._pool):
        TOKENS.close(token)
    for child in CHILDREN.pop(execution.exec_arn, ()):
        child.end(ExecutionStatus.ABORTED)


def a_name_starts_one_execution(functions: Functions) -> None:
    """Of two StartExecutions with one name at the same moment one starts an execution, and the other is told of it;
    one without a name gets a name of its own. moto looks for the name first and takes it later, and "None" is a name.
    """
    start = StepFunctionsParserBackend.start_execution
    lock = threading.Lock()

    def start_one(
        self: StepFunctionsParserBackend, state_machine_arn: str, name: str | None = None, *more: Any
    ) -> Execution:
        with lock:
            return start(self, state_machine_arn, name or str(uuid.uuid4()), *more)

    StepFunctionsParserBackend.start_execution = start_one


def a_timed_out_execution_says_when_it_stopped(functions: Functions) -> None:
    """DescribeExecution and ListExecutions give every ended execution its stopDate; moto forgets the timed-out ones."""
    describe, list_all = StepFunctionResponse.describe_execution, StepFunctionResponse.list_executions

    def describe_execution(self: StepFunctionResponse) -> ActionResult:
        answer = describe(self)
        execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
        if execution.stop_date is not None:
            answer.result["stopDate"] = execution.stop_date
        return answer

    def list_executions(self: StepFunctionResponse) -> ActionResult:
        answer = list_all(self)
        for entry in answer.result["executions"]:
            execution = self.stepfunction_backend.describe_execution(entry["executionArn"])
            if execution.stop_date is not None:
                entry["stopDate"] = execution.stop_date
        return answer

    StepFunctionResponse.describe_execution = describe_execution
    StepFunctionResponse.list_executions = list_executions


def an_output_is_described_as_json(functions: Functions) -> None:
    """DescribeExecution gives every output as JSON; moto gives a string without its quotes."""
    describe = StepFunctionResponse.describe_execution

    def describe_execution(self: StepFunctionResponse) -> ActionResult:
        answer = describe(self)
        if "output" in answer.result:
            execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
            answer.result["output"] = json.dumps(execution.output)
        return answer

    StepFunctionResponse.describe_execution = describe_execution


def an_item_has_an_execution_of_its_own(functions: Functions) -> None:
    """Each item of a DISTRIBUTED map runs in an execution of its own, of the state machine `{name}/{Label}`: that is
    what `$$.Execution` and `$$.StateMachine` are in an item processor. In moto they are the parent's.
    """
    eval_job = items.DistributedItemProcessorWorker._eval_job

    def eval_job_as_child(self: items.DistributedItemProcessorWorker, env: Environment, job: Job) -> None:
        job.job_program = _ChildProgram(job.job_program, self._map_run_record.map_state_machine_arn)
        eval_job(self, env, job)

    items.DistributedItemProcessorWorker._eval_job = eval_job_as_child


class _ChildProgram:
    """The program of one item: runs in its parent's environment, under its own name."""

    def __init__(self, program: Program, state_machine: str) -> None:
        self._program = program
        self._state_machine = state_machine

    def eval(self, env: Environment) -> None:
        context = env.states.context_object.context_object_data
        parent = context["Execution"]
        child = Child(parent["Id"], self._state_machine, env.states.get_input())
        context["Execution"] = ExecutionData(
            Id=child.exec_arn,
            Input=child.input_data,
            Name=child.name,
            RoleArn=parent["RoleArn"],
            StartTime=child.start_date,
        )
        context["StateMachine"] = StateMachineData(Id=self._state_machine, Name=self._state_machine.rpartition(":")[2])
        CHILDREN[child.parent].append(child)
        self._program.eval(env)
        match env.program_state():
            case ProgramEnded():
                child.end(ExecutionStatus.SUCCEEDED, output=env.states.get_input())
            case ProgramStopped():
                child.end(ExecutionStatus.ABORTED)
            case ProgramTimedOut():
                child.end(ExecutionStatus.ABORTED)
            case state:
                child.end(ExecutionStatus.FAILED, error=getattr(state, "error", None))
