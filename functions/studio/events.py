"""What the deployment tells about its jobs, on its own event bus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from functions.studio.jobs import Job

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient

SOURCE = "reelay"


class JobEvents:
    def __init__(self, bus: str, client: EventBridgeClient | None = None) -> None:
        self.bus = bus
        self.client = client or boto3.client("events", config=Config(retries={"mode": "standard", "max_attempts": 5}))

    def publish(self, job: Job) -> None:
        """A detail type such as `job.completed`; at least once, so consumers go by `jobId`, `run` and `status`."""
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
        answer = self.client.put_events(
            Entries=[
                {
                    "EventBusName": self.bus,
                    "Source": SOURCE,
                    "DetailType": f"job.{job.status.value}",
                    "Detail": json.dumps(detail),
                }
            ]
        )
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"the event bus did not take the event: {answer['Entries'][0].get('ErrorCode')}")
