"""When a clip is tried again, and with which model: a pure decision over a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from functions.studio.catalogue import Catalogue, Model, Offer
from functions.studio.clips import STAGES, Clip, made_with
from functions.studio.jobs import Job
from functions.studio.messages import ClipTask

LIMITS: Mapping[str, int] = {"failed": 2, "broken": 2, "expired": 2, "gone": 1}
"""How many attempts one model may take at a clip that ended with that error class; then the next of the job's models
begins anew. A class that is not here is never tried again: `refused` would be refused each time, `unfit` inputs and a
deployment that is `unconfigured` stay so, `busy` was waited for, and of `timeout` and `unknown` nobody can say that the
first is over."""

CLIP_TIME = 3600
"""Seconds that all attempts at a clip may take together in a run, at whichever stages: what one may take that is allowed as
long as can be."""

SHORTEST = 10
"""Seconds below which another attempt is not worth its beginning."""


def models_after(models: Sequence[str], model: str) -> Sequence[str]:
    """Those that a clip falls back to; none from a model that was wished for it alone."""
    return models[models.index(model) + 1 :] if model in models else ()


def stages_from(job: Job, stage: str) -> tuple[str, ...]:
    """The paid steps that a clip has still to take, that one first."""
    stages = STAGES[job.kind]
    return stages[stages.index(stage) :]


def ratio_asked(clip: Clip, job: Job, stage: str, model: str) -> str | None:
    """The aspect ratio that a model is asked for at a stage of the clip."""
    own = clip.image_aspect_ratio if stage == "image" else clip.aspect_ratio
    return own or job.ratio_of(model)


def offered(model: Model, clip: Clip, job: Job, stage: str) -> Offer:
    """What a model is asked for at a stage of the clip."""
    return model.offer(job.cut, clip.duration_seconds, ratio_asked(clip, job, stage, model.name))


def at_most(clip: Clip, job: Job, catalogue: Catalogue) -> Decimal:
    """USD that the clip may cost from its stage on, whichever of the models makes it."""
    return sum((_dearest(clip, job, stage, catalogue) for stage in stages_from(job, clip.stage)), Decimal(0))


def usual_cost(clip: Clip, job: Job, catalogue: Catalogue) -> Decimal:
    """USD that it costs from its stage on when the models that are named for it make it."""
    asked = ((stage, catalogue.model(*made_with(clip, stage))) for stage in stages_from(job, clip.stage))
    return sum((offered(model, clip, job, stage).cost for stage, model in asked), Decimal(0))


def _dearest(clip: Clip, job: Job, stage: str, catalogue: Catalogue) -> Decimal:
    name, mode = made_with(clip, stage)
    names = [name] if stage == "image" else [name, *models_after(job.models, name)]
    return max(offered(catalogue.model(one, mode), clip, job, stage).cost for one in names)


def stage_ends(stages: Sequence[str], stage: str) -> int:
    """Seconds after the clip's first attempt began by which the stage is over: each has the same share of CLIP_TIME, and what
    those before have left."""
    return CLIP_TIME * (stages.index(stage) + 1) // len(stages)


def in_time(task: ClipTask, seconds: int) -> ClipTask:
    """The task, that takes no longer."""
    timeout = min(task.timeout_seconds, seconds)
    return _step(task, timeout_seconds=timeout, heartbeat_seconds=min(task.heartbeat_seconds, timeout - 1))


@dataclass(frozen=True)
class Following:
    task: ClipTask
    model: str


def next_step(
    task: ClipTask,
    stages: tuple[str, ...],
    models: Sequence[str],
    model: str,
    *,
    error_class: str | None,
    passed: float = 0.0,
    limits: Mapping[str, int] = LIMITS,
) -> Following | None:
    """What follows when `task` has failed: another attempt, or nothing.

    `models` are those that may be asked for its stage, in their order, `model` the one that was; `passed` are the seconds
    since the clip's first attempt began.
    """
    left = int(stage_ends(stages, task.stage) - passed)
    if error_class is None or error_class not in limits or left < SHORTEST:
        return None
    if task.stage != stages[-1] and left < task.timeout_seconds:
        return None  # the time limit goes on to the next stage, and would be cut short for it
    again = in_time(_step(task, attempt=task.attempt + 1), left)
    if task.tries < limits[error_class]:
        return Following(_step(again, tries=task.tries + 1), model)
    others = models_after(models, model)
    return Following(_step(again, tries=1), others[0]) if others else None


def next_stage(task: ClipTask, stages: tuple[str, ...], passed: float = 0.0) -> ClipTask | None:
    """What follows when the stage of `task` is kept; None after the last one, or where there is no time for another."""
    left = int(CLIP_TIME - passed)
    if task.stage == stages[-1] or left < SHORTEST:
        return None
    following = stages[stages.index(task.stage) + 1]
    return in_time(_step(task, stage=following, attempt=1, tries=1), left)


def _step(task: ClipTask, **changes: int | str) -> ClipTask:
    return task.model_copy(update=changes)
