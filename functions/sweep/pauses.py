"""The end of a job's wait for its caller: what was approved goes on, and the rest is given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from functions.studio.budgets import Budgets
from functions.studio.catalogue import Catalogue
from functions.studio.closing import Closing, stop_run
from functions.studio.errors import ConditionLost, ReelayError, RequestError, StaleRun
from functions.studio.jobs import Job, JobStatus, Purpose, RunKind
from functions.studio.policy import hopeless
from functions.studio.reruns import given_up, lost, upcoming
from functions.studio.telemetry import about, logger
from functions.sweep.sweep import start

NOBODY = "None of its pictures was approved in time."


@dataclass(frozen=True)
class Pauses:
    closing: Closing
    budgets: Budgets
    catalogue: Catalogue

    def end(self, at: datetime) -> dict[str, int]:
        """How many jobs went on, were cancelled, and failed to be either: those are tried again with the next sweep."""
        done = {"approved": 0, "cancelled": 0, "failed": 0}
        for job in self.closing.jobs.waiting_jobs():
            if job.pause is None or datetime.fromisoformat(job.pause.until) > at:
                continue
            about(job=job.id, run=job.run)
            try:
                # The index may be behind what its caller has just approved.
                done[self._end(self.closing.jobs.owned(job.id, job.run, JobStatus.AWAITING_APPROVAL))] += 1
            except (ConditionLost, StaleRun):
                logger().info("its caller has decided at this moment")
            except (ReelayError, ClientError, BotoCoreError, RuntimeError):
                logger().exception("its wait was not ended")
                done["failed"] += 1
        return done

    def _end(self, job: Job) -> str:
        try:
            why = NOBODY if job.pause is None or not job.pause.approved else self._gone_on(job)
        except RequestError as refused:  # its budget, say, has no more for the videos
            why = f"Its time to be approved is over, and its videos cannot be made: {refused}"
        if why is None:
            return "approved"
        jobs = self.closing.jobs
        jobs.table.commit(jobs.begin_to_cancel(job, why, {"errorMessage": why}))
        stop_run(job.id, job.run, self.closing)
        return "cancelled"

    def _gone_on(self, job: Job) -> str | None:
        """Why it cannot, where it cannot."""
        jobs = self.closing.jobs
        clips = jobs.clips(job.id)
        purpose = Purpose(kind=RunKind.APPROVED, chooses=False, clips=job.pause.approved if job.pause else [])
        run = upcoming(job, clips, purpose, self.catalogue)
        after = {clip.number: clip for clip in (*clips, *run.again, *lost(given_up(clips, purpose)))}
        if why := hopeless(job.on_clip_failure, [*after.values()], cut=job.cut):
            return why
        self.budgets.accept(run.job, *jobs.next_run(job, run.job.purpose, run.told))
        logger().info("what was approved goes on", extra={"clips": len(run.again), "usd": float(run.cost)})
        start(run.job, self.closing)
        return None
