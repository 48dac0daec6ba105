"""What is asked of a further film of a job: another cut of its clips, another form of its film, a clip made anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from functions.api import inputs
from functions.api.film_options import MOST_CLIPS, FilmOptions, the_cut
from functions.api.named_model import snapped, the_model
from functions.api.picture_wish import first_stage, picture_wish, video_ratio
from functions.api.reruns import Decide
from functions.api.standing import not_named, refuse_to_tier
from functions.studio.catalogue import Catalogue, Mode, Model
from functions.studio.choice import NEUTRAL, Facts
from functions.studio.clips import Clip
from functions.studio.cut import AspectRatio, Format, Rate, Resolution, Take
from functions.studio.errors import Conflict, FieldError, InvalidRequest, NotFound
from functions.studio.jobs import ClipWish, Film, Job, Purpose, RunKind
from functions.studio.library import Library, PictureAsset
from functions.studio.rows import today
from functions.studio.shots import one_of_each, take
from functions.studio.tiers import Tier

SHORTEST_TAKE = Decimal("0.2")
"""Seconds."""
MOST_SEED = 2**31 - 1

Seconds = Annotated[float, Field(ge=0, le=3600)]
Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class RetryRequest(inputs.Input):
    """Has no fields: a retry is of what failed."""


class TakeWish(inputs.Input):
    sub_job_number: Annotated[int, Field(ge=1, le=MOST_CLIPS)]
    starts_at: Seconds | None = None
    ends_at: Seconds | None = None


class RecutRequest(FilmOptions):
    """What is left out stays as it is; `clips` is the whole film, in its order."""

    clips: Annotated[list[TakeWish], Field(min_length=1, max_length=MOST_CLIPS)] | None = None


class RenditionRequest(inputs.Input):
    format: Format = "mp4"
    aspect_ratio: AspectRatio | None = None
    resolution: Resolution | None = None
    fps: Rate | None = None
    bitrate: Annotated[int, Field(ge=100, le=50_000)] | None = None


class RegenerateRequest(inputs.Input):
    """What is left out stays as it is; without a `seed` the model takes one of its own. Of a scene, with `stage` `image` or
    something of the picture named its picture is made anew, and with it the video; else the video alone."""

    prompt: Prompt | None = None
    model: str | None = None
    seed: Annotated[int, Field(ge=0, le=MOST_SEED)] | None = None
    stage: Literal["image", "video"] | None = None
    image_prompt: Prompt | None = None
    image_model: str | None = None


def recut(asked: RecutRequest, tenant: str, library: Library) -> Decide:
    def decide(job: Job, clips: list[Clip]) -> Purpose:
        takes = _takes(asked.clips, clips) if asked.clips else None
        if "clips" not in asked.model_fields_set:
            takes = job.cut.takes
        there = [clip for clip in clips if clip.shown]
        shown = [take.clip for take in takes] if takes is not None else [clip.number for clip in one_of_each(there)]
        if not shown:
            raise _no_clip()
        _check_joins(asked, shown)
        wanted = the_cut(asked, tenant, library, None, job.cut)
        return Purpose(kind=RunKind.RECUT, chooses=False, cut=wanted.model_copy(update={"takes": takes}))

    return decide


def _takes(wishes: Sequence[TakeWish], clips: Sequence[Clip]) -> list[Take]:
    """InvalidRequest names every wish that cannot be fulfilled."""
    by_number = {clip.number: clip for clip in clips}
    faults = [fault for place, wish in enumerate(wishes) for fault in _faults(f"clips.{place}", wish, by_number)]
    if faults:
        raise _invalid(faults)
    return [
        Take(clip=wish.sub_job_number, starts_at=_exact(wish.starts_at), ends_at=_exact(wish.ends_at))
        for wish in wishes
    ]


def _faults(field: str, wish: TakeWish, clips: dict[int, Clip]) -> list[FieldError]:
    clip = clips.get(wish.sub_job_number)
    if clip is None or clip.shown is None:
        there = ", ".join(str(number) for number, one in sorted(clips.items()) if one.shown) or "none"
        state = (
            "there is no such clip" if clip is None else f"clip {clip.number} is {clip.status.value}, it has no video"
        )
        return [FieldError(f"{field}.subJobNumber", f"{state}; those with a video: {there}")]
    if clip.video is None:  # a picture: it is shown as long as the narration leaves it
        return [FieldError(f"{field}.{name}", "must be left out: the clip is a picture") for name in _times(wish)]
    lasts = Decimal(clip.video.probe.picture.span) / clip.video.probe.picture.timescale
    start, end = _exact(wish.starts_at) or Decimal(0), _exact(wish.ends_at)
    if start > lasts - SHORTEST_TAKE:
        return [FieldError(f"{field}.startsAt", f"must leave {SHORTEST_TAKE} s of the clip, which lasts {lasts:.3f} s")]
    if end is not None and end > round(lasts, 3):
        return [FieldError(f"{field}.endsAt", f"must be at most {lasts:.3f}, where clip {clip.number} ends")]
    if end is not None and end - start < SHORTEST_TAKE:
        return [FieldError(f"{field}.endsAt", f"must be at least {SHORTEST_TAKE} s after startsAt")]
    return []


def _times(wish: TakeWish) -> list[str]:
    named = {"startsAt": wish.starts_at, "endsAt": wish.ends_at}
    return [name for name, seconds in named.items() if seconds is not None]


def _check_joins(asked: FilmOptions, shown: Sequence[int]) -> None:
    before_a_join = sorted(set(shown[:-1]))
    faults = [
        FieldError(f"transitions.{place}.after", _after(before_a_join))
        for place, join in enumerate(asked.transitions)
        if join.after not in before_a_join
    ]
    if faults:
        raise _invalid(faults)


def _after(numbers: Sequence[int]) -> str:
    if not numbers:
        return "must be left out: a single clip has no joins"
    return f"must be the subJobNumber of a clip that another one follows: {', '.join(map(str, numbers))}"


def rendition(asked: RenditionRequest) -> Decide:
    def decide(job: Job, clips: list[Clip]) -> Purpose:
        if not asked.model_fields_set:
            raise _invalid([FieldError("body", "must name a format, aspectRatio, resolution, fps or bitrate")])
        if job.film is None:
            raise Conflict(
                "The job has no film that a rendition could be made of.",
                hint=f"It is {job.status.value}; POST …/retry makes the clips that failed.",
                errors=(FieldError("job_id", "has no film"),),
            )
        given = {name: getattr(asked, name) for name in asked.model_fields_set} | {"format": asked.format}
        # Of the clips that the film has, whatever was made anew since.
        takes = job.cut.takes if job.cut.takes is not None else [take(clip) for clip in _filmed(job.film, clips)]
        cut = job.cut.model_copy(update={**given, "takes": takes})
        return Purpose(kind=RunKind.RENDITION, chooses=False, cut=cut)

    return decide


def _filmed(film: Film, clips: Sequence[Clip]) -> list[Clip]:
    known = {clip.number: clip for clip in clips}
    return [known[number] for number in film.clips]


def regenerate(
    asked: RegenerateRequest,
    number: int,
    catalogue: Catalogue,
    tenant: str,
    library: Library,
    tier: Tier | None = None,
    facts: Callable[[Mode], Facts] = lambda _: NEUTRAL,
) -> Decide:
    """Without a `tier` every model may be named."""

    def decide(job: Job, clips: list[Clip]) -> Purpose:
        clip = next((one for one in clips if one.number == number), None)
        if clip is None or (job.started_at is None and job.purpose.chooses):
            detail = f"The job has no clip {number}."
            raise NotFound(detail, hint="Its clips are listed at …/sub-jobs.", errors=(FieldError("number", detail),))
        if clip.is_given:
            what = "a video of your own" if clip.own else "a picture that is moved as it is"
            raise Conflict(
                f"Clip {number} is {what}: there is nothing to make anew.",
                hint="POST …/recut makes another film of the pictures; a new job with a model as `motion` has them moved by it.",
                errors=(FieldError("number", "is shown as it was given: no model has made it"),),
            )
        named = asked.image_prompt is not None or asked.image_model is not None
        stage = first_stage(asked.stage, clip, job, image_named=named)
        model = the_model(asked.model, clip.mode, catalogue, clip.model, today())
        if tier and asked.model and (why := not_named(model, tier)):
            refuse_to_tier([FieldError("model", why)], clip.mode, tier, catalogue)
        if asked.seed is not None and "seed" not in model.inputs:
            takers = ", ".join(one.name for one in catalogue.choosable(clip.mode, today()) if "seed" in one.inputs)
            raise _invalid(
                [FieldError("seed", f"must be left out: {model.name} takes none; those that take one: {takers}")]
            )
        prompt = asked.prompt if asked.prompt is not None else clip.prompt
        if prompt and not model.takes(prompt):
            field = "model" if asked.prompt is None else "prompt"
            detail = f"{model.name} takes prompts of {model.prompt_limit} characters"
            raise _invalid([FieldError(field, f"does not go with so long a prompt: {detail}")])
        seconds = model.duration(clip.duration_seconds)
        wish = ClipWish(
            model=model.name,
            duration_seconds=seconds,
            prompt=prompt,
            seed=asked.seed,
            aspect_ratio=_aspect_ratio(model, clip, job, tenant, library),
            **picture_wish(asked.image_prompt, asked.image_model, stage, clip, job, catalogue, tier),
        )
        changed = [*snapped(model, clip.duration_seconds, seconds), *facts(clip.mode).warnings([model])]
        warnings = [f"Clip {number}: {warning}" for warning in changed]
        return Purpose(kind=RunKind.REGENERATE, chooses=False, clips=[number], wish=wish, warnings=warnings)

    return decide


def _aspect_ratio(model: Model, clip: Clip, job: Job, tenant: str, library: Library) -> str | None:
    """As the job's other clips have it; of another model that does not offer it the nearest to the picture."""
    if job.kind == "scenes":
        return video_ratio(model, job)
    if job.aspect_ratio in model.aspect_ratios:
        return job.aspect_ratio
    picture = library.find(PictureAsset, tenant, clip.image1_asset_id or "")
    return model.aspect_ratio((picture.width, picture.height) if picture else None, job.cut.aspect_ratio)


def _exact(seconds: float | None) -> Decimal | None:
    return None if seconds is None else round(Decimal(repr(seconds)), 3)


def _invalid(faults: Sequence[FieldError]) -> InvalidRequest:
    return InvalidRequest("; ".join(f"{one.field}: {one.detail}" for one in faults), errors=tuple(faults))


def _no_clip() -> Conflict:
    return Conflict(
        "The job has no clip to cut a film from.",
        hint="POST …/retry makes those that failed.",
        errors=(FieldError("job_id", "none of its clips has a video"),),
    )
