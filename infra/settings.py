"""Every setting of a deployment: one table for the template, for the local cloud and for the README."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from functions.studio.catalogue import catalogue
from functions.studio.jobs import APPROVAL_SECONDS

ADDRESS: Final = r"[^\s/?#,@]+"
WAIT: Final = r"([1-9][0-9]?|[1-8][0-9]{2}|900)"


@dataclass(frozen=True)
class Setting:
    """On AWS a parameter of the template or a secret; locally a variable of the environment or a line of `.env`."""

    name: str
    """Of the variable."""
    says: str
    default: str = ""
    here: str = ""
    """The local cloud's default, in words, where that is another."""
    parameter: str = ""
    """Of the template."""
    secret: str = ""
    """The output of the stack that says which secret holds it."""
    also: str = ""
    """Another variable that is taken for it."""
    one_of: tuple[str, ...] = ()
    pattern: str = ""
    would_do: str = ""
    """What the pattern asks for, in words."""

    def fault(self, value: str) -> str | None:
        """What is wrong with a value and what would do, in a sentence; it never shows a secret."""
        if self.one_of and value not in self.one_of:
            return f"{self.name} cannot be {value!r}; one of these would do: {', '.join(self.one_of)}."
        if self.pattern and not re.fullmatch(self.pattern, value):
            shown = "what it is (not shown)" if self.secret else repr(value)
            return f"{self.name} cannot be {shown}; what would do: {self.would_do}."
        return None


KEY: Final = "[!-~]+"
KEY_ALONE: Final = "the key alone, which has neither white space nor letters beyond ASCII"

SETTINGS: Final = (
    Setting(
        "XAI_API_KEY",
        "The key for xAI, whose vision model chooses the pairs. Set locally, xAI is used for real.",
        here="none: xAI is stood in for",
        secret="XaiSecretArn",
        pattern=KEY,
        would_do=KEY_ALONE,
    ),
    Setting(
        "OPENAI_API_KEY",
        "The key for OpenAI, which writes, speaks and times what films say. Set locally, OpenAI is used for real.",
        here="none: OpenAI is stood in for",
        secret="OpenaiSecretArn",
        pattern=KEY,
        would_do=KEY_ALONE,
    ),
    Setting(
        "REPLICATE_API_KEY",
        "The key for Replicate, which makes the clips. Set locally, Replicate is used for real, at its prices.",
        here="none: Replicate is stood in for",
        secret="ReplicateSecretArn",
        also="REPLICATE_API_TOKEN",
        pattern=KEY,
        would_do=KEY_ALONE,
    ),
    Setting(
        "PIAPI_API_KEY",
        "The key for PiAPI, which makes clips too. Set locally, PiAPI is used for real, at its prices.",
        here="none: PiAPI is stood in for",
        secret="PiapiSecretArn",
        pattern=KEY,
        would_do=KEY_ALONE,
    ),
    Setting(
        "RUNWAYML_API_SECRET",
        "The key for Runway, which makes pictures and clips. Set locally, Runway is used for real, at its prices.",
        here="none: Runway is stood in for",
        secret="RunwaySecretArn",
        pattern=KEY,
        would_do=KEY_ALONE,
    ),
    *(
        Setting(name, says, secret="R2SecretArn", pattern=KEY, would_do=KEY_ALONE)
        for name, says in (
            (
                "R2_ACCOUNT_ID",
                "Cloudflare's account, whose R2 films may be copied to (`destination`). The secret is a JSON object of all four.",
            ),
            ("R2_ACCESS_KEY_ID", "Of an API token of R2 that may read and write its buckets' objects."),
            ("R2_SECRET_ACCESS_KEY", "Of the same token."),
            ("R2_BUCKET_NAME", "The bucket that films are copied to; others that requests may name behind commas."),
        )
    ),
    Setting(
        "R2_ENDPOINT_URL",
        "The service that has these buckets, where it is another that speaks S3: empty for Cloudflare's own.",
        parameter="R2EndpointUrl",
        pattern=rf"|https?://{ADDRESS}",
        would_do="an http(s) origin, or nothing",
    ),
    Setting(
        "R2_PUBLIC_URL",
        "Where everybody can read the first of these buckets, as `https://pub-….r2.dev`: `deliveredTo` tells each file's URL there.",
        parameter="R2PublicUrl",
        pattern=rf"|https?://{ADDRESS}(/[^\s?#]*[^\s?#/])?",
        would_do="an http(s) address without a slash at its end, or nothing",
    ),
    Setting(
        "RUNWAYML_ENABLED",
        "Whether Runway is asked at all: with `false` its models cannot be had, and jobs that have them go on.",
        default="true",
        parameter="RunwaymlEnabled",
        one_of=("true", "false"),
    ),
    Setting(
        "VIDEO_GENERATION_MODEL",
        "The catalogue's model for jobs that name none.",
        default="veo3",
        parameter="VideoGenerationModel",
        one_of=tuple(
            model.name
            for model in catalogue().in_mode("pair")
            if catalogue().missing(model) is None and not model.retired
        ),
    ),
    Setting(
        "LOG_LEVEL",
        "What every function logs at least.",
        default="INFO",
        parameter="LogLevel",
        one_of=("DEBUG", "INFO", "WARNING", "ERROR"),
    ),
    Setting(
        "MEDIA_HANDOVER",
        "How pictures reach the providers: as signed URLs, or uploaded to them (from where nobody can fetch).",
        default="url",
        here="`upload` as soon as a service is real",
        parameter="MediaHandover",
        one_of=("url", "upload"),
    ),
    Setting(
        "PUBLIC_URL",
        "Where providers reach the API with their webhooks: empty for its own address, `none` for no webhooks.",
        here="`none` if Replicate or PiAPI is real: they are asked instead of calling back",
        parameter="PublicUrl",
        pattern=rf"|none|https://{ADDRESS}(/[^\s?#]*[^\s?#/])?",
        would_do="an https:// address without a slash at its end (a tunnel to this machine's port, say), or none",
    ),
    Setting(
        "SHARED_URL",
        "Where the world has the pictures that are shared: empty for the stack's own distribution.",
        here="a port of this machine",
        parameter="SharedUrl",
        pattern=rf"|https?://{ADDRESS}(/[^\s?#]*[^\s?#/])?",
        would_do="an http(s) address without a slash at its end, of what reads the distribution",
    ),
    Setting(
        "CHECK_DELAYS",
        "Seconds between looks at a prediction; the last repeats.",
        default="30,60,120",
        here="`3,3,5,10`",
        parameter="CheckDelays",
        pattern=f"{WAIT}(,{WAIT})*",
        would_do="whole numbers from 1 to 900 with commas between them",
    ),
    Setting(
        "CLIP_TIMEOUT_SECONDS",
        "How long a clip's attempt may take, waiting included.",
        default="600",
        parameter="ClipTimeoutSeconds",
        pattern="[1-9][0-9]{1,2}|[12][0-9]{3}|3[0-5][0-9]{2}|3600",
        would_do="a whole number from 10 to 3600",
    ),
    Setting(
        "APPROVAL_SECONDS",
        "How long a job with `pauseAfter` waits for its caller; then what is approved goes on, and the rest is given up.",
        default=str(APPROVAL_SECONDS),
        parameter="ApprovalSeconds",
        pattern="[1-9][0-9]{0,5}|1[0-9]{6}|2[0-4][0-9]{5}|25[0-8][0-9]{4}|259[01][0-9]{3}|2592000",
        would_do="a whole number from 1 to 2592000, which is 30 days",
    ),
    Setting(
        "REPLICATE_BASE_URL",
        "Replicate's API.",
        default="https://api.replicate.com",
        here="the stand-in, without a key",
        parameter="ReplicateBaseUrl",
        pattern=rf"https?://{ADDRESS}(/[^\s?#]*)?",
        would_do="an http(s) address",
    ),
    Setting(
        "REPLICATE_OUTPUT_ORIGINS",
        "Origins, separated by commas, from which an output may be fetched.",
        default="https://replicate.delivery,https://*.replicate.delivery",
        here="the stand-in, without a key; else these, and the origin of a `REPLICATE_BASE_URL` of your own",
        parameter="ReplicateOutputOrigins",
        pattern=rf"https?://{ADDRESS}(,https?://{ADDRESS})*",
        would_do="origins like https://replicate.delivery, without paths, with commas between them",
    ),
    Setting(
        "PIAPI_BASE_URL",
        "PiAPI's API.",
        default="https://api.piapi.ai",
        here="the stand-in, without a key",
        parameter="PiapiBaseUrl",
        pattern=rf"https?://{ADDRESS}(/[^\s?#]*)?",
        would_do="an http(s) address",
    ),
    Setting(
        "PIAPI_UPLOAD_URL",
        "PiAPI's keeper of uploads, which wants an account of its Creator plan or above.",
        default="https://upload.theapi.app",
        here="the stand-in, without a key; else this, or a `PIAPI_BASE_URL` of your own",
        parameter="PiapiUploadUrl",
        pattern=rf"https?://{ADDRESS}(/[^\s?#]*)?",
        would_do="an http(s) address",
    ),
    Setting(
        "PIAPI_OUTPUT_ORIGINS",
        "The same for PiAPI's outputs. PiAPI lists none: these are seen in its examples, and unconfirmed.",
        default="https://*.theapi.app,https://storage.cdn-luma.com",
        here="as for Replicate",
        parameter="PiapiOutputOrigins",
        pattern=rf"https?://{ADDRESS}(,https?://{ADDRESS})*",
        would_do="origins like https://img.theapi.app, without paths, with commas between them",
    ),
    Setting(
        "RUNWAYML_BASE_URL",
        "Runway's API.",
        default="https://api.dev.runwayml.com",
        here="the stand-in, without a key",
        parameter="RunwaymlBaseUrl",
        pattern=rf"https?://{ADDRESS}(/[^\s?#]*)?",
        would_do="an http(s) address",
    ),
    Setting(
        "RUNWAY_OUTPUT_ORIGINS",
        "The same for Runway's outputs: the one of its documentation, which does not say that it is the only one.",
        default="https://dnznrvs05pmza.cloudfront.net",
        here="as for Replicate",
        parameter="RunwayOutputOrigins",
        pattern=rf"https?://{ADDRESS}(,https?://{ADDRESS})*",
        would_do="origins like https://outputs.example, without paths, with commas between them",
    ),
    Setting(
        "OUTSIDE_ORIGINS",
        "Origins, separated by commas, that users' URLs may lead to although they are not public and https.",
        here="the stand-ins",
        parameter="OutsideOrigins",
        pattern=rf"|https?://{ADDRESS}(,https?://{ADDRESS})*",
        would_do="origins like http://pictures.internal:8080, without paths, with commas between them, or none",
    ),
    Setting(
        "XAI_BASE_URL",
        "xAI's API.",
        default="https://api.x.ai/v1",
        here="the stand-in, without a key",
        parameter="XaiBaseUrl",
        pattern=rf"https?://{ADDRESS}(/[^\s?#]*)?",
        would_do="an http(s) address",
    ),
    Setting(
        "OPENAI_BASE_URL",
        "OpenAI's API.",
        default="https://api.openai.com/v1",
        here="the stand-in, without a key",
        parameter="OpenaiBaseUrl",
        pattern=rf"https?://{ADDRESS}(/[^\s?#]*)?",
        would_do="an http(s) address",
    ),
    Setting(
        "PORT",
        "Of the API on this machine (0: any free one); `make local` only.",
        here="`8080`",
        pattern="[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]",
        would_do="a number from 0 to 65535",
    ),
)


_BY_NAME: Final = {one.name: one for one in SETTINGS}


def setting(name: str) -> Setting:
    """Raises KeyError for a name that is not in the table."""
    return _BY_NAME[name]


def markdown() -> str:
    """The rows of the README's table."""
    rows = ["| setting | what it says | default | locally | on AWS |", "|---|---|---|---|---|"]
    for one in SETTINGS:
        name = f"`{one.name}`" + (f" (or `{one.also}`)" if one.also else "")
        there = f"parameter `{one.parameter}`" if one.parameter else f"secret `{one.secret}`" if one.secret else "–"
        default = f"`{one.default}`" if one.default else "–"
        rows.append(f"| {name} | {one.says} | {default} | {one.here or 'the same'} | {there} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(markdown())
