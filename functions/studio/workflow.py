"""The state machine as the Lambdas see it: start a run, stop it, release a token, show that one is alive."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from functions.studio.messages import RunRef

if TYPE_CHECKING:
    from types_boto3_stepfunctions import SFNClient


def stepfunctions() -> SFNClient:
    return boto3.client("stepfunctions", config=Config(retries={"mode": "standard", "max_attempts": 5}))


class Workflow:
    """`machine_arn` is needed for runs only; tokens know their execution."""

    def __init__(self, machine_arn: str = "", client: SFNClient | None = None) -> None:
        self.machine_arn = machine_arn
        self.client = client or stepfunctions()

    def execution_arn(self, execution_name: str) -> str:
        return f"{self.machine_arn.replace(':stateMachine:', ':execution:')}:{execution_name}"

    def start(self, job_id: str, run: int, execution_name: str) -> str:
        """The execution's ARN; a name that is taken means that it was started before."""
        document = json.dumps(RunRef(job_id=job_id, run=run).wire())
        try:
            answer = self.client.start_execution(stateMachineArn=self.machine_arn, name=execution_name, input=document)
        except self.client.exceptions.ExecutionAlreadyExists:
            return self.execution_arn(execution_name)
        return answer["executionArn"]

    def status(self, execution_arn: str) -> str:
        """RUNNING, or how it ended (SUCCEEDED, FAILED, TIMED_OUT, ABORTED); GONE when nobody knows it any more."""
        try:
            return self.client.describe_execution(executionArn=execution_arn)["status"]
        except self.client.exceptions.ExecutionDoesNotExist:
            return "GONE"

    def stop(self, execution_name: str, cause: str) -> bool:
        """Ends a run with all children of its maps; False when there is none of that name. One that has ended stays so."""
        try:
            self.client.stop_execution(executionArn=self.execution_arn(execution_name), error="Stopped", cause=cause)
        except self.client.exceptions.ExecutionDoesNotExist:
            return False
        return True

    def release(self, token: str) -> bool:
        """False when nobody waits with this token any more: it was used, replaced or timed out."""
        gone = self.client.exceptions
        try:
            self.client.send_task_success(taskToken=token, output="{}")
        except (gone.TaskTimedOut, gone.TaskDoesNotExist, gone.InvalidToken):
            return False
        return True

    def heartbeat(self, token: str) -> bool:
        """False as in `release`."""
        gone = self.client.exceptions
        try:
            self.client.send_task_heartbeat(taskToken=token)
        except (gone.TaskTimedOut, gone.TaskDoesNotExist, gone.InvalidToken):
            return False
        return True
