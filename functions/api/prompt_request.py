"""What a request for a prompted film says, and what of it does not go together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from functions.api import inputs
from functions.api.film_options import MOST_CLIPS
from functions.api.job_request import JobRequest
from functions.api.variants import MOST_VARIANTS, Comparing, refuse
from functions.studio.choice import Policy
from functions.studio.errors import FieldError

LONGEST_FILM = 3600.0

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class ContinueWish(inputs.Input):
    """A clip of a job of one's own, whose last frame this film begins with."""

    job_id: str
    sub_job_number: Annotated[int, Field(ge=1, le=MOST_CLIPS)]


class PromptRequest(JobRequest, Comparing):
    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["script"]}, {"required": ["prompt"]}]})

    mode: Literal["text", "image"] | None = None
    """Without it: image, where there is one."""
    script: Words | None = None
    """Told in a `style`; a `prompt` is sent as it is. One of the two."""
    prompt: Words | None = None
    style: Annotated[str, StringConstraints(max_length=100)] | None = None
    duration_seconds: Annotated[float, Field(ge=1, le=LONGEST_FILM)] | None = None
    fill: bool = False
    """Cover `durationSeconds` with several clips."""
    image_asset_id: str | None = None
    image_url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    """Public, https, of the picture itself."""
    continue_from: ContinueWish | None = None
    provider: Annotated[str, StringConstraints(max_length=100)] | None = None
    model: Annotated[str, StringConstraints(max_length=100)] | None = None
    policy: Policy | None = None
    count: Annotated[int, Field(ge=1, le=MOST_VARIANTS)] = 1

    @property
    def made_from(self) -> Literal["text", "image"]:
        return "image" if self.images or self.mode == "image" else "text"

    @property
    def images(self) -> list[str]:
        """The fields that name one."""
        said = {"imageAssetId": self.image_asset_id, "imageUrl": self.image_url, "continueFrom": self.continue_from}
        return [field for field, value in said.items() if value is not None]


def check_together(asked: PromptRequest) -> None:
    """InvalidRequest that names all that does not go together."""
    faults = [*_of_words(asked), *_of_images(asked), *_of_models(asked)]
    if asked.fill and asked.duration_seconds is None:
        faults.append(FieldError("durationSeconds", "is required with fill: so many seconds are covered"))
    if faults:
        refuse(*faults)


def _of_words(asked: PromptRequest) -> list[FieldError]:
    if asked.script is not None and asked.prompt is not None:
        return [FieldError("prompt", "must be left out with a script: a script is told in a style, a prompt as it is")]
    if asked.script is None and asked.prompt is None:
        return [FieldError("script", "is required, or a prompt")]
    if asked.prompt is not None and asked.style is not None:
        return [FieldError("style", "must be left out with a prompt, which is sent as it is")]
    return []


def _of_images(asked: PromptRequest) -> list[FieldError]:
    if asked.made_from == "image" and not asked.images:
        what = "is required in the mode image, or an imageUrl, or continueFrom"
        return [FieldError("imageAssetId", what)]
    if asked.mode == "text" and asked.images:
        return [FieldError("mode", f"must be image with {asked.images[0]}")]
    return [FieldError(field, f"must be left out with {asked.images[0]}") for field in asked.images[1:]]


def _of_models(asked: PromptRequest) -> list[FieldError]:
    faults = []
    if asked.model is not None and asked.policy is not None:
        faults.append(FieldError("policy", "must be left out with a model: there is nothing to choose"))
    if asked.compare and asked.count > 1:
        faults.append(FieldError("count", "must be left out with compare, which makes a variant with each model"))
    return faults
