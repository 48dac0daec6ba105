"""Seed 003: a film from a script, and perhaps a picture, by `generation_mode`. Its videos are the jobs of kind `prompt`.

Unlike v3 it takes whatever the model makes: a film shorter than was asked, in the shape that the model falls back to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from functions.api.accept_job import Draft, Reception
from functions.api.dialects.words import ROOT, Asked, Newest, Said, in_their_words, newest, read
from functions.api.envelope import JSON, Money
from functions.api.progress import progress
from functions.api.prompt_request import LONGEST_FILM, PromptRequest, Words
from functions.studio.brief import Brief
from functions.studio.catalogue import Catalogue
from functions.studio.clips import Clip
from functions.studio.cut import AspectRatio
from functions.studio.errors import FieldError, InvalidRequest
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus

Mode = Literal["text_to_video", "image_to_video"]
MODES: dict[str, Mode] = {"text": "text_to_video", "image": "image_to_video"}
STATUSES = {JobStatus.COMPLETED: "completed", JobStatus.FAILED: "failed", JobStatus.CANCELLED: "failed"}


class _Generate(Asked):
    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["script"]}, {"required": ["prompt"]}]})

    campaign_id: str
    script: Words | None = None
    prompt: Words | None = None
    """Sent as it is, instead of a script."""
    style: Annotated[str, StringConstraints(max_length=100)] | None = None
    duration: Annotated[float, Field(ge=1, le=LONGEST_FILM)] | None = None
    aspect_ratio: AspectRatio | None = None
    provider: Annotated[str, StringConstraints(max_length=100)] | None = None
    """A model of the catalogue, such as `piapi_hunyuan_fast`; without it the duration chooses."""


def _no_picture(said: object) -> None:
    if said is not None:
        raise ValueError("must be left out with text_to_video; image_to_video begins with a picture")


class TextToVideo(_Generate):
    generation_mode: Literal["text_to_video"]
    image_url: Annotated[None, BeforeValidator(_no_picture)] = None


class ImageToVideo(_Generate):
    generation_mode: Literal["image_to_video"]
    image_url: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    """Public, https, of the picture itself."""


GENERATES: dict[Any, type[TextToVideo | ImageToVideo]] = {
    "text_to_video": TextToVideo,
    "image_to_video": ImageToVideo,
}


class Video(Said):
    """URLs are signed, and good for an hour."""

    id: str
    video_id: str
    status: str
    progress: int
    """Per cent."""
    campaign_id: str
    provider: str
    model_name: str
    generation_mode: Mode
    script: str | None
    prompt: str | None
    style: str | None
    aspect_ratio: str | None
    """As it was asked for; `video_width` and `video_height` are what came."""
    duration: float
    """As `actual_duration`."""
    requested_duration: float | None
    actual_duration: float
    """Seconds that were made, or will be."""
    cost: Money
    """USD: what it took, or while it is made, what it will."""
    video_url: str | None = None
    video_raw_url: str | None = None
    """The clip, as the provider made it."""
    thumbnail_url: str | None = None
    last_frame_url: str | None = None
    video_width: int | None = None
    video_height: int | None = None
    error_message: str | None = None
    error_code: str | None = None
    warnings: list[str]
    created_at: str
    started_at: str | None = None
    completed_at: str | None = None


class VideoLibrary(Newest):
    videos: list[Video]


def generate(
    document: dict[str, Any], drafted: Callable[[PromptRequest], Draft], reception: Reception, catalogue: Catalogue
) -> Response[Any]:
    asked = _translated(read(_mode(document.get("generation_mode")), document))
    answer = reception.accept(asked, lambda: drafted(asked))
    assert answer.body
    assert answer.body.data
    job = reception.jobs.job(answer.body.data.id)
    headers = {**answer.headers, "Location": f"{ROOT}/status/{job.id}"}
    return Response(answer.status_code, JSON, _as_accepted(job, _brief(job), catalogue), headers)


def shown(job: Job, clips: Sequence[Clip], catalogue: Catalogue, at: datetime, signed: Callable[[str], str]) -> Video:
    return _as_accepted(job, _brief(job), catalogue).model_copy(
        update=_state(job, clips, catalogue, at) | _files(job, clips, signed)
    )


def library(jobs: JobStore, tenant: str, page: int, per_page: int, show: Callable[[Job], Video]) -> VideoLibrary:
    found, said = newest(jobs, tenant, "prompt", page, per_page)
    return VideoLibrary(videos=[show(job) for job in found], **said)


def _mode(said: object) -> type[TextToVideo | ImageToVideo]:
    if isinstance(said, str) and said in GENERATES:
        return GENERATES[said]
    detail = f"{'is required, or a scene_id' if said is None else 'must be'}: {' or '.join(GENERATES)}"
    raise InvalidRequest(f"generation_mode {detail}", errors=(FieldError("generation_mode", detail),))


def _translated(asked: _Generate) -> PromptRequest:
    said = asked.model_dump(exclude_none=True, exclude={"generation_mode"})
    names = {"duration": "duration_seconds", "provider": "model"}
    mode = "image" if isinstance(asked, ImageToVideo) else "text"
    return PromptRequest.model_validate(
        {names.get(name, name): value for name, value in said.items()} | {"mode": mode}, by_name=True
    )


def _brief(job: Job) -> Brief:
    assert job.brief
    return job.brief


def _as_accepted(job: Job, brief: Brief, catalogue: Catalogue) -> Video:
    """As it was told when it was accepted: a replay is told the same."""
    planned = float(brief.duration_seconds or 0) if brief.fill else float(job.duration_seconds)
    return Video(
        id=job.id,
        video_id=job.id,
        status="processing",
        progress=0,
        campaign_id=job.campaign_id,
        provider=job.model,
        model_name=_model_name(job.model, catalogue),
        generation_mode=MODES[brief.mode],
        script=brief.script,
        prompt=brief.prompt,
        style=brief.style,
        aspect_ratio=brief.aspect_ratio,
        duration=planned,
        requested_duration=None if brief.duration_seconds is None else float(brief.duration_seconds),
        actual_duration=planned,
        cost=job.estimated_cost or Decimal(0),
        warnings=[in_their_words(one) for one in job.warnings],
        created_at=job.created_at,
    )


def _model_name(model: str, catalogue: Catalogue) -> str:
    """`hunyuan-fast` of `piapi_hunyuan_fast`."""
    entry = catalogue.entry(model)
    provider = f"{entry.model.provider}_" if entry else ""
    return model.removeprefix(provider).replace("_", "-")


def _state(job: Job, clips: Sequence[Clip], catalogue: Catalogue, at: datetime) -> dict[str, Any]:
    status = STATUSES.get(job.status, "processing")
    told: dict[str, Any] = {"status": status, "started_at": job.started_at, "completed_at": job.completed_at}
    if job.ended:
        told["cost"] = job.spent
    match status:
        case "completed":
            return told | {"progress": 100}
        case "failed":
            classes = [clip.error_class for clip in clips if clip.error_class]
            return told | {
                "error_message": job.error_message or "The job was cancelled.",
                "error_code": next(iter(classes), job.status.value),
            }
    steps = [progress(clip, catalogue.find(clip.model, clip.mode), at) for clip in clips]
    return told | {"progress": min(99, int(100 * sum(steps) / max(1, len(steps))))}


def _files(job: Job, clips: Sequence[Clip], signed: Callable[[str], str]) -> dict[str, Any]:
    film = job.film
    kept = [clip.latest for clip in clips if clip.latest and (film is None or clip.number in film.clips)]
    told: dict[str, Any] = {}
    if kept:
        told["video_raw_url"] = signed(kept[0].key)
        if kept[0].thumbnail_key:
            told["thumbnail_url"] = signed(kept[0].thumbnail_key)
        if kept[-1].last_frame_key:
            told["last_frame_url"] = signed(kept[-1].last_frame_key)
    if film:
        seconds = round(film.duration_seconds, 3)
        told |= {"video_url": signed(film.key), "thumbnail_url": signed(film.poster_key)}
        told |= {"video_width": film.width, "video_height": film.height}
        told |= {"duration": seconds, "actual_duration": seconds}
    return told
