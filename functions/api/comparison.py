"""The variants of every shot beside each other: what each cost, how long it took, how it looks, which one is shown."""

from __future__ import annotations

from collections.abc import Sequence

from functions.api.clip_urls import clip_url, thumbnail_url
from functions.api.envelope import Money, View
from functions.studio.clips import Clip
from functions.studio.jobs import Job
from functions.studio.shots import by_shot, takes


class VariantView(View):
    variant: int
    sub_job_number: int
    model_id: str
    status: str
    cost: Money | None
    """USD: what it has cost, or else would."""
    seconds: float | None
    """That it took at the provider."""
    duration_seconds: float
    video_url: str | None
    thumbnail_url: str | None
    error_message: str | None
    chosen: bool
    """Whether the film shows it, as far as is known; a recut with `clips` shows another."""


class ShotView(View):
    shot: int
    prompt: str | None
    variants: list[VariantView]


def comparison(job: Job, clips: Sequence[Clip]) -> list[ShotView] | None:
    """None where every shot was made once."""
    shots = by_shot(clips)
    if all(len(variants) == 1 for variants in shots):
        return None
    shown = set(job.film.clips) if job.film else {take.clip for take in takes(clips, job.run_cut)}
    return [
        ShotView(
            shot=variants[0].place,
            prompt=variants[0].prompt,
            variants=[_variant(job, clip, chosen=clip.number in shown) for clip in variants],
        )
        for variants in shots
    ]


def _variant(job: Job, clip: Clip, *, chosen: bool) -> VariantView:
    return VariantView(
        variant=clip.variant,
        sub_job_number=clip.number,
        model_id=clip.model,
        status=clip.status.value,
        cost=clip.estimated_cost if clip.actual_cost is None else clip.actual_cost,
        seconds=clip.latest.predict_seconds if clip.latest else None,
        duration_seconds=clip.duration_seconds,
        video_url=clip_url(job, clip),
        thumbnail_url=thumbnail_url(job, clip),
        error_message=clip.error_message,
        chosen=chosen and clip.latest is not None,
    )
