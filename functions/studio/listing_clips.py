"""The clips of a listing's film: pictures that we move ourselves, or that a model moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from functions.studio.attempts import at_most
from functions.studio.catalogue import Catalogue, Model
from functions.studio.clips import Clip, ClipStatus, pending_clip
from functions.studio.jobs import Job
from functions.studio.library import PictureAsset
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


def moved_by_model(job: Job, listing: Listing, pictures: Sequence[PictureAsset], model: Model) -> list[Clip]:
    """Clips that are still to be made, one of each picture."""
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
            **_shows(picture),
        )
        for number, picture in enumerate(pictures, 1)
    ]


def moved_by_us(job: Job, pictures: Sequence[PictureAsset], stills: Sequence[Still]) -> list[Clip]:
    """There at once: nothing is made of them before the film's pieces are."""
    stamp = now()
    return [
        pending_clip(job, number, Decimal(0), mode="image", **_shows(picture)).model_copy(
            update={
                "still": still,
                "status": ClipStatus.COMPLETED,
                "actual_cost": Decimal(0),
                "started_at": stamp,
                "completed_at": stamp,
            }
        )
        for number, (picture, still) in enumerate(zip(pictures, stills, strict=True), 1)
    ]


def film_at_most(
    job: Job, listing: Listing, pictures: Sequence[PictureAsset], catalogue: Catalogue, on: dt.date
) -> dict[str, Decimal]:
    """USD that the film may cost, by stage of its narration; `clips` are those that a model makes."""
    costs = narration_at_most(listing, catalogue.narrators, on)
    if listing.animated:
        clips = moved_by_model(job, listing, pictures, catalogue.model(listing.motion, "image"))
        costs["clips"] = sum((at_most(clip, job, catalogue) for clip in clips), Decimal(0))
    return costs


def _shows(picture: PictureAsset) -> dict[str, Any]:
    return {"image1_asset_id": picture.id, "image1_key": picture.key}
