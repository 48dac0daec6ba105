"""What a job's view shows of a listing's film: what was offered, what it says, what that has cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from functions.api.envelope import ROOT, Money, View
from functions.studio.jobs import Film, Job


class CaptionsUrls(View):
    srt: str
    vtt: str


class NarrationView(View):
    script: str
    seconds: float
    words: int
    spoken: bool
    asset_id: str | None
    """Of the speech, among the campaign's assets."""


class ListingCosts(View):
    """USD of what was had so far, by component."""

    script: Money
    voice: Money
    captions: Money
    clips: Money
    """Of models that moved the pictures."""
    storage: Money
    total: Money


class CaptionsView(View):
    font: str
    size: str
    colour: str
    highlight: str | None
    backing: str
    backing_colour: str
    position: str
    upper_case: bool
    words_at_once: int | None


class ListingView(View):
    title: str
    description: str
    category: str
    price: Money | None
    currency: str
    language: str
    duration_seconds: int
    voice: str
    captions: CaptionsView | None
    captions_required: bool
    motion: str
    asset_ids: list[str]
    title_card: bool
    price_card: bool
    narration: NarrationView | None
    """Null until it is written, spoken and timed."""
    costs: ListingCosts


def costs_of(job: Job) -> Mapping[str, Decimal]:
    """By component; without what was lost."""
    told = job.narration.costs if job.narration else {}
    spoken = {stage: told.get(stage, Decimal(0)) for stage in ("script", "voice", "captions", "storage")}
    clips = max(Decimal(0), job.actual_cost - sum(told.values(), Decimal(0))) if job.ended else Decimal(0)
    total = sum(spoken.values(), clips)
    return {**spoken, "clips": clips, "total": total}


def listing_view(job: Job) -> ListingView | None:
    if job.listing is None:
        return None
    said: dict[str, Any] = job.listing.model_dump()
    style = job.listing.captions
    narration = job.narration and NarrationView.model_validate(job.narration.model_dump())
    return ListingView.model_validate(
        {
            **said,
            "duration_seconds": job.listing.target_seconds,
            "captions": style and {**style.model_dump(), "highlight": style.highlighted},
            "narration": narration,
            "costs": ListingCosts.model_validate(costs_of(job)),
        }
    )


def captions_urls(job: Job, film: Film | None) -> CaptionsUrls | None:
    if film is None or film.subtitles is None:
        return None
    videos, run = f"{ROOT}/videos/{job.id}", f"?run={film.run}"
    return CaptionsUrls(srt=f"{videos}/captions.srt{run}", vtt=f"{videos}/captions.vtt{run}")
