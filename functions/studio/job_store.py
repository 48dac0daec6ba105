"""Rows of a job: `J#{job}` → JOB, CLIP#0001, ATT#{attempt}, PIECE#{run}#0001, FILM#{run}.

Reads are consistent. What has to be committed together with other rows is returned as a write; the use case commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from functions.studio.clips import (
    CLIP_MOVES,
    OPEN_CLIP,
    WAITING,
    Answer,
    Attempt,
    AttemptStatus,
    Clip,
    ClipStatus,
    Kept,
    attempt_may_become,
)
from functions.studio.errors import NotFound
from functions.studio.jobs import Film, Job, JobStatus, may_become, now
from functions.studio.messages import ClipTask
from functions.studio.table import Table, Write, put, update

UNFINISHED = "1"
"""The sweep's index has one partition: a job is in it only while it runs."""


def _pk(job_id: str) -> str:
    return f"J#{job_id}"


def _clip_sk(number: int) -> str:
    return f"CLIP#{number:04d}"


class JobStore:
    def __init__(self, table: Table) -> None:
        self.table = table

    # jobs

    def job(self, job_id: str) -> Job:
        found = self.find_job(job_id)
        if found is None:
            raise NotFound(f"There is no job {job_id!r}.")
        return found

    def find_job(self, job_id: str) -> Job | None:
        row = self.table.get(_pk(job_id), "JOB")
        return Job.model_validate(row) if row else None

    def accept(self, job: Job) -> Write:
        return put(_pk(job.id), "JOB", {**job.attributes(), "unfinished": UNFINISHED}, {"pk": None})

    def unfinished_jobs(self) -> list[Job]:
        """Eventually consistent: a job may show some moments after it ended."""
        return [Job.model_validate(row) for row in self.table.index("unfinished", "unfinished", UNFINISHED)]

    def execution_started(self, job: Job, arn: str) -> None:
        self.table.commit(update(_pk(job.id), "JOB", {"executionArn": arn}, {"run": job.run, "executionArn": None}))

    def announced(self, job: Job) -> Write:
        return update(_pk(job.id), "JOB", {"announcedRun": job.run}, {"run": job.run})

    def move_job(self, job_id: str, run: int, status: JobStatus, changes: Mapping[str, Any] | None = None) -> Write:
        """Fenced by the run; holds only from a status that may become `status`."""
        stamp = now()
        fields: dict[str, Any] = {"status": status.value, "updatedAt": stamp, **(changes or {})}
        if status in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED):
            fields |= {"completedAt": stamp, "unfinished": None}
        return update(_pk(job_id), "JOB", fields, {"run": run, "status": may_become(status)})

    # clips

    def clips(self, job_id: str) -> list[Clip]:
        """In the order of their numbers."""
        return [Clip.model_validate(row) for row in self.table.query(_pk(job_id), "CLIP#")]

    def clip(self, job_id: str, number: int) -> Clip:
        row = self.table.get(_pk(job_id), _clip_sk(number))
        if row is None:
            raise NotFound(f"Job {job_id!r} has no clip {number}.")
        return Clip.model_validate(row)

    def new_clip(self, job_id: str, clip: Clip) -> Write:
        return put(_pk(job_id), _clip_sk(clip.number), clip.attributes())

    def move_clip(
        self, job_id: str, run: int, number: int, status: ClipStatus, changes: Mapping[str, Any] | None = None
    ) -> Write:
        """Fenced by the run; holds only from a status that may become `status` (or is it already and still open)."""
        before = [one.value for one, after in CLIP_MOVES.items() if status in after]
        if status.value in OPEN_CLIP:
            before.append(status.value)
        stamp = now()
        fields: dict[str, Any] = {"status": status.value, "updatedAt": stamp, "expiresAt": None, **(changes or {})}
        if not CLIP_MOVES[status]:
            fields["completedAt"] = stamp
        return update(_pk(job_id), _clip_sk(number), fields, {"run": run, "status": before})

    def clip_kept(self, job_id: str, task: ClipTask, kept: Kept, cost: Decimal) -> Write:
        return self.move_clip(
            job_id,
            task.run,
            task.clip,
            ClipStatus.COMPLETED,
            {"kept": kept.attributes(), "actualCost": cost, "errorMessage": None, "errorClass": None},
        )

    # attempts

    def find_attempt(self, job_id: str, attempt_id: str) -> Attempt | None:
        row = self.table.get(_pk(job_id), f"ATT#{attempt_id}")
        return Attempt.model_validate(row) if row else None

    def attempts(self, job_id: str) -> list[Attempt]:
        return [Attempt.model_validate(row) for row in self.table.query(_pk(job_id), "ATT#")]

    def new_attempt(self, job_id: str, attempt: Attempt) -> Write:
        """Holds only when the attempt was never put."""
        return put(_pk(job_id), f"ATT#{attempt.id}", attempt.attributes(), {"pk": None})

    def replace_token(self, job_id: str, attempt_id: str, token: str) -> Write:
        return update(_pk(job_id), f"ATT#{attempt_id}", {"token": token}, {"pk": ...})

    def move_attempt(
        self, job_id: str, attempt_id: str, status: AttemptStatus, changes: Mapping[str, Any] | None = None
    ) -> Write:
        return update(
            _pk(job_id),
            f"ATT#{attempt_id}",
            {"status": status.value, **(changes or {})},
            {"status": attempt_may_become(status)},
        )

    def attempt_accepted(self, job_id: str, attempt_id: str, prediction_id: str) -> Write:
        """An answer that came before this write keeps its status: this then is a lost condition, and no harm."""
        return self.move_attempt(
            job_id, attempt_id, AttemptStatus.ACCEPTED, {"predictionId": prediction_id, "acceptedAt": now()}
        )

    def attempt_answered(self, job_id: str, attempt_id: str, prediction_id: str | None, answer: Answer) -> Write:
        changes: dict[str, Any] = {"answer": answer.attributes(), "answeredAt": now()}
        if prediction_id:
            changes["predictionId"] = prediction_id
        return self.move_attempt(job_id, attempt_id, AttemptStatus.ANSWERED, changes)

    def postpone_attempt(self, job_id: str, attempt_id: str, postponed: bool) -> Write:
        """Marks that nothing was created (True), or claims the next create (False); only one claim holds."""
        return update(
            _pk(job_id),
            f"ATT#{attempt_id}",
            {"postponed": postponed},
            {"status": AttemptStatus.ASKED.value, "postponed": not postponed},
        )

    def attempt_ended(
        self, job_id: str, attempt_id: str, status: AttemptStatus, *, before: AttemptStatus | None = None
    ) -> Write:
        """With `before`, holds only while the attempt is as it was read: an answer that came meanwhile is not lost."""
        changes = {"status": status.value, "endedAt": now()}
        wanted = before.value if before else attempt_may_become(status)
        return update(_pk(job_id), f"ATT#{attempt_id}", changes, {"status": wanted})

    # pieces and films

    def put_pieces(self, job_id: str, run: int, pieces: Sequence[Mapping[str, Any]]) -> None:
        """Each piece is a mapping with its `number`; putting the same list again changes nothing."""
        self.table.put_all([put(_pk(job_id), f"PIECE#{run:04d}#{piece['number']:04d}", piece) for piece in pieces])

    def pieces(self, job_id: str, run: int) -> list[dict[str, Any]]:
        return list(self.table.query(_pk(job_id), f"PIECE#{run:04d}#"))

    def piece(self, job_id: str, run: int, number: int) -> dict[str, Any]:
        row = self.table.get(_pk(job_id), f"PIECE#{run:04d}#{number:04d}")
        if row is None:
            raise NotFound(f"Run {run} of job {job_id!r} has no piece {number}.")
        return row

    def piece_made(self, job_id: str, run: int, number: int, changes: Mapping[str, Any]) -> Write:
        return update(_pk(job_id), f"PIECE#{run:04d}#{number:04d}", changes, {"pk": ...})

    def film_made(self, job_id: str, run: int, film: Film) -> Write:
        return put(_pk(job_id), f"FILM#{run:04d}", film.attributes())

    def film(self, job_id: str, run: int) -> Film:
        row = self.table.get(_pk(job_id), f"FILM#{run:04d}")
        if row is None:
            raise NotFound(f"Run {run} of job {job_id!r} has made no film.")
        return Film.model_validate(row)


def is_waiting(attempt: Attempt) -> bool:
    return attempt.status in WAITING
