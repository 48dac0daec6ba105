"""Planning a film: a vision model chooses what to show; what is said is written, spoken and timed."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.library import Library
from infra.parameters import Parameters
from infra.runtime import Runtime
from infra.service_key import ServiceKey


class Plan(Construct):
    def __init__(
        self, scope: Construct, id: str, *, runtime: Runtime, library: Library, parameters: Parameters
    ) -> None:
        super().__init__(scope, id)
        self.key = ServiceKey(self, "Xai", service="xai")
        self.openai_key = ServiceKey(self, "Openai", service="openai")
        self.plan = runtime.function(
            self,
            "plan",
            does="Chooses the pairs, has narrations spoken, and writes the clips' rows.",
            seconds=300,
            memory=2048,
            ffmpeg=True,
        )

        self.key.hand_to(self.plan)
        self.openai_key.hand_to(self.plan)
        library.lend_rows(self.plan)
        library.lend_media(self.plan)
        # Speech is no resource of Polly's.
        self.plan.add_to_role_policy(iam.PolicyStatement(actions=["polly:SynthesizeSpeech"], resources=["*"]))
        for variable, value in {
            "XAI_BASE_URL": parameters.xai_base_url,
            "OPENAI_BASE_URL": parameters.openai_base_url,
            "MEDIA_HANDOVER": parameters.media_handover,
            "CHECK_DELAYS": parameters.check_delays,
            "CLIP_TIMEOUT_SECONDS": parameters.clip_timeout_seconds,
        }.items():
            self.plan.add_environment(variable, value)
