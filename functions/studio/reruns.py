"""A clip that is made anew in a later run of its job. Pure."""

from __future__ import annotations

from functions.studio.catalogue import Catalogue
from functions.studio.clips import STAGES, Clip
from functions.studio.jobs import ClipWish, Job
from functions.studio.rows import now


def opened_again(clip: Clip, job: Job, catalogue: Catalogue) -> Clip:
    """As the job's run makes it: at today's price, and with what has been paid for it so far. A video that it has is kept
    until there is another."""
    wish = job.purpose.wish or _as_before(clip, job)
    cost = catalogue.model(wish.model, clip.mode).offer(job.cut, wish.duration_seconds).cost
    return Clip(
        **wish.model_dump(),
        mode=clip.mode,
        number=clip.number,
        shot=clip.shot,
        variant=clip.variant,
        ends_at=clip.ends_at,
        run=job.run,
        stage=STAGES[job.kind][0],
        image1_asset_id=clip.image1_asset_id,
        image2_asset_id=clip.image2_asset_id,
        image1_key=clip.image1_key,
        image2_key=clip.image2_key,
        score=clip.score,
        reason=clip.reason,
        estimated_cost=cost,
        actual_cost=clip.actual_cost,
        earlier_attempts=clip.attempts_before + (clip.attempt_id is not None),
        former=clip if clip.video else None,
        created_at=clip.created_at,
        updated_at=now(),
    )


def _as_before(clip: Clip, job: Job) -> ClipWish:
    """What failed with a model to fall back to begins anew with the job's own."""
    fell_back = clip.model in job.fallback_models
    return ClipWish(
        model=job.model if fell_back else clip.model,
        duration_seconds=clip.duration_seconds,
        prompt=clip.prompt,
        seed=clip.seed,
        aspect_ratio=None if fell_back else clip.aspect_ratio,
    )
