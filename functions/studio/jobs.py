"""What a job is, and the table of moves that its status may make."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Row(BaseModel):
    """A row's attributes, camelCase in the table as in the API."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    def attributes(self) -> dict[str, Any]:
        """As the table takes them: money stays Decimal, what is None is not written."""
        return self.model_dump(by_alias=True, exclude_none=True)


class JobStatus(StrEnum):
    PLANNING = "planning"
    PROCESSING = "sub_job_processing"
    COMBINING = "video_combining"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})

MOVES: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PLANNING: frozenset({JobStatus.PROCESSING, JobStatus.FAILED, JobStatus.CANCELLING}),
    JobStatus.PROCESSING: frozenset({JobStatus.COMBINING, JobStatus.FAILED, JobStatus.CANCELLING}),
    JobStatus.COMBINING: frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLING}),
    JobStatus.CANCELLING: frozenset({JobStatus.CANCELLED}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}


def may_become(status: JobStatus) -> list[str]:
    """The statuses from which a job may move to `status`: the condition of the write."""
    return [before.value for before, after in MOVES.items() if status in after]


class Film(Row):
    """The combined video of a run; keys are of the media bucket."""

    key: str
    poster_key: str
    manifest_key: str
    duration_seconds: float
    frames: int
    width: int
    height: int
    fps: float
    bytes: int
    sha256: str
    clips: list[int]


class Job(Row):
    id: str
    tenant: str
    kind: Literal["image_pairs"] = "image_pairs"
    status: JobStatus = JobStatus.PLANNING
    run: int = 1
    campaign_id: str
    client_id: str | None = None
    model: str
    duration_seconds: int
    num_pairs: int | None = None
    total_clips: int | None = None
    successful_clips: int = 0
    failed_clips: int = 0
    estimated_cost: Decimal | None = None
    actual_cost: Decimal = Decimal(0)
    lost_cost: Decimal = Decimal(0)
    planning_cost: Decimal = Decimal(0)
    planning_model: str | None = None
    aspect_ratio: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    film: Film | None = None
    error_message: str | None = None
    execution_arn: str | None = None
    announced_run: int | None = None
    """The latest run whose end was published."""
    created_at: str
    updated_at: str
    started_at: str | None = None
    completed_at: str | None = None
    unfinished: str | None = None
    """Present until the job has ended: the key of the sweep's sparse index."""

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL

    @property
    def execution_name(self) -> str:
        """Names stay taken for 90 days on AWS, hence the run."""
        return f"{self.id}-{self.run}"


def now() -> str:
    """UTC, milliseconds, as RFC 3339 with Z: sorts as text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id() -> str:
    """A UUID version 7 (RFC 9562): sorts by the time of its making, so key order is order of creation."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
