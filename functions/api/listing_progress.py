"""How far a listing's film is, in the steps of seed 002. It never goes back while a run goes on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from functions.studio.catalogue import Catalogue
from functions.studio.clips import Clip, ClipStatus
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import NARRATION, Line
from functions.studio.media import Piece


class Step(StrEnum):
    QUEUED = "queued"
    SCRIPT = "script"
    AUDIO = "audio"
    CAPTIONS = "captions"
    RENDER = "render"
    UPLOAD = "upload"
    COMPLETE = "complete"
    ERROR = "error"


BEGINS = {
    Step.QUEUED: 0,
    Step.SCRIPT: 5,
    Step.AUDIO: 20,
    Step.CAPTIONS: 35,
    Step.RENDER: 45,
    Step.UPLOAD: 95,
    Step.COMPLETE: 100,
}
"""Per cent at which each step begins."""


NARRATING = 15
"""Seconds that script, voice and its times usually take together."""

RENDERING = 1.5
"""Seconds that a second of the film takes, its pictures side by side, and the film put together."""


class Standing(NamedTuple):
    step: Step
    percent: int


def standing(job: Job, clips: Sequence[Clip], lines: Sequence[Line], pieces: Sequence[Piece]) -> Standing:
    """`lines` are the job's ledger's, `pieces` the run's. Who waits for a film and has it is not told of further runs."""
    if job.film is not None:
        return Standing(Step.COMPLETE, 100)
    match job.status:
        case JobStatus.FAILED | JobStatus.CANCELLED:
            return Standing(Step.ERROR, 0)
        case JobStatus.PLANNING if job.purpose.chooses:
            step = _narrating(job, lines)
            return Standing(step, BEGINS[step])
        case JobStatus.COMBINING if pieces and all(piece.picture or piece.fault for piece in pieces):
            return Standing(Step.UPLOAD, BEGINS[Step.UPLOAD])
    return Standing(Step.RENDER, _rendered(job, clips, pieces))


def _narrating(job: Job, lines: Sequence[Line]) -> Step:
    """The furthest thing that was asked of a service for this run; what is given already is not asked for."""
    asked = {line.stage for line in lines if line.clip == NARRATION and line.run == job.run}
    if "captions" in asked:
        return Step.CAPTIONS
    if "voice" in asked:
        return Step.AUDIO
    return Step.SCRIPT if asked or job.planner else Step.QUEUED


def _rendered(job: Job, clips: Sequence[Clip], pieces: Sequence[Piece]) -> int:
    """First the clips that a model makes, then the pieces; what we move ourselves is pieces alone."""
    begins, ends = BEGINS[Step.RENDER], BEGINS[Step.UPLOAD] - 1
    animated = job.listing is not None and job.listing.animated
    middle = begins + (ends - begins) * 3 // 4 if animated else begins
    if job.status is not JobStatus.COMBINING:
        settled = sum(clip.status not in (ClipStatus.PENDING, ClipStatus.PROCESSING) for clip in clips)
        return begins + (middle - begins) * settled // max(1, len(clips))
    made = sum(piece.picture is not None or piece.fault is not None for piece in pieces)
    return middle + (ends - middle) * made // max(1, len(pieces))


def estimated_seconds(job: Job, catalogue: Catalogue) -> int:
    """That the whole film takes, roughly."""
    assert job.listing
    model = catalogue.find(job.model, "image") if job.listing.animated else None
    return round(NARRATING + RENDERING * job.listing.target_seconds + (model.typical_seconds if model else 0))
