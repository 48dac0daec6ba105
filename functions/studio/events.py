"""What the deployment tells about its jobs, on its own event bus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from functions.studio.jobs import Job
from functions.studio.messages import LateClip

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient

SOURCE = "reelay"
CANCELLING = "job.cancelling"
CLOSING = "job.closing"
"""That a job is to be cancelled, or has no hope of a film: heard by close_job, which stops what runs for it."""
COPY = "film.to_be_copied"
"""That a film is to be copied to its destination: heard by copy_film."""
LATE = "clip.late"
"""That a clip has come which was given up: heard by keep_clip."""


class JobEvents:
    def __init__(self, bus: str, client: EventBridgeClient | None = None) -> None:
        self.bus = bus
        self.client = client or boto3.client("events", config=Config(retries={"mode": "standard", "max_attempts": 5}))

    def publish(self, job: Job, happened: str | None = None) -> None:
        """A detail type such as `job.completed`, of what happened, or else of the job's status; at least once, so consumers
        go by `jobId`, `run` and `status`."""
        detail = {
            "jobId": job.id,
            "run": job.run,
            "kind": job.kind,
            "tenant": job.tenant,
            "status": job.status.value,
            "successfulClips": job.successful_clips,
            "failedClips": job.failed_clips,
            "actualCost": float(job.actual_cost),
            "lostCost": float(job.lost_cost),
            "errorMessage": job.error_message,
        }
        self._put(happened or f"job.{job.status.value}", detail)

    def publish_late(self, late: LateClip) -> None:
        self._put(LATE, late.wire())

    def _put(self, kind: str, detail: dict[str, Any]) -> None:
        answer = self.client.put_events(
            Entries=[
                {"EventBusName": self.bus, "Source": SOURCE, "DetailType": kind, "Detail": json.dumps(detail)},
            ]
        )
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"the event bus did not take the event: {answer['Entries'][0].get('ErrorCode')}")
