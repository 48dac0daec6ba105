"""What a deployment may choose without changing the template."""

from aws_cdk import CfnParameter, Stack

from infra.settings import setting


class Parameters:
    """The template's parameters, as tokens. The local cloud deploys the same template with other values."""

    def __init__(self, stack: Stack) -> None:
        def parameter(name: str) -> str:
            one = setting(name)
            made = CfnParameter(
                stack,
                one.parameter,
                default=one.default,
                description=one.says,
                allowed_values=list(one.one_of) or None,
                allowed_pattern=one.pattern or None,
                constraint_description=one.would_do or None,
            )
            return made.value_as_string

        self.video_generation_model = parameter("VIDEO_GENERATION_MODEL")
        self.log_level = parameter("LOG_LEVEL")
        self.media_handover = parameter("MEDIA_HANDOVER")
        self.public_url = parameter("PUBLIC_URL")
        self.shared_url = parameter("SHARED_URL")
        self.check_delays = parameter("CHECK_DELAYS")
        self.clip_timeout_seconds = parameter("CLIP_TIMEOUT_SECONDS")
        self.approval_seconds = parameter("APPROVAL_SECONDS")
        self.replicate_base_url = parameter("REPLICATE_BASE_URL")
        self.replicate_output_origins = parameter("REPLICATE_OUTPUT_ORIGINS")
        self.piapi_base_url = parameter("PIAPI_BASE_URL")
        self.piapi_upload_url = parameter("PIAPI_UPLOAD_URL")
        self.piapi_output_origins = parameter("PIAPI_OUTPUT_ORIGINS")
        self.runwayml_enabled = parameter("RUNWAYML_ENABLED")
        self.runwayml_base_url = parameter("RUNWAYML_BASE_URL")
        self.runway_output_origins = parameter("RUNWAY_OUTPUT_ORIGINS")
        self.outside_origins = parameter("OUTSIDE_ORIGINS")
        self.xai_base_url = parameter("XAI_BASE_URL")
        self.openai_base_url = parameter("OPENAI_BASE_URL")
        self.r2_endpoint_url = parameter("R2_ENDPOINT_URL")
        self.r2_public_url = parameter("R2_PUBLIC_URL")
