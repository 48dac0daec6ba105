"""What may not be deleted yet: the assets, campaigns and clients of jobs that run."""

from __future__ import annotations

from collections.abc import Iterable

from functions.api.asset_kinds import KINDS
from functions.studio.clips import OPEN_CLIP
from functions.studio.errors import Conflict
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.library import Asset


def refuse_while_running(running: Iterable[Job], what: str) -> None:
    """Conflict that names the first of the jobs."""
    for job in running:
        raise Conflict(f"The job {job.id} still runs for this {what}.", hint="Wait until it has ended.")


def refuse_while_needed(asset: Asset, jobs: JobStore) -> None:
    """Music is needed until a film is there that has it, of whichever campaign. So is a picture that a film is cut with, that
    a prompted one begins with, that a listing shows, or that a picture of a scene is to look like; and one is needed while a job chooses among its campaign's, while a clip that begins or
    ends with it is open."""
    running = jobs.running(asset.tenant)
    refuse_while_running((job for job in running if _needs(job, asset, jobs)), KINDS[asset.type].word)


def _needs(job: Job, asset: Asset, jobs: JobStore) -> bool:
    if asset.id in job.run_cut.asset_ids or (job.brief and asset.id == job.brief.image_asset_id):
        return True
    if asset.type != "image":
        return False
    if job.listing and asset.id in job.listing.asset_ids:
        return True
    if job.scenario_id and any(clip.reference_asset_id == asset.id for clip in jobs.clips(job.id)):
        return True
    if job.campaign_id != asset.campaign_id:
        return False
    if job.status is JobStatus.PLANNING and job.purpose.chooses:
        return True
    return any(
        clip.status in OPEN_CLIP and asset.id in (clip.image1_asset_id, clip.image2_asset_id, clip.reference_asset_id)
        for clip in jobs.clips(job.id)
    )
