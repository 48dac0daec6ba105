"""What is to be other about a scene's picture that is made anew, and about the video that begins with it."""

from __future__ import annotations

from typing import Any, Literal

from functions.api.named_model import the_model
from functions.api.standing import not_named, refuse_to_tier
from functions.api.variants import refuse
from functions.studio.catalogue import Catalogue, Model
from functions.studio.clips import Clip
from functions.studio.errors import Conflict, FieldError
from functions.studio.jobs import Job, JobStatus
from functions.studio.resolutions import Resolution, resolutions
from functions.studio.rows import today
from functions.studio.tiers import Tier


def first_stage(
    stage: Literal["image", "video"] | None, clip: Clip, job: Job, *, image_named: bool
) -> Literal["image", "video"] | None:
    """The first that is made anew; None: the first of which nothing is kept. `image_named`: something is to be other about the
    picture."""
    if clip.image_model is None:
        if stage == "image" or image_named:
            field = "stage" if stage == "image" else "imagePrompt"
            refuse(FieldError(field, "must be left out: the clips of this job have no pictures made for them"))
        return None
    if job.status is JobStatus.AWAITING_APPROVAL:
        if stage == "video":
            raise Conflict(
                f"The picture of clip {clip.number} is to be approved first.",
                hint="POST …/approve lets it go on to its video.",
                errors=(FieldError("stage", "must be image while the job waits"),),
            )
        return "image"
    if stage == "video":
        if image_named:
            refuse(FieldError("stage", "must be image, or left out, where the picture is to be another"))
        if clip.picture is None:
            refuse(FieldError("stage", "must be image, or left out: there is no picture"))
        return "video"
    return "image" if stage == "image" or image_named else None


def picture_wish(
    prompt: str | None,
    name: str | None,
    stage: Literal["image", "video"] | None,
    clip: Clip,
    job: Job,
    catalogue: Catalogue,
    tier: Tier | None,
) -> dict[str, Any]:
    """Fields of a `ClipWish`; of a clip without a picture of its own none."""
    if clip.image_model is None:
        return {}
    said = {
        "stage": stage,
        "image_prompt": clip.image_prompt if prompt is None else prompt,
        "image_model": clip.image_model,
        "image_aspect_ratio": clip.image_aspect_ratio,
    }
    if stage == "video" or (stage is None and clip.picture is not None):
        return said
    model = the_model(name, "still", catalogue, clip.image_model, today(), field="imageModel")
    if tier and name and (why := not_named(model, tier)):
        refuse_to_tier([FieldError("imageModel", why)], "still", tier, catalogue)
    _require_fit(model, str(said["image_prompt"] or ""), clip, prompt_is_new=prompt is not None)
    ratio = None if model.name == job.image_model else _resolution(job).of_image(model)
    return said | {"image_model": model.name, "image_aspect_ratio": ratio}


def video_ratio(model: Model, job: Job) -> str | None:
    """Where it is not the job's."""
    return None if model.name in job.models else _resolution(job).of_video(model)


def _require_fit(model: Model, prompt: str, clip: Clip, *, prompt_is_new: bool) -> None:
    if not model.takes(prompt):
        field = "imagePrompt" if prompt_is_new else "imageModel"
        detail = f"{model.name} takes prompts of {model.prompt_limit} characters"
        refuse(FieldError(field, f"does not go with so long a prompt: {detail}"))
    if model.least_references and clip.reference_key is None:
        refuse(FieldError("imageModel", f"must be another: {model.name} makes nothing without a reference picture"))
    if clip.reference_key and not model.references:
        refuse(
            FieldError("imageModel", f"must be another: {model.name} takes no reference picture, and the scene has one")
        )


def _resolution(job: Job) -> Resolution:
    known = resolutions()
    found = known.find(job.resolution or known.usual) or known.find(known.usual)
    assert found
    return found
