"""Ads as callers make and see them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import StringConstraints

from functions.api import inputs
from functions.api.envelope import ROOT, Money, View
from functions.api.inputs import NotNull
from functions.api.listing_request import Description, Known
from functions.api.own_jobs import own_job
from functions.api.variants import refuse
from functions.studio.ads import Ad, AdStatus
from functions.studio.errors import Conflict, FieldError, NotFound
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.listings import categories
from functions.studio.rows import new_id, now
from functions.studio.showcase import new_page

Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
Script = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]

PAGES = "/ads"
"""Where everybody sees them; below it nothing takes a key."""

_OF_FILM = re.compile(r"/videos/([0-9a-f-]{36})/")


class NewAd(inputs.Input):
    """Of a listing's film, whatever is left out is as the listing has it."""

    job_id: str | None = None
    title: inputs.Name | None = None
    description: Description | None = None
    price: inputs.Dollars | None = None
    currency: Currency | None = None
    category: Known | None = None
    script: Script | None = None
    status: AdStatus = "draft"


class AdChanges(inputs.Input):
    job_id: str | None = None
    title: Annotated[inputs.Name | None, NotNull] = None
    description: Annotated[Description | None, NotNull] = None
    price: inputs.Dollars | None = None
    currency: Annotated[Currency | None, NotNull] = None
    category: Annotated[Known | None, NotNull] = None
    script: Script | None = None
    status: Annotated[AdStatus | None, NotNull] = None


class AdView(View):
    id: str
    user_id: str
    job_id: str | None
    title: str
    description: str
    price: Money | None
    currency: str
    category: str
    script: str | None
    status: AdStatus
    page_url: str | None
    """For everybody who has it; null unless the ad is active."""
    video_url: str | None
    thumbnail_url: str | None
    """Of the job's film, for a key; null until there is one."""
    created_at: str
    updated_at: str


def ad_view(ad: Ad, job: Job | None) -> AdView:
    videos = f"{ROOT}/videos/{ad.job_id}" if job and job.film else None
    return AdView.model_validate(
        {
            **ad.model_dump(),
            "user_id": ad.tenant,
            "page_url": page_path(ad) if ad.status == "active" else None,
            "video_url": videos and f"{videos}/combined",
            "thumbnail_url": videos and f"{videos}/thumbnail",
        }
    )


def page_path(ad: Ad) -> str:
    return f"{PAGES}/{ad.page}"


def job_of_video(url: str) -> str | None:
    """The job whose film a URL of ours leads to."""
    found = _OF_FILM.search(url)
    return found[1] if found else None


def new_ad(asked: NewAd, tenant: str, jobs: JobStore, *, job_field: str = "jobId") -> Ad:
    """InvalidRequest, NotFound or Conflict, each naming the field."""
    job = job_named(asked.job_id, tenant, jobs, job_field)
    _require_category(asked.category)
    told = job.listing if job else None
    title = asked.title or (told and told.title) or (job and job.title)
    description = asked.description or (told and told.description)
    faults = [
        FieldError(field, "is required, where the job has none of its own")
        for field, said in (("title", title), ("description", description))
        if not said
    ]
    if faults or not title or not description:
        refuse(*faults)
    if asked.status == "active":
        require_film(job)
    stamp = now()
    price = inputs.exactly(asked.price) if asked.price is not None else None
    return Ad(
        id=new_id(),
        tenant=tenant,
        job_id=asked.job_id,
        title=title,
        description=description,
        price=told.price if price is None and told else price,
        currency=asked.currency or (told.currency if told else "USD"),
        category=asked.category or (told.category if told else "other"),
        script=asked.script or (job.narration.script if job and job.narration else None),
        status=asked.status,
        page=new_page(),
        created_at=stamp,
        updated_at=stamp,
    )


def changed(ad: Ad, asked: AdChanges, jobs: JobStore) -> dict[str, Any]:
    """What becomes other about an ad, as the table takes it."""
    said = asked.model_dump(by_alias=True, exclude_unset=True)
    if asked.job_id is not None:
        job_named(asked.job_id, ad.tenant, jobs, "jobId")
    _require_category(asked.category)
    job_id = asked.job_id if "jobId" in said else ad.job_id
    if (asked.status or ad.status) == "active":
        require_film(job_named(job_id, ad.tenant, jobs, "jobId"))
    if asked.price is not None:
        said["price"] = inputs.exactly(asked.price)
    return said


def job_named(job_id: str | None, tenant: str, jobs: JobStore, field: str) -> Job | None:
    if job_id is None:
        return None
    try:
        return own_job(jobs, tenant, job_id)
    except NotFound as error:
        raise NotFound(error.detail, errors=(FieldError(field, error.detail),)) from None


def require_film(job: Job | None) -> None:
    if job is None or job.film is None:
        what = "has no film yet" if job else "names no job"
        raise Conflict(
            f"An ad that {what} cannot be shown.",
            hint="Give a jobId whose film is there, or leave the ad a draft.",
            errors=(FieldError("status", f"must be draft: the ad {what}"),),
        )


def _require_category(name: str | None) -> None:
    if name is not None and categories().find(name) is None:
        refuse(FieldError("category", f"must be one of {', '.join(categories().names)}"))
