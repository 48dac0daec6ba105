"""What a deployment may choose without changing the template."""

from aws_cdk import CfnParameter, Stack


class Parameters:
    """The template's parameters, as tokens. The local cloud deploys the same template with other values."""

    def __init__(self, stack: Stack) -> None:
        def text(name: str, default: str, description: str, **limits: object) -> str:
            parameter = CfnParameter(stack, name, default=default, description=description, **limits)  # type: ignore[arg-type]  # limits are CfnParameter's own keywords
            return parameter.value_as_string

        self.video_generation_model = text(
            "VideoGenerationModel", "veo3", "The catalogue's model for jobs that name none."
        )
        self.log_level = text(
            "LogLevel",
            "INFO",
            "Of every function.",
            allowed_values=["DEBUG", "INFO", "WARNING", "ERROR"],
        )
        self.public_url = text(
            "PublicUrl",
            "",
            "Where providers reach the API: empty for its own endpoint, 'none' to ask for no webhooks.",
        )
        self.replicate_base_url = text("ReplicateBaseUrl", "https://api.replicate.com", "Replicate's API.")
        self.replicate_output_origins = text(
            "ReplicateOutputOrigins",
            "https://replicate.delivery,https://*.replicate.delivery",
            "Origins, separated by commas, from which an output may be fetched.",
        )
        self.xai_base_url = text("XaiBaseUrl", "https://api.x.ai/v1", "xAI's API.")
        self.check_delays = text(
            "CheckDelays",
            "30,60,120",
            "Seconds between looks at a prediction; the last repeats, and three times the longest is the heartbeat.",
            allowed_pattern=r"([1-9][0-9]?|[1-8][0-9]{2}|900)(,([1-9][0-9]?|[1-8][0-9]{2}|900))*",
        )
        self.clip_timeout_seconds = text(
            "ClipTimeoutSeconds",
            "600",
            "How long a clip's attempt may take, waiting included.",
            allowed_pattern="[1-9][0-9]{1,2}|[12][0-9]{3}|3[0-5][0-9]{2}|3600",
        )
