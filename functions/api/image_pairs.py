"""A job of image pairs, from what was asked to the rows that it begins with."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Annotated

from pydantic import Field

from functions.api.accept_job import expiry
from functions.api.clip_failure import the_fallbacks, the_wish
from functions.api.film_options import MOST_CLIPS, not_as_asked, the_cut
from functions.api.job_request import JobRequest, as_asked, for_whom
from functions.api.named_model import passing, snapped, the_model
from functions.api.variants import Comparing, by_clip, check_number, the_compared
from functions.studio.catalogue import Catalogue, dearest
from functions.studio.choice import NEUTRAL, Facts
from functions.studio.clips import Clip, pending_clip
from functions.studio.jobs import Job
from functions.studio.library import Library
from functions.studio.pairs import enough
from functions.studio.rows import new_id, now, today
from functions.studio.shots import numbered

MOST_PAIRS = MOST_CLIPS
LONGEST_CLIP = 60.0


class ImagePairsRequest(JobRequest, Comparing):
    clip_duration: Annotated[float, Field(gt=0, le=LONGEST_CLIP)] | None = None
    num_pairs: Annotated[int, Field(ge=1, le=MOST_PAIRS)] | None = None
    model: str | None = None


def draft(
    asked: ImagePairsRequest,
    tenant: str,
    library: Library,
    catalogue: Catalogue,
    default_model: str,
    facts: Facts = NEUTRAL,
) -> tuple[Job, list[Clip]]:
    """The job and, where the number of pairs was named, its pending clips; nothing is written."""
    campaign = for_whom(asked, asked.campaign_id, tenant, library)
    on = today()
    given = [("model", asked.model is not None), ("fallbackModels", bool(asked.fallback_models))]
    compared = the_compared(asked, "pair", catalogue, on, instead=given)
    model = compared[0] if compared else the_model(asked.model, "pair", catalogue, default_model, on)
    asked_of = compared or [model]
    enough(library.count_pictures(campaign), asked.num_pairs)
    check_number(asked.num_pairs or 1, len(asked_of), "numPairs")
    seconds = model.duration(asked.clip_duration)
    made = {model.name: seconds} | {one.name: one.duration(seconds) for one in compared}
    cut = by_clip(the_cut(asked, tenant, library, asked.num_pairs), len(asked_of))
    fallbacks = the_fallbacks(asked, model, [seconds], catalogue, on)
    models = [*asked_of, *fallbacks]
    if compared:
        each = sum((one.offer(cut, made[one.name]).cost for one in compared), Decimal(0))
    else:
        each = dearest(models, cut, seconds)
    whole = each * asked.num_pairs if asked.num_pairs else None
    stamp = now()
    job = Job(
        id=new_id(),
        tenant=tenant,
        campaign_id=campaign.id,
        client_id=campaign.client_id,
        model=model.name,
        compare=[one.name for one in compared],
        fallback_models=[one.name for one in fallbacks],
        on_clip_failure=the_wish(asked, asked.num_pairs),
        duration_seconds=seconds,
        num_pairs=asked.num_pairs,
        total_clips=asked.num_pairs and asked.num_pairs * len(asked_of),
        estimated_cost=whole,
        reserved_cost=whole or Decimal(0),
        cut=cut,
        **as_asked(asked),
        warnings=[
            *passing(models, catalogue, on),
            *facts.warnings(models),
            *snapped(model, asked.clip_duration, seconds),
            *(said for one in compared for said in snapped(one, seconds, made[one.name])),
            *(said for one in models for said in not_as_asked(one, cut, made.get(one.name, seconds))),
        ],
        created_at=stamp,
        updated_at=stamp,
    )
    expires_at = expiry()
    shots = range(1, (asked.num_pairs or 0) + 1)
    return job, [
        pending_clip(
            job,
            numbered(shot, variant, len(asked_of)),
            one.offer(cut, made[one.name]).cost,
            expires_at=expires_at,
            shot=shot,
            variant=variant,
            model=one.name,
            duration_seconds=made[one.name],
        )
        for shot, (variant, one) in product(shots, enumerate(asked_of, 1))
    ]
