"""Closing a job, however it ended, and telling whoever listens."""

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.library import Library
from infra.runtime import Runtime
from infra.workflow import Workflow


class Close(Construct):
    def __init__(self, scope: Construct, id: str, *, runtime: Runtime, library: Library, workflow: Workflow) -> None:
        super().__init__(scope, id)
        self.deliver = runtime.function(self, "deliver", does="Closes a job whose film is made.", seconds=60)
        self.close_job = runtime.function(
            self, "close_job", does="Closes a job that ended in any other way.", seconds=60
        )
        self.bus = events.EventBus(self, "Bus", event_bus_name=Stack.of(self).stack_name)

        library.lend_rows(self.deliver, self.close_job)
        self.be_told_by(self.deliver, self.close_job)

        events.Rule(
            self,
            "RunEndedBadly",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                # The maps' children have machine ARNs of their own; their ends are not the job's.
                detail={"status": ["ABORTED", "TIMED_OUT", "FAILED"], "stateMachineArn": [workflow.arn]},
            ),
            targets=[targets.LambdaFunction(self.close_job)],
        )

    def be_told_by(self, *functions: lambda_.Function) -> None:
        """Whoever closes jobs says so on the bus."""
        for function in functions:
            function.add_environment("EVENT_BUS_NAME", self.bus.event_bus_name)
            self.bus.grant_put_events_to(function)
