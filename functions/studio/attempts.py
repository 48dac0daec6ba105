"""When a clip is tried again, and with which model: a pure decision over a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from functions.studio.catalogue import Catalogue, dearest
from functions.studio.clips import Clip
from functions.studio.jobs import Job
from functions.studio.messages import ClipTask

LIMITS: Mapping[str, int] = {"failed": 2, "broken": 2, "expired": 2, "gone": 1}
"""How many attempts one model may take at a clip that ended with that error class; then the next of the job's models
begins anew. A class that is not here is never tried again: `refused` would be refused each time, `unfit` inputs and a
deployment that is `unconfigured` stay so, `busy` was waited for, and of `timeout` and `unknown` nobody can say that the
first is over."""

CLIP_TIME = 3600
"""Seconds that all attempts at a clip may take together in a run: what one may take that is allowed as long as can be."""

SHORTEST = 10
"""Seconds below which another attempt is not worth its beginning."""


def models_after(models: Sequence[str], model: str) -> Sequence[str]:
    """Those that a clip falls back to; none from a model that was wished for it alone."""
    return models[models.index(model) + 1 :] if model in models else ()


def at_most(clip: Clip, job: Job, catalogue: Catalogue) -> Decimal:
    """USD that the clip may cost in this run, whichever of the models makes it."""
    models = [clip.model, *models_after(job.models, clip.model)]
    return dearest([catalogue.model(name, clip.mode) for name in models], job.cut, clip.duration_seconds)


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
    kept: bool = False,
    error_class: str | None = None,
    passed: float = 0.0,
    limits: Mapping[str, int] = LIMITS,
) -> Following | None:
    """What follows when `task` has ended: the next stage, another attempt, or nothing.

    `models` are the job's, in the order in which they are asked, `model` the one that was; `passed` are the seconds since
    the clip's first attempt began.
    """
    if kept:
        later = stages[stages.index(task.stage) + 1 :]
        return Following(_step(task, stage=later[0], attempt=1, tries=1), model) if later else None
    left = int(CLIP_TIME - passed)
    if error_class is None or error_class not in limits or left < SHORTEST:
        return None
    timeout = min(task.timeout_seconds, left)
    again = {
        "attempt": task.attempt + 1,
        "timeout_seconds": timeout,
        "heartbeat_seconds": min(task.heartbeat_seconds, timeout - 1),
    }
    if task.tries < limits[error_class]:
        return Following(_step(task, tries=task.tries + 1, **again), model)
    others = models_after(models, model)
    return Following(_step(task, tries=1, **again), others[0]) if others else None


def _step(task: ClipTask, **changes: int | str) -> ClipTask:
    return task.model_copy(update=changes)
