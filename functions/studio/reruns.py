"""Clips in a later run of their job: what is made anew, what goes on, what is given up. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from functions.studio.attempts import at_most, usual_cost
from functions.studio.catalogue import Catalogue
from functions.studio.clips import STAGES, Clip, ClipStatus, Fault
from functions.studio.credits import in_credits
from functions.studio.jobs import ClipWish, Job, JobStatus, Purpose, RunKind
from functions.studio.rows import now
from functions.studio.scene_progress import reached

NOT_APPROVED = Fault(message="Its picture was not approved", error_class="cancelled")


def opened_again(clip: Clip, job: Job, catalogue: Catalogue) -> Clip:
    """As the job's run makes it: at today's price, and with what has been paid for it so far. It begins with the first stage
    of which nothing is kept, or with the one that is wished for. A video that it has, or a picture that waits for the caller, is kept
    until there is another."""
    wish = job.purpose.wish or _as_before(clip, job)
    stage = wish.stage or _first_to_make(clip, job)
    goes_on = clip.status is ClipStatus.AWAITING_APPROVAL and stage != clip.stage
    keeps = clip.picture is not None and stage != "image"
    opened = Clip(
        **wish.model_dump(exclude={"stage"}),
        mode=clip.mode,
        number=clip.number,
        shot=clip.shot,
        variant=clip.variant,
        ends_at=clip.ends_at,
        run=job.run,
        stage=stage,
        image1_asset_id=clip.image1_asset_id,
        image2_asset_id=clip.image2_asset_id,
        image1_key=None if clip.picture and not keeps else clip.image1_key,
        image2_key=clip.image2_key,
        scene_id=clip.scene_id,
        reference_asset_id=clip.reference_asset_id,
        reference_key=clip.reference_key,
        picture=clip.picture if keeps else None,
        score=clip.score,
        reason=clip.reason,
        estimated_cost=clip.estimated_cost,
        actual_cost=clip.actual_cost,
        provider_reported_cost=clip.provider_reported_cost,
        earlier_attempts=clip.attempts_before + (clip.attempt_id is not None and not goes_on),
        former=_to_go_back_to(clip, goes_on=goes_on),
        created_at=clip.created_at,
        updated_at=now(),
    )
    return opened.model_copy(update={"estimated_cost": usual_cost(opened, job, catalogue)})


@dataclass(frozen=True)
class Upcoming:
    """A further run, as it can be accepted."""

    job: Job
    """As it is then, but for its execution."""
    again: list[Clip]
    """Those that the run makes."""
    cost: Decimal
    """USD that they cost at most."""
    told: Mapping[str, Any]
    """What the job's row is told of it."""


def upcoming(job: Job, clips: Sequence[Clip], purpose: Purpose, catalogue: Catalogue) -> Upcoming:
    goes_on = purpose.kind in (RunKind.RETRY, RunKind.APPROVED)
    far = reached(job, clips) if goes_on else Decimal(0)
    purpose = purpose.model_copy(update={"asked_at": now(), "reached": far})
    job = job.model_copy(update={"run": job.run + 1, "status": JobStatus.PLANNING, "purpose": purpose})
    again = [opened_again(clip, job, catalogue) for clip in clips if clip.number in purpose.clips]
    cost = sum((at_most(clip, job, catalogue) for clip in again), Decimal(0))
    estimate = job.estimated_cost
    if not purpose.chooses:
        estimate = job.actual_cost + cost + _still_to_pay(job, clips, catalogue)
    known = {
        "estimated_cost": estimate,
        "reserved_cost": (estimate or Decimal(0)) if purpose.chooses else cost,
        "warnings": [*job.warnings, *purpose.warnings],
    }
    job = in_credits(job.model_copy(update=known), [clip.stage for clip in again])
    told = job.model_dump(by_alias=True, include={*known, "credit_costs", "reserved_credits"})
    return Upcoming(job, again, cost, told)


def _still_to_pay(job: Job, clips: Sequence[Clip], catalogue: Catalogue) -> Decimal:
    """For what goes on waiting for the caller while others are made."""
    if job.purpose.kind is RunKind.APPROVED:
        return Decimal(0)
    waiting = [clip.model_copy(update={"stage": _first_to_make(clip, job)}) for clip in given_up(clips, job.purpose)]
    return sum((at_most(clip, job, catalogue) for clip in waiting), Decimal(0))


def given_up(clips: Sequence[Clip], purpose: Purpose) -> list[Clip]:
    """Those whose picture still waits, and is not among the approved ones."""
    return [clip for clip in clips if clip.status is ClipStatus.AWAITING_APPROVAL and clip.number not in purpose.clips]


def lost(clips: Sequence[Clip]) -> list[Clip]:
    """As they are once they are given up."""
    return [clip.model_copy(update={"status": ClipStatus.CANCELLED}) for clip in clips]


def _first_to_make(clip: Clip, job: Job) -> str:
    stages = STAGES[job.kind]
    return stages[stages.index("image") + 1] if clip.picture else stages[0]


def _to_go_back_to(clip: Clip, *, goes_on: bool) -> Clip | None:
    """What is there if nothing comes of it. A picture that goes on is not waited with any more."""
    waits = clip.status is ClipStatus.AWAITING_APPROVAL and not goes_on
    return clip if clip.video or waits else clip.former


def _as_before(clip: Clip, job: Job) -> ClipWish:
    """What failed with a model to fall back to begins anew with the job's own."""
    fell_back = clip.model in job.fallback_models
    return ClipWish(
        model=job.model if fell_back else clip.model,
        duration_seconds=clip.duration_seconds,
        prompt=clip.prompt,
        seed=clip.seed,
        aspect_ratio=None if fell_back else clip.aspect_ratio,
        image_prompt=clip.image_prompt,
        image_model=clip.image_model,
        image_aspect_ratio=clip.image_aspect_ratio,
    )
