"""How far a film of scenes is, in the steps of seed 004: by what its rows say has been done, never by the clock. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from math import floor
from typing import NamedTuple

from functions.studio.clips import OPEN_CLIP, Clip, ClipStatus
from functions.studio.jobs import Job, JobStatus, RunKind
from functions.studio.policy import hopeless


class Step(Enum):
    """Per cent, and what is being done."""

    INITIALIZING = (5, "Initializing video generation pipeline")
    FETCHING = (15, "Fetching scene configuration and prompts")
    IMAGE = (35, "Generating scene image with AI")
    IMAGE_STORED = (40, "Storing generated image")
    VIDEO = (70, "Creating video from generated image")
    VIDEO_STORED = (75, "Storing generated video")
    SAVING = (95, "Saving results and finalizing")
    COMPLETED = (100, "Completed")

    def __init__(self, percent: int, words: str) -> None:
        self.percent, self.words = percent, words


RESTING = {
    JobStatus.AWAITING_APPROVAL: "Waiting for approval of the image",
    JobStatus.FAILED: "Failed",
    JobStatus.CANCELLED: "Cancelled",
}
"""What is said in place of a step that is not being done."""


class Standing(NamedTuple):
    percent: float
    """Of all scenes in the mean. It never goes back, neither by further attempts nor when a job that failed is retried; only
    where there is a film already, or a picture that its caller wants another of, something is begun anew."""
    step: str
    """Of the scene that is least far."""


def standing(job: Job, clips: Sequence[Clip]) -> Standing:
    whole = _whole(job, clips)
    steps = [_of_clip(clip) for clip in clips]
    percent = max(float(whole.percent) if whole else _mean(steps), float(job.purpose.reached))
    if job.status in RESTING:
        return Standing(percent, RESTING[job.status])
    going = [step for step, clip in zip(steps, clips, strict=True) if clip.status in OPEN_CLIP] or steps
    return Standing(percent, (whole or min(going, key=lambda step: step.percent)).words)


def reached(job: Job, clips: Sequence[Clip]) -> Decimal:
    """What a run that goes on with a job does not fall behind; nothing where there is a film, and another is begun."""
    if job.kind != "scenes" or job.status is JobStatus.COMPLETED:
        return Decimal(0)
    return Decimal(repr(standing(job, clips).percent))


def _whole(job: Job, clips: Sequence[Clip]) -> Step | None:
    """Where the film as such is: before its scenes are begun, and after the last of them has ended."""
    if job.status is JobStatus.COMPLETED:
        return Step.COMPLETED
    if job.status is JobStatus.PLANNING and job.execution_arn is None:
        return Step.INITIALIZING
    if job.status is JobStatus.COMBINING or (
        all(_ended(clip, job) for clip in clips) and not hopeless(job.on_clip_failure, clips, cut=job.run_cut)
    ):
        return Step.SAVING
    return None


def _ended(clip: Clip, job: Job) -> bool:
    """Of what a run was stopped at nobody can say that it ended; what was given up before is none of the run's."""
    if clip.status is ClipStatus.CANCELLED:
        return job.purpose.kind is not RunKind.FIRST and clip.number not in job.purpose.clips
    return clip.status in (ClipStatus.COMPLETED, ClipStatus.FAILED)


def _of_clip(clip: Clip) -> Step:
    """What did not come of it leaves it where it was."""
    if clip.status is ClipStatus.COMPLETED:
        return Step.VIDEO_STORED
    if clip.stage == "video" and _asked(clip):
        return Step.VIDEO
    if clip.picture is not None:
        return Step.IMAGE_STORED
    return Step.IMAGE if _asked(clip) else Step.FETCHING


def _asked(clip: Clip) -> bool:
    """Whether its run has begun an attempt at its stage: ids are `{run}.{clip}.{stage}.{n}`."""
    return clip.attempt_id is not None and clip.attempt_id.split(".")[2] == clip.stage


def _mean(steps: Sequence[Step]) -> float:
    """To a tenth, downwards."""
    return floor(10 * sum(step.percent for step in steps) / len(steps)) / 10
