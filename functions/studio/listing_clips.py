"""The clips of a listing's film: pictures that we move ourselves, or that a model moves, and videos as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Any

from functions.studio.attempts import at_most
from functions.studio.catalogue import Catalogue, Model
from functions.studio.clips import Clip, ClipStatus, Kept, pending_clip
from functions.studio.errors import BrokenMedia
from functions.studio.jobs import Job
from functions.studio.library import Asset
from functions.studio.listings import Listing
from functions.studio.narration_costs import narration_at_most
from functions.studio.rows import now
from functions.studio.stills import Still

MOTION = "The camera moves slowly and smoothly around the product; light and surroundings stay as they are. {title}"
"""What a model is told of a picture that it moves."""


def seconds_each(listing: Listing, model: Model) -> int:
    """Of a clip that the model makes of each picture: the least that fill the film, else the most that it makes."""
    share = listing.target_seconds / max(1, len(listing.asset_ids))
    return next((seconds for seconds in model.durations if seconds >= share), model.durations[-1])


def moved_by_model(job: Job, listing: Listing, shown: Sequence[Asset], model: Model) -> list[Clip]:
    """Clips that are still to be made, one of each picture among what the film shows."""
    seconds = seconds_each(listing, model)
    return [
        pending_clip(
            job,
            number,
            model.offer(job.cut, seconds).cost,
            mode="image",
            model=model.name,
            duration_seconds=seconds,
            prompt=MOTION.format(title=listing.title),
            **_shows(asset),
        )
        for number, asset in enumerate(shown, 1)
        if asset.type == "image"
    ]


def moved_by_us(job: Job, number: int, picture: Asset, still: Still) -> Clip:
    """There at once: nothing is made of it before the film's pieces are, and it is seen for its share of the time."""
    share = max(1, round(job.duration_seconds / (job.total_clips or 1)))
    return _at_once(job, number, picture, {"still": still, "duration_seconds": share})


def as_it_is(job: Job, number: int, video: Asset, kept: Kept) -> Clip:
    """A video of the caller's own."""
    lasts = ceil(kept.probe.picture.seconds)
    return _at_once(job, number, video, {"kept": kept, "own": True, "duration_seconds": lasts})


def not_shown(job: Job, number: int, video: Asset, why: BrokenMedia) -> Clip:
    said = {"error_message": f"The video {video.name!r} cannot be shown: {why}.", "error_class": why.error_class}
    return _at_once(job, number, video, {**said, "own": True, "status": ClipStatus.FAILED})


def _at_once(job: Job, number: int, asset: Asset, changes: Mapping[str, Any]) -> Clip:
    stamp = now()
    ended = {"status": ClipStatus.COMPLETED, "actual_cost": Decimal(0), "started_at": stamp, "completed_at": stamp}
    clip = pending_clip(job, number, Decimal(0), mode="image", **_shows(asset))
    return clip.model_copy(update={**ended, **changes})


def film_at_most(
    job: Job, listing: Listing, shown: Sequence[Asset], catalogue: Catalogue, on: dt.date
) -> dict[str, Decimal]:
    """USD that the film may cost, by stage of its narration; `clips` are those that a model makes."""
    costs = narration_at_most(listing, catalogue.narrators, on)
    if listing.animated:
        clips = moved_by_model(job, listing, shown, catalogue.model(listing.motion, "image"))
        costs["clips"] = sum((at_most(clip, job, catalogue) for clip in clips), Decimal(0))
    return costs


def _shows(asset: Asset) -> dict[str, Any]:
    return {"image1_asset_id": asset.id, "image1_key": asset.key}
