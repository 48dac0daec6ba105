"""A job that has ended, with the rows that its run left, and whoever asks for its next one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from functions.studio.clips import AttemptStatus, Clip, ClipStatus, Kept
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, JobStatus
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.library import Library
from functions.studio.rows import now
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import a_campaign_of
from tests.scripted import a_clip, a_job, a_kept, an_attempt

COST = Decimal("1.20")
ENDED: dict[ClipStatus, LineState] = {
    ClipStatus.COMPLETED: LineState.SETTLED,
    ClipStatus.FAILED: LineState.RELEASED,
    ClipStatus.CANCELLED: LineState.LOST,
}


def a_film(job: Job, clips: list[int], **changes: Any) -> Film:
    given: dict[str, Any] = {
        "run": job.run,
        "key": f"acme/{job.run}/videos/{job.id}/combined.mp4",
        "poster_key": f"acme/{job.run}/videos/{job.id}/thumbnail.jpg",
        "manifest_key": f"acme/{job.run}/videos/{job.id}/manifest.json",
        "duration_seconds": 8.0 * len(clips),
        "frames": 192 * len(clips),
        "width": 1280,
        "height": 720,
        "fps": 24.0,
        "bytes": 1,
        "sha256": "0",
        "clips": clips,
        "cost": COST * len(clips),
        "delivered_at": now(),
    }
    return Film(**(given | changes))


class Ended:
    """By default: clips 1 and 3 kept, clip 2 failed, a film of the two."""

    def __init__(
        self,
        acme: Caller,
        jobs: JobStore,
        ledger: Ledger,
        library: Library,
        clips: Mapping[int, ClipStatus] | None = None,
        **changes: Any,
    ) -> None:
        self.acme, self.jobs, self.ledger, self.library = acme, jobs, ledger, library
        campaign = a_campaign_of(acme, 3)
        self.pictures = library.pictures("acme", campaign)
        done, failed = ClipStatus.COMPLETED, ClipStatus.FAILED
        self.statuses = {1: done, 2: failed, 3: done} if clips is None else clips
        kept = [number for number, status in self.statuses.items() if status is done]
        given: dict[str, Any] = {
            "status": JobStatus.COMPLETED if kept else JobStatus.FAILED,
            "campaign_id": campaign,
            "total_clips": len(self.statuses),
            "estimated_cost": COST * len(self.statuses),
            "actual_cost": COST * len(kept),
            "announced_run": 1,
            "started_at": now(),
            "completed_at": now(),
            "execution_arn": "arn:of:the:first:run",
            "error_message": None if kept else "All clips failed: refused",
        }
        job = a_job(**(given | changes))
        if job.status is JobStatus.COMPLETED and job.film is None:
            job = job.model_copy(update={"film": a_film(job, kept)})
        self.id = job.id
        jobs.table.commit(jobs.accept(job), *jobs.enlist(job))
        jobs.table.commit(*jobs.announced(job))
        if job.film:
            jobs.table.commit(jobs.films.film_made(job.id, 1, job.film))
        for number, status in self.statuses.items():
            self.put(a_clip(job, number), status)

    def put(self, clip: Clip, status: ClipStatus, kept: Kept | None = None) -> None:
        changes: dict[str, Any] = {"status": status, "attempt_id": f"1.{clip.number:04d}.video.1"}
        changes |= {"image1_asset_id": self.pictures[0].id, "image2_asset_id": self.pictures[1].id}
        if status is ClipStatus.COMPLETED:
            changes |= {"kept": kept or a_kept(clip.number), "actual_cost": COST, "prediction_id": f"p{clip.number}"}
        else:
            changes |= {"error_message": "flagged", "error_class": "refused"}
        row = clip.model_copy(update=changes)
        line = reservation(row).model_copy(update={"state": ENDED[status]})
        kept_or_not = AttemptStatus.KEPT if status is ClipStatus.COMPLETED else AttemptStatus.REFUSED
        attempt = an_attempt(self.job, clip.number, status=kept_or_not)
        self.jobs.table.put_all(
            [
                self.jobs.new_clip(self.id, row),
                self.jobs.new_attempt(self.id, attempt),
                self.ledger.reserve(self.id, line),
            ]
        )

    @property
    def job(self) -> Job:
        return self.jobs.job(self.id)

    @property
    def path(self) -> str:
        return f"/api/v3/jobs/{self.id}"

    def asks(self, what: str, body: Any = None, **headers: str) -> Reply:
        if body is None:
            return self.acme.send("POST", f"{self.path}/{what}", headers=headers)
        return self.acme.post(f"{self.path}/{what}", body)
