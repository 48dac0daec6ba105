"""Making the clips: asking the provider, hearing from it, looking after it, keeping what it made."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.studio.check_queue import LONGEST_SEND, VISIBILITY
from functions.studio.recording import CALLBACKS
from infra.door import Door
from infra.library import Library
from infra.parameters import Parameters
from infra.runtime import Runtime
from infra.service_key import ServiceKey
from infra.share import Share
from infra.workflow import Workflow


class MakeClips(Construct):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        runtime: Runtime,
        library: Library,
        share: Share,
        door: Door,
        workflow: Workflow,
        parameters: Parameters,
    ) -> None:
        super().__init__(scope, id)
        self.key = ServiceKey(self, "Replicate", service="replicate")
        self.piapi_key = ServiceKey(self, "Piapi", service="piapi")
        self.runway_key = ServiceKey(self, "Runway", service="runwayml")
        self.request_clip = runtime.function(
            self, "request_clip", does="Sends a clip's attempt to its provider.", seconds=LONGEST_SEND
        )
        self.callback = runtime.function(
            self, "callback", does="Records what a provider's webhook says and ends the wait for it.", seconds=30
        )
        self.check_clip = runtime.function(
            self,
            "check_clip",
            does="Looks at a prediction that has not called back, or sends what was put off.",
            seconds=LONGEST_SEND,
        )
        self.keep_clip = runtime.function(
            self,
            "keep_clip",
            does="Copies and proves what a provider made.",
            seconds=480,
            memory=2048,
            ffmpeg=True,
        )

        answerers = (self.request_clip, self.callback, self.check_clip)
        askers = (*answerers, self.keep_clip)
        library.lend_rows(*askers)
        senders = (self.request_clip, self.check_clip)
        library.show_media(*senders)
        library.lend_media(self.keep_clip)
        share.show(*senders)
        share.lend(self.keep_clip)
        self._addresses = {
            "REPLICATE_BASE_URL": parameters.replicate_base_url,
            "PIAPI_BASE_URL": parameters.piapi_base_url,
            "PIAPI_UPLOAD_URL": parameters.piapi_upload_url,
            "RUNWAYML_BASE_URL": parameters.runwayml_base_url,
        }
        self.introduce(*askers)
        workflow.take_answers_from(*answerers)
        for function in senders:
            function.add_environment("PUBLIC_URL", door.public_url)
            function.add_environment("MEDIA_HANDOVER", parameters.media_handover)
        self.keep_clip.add_environment("REPLICATE_OUTPUT_ORIGINS", parameters.replicate_output_origins)
        self.keep_clip.add_environment("PIAPI_OUTPUT_ORIGINS", parameters.piapi_output_origins)
        self.keep_clip.add_environment("RUNWAY_OUTPUT_ORIGINS", parameters.runway_output_origins)

        self.dead_checks = sqs.Queue(
            self,
            "DeadChecks",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        self.checks = sqs.Queue(
            self,
            "Checks",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(VISIBILITY),
            # Not set aside before its clip's time is over, even if Lambda is short of concurrency all the while.
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_checks, max_receive_count=10),
        )
        for function in senders:
            function.add_environment("CHECK_QUEUE_URL", self.checks.queue_url)
            function.add_environment("CHECK_DELAYS", parameters.check_delays)
            self.checks.grant_send_messages(function)
        self.check_clip.add_event_source(sources.SqsEventSource(self.checks, batch_size=1))
        door.post_to(CALLBACKS, self.callback)

    def introduce(self, *functions: lambda_.Function) -> None:
        """Lets them speak with the providers."""
        for key in (self.key, self.piapi_key, self.runway_key):
            key.hand_to(*functions)
        for function in functions:
            for variable, address in self._addresses.items():
                function.add_environment(variable, address)
