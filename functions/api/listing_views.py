"""What a job's view shows of a listing's film: what was offered, and what it says."""

from __future__ import annotations

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
        }
    )


def captions_urls(job: Job, film: Film | None) -> CaptionsUrls | None:
    if film is None or film.subtitles is None:
        return None
    videos, run = f"{ROOT}/videos/{job.id}", f"?run={film.run}"
    return CaptionsUrls(srt=f"{videos}/captions.srt{run}", vtt=f"{videos}/captions.vtt{run}")
