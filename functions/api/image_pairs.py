"""A job of image pairs, from what was asked to the rows that it begins with."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from functions.api import inputs
from functions.api.accept_job import expiry
from functions.api.clip_failure import ClipFailureOptions, the_fallbacks, the_wish
from functions.api.film_options import MOST_CLIPS, FilmOptions, not_as_asked, the_cut
from functions.api.named_model import passing, snapped, the_model
from functions.studio.catalogue import Catalogue, dearest
from functions.studio.clips import Clip, pending_clip
from functions.studio.jobs import Job
from functions.studio.library import Campaign, Client, Library
from functions.studio.pairs import enough
from functions.studio.rows import new_id, now, today

MOST_PAIRS = MOST_CLIPS
LONGEST_CLIP = 60.0


class ImagePairsRequest(FilmOptions, ClipFailureOptions):
    campaign_id: str
    client_id: str | None = None
    clip_duration: Annotated[float, Field(gt=0, le=LONGEST_CLIP)] | None = None
    num_pairs: Annotated[int, Field(ge=1, le=MOST_PAIRS)] | None = None
    model: str | None = None
    budget_usd: inputs.Dollars | None = None
    metadata: inputs.Metadata = {}


def draft(
    asked: ImagePairsRequest, tenant: str, library: Library, catalogue: Catalogue, default_model: str
) -> tuple[Job, list[Clip]]:
    """The job and, where the number of pairs was named, its pending clips; nothing is written."""
    campaign = library.get(Campaign, tenant, asked.campaign_id, field="campaignId")
    client_id = campaign.client_id
    if asked.client_id is not None:
        client_id = library.get(Client, tenant, asked.client_id, field="clientId").id
    on = today()
    model = the_model(asked.model, "pair", catalogue, default_model, on)
    enough(library.count_pictures(campaign), asked.num_pairs)
    seconds = model.duration(asked.clip_duration)
    cut = the_cut(asked, tenant, library, asked.num_pairs)
    fallbacks = the_fallbacks(asked, model, seconds, catalogue, on)
    models = [model, *fallbacks]
    whole = dearest(models, cut, seconds) * asked.num_pairs if asked.num_pairs else None
    stamp = now()
    job = Job(
        id=new_id(),
        tenant=tenant,
        campaign_id=campaign.id,
        client_id=client_id,
        model=model.name,
        fallback_models=[one.name for one in fallbacks],
        on_clip_failure=the_wish(asked, asked.num_pairs),
        duration_seconds=seconds,
        num_pairs=asked.num_pairs,
        total_clips=asked.num_pairs,
        estimated_cost=whole,
        budget_usd=None if asked.budget_usd is None else inputs.exactly(asked.budget_usd),
        reserved_cost=whole or Decimal(0),
        cut=cut,
        metadata=asked.metadata,
        warnings=[
            *passing(models, catalogue, on),
            *snapped(model, asked.clip_duration, seconds),
            *(said for one in models for said in not_as_asked(one, cut, seconds)),
        ],
        created_at=stamp,
        updated_at=stamp,
    )
    expires_at = expiry()
    cost = model.offer(cut, seconds).cost
    numbers = range(1, (asked.num_pairs or 0) + 1)
    return job, [pending_clip(job, number, cost, expires_at=expires_at) for number in numbers]
