"""A listing's job, accepted as the API accepts it, in the local cloud's own stores."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from functions.studio.budgets import Budgets
from functions.studio.captions import CaptionStyle
from functions.studio.catalogue import catalogue
from functions.studio.cut import Cut
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.listing_clips import film_at_most
from functions.studio.listings import Listing
from functions.studio.media_store import MediaStore
from functions.studio.rows import new_id, now, today
from functions.studio.table import Table
from functions.studio.workflow import Workflow
from local.cloud import LocalCloud

LAMP = {
    "title": "Aurora desk lamp",
    "description": "A lamp of brushed brass with warm light. It dims by touch, and its arm turns all the way around.",
    "category": "home",
    "price": Decimal(79),
}


class Listings:
    def __init__(self, cloud: LocalCloud) -> None:
        table = Table(cloud.table, cloud.client("dynamodb"))
        self.jobs, self.ledger, self.library = JobStore(table), Ledger(table), Library(table)
        self.budgets = Budgets(table)
        self.media = MediaStore(cloud.bucket, cloud.client("s3"))
        self.workflow = Workflow(cloud.state_machine, cloud.client("stepfunctions"))

    def film(self, campaign: str, assets: list[str], cut: Cut | None = None, **wishes: Any) -> str:
        """The id of a job that has been accepted, and whose run has begun."""
        wished = {**LAMP, "asset_ids": assets, "target_seconds": 6, "captions": CaptionStyle(), **wishes}
        listing = Listing(**wished)
        job = Job(
            id=new_id(),
            tenant="demo",
            kind="listing",
            status=JobStatus.PLANNING,
            campaign_id=campaign,
            model=listing.motion,
            duration_seconds=listing.target_seconds,
            listing=listing,
            total_clips=len(assets),
            cut=cut or Cut(aspect_ratio="9:16", resolution="480p"),
            created_at=now(),
            updated_at=now(),
        )
        found = {asset.id: asset for asset in self.library.assets("demo", assets)}
        shown = [found[one] for one in assets]
        cost = sum(film_at_most(job, listing, shown, catalogue(), today()).values(), Decimal(0))
        job = job.model_copy(update={"estimated_cost": cost, "reserved_cost": cost})
        self.budgets.accept(job, self.jobs.accept(job), *self.jobs.enlist(job))
        self.jobs.execution_started(job, self.workflow.start(job.id, job.run, job.execution_name))
        return job.id
