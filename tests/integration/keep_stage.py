"""One clip in the middle of its attempt, with a real output store over HTTP: what the tests of KeepClip begin with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from functions.keep_clip.keep import Keeper
from functions.studio import wiring
from functions.studio.catalogue import catalogue
from functions.studio.clips import Answer, AttemptStatus, Clip, ClipStatus, Outcome
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.media_store import MediaStore
from functions.studio.messages import ClipTask, StateError
from functions.studio.providers import Prediction
from functions.studio.rows import now
from tests.outputs import Outputs
from tests.scripted import Bus, ScriptedProvider, a_clip, a_job, a_task, an_attempt

TIMED_OUT = StateError(Error="States.Timeout", Cause="")


@dataclass
class Desk:
    """One clip in the middle of its attempt."""

    jobs: JobStore
    ledger: Ledger
    media: MediaStore
    outputs: Outputs
    job: Job
    task: ClipTask
    limits: dict[str, int]
    stages: dict[str, tuple[str, ...]]
    provider: ScriptedProvider
    segment_seconds: float = 60.0
    bus: Bus = field(default_factory=Bus)

    def attempt(self, **changes: Any) -> None:
        """Asked for, and not answered yet."""
        asked = {"status": AttemptStatus.ASKED, "prediction_id": None} | changes
        self.jobs.table.commit(self.jobs.new_attempt(self.job.id, an_attempt(self.job, **asked)))

    def answered(self, **answer: Any) -> None:
        said = Answer(**({"outcome": Outcome.SUCCEEDED} | answer))
        self.attempt(status=AttemptStatus.ANSWERED, prediction_id="p1", answer=said)

    def answered_as(self, attempt: dict[str, Any], **answer: Any) -> None:
        """An attempt of its own, answered."""
        self.attempt(status=AttemptStatus.ANSWERED, answer=Answer(**answer), **attempt)

    @property
    def keeper(self) -> Keeper:
        return Keeper(
            self.jobs,
            self.ledger,
            self.media,
            wiring.shared,
            {"replicate": self.provider}.__getitem__,
            {"replicate": [self.outputs.origin], "piapi": [self.outputs.origin]},
            self.limits,
            self.stages,
            JobEvents("bus", self.bus),
            catalogue,
            self.segment_seconds,
        )

    def keep(self, error: StateError | None = None) -> ClipTask | None:
        return self.keeper.keep(self.task, error).next

    @property
    def clip(self) -> Clip:
        return self.jobs.clip(self.job.id, 1)

    @property
    def attempt_status(self) -> AttemptStatus | None:
        attempt = self.jobs.find_attempt(self.job.id, self.task.attempt_id)
        return attempt.status if attempt else None

    @property
    def money(self) -> LineState:
        return self.ledger.line(self.job.id, self.task.attempt_id).state

    @property
    def objects(self) -> list[str]:
        listed = self.media.client.list_objects_v2(Bucket=self.media.bucket)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    @property
    def end(self) -> tuple[ClipStatus, AttemptStatus | None, LineState]:
        return self.clip.status, self.attempt_status, self.money


def a_desk(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs, *, seconds: int = 1) -> Desk:
    job = a_job(duration_seconds=seconds)
    clip = a_clip(job, status=ClipStatus.PROCESSING, started_at=now())
    jobs.table.commit(jobs.accept(job), jobs.new_clip(job.id, clip), ledger.reserve(job.id, reservation(clip)))
    provider = ScriptedProvider()
    provider.known["p1"] = Prediction(id="p1")
    return Desk(jobs, ledger, media, outputs, job, a_task(job), {}, {"image_pairs": ("video",)}, provider)
