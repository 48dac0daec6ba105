"""Rows of a job: `J#{job}` → JOB, CLIP#0001, ATT#{attempt}, those of `film_rows`; and what finds it:
`T#{tenant}` → what `listing` has of it for the tenant's lists, RUNS#{campaign}#{job} until it has ended.

Reads are consistent. What has to be committed together with other rows is returned as a write; the use case commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from functions.studio.clips import (
    ATTEMPT_MOVES,
    CLIP_MOVES,
    OPEN_CLIP,
    Answer,
    Attempt,
    AttemptStatus,
    Clip,
    ClipStatus,
    Fault,
    Kept,
    KeptPicture,
    given_back,
)
from functions.studio.destinations import Delivery, Destination
from functions.studio.errors import NotFound, StaleRun
from functions.studio.film_rows import FilmRows
from functions.studio.jobs import MOVES, RESTING, TERMINAL, Film, Job, JobStatus, Purpose, before
from functions.studio.listing import EVERY, WITH_FILM, Listed, Span, entry, merged, of_status, places
from functions.studio.messages import ClipTask
from functions.studio.rows import now
from functions.studio.table import AtMost, Table, Write, check, delete, put, update

UNFINISHED = "1"
WAITING = "waiting"
"""The sweep's index has two partitions: of the jobs that run, and of those that wait for their caller."""


def _pk(job_id: str) -> str:
    return f"J#{job_id}"


def _list(tenant: str) -> str:
    return f"T#{tenant}"


def _runs(campaign_id: str) -> str:
    return f"RUNS#{campaign_id}#" if campaign_id else "RUNS#"


def _clip_sk(number: int) -> str:
    return f"CLIP#{number:04d}"


def _planning(job: Job) -> dict[str, Any]:
    return {"run": job.run, "status": JobStatus.PLANNING.value, "closing": None}


def _to_be_announced() -> dict[str, Any]:
    return {"announcedRun": None, "unfinished": UNFINISHED}


def begins_with(picture: KeptPicture) -> dict[str, Any]:
    """What a clip's row says of the picture that its video is made from."""
    return {"picture": picture.attributes(), "image1Key": picture.key}


def said(fault: Fault | None) -> dict[str, str | None]:
    """What a clip's row says of why it has come to nothing; of nothing, when all is well."""
    if fault is None:
        return {"errorMessage": None, "errorClass": None, "errorInput": None}
    return {"errorMessage": fault.message, "errorClass": fault.error_class, "errorInput": fault.input}


def _as_read(delivery: Delivery | None) -> dict[str, Any] | None:
    return delivery.attributes() if delivery else None


class JobStore:
    def __init__(self, table: Table) -> None:
        self.table = table
        self.films = FilmRows(table)

    # jobs

    def job(self, job_id: str) -> Job:
        found = self.find_job(job_id)
        if found is None:
            raise NotFound(f"There is no job {job_id!r}.")
        return found

    def find_job(self, job_id: str) -> Job | None:
        row = self.table.get(_pk(job_id), "JOB")
        return Job.model_validate(row) if row else None

    def owned(self, job_id: str, run: int, *statuses: JobStatus) -> Job:
        """The job, if that run owns it and it is in one of the statuses; else StaleRun."""
        job = self.job(job_id)
        if job.run != run or job.status not in statuses:
            raise StaleRun(f"Run {run} has nothing to do for job {job_id}: it is {job.status} in run {job.run}.")
        return job

    def accept(self, job: Job) -> Write:
        return put(_pk(job.id), "JOB", {**job.attributes(), "unfinished": UNFINISHED}, {"pk": None})

    def enlist(self, job: Job) -> list[Write]:
        """What finds an accepted job: its places in the tenant's lists, and among those that run for its campaign."""
        return [
            *(self._stands(job, place) for place in places(job)),
            put(_list(job.tenant), _runs(job.campaign_id) + job.id, {"jobId": job.id}),
        ]

    def relisted(self, job: Job, status: JobStatus) -> list[Write]:
        """For the transaction in which the job as it was read takes that status: its place among those that have it."""
        was, will = of_status(job.status) + job.id, of_status(status) + job.id
        return [] if was == will else [delete(_list(job.tenant), was), self._stands(job, will)]

    def _stands(self, job: Job, place: str) -> Write:
        return put(_list(job.tenant), place, entry(job).attributes())

    def running(self, tenant: str, campaign_id: str = "") -> list[Job]:
        """The jobs that have not ended, oldest first; of one campaign, or of all."""
        marked = [row["jobId"] for row in self.table.query(_list(tenant), _runs(campaign_id))]
        return [job for job in self.jobs(marked) if not job.ended]

    def listed(self, tenant: str, spans: Sequence[Span], *, limit: int) -> tuple[list[Listed], bool]:
        """At most `limit` jobs of a tenant that stand in those spans of its lists, in their order; and whether there are
        more. Reads `limit` entries, and one more of each span."""
        return merged([self._in_span(tenant, span, -(-limit // len(spans))) for span in spans])

    def _in_span(self, tenant: str, span: Span, limit: int) -> tuple[list[Listed], bool]:
        rows, more = self.table.between(
            _list(tenant), span.low, span.high, limit=limit + 1, last_first=span.newest_first
        )
        return [Listed.model_validate(row) for row in rows[:limit]], more or len(rows) > limit

    def find_listed(self, tenant: str, job_id: str) -> Listed | None:
        row = self.table.get(_list(tenant), EVERY + job_id)
        return Listed.model_validate(row) if row else None

    def jobs(self, job_ids: Sequence[str]) -> list[Job]:
        """In the order of their making."""
        found = self.table.get_many([(_pk(job_id), "JOB") for job_id in job_ids])
        return sorted((Job.model_validate(row) for row in found), key=lambda job: job.id)

    def unfinished_jobs(self) -> list[Job]:
        """Eventually consistent: a job may show some moments after it ended."""
        return [Job.model_validate(row) for row in self.table.index("unfinished", "unfinished", UNFINISHED)]

    def waiting_jobs(self) -> list[Job]:
        """Those that wait for their caller, and were said to; eventually consistent."""
        return [Job.model_validate(row) for row in self.table.index("unfinished", "unfinished", WAITING)]

    def execution_started(self, job: Job, arn: str) -> None:
        self.table.commit(update(_pk(job.id), "JOB", {"executionArn": arn}, {"run": job.run, "executionArn": None}))

    def announced(self, job: Job) -> list[Write]:
        """Only now nobody need look at the job any more; at one that waits for its caller, nobody until its time is over."""
        when = {"run": job.run, "status": job.status.value}
        if not job.ended:
            return [update(_pk(job.id), "JOB", {"announcedRun": job.run, "unfinished": WAITING}, when)]
        return [
            update(_pk(job.id), "JOB", {"announcedRun": job.run, "unfinished": None}, when),
            delete(_list(job.tenant), _runs(job.campaign_id) + job.id),
        ]

    def move_job(
        self,
        job_id: str,
        run: int,
        status: JobStatus,
        changes: Mapping[str, Any] | None = None,
        *,
        planner: str | None = None,
        also: Mapping[str, Any] | None = None,
    ) -> Write:
        """Fenced by the run, and `also`; holds only from a status that may become `status`, and goes on only while nothing
        closes it.

        With `planner`, only while no other try has begun to plan.
        """
        stamp = now()
        fields: dict[str, Any] = {"status": status.value, "updatedAt": stamp, **(changes or {})}
        when: dict[str, Any] = {"run": run, "status": before(MOVES, status)}
        if status in TERMINAL:
            fields["completedAt"] = stamp
        when |= also or {}
        if status not in (JobStatus.FAILED, JobStatus.CANCELLING, JobStatus.CANCELLED):
            when["closing"] = None
        if planner:
            when["planner"] = planner
        return update(_pk(job_id), "JOB", fields, when)

    def reserve_more(self, job: Job, usd: Decimal, most: Decimal | None) -> Write:
        """Holds only while the run may spend and not more than `most` is reserved for it yet."""
        when: dict[str, Any] = {"run": job.run, "status": JobStatus.PROCESSING.value, "closing": None}
        if most is not None:
            when["reservedCost"] = AtMost(most)
        return update(_pk(job.id), "JOB", {}, when, add={"reservedCost": usd})

    def next_run(self, job: Job, purpose: Purpose, changes: Mapping[str, Any]) -> list[Write]:
        """Hold only while the job is as it was read: its run is over, that was published, no other run has begun, and its
        caller has approved no other clip."""
        ended = ("errorMessage", "completedAt", "closing", "planner", "executionArn", "savedCost")
        fields = {
            "run": job.run + 1,
            "status": JobStatus.PLANNING.value,
            "purpose": purpose.attributes(),
            "unfinished": UNFINISHED,
            "updatedAt": now(),
            **dict.fromkeys(ended),
            **changes,
        }
        when: dict[str, Any] = {"run": job.run, "status": job.status.value, "announcedRun": job.run}
        when |= {"pause": job.pause.attributes()} if job.pause else {}
        begun = job.model_copy(update={"status": JobStatus.PLANNING})
        # One that waited stands among those that run already.
        leaves = [delete(_list(job.tenant), of_status(job.status) + job.id)] if job.ended else []
        return [update(_pk(job.id), "JOB", fields, when), *self.enlist(begun), *leaves]

    def approved(self, job: Job, clips: Sequence[int]) -> Write:
        """What is approved of a job that waits; holds only while it waits as it was read."""
        if job.pause is None:
            raise ValueError(f"job {job.id} does not wait")
        when = {"run": job.run, "status": JobStatus.AWAITING_APPROVAL.value, "pause": job.pause.attributes()}
        pause = job.pause.model_copy(update={"approved": list(clips)})
        return update(_pk(job.id), "JOB", {"pause": pause.attributes(), "updatedAt": now()}, when)

    def to_be_copied(self, job: Job, delivery: Delivery, destination: Destination) -> Write:
        """Holds only while the copy is as it was read."""
        changes = {"delivery": delivery.attributes(), "destination": destination.attributes(), "updatedAt": now()}
        return update(_pk(job.id), "JOB", changes, {"pk": ..., "delivery": _as_read(job.delivery)})

    def copied(self, job: Job, delivery: Delivery, usd: Decimal) -> Write:
        """What came of copying the job's film, and what that took; holds only while it is the film that was to be copied."""
        changes: dict[str, Any] = {"delivery": delivery.attributes(), "updatedAt": now()}
        if usd:
            changes["besideClips"] = {**job.beside_clips, "storage": job.beside_clips.get("storage", Decimal(0)) + usd}
        when = {"pk": ..., "delivery": _as_read(job.delivery)}
        return update(_pk(job.id), "JOB", changes, when, add={"actualCost": usd} if usd else {})

    def film_delivered(self, job: Job, film: Film) -> list[Write]:
        return [self.films.delivered(job.id, film), self._stands(job, WITH_FILM + job.id)]

    def begin_to_cancel(self, job: Job, reason: str, told: Mapping[str, Any] | None = None) -> Write:
        """From here on nothing is sent for the run, and it can end as cancelled alone; holds while it has not ended, and its
        caller has approved no other clip. Of a job that waits for its caller the end is still to come, and to be published."""
        changes = {"closing": reason, **_to_be_announced(), **(told or {})}
        as_approved = {"pause": job.pause.attributes()} if job.pause else None
        return self.move_job(job.id, job.run, JobStatus.CANCELLING, changes, also=as_approved)

    def begin_to_close(self, job_id: str, run: int, reason: str) -> Write:
        """From here on nothing is sent for the run; holds once, while the job has not ended."""
        running = [status.value for status in JobStatus if status not in RESTING]
        changes = {"closing": reason, "updatedAt": now()}
        return update(_pk(job_id), "JOB", changes, {"run": run, "status": running, "closing": None})

    def begin_to_plan(self, job: Job, planner: str) -> Write:
        """From here on a try that began earlier writes nothing more."""
        return update(_pk(job.id), "JOB", {"planner": planner}, _planning(job))

    def still_planning(self, job: Job, planner: str) -> Write:
        """For a transaction with rows that only a job in planning may get, and only from the try that began last."""
        return check(_pk(job.id), "JOB", {**_planning(job), "planner": planner})

    def corrected(
        self, job: Job, planner: str, settled: Decimal, lost: Decimal, beside: Mapping[str, Decimal]
    ) -> Write:
        """As `still_planning`, and what earlier runs have come to changes by so much; `beside` is what all of the job's lines
        beside its clips have come to by then."""
        when = {**_planning(job), "planner": planner}
        return update(_pk(job.id), "JOB", {"besideClips": beside}, when, add={"actualCost": settled, "lostCost": lost})

    # clips

    def clips(self, job_id: str) -> list[Clip]:
        """In the order of their numbers."""
        return [Clip.model_validate(row) for row in self.table.query(_pk(job_id), "CLIP#")]

    def clip(self, job_id: str, number: int) -> Clip:
        row = self.table.get(_pk(job_id), _clip_sk(number))
        if row is None:
            raise NotFound(f"Job {job_id!r} has no clip {number}.")
        return Clip.model_validate(row)

    def clips_of(self, named: Sequence[tuple[str, int]]) -> list[Clip]:
        """Those of any jobs, by job and number, in no particular order."""
        rows = self.table.get_many([(_pk(job_id), _clip_sk(number)) for job_id, number in named])
        return [Clip.model_validate(row) for row in rows]

    def new_clip(self, job_id: str, clip: Clip) -> Write:
        return put(_pk(job_id), _clip_sk(clip.number), clip.attributes())

    def remove_clip(self, job_id: str, number: int) -> Write:
        return delete(_pk(job_id), _clip_sk(number))

    def move_clip(
        self,
        job_id: str,
        run: int,
        number: int,
        status: ClipStatus,
        changes: Mapping[str, Any] | None = None,
        *,
        as_read: Clip | None = None,
    ) -> Write:
        """Fenced by the run; holds only from a status that may become `status` (or is it already and still open).

        With `as_read`, only while no other attempt has begun since.
        """
        when: dict[str, Any] = {"run": run, "status": before(CLIP_MOVES, status)}
        if status in OPEN_CLIP:
            when["status"].append(status.value)
        if as_read:
            when["attemptId"] = as_read.attempt_id
        stamp = now()
        fields: dict[str, Any] = {"status": status.value, "updatedAt": stamp, "expiresAt": None, **(changes or {})}
        if not CLIP_MOVES[status]:
            fields["completedAt"] = stamp
        return update(_pk(job_id), _clip_sk(number), fields, when)

    def clip_lost(
        self,
        job_id: str,
        clip: Clip,
        status: ClipStatus,
        words: Mapping[str, Any],
        *,
        as_read: Clip | None = None,
    ) -> Write:
        """The end of a clip that nothing has come of; `status` as far as an earlier run has made nothing to go back to."""
        changes = {**words, **(given_back(clip.former) if clip.former else {})}
        ends = clip.former.status if clip.former else status
        return self.move_clip(job_id, clip.run, clip.number, ends, changes, as_read=as_read)

    def clip_kept(self, job_id: str, task: ClipTask, kept: Kept, costs: Mapping[str, Decimal | None]) -> Write:
        """`costs` by the clip's attributes."""
        return self.move_clip(
            job_id,
            task.run,
            task.clip,
            ClipStatus.COMPLETED,
            {"kept": kept.attributes(), **costs, "former": None, **said(None)},
        )

    def next_stage(
        self, job_id: str, clip: Clip, stage: str, picture: KeptPicture, costs: Mapping[str, Decimal | None]
    ) -> Write:
        """The clip goes on from its picture; the attempts at it count among the earlier ones, but for the first."""
        changes = {
            **begins_with(picture),
            **costs,
            **said(None),
            "stage": stage,
            "retryCount": 0,
            "earlierAttempts": clip.attempts_before,
            "predictionId": None,
        }
        return self.move_clip(job_id, clip.run, clip.number, ClipStatus.PROCESSING, changes)

    def clip_waits(self, job_id: str, clip: Clip, picture: KeptPicture, costs: Mapping[str, Decimal | None]) -> Write:
        """For its caller, who is to look at the picture; of what it was before only the video is of use any more."""
        standing = clip.former and clip.former.standing
        return self.move_clip(
            job_id,
            clip.run,
            clip.number,
            ClipStatus.AWAITING_APPROVAL,
            {
                **begins_with(picture),
                **costs,
                **said(None),
                "former": standing.attributes() if standing and standing.video else None,
            },
        )

    def picture_replaced(self, job_id: str, clip: Clip, picture: KeptPicture) -> Write:
        """Holds only while the clip waits for its caller with the picture that was read."""
        when = {
            "run": clip.run,
            "status": ClipStatus.AWAITING_APPROVAL.value,
            "image1Key": clip.image1_key,
        }
        return update(_pk(job_id), _clip_sk(clip.number), {**begins_with(picture), "updatedAt": now()}, when)

    # attempts

    def find_attempt(self, job_id: str, attempt_id: str) -> Attempt | None:
        row = self.table.get(_pk(job_id), f"ATT#{attempt_id}")
        return Attempt.model_validate(row) if row else None

    def attempts(self, job_id: str) -> list[Attempt]:
        return [Attempt.model_validate(row) for row in self.table.query(_pk(job_id), "ATT#")]

    def new_attempt(self, job_id: str, attempt: Attempt) -> Write:
        """Holds only when the attempt was never put."""
        return put(_pk(job_id), f"ATT#{attempt.id}", attempt.attributes(), {"pk": None})

    def replace_token(self, job_id: str, attempt: Attempt, token: str, turn: int) -> Write:
        """Holds only while the attempt has the token that was read."""
        return update(_pk(job_id), f"ATT#{attempt.id}", {"token": token, "turn": turn}, {"token": attempt.token})

    def move_attempt(
        self, job_id: str, attempt_id: str, status: AttemptStatus, changes: Mapping[str, Any] | None = None
    ) -> Write:
        return update(
            _pk(job_id),
            f"ATT#{attempt_id}",
            {"status": status.value, **(changes or {})},
            {"status": before(ATTEMPT_MOVES, status)},
        )

    def attempt_accepted(self, job_id: str, attempt_id: str, prediction_id: str) -> Write:
        """An answer that came before this write keeps its status: this then is a lost condition, and no harm."""
        return self.move_attempt(
            job_id, attempt_id, AttemptStatus.ACCEPTED, {"predictionId": prediction_id, "acceptedAt": now()}
        )

    def answered_late(self, job_id: str, attempt_id: str, prediction_id: str, answer: Answer) -> Write:
        """On an attempt that was given up: its status and its money stay as they are. Holds once."""
        given_up = [AttemptStatus.LOST.value, AttemptStatus.CANCELLED.value]
        changes = {"answer": answer.attributes(), "answeredAt": now(), "predictionId": prediction_id}
        return update(_pk(job_id), f"ATT#{attempt_id}", changes, {"status": given_up, "answer": None})

    def kept_late(self, job_id: str, attempt_id: str, kept: Kept | KeptPicture) -> Write:
        """Where a paid output lies that came too late; holds once."""
        what = "picture" if isinstance(kept, KeptPicture) else "kept"
        return update(_pk(job_id), f"ATT#{attempt_id}", {what: kept.attributes()}, {"pk": ..., what: None})

    def note_prediction(self, job_id: str, attempt_id: str, prediction_id: str) -> Write:
        """On an attempt that was given up before its create was answered: whatever it cost has a name."""
        return update(
            _pk(job_id), f"ATT#{attempt_id}", {"predictionId": prediction_id}, {"predictionId": None, "pk": ...}
        )

    def attempt_answered(self, job_id: str, attempt_id: str, prediction_id: str | None, answer: Answer) -> Write:
        changes: dict[str, Any] = {"answer": answer.attributes(), "answeredAt": now()}
        if prediction_id:
            changes["predictionId"] = prediction_id
        return self.move_attempt(job_id, attempt_id, AttemptStatus.ANSWERED, changes)

    def postpone_attempt(self, job_id: str, attempt_id: str, claim: str) -> Write:
        """Marks that nothing was created after all; holds only for the claim that the create was sent with."""
        when = {"status": AttemptStatus.ASKED.value, "postponed": False, "claim": claim}
        return update(_pk(job_id), f"ATT#{attempt_id}", {"postponed": True}, when)

    def claim_create(
        self, job_id: str, attempt_id: str, claim: str, uploads: Mapping[str, str], fingerprint: str | None = None
    ) -> Write:
        """Only one claim holds; the create that follows names just these uploads, or has that fingerprint. `claim` is an
        id of its own."""
        changes: dict[str, Any] = {"postponed": False, "claim": claim, "claimedAt": now(), "uploads": uploads}
        changes |= {"fingerprint": fingerprint} if fingerprint else {}
        return self._unsent(job_id, attempt_id, changes)

    def note_uploads(self, job_id: str, attempt_id: str, uploads: Mapping[str, str]) -> Write:
        """What was uploaded for a create that nobody has claimed yet."""
        return self._unsent(job_id, attempt_id, {"uploads": uploads})

    def _unsent(self, job_id: str, attempt_id: str, changes: Mapping[str, Any]) -> Write:
        when = {"status": AttemptStatus.ASKED.value, "postponed": True}
        return update(_pk(job_id), f"ATT#{attempt_id}", changes, when)

    def attempt_ended(
        self,
        job_id: str,
        attempt_id: str,
        status: AttemptStatus,
        *,
        as_read: Attempt | None = None,
        picture: KeptPicture | None = None,
    ) -> Write:
        """With `as_read`, holds only while the attempt is as it was read: an answer that came meanwhile is not lost."""
        changes: dict[str, Any] = {"status": status.value, "endedAt": now()}
        changes |= {"picture": picture.attributes()} if picture else {}
        when: dict[str, Any] = {"status": before(ATTEMPT_MOVES, status)}
        if as_read:
            when = {"status": as_read.status.value, "postponed": as_read.postponed, "claim": as_read.claim}
        return update(_pk(job_id), f"ATT#{attempt_id}", changes, when)
