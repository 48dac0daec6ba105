"""Closing a job, however it ended, and telling whoever listens."""

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from functions.studio.events import CANCELLING, CLOSING, COPY, LATE, SOURCE
from infra.library import Library
from infra.make_clips import MakeClips
from infra.parameters import Parameters
from infra.runtime import Runtime
from infra.service_key import ServiceKey
from infra.workflow import Workflow


class Close(Construct):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        runtime: Runtime,
        library: Library,
        workflow: Workflow,
        clips: MakeClips,
        parameters: Parameters,
    ) -> None:
        super().__init__(scope, id)
        self.deliver = runtime.function(
            self, "deliver", does="Closes a job whose film is made, or pauses it.", seconds=60
        )
        self.deliver.add_environment("APPROVAL_SECONDS", parameters.approval_seconds)
        self.close_job = runtime.function(
            self,
            "close_job",
            does="Closes a job that ended in any other way, and stops what runs for it.",
            # A thousand predictions are cancelled one by one, at no more than the provider's 3,000 calls a minute.
            seconds=300,
        )
        self.copy_film = runtime.function(
            self,
            "copy_film",
            does="Copies a film to where its caller wants it too.",
            # Gigabytes go through it, as fast as the other side takes them.
            seconds=900,
            memory=1024,
        )
        self.r2_keys = ServiceKey(self, "R2", service="r2")
        self.r2_keys.hand_to(self.copy_film)
        self.copy_film.add_environment("R2_ENDPOINT_URL", parameters.r2_endpoint_url)
        self.copy_film.add_environment("R2_PUBLIC_URL", parameters.r2_public_url)
        self.bus = events.EventBus(self, "Bus", event_bus_name=Stack.of(self).stack_name)

        library.lend_rows(self.deliver, self.close_job, self.copy_film)
        library.show_media(self.copy_film)
        self.be_told_by(self.deliver, self.close_job, clips.callback, clips.check_clip, clips.keep_clip)
        self.let_stop(self.close_job, clips=clips, workflow=workflow)
        self._hear("ToBeStopped", [CANCELLING, CLOSING], self.close_job)
        self._hear("ToBeCopied", [COPY], self.copy_film)
        self._hear("CameLate", [LATE], clips.keep_clip)

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

    def let_stop(self, function: lambda_.Function, *, clips: MakeClips, workflow: Workflow) -> None:
        """Whoever stops a run cancels its predictions, ends the waits for them, and the execution."""
        clips.introduce(function)
        workflow.take_answers_from(function)
        workflow.be_stopped_by(function)

    def _hear(self, id: str, kinds: list[str], function: lambda_.Function) -> None:
        events.Rule(
            self,
            id,
            event_bus=self.bus,
            event_pattern=events.EventPattern(source=[SOURCE], detail_type=kinds),
            targets=[targets.LambdaFunction(function)],
        )

    def be_told_by(self, *functions: lambda_.Function) -> None:
        """Whoever has something to say of jobs and clips says it on the bus."""
        for function in functions:
            function.add_environment("EVENT_BUS_NAME", self.bus.event_bus_name)
            self.bus.grant_put_events_to(function)
