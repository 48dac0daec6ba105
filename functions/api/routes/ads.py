"""Ads: listings that are shown to people. The page of one that is active is for everybody who has its link."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api import ad_page, cursors
from functions.api.ads import AdChanges, AdView, NewAd, ad_view, changed, new_ad
from functions.api.envelope import ROOT, Envelope, Listed, answer, created, gone
from functions.api.given import Asker, TheJobs, TheLibrary, TheMedia
from functions.studio import wiring
from functions.studio.ads import Ad, AdStatus
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.showcase import Showcase

router = Router()
pages = Router()
TAGS = ["ads"]


def showcase() -> Showcase:
    return Showcase(wiring.table())


TheShowcase = Annotated[Showcase, Depends(showcase)]


def job_of(ad: Ad, jobs: JobStore) -> Job | None:
    return jobs.find_job(ad.job_id) if ad.job_id else None


@router.post("/ads", tags=TAGS, status_code=201, summary="Create an ad")
def create(body: NewAd, asker: Asker, jobs: TheJobs, ads: TheShowcase) -> Response[Envelope[AdView]]:
    """A draft, unless it is asked for as active: then its job needs a film."""
    ad = new_ad(body, asker.tenant, jobs)
    ads.add(ad)
    return created(ad_view(ad, job_of(ad, jobs)), f"{ROOT}/ads/{ad.id}")


@router.get("/ads", tags=TAGS, summary="List ads")
def page(
    asker: Asker,
    jobs: TheJobs,
    library: TheLibrary,
    status: Annotated[AdStatus | None, Query()] = None,
    limit: cursors.Limit = 50,
    cursor: cursors.Cursor = None,
) -> Envelope[Listed[AdView]]:
    """The newest first."""
    found, more = library.page(
        Ad,
        asker.tenant,
        limit=limit,
        after=cursors.position(cursor),
        keep=lambda ad: status in (None, ad.status),
        newest_first=True,
    )
    films = {job.id: job for job in jobs.jobs(list({ad.job_id for ad in found if ad.job_id}))}
    items = [ad_view(ad, films.get(ad.job_id or "")) for ad in found]
    return answer(Listed(items=items, next_cursor=cursors.cursor(more)))


@router.get("/ads/<ad_id>", tags=TAGS, summary="Get an ad")
def show(ad_id: str, asker: Asker, jobs: TheJobs, library: TheLibrary) -> Envelope[AdView]:
    ad = library.get(Ad, asker.tenant, ad_id)
    return answer(ad_view(ad, job_of(ad, jobs)))


@router.patch("/ads/<ad_id>", tags=TAGS, summary="Change an ad, show it, or archive it")
def change(ad_id: str, body: AdChanges, asker: Asker, jobs: TheJobs, library: TheLibrary) -> Envelope[AdView]:
    ad = library.get(Ad, asker.tenant, ad_id)
    ad = library.change(Ad, asker.tenant, ad_id, changed(ad, body, jobs))
    return answer(ad_view(ad, job_of(ad, jobs)))


@router.delete("/ads/<ad_id>", tags=TAGS, status_code=204, summary="Delete an ad and its page")
def remove(ad_id: str, asker: Asker, library: TheLibrary, ads: TheShowcase) -> Response[None]:
    ads.remove(library.get(Ad, asker.tenant, ad_id))
    return gone()


@pages.get("/<page_id>", include_in_schema=False)
def public(page_id: str, jobs: TheJobs, media: TheMedia, ads: TheShowcase) -> Response[str]:
    ad = ads.find(page_id)
    job = job_of(ad, jobs) if ad and ad.status == "active" else None
    if ad is None or job is None or job.film is None:
        return ad_page.not_found()
    return ad_page.page(ad, job.film, job.listing.language if job.listing else "en", media.signed_url)
