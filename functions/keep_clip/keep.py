"""An attempt's end: its output kept as the clip, or the reason why there is none, with its money, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from functions.keep_clip.copying import SEGMENT_SECONDS, Copier
from functions.keep_clip.counting import count_ended, count_made
from functions.keep_clip.judging import TIMEOUTS, reason
from functions.studio import telemetry
from functions.studio.attempts import Following, at_most, next_stage, next_step, offered
from functions.studio.budgets import Budgets
from functions.studio.catalogue import Catalogue
from functions.studio.clips import (
    OPEN_CLIP,
    Answer,
    Attempt,
    AttemptStatus,
    Clip,
    ClipStatus,
    Fault,
    Kept,
    KeptPicture,
    Outcome,
    made_with,
)
from functions.studio.closing import give_up
from functions.studio.errors import (
    BrokenMedia,
    ConditionLost,
    NotConfigured,
    OutputExpired,
    OverBudget,
    StaleRun,
)
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore, begins_with, said
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Ledger, Line, LineState, reservation
from functions.studio.media_store import MediaStore, SharedStore
from functions.studio.messages import ClipTask, KeptClip, LateClip, StateError
from functions.studio.policy import hopeless
from functions.studio.providers import Provider
from functions.studio.pulse import Pulse
from functions.studio.recording import cancel, is_over, last_look
from functions.studio.rows import now
from functions.studio.settlement import Ending, ended_attempt, ending
from functions.studio.table import Write

NO_TIME = "The picture is there, and no time is left for its video"

READS = 4
"""Times that the rows are read again when somebody changed them in between."""


@dataclass(frozen=True)
class Keeper:
    jobs: JobStore
    ledger: Ledger
    media: MediaStore
    shared: Callable[[], SharedStore]
    provider_of: Callable[[str], Provider]
    origins: Mapping[str, Sequence[str]]
    """From which a provider's outputs may be fetched."""
    limits: Mapping[str, int]
    stages: Mapping[str, tuple[str, ...]]
    events: JobEvents
    catalogue: Callable[[], Catalogue]
    segment_seconds: float = SEGMENT_SECONDS

    def keep(self, task: ClipTask, error: StateError | None) -> KeptClip:
        """Ends the task's attempt and says what follows; a second call finds that it was done."""
        telemetry.about(attempt=task.attempt_id)
        job = self.jobs.job(task.job_id)
        kept = self._keep(job, task, error)
        if kept.next is None and job.on_clip_failure.kind != "best_effort":
            self._ask_policy(task)
        return kept

    def keep_late(self, late: LateClip) -> None:
        """Copies what came of an attempt that had been given up: it was paid for, and changes nothing any more."""
        attempt = self.jobs.find_attempt(late.job_id, late.attempt_id)
        if attempt is None or attempt.answer is None or not attempt.is_made or attempt.kept or attempt.picture:
            return
        job, clip = self.jobs.job(late.job_id), self.jobs.clip(late.job_id, attempt.clip)
        try:
            kept = self.copy(job, clip, attempt, attempt.answer)
        except (BrokenMedia, OutputExpired, NotConfigured) as fault:
            telemetry.logger().warning("what came late is unusable", extra={"reason": str(fault)})
            return
        with suppress(ConditionLost):  # kept twice: the same bytes
            self.jobs.table.commit(self.jobs.kept_late(job.id, attempt.id, kept))

    def _ask_policy(self, task: ClipTask) -> None:
        """Whether the job still has hope of the film that its caller wants. Only a clip that failed can take it away."""
        job = self.jobs.job(task.job_id)
        if job.run != task.run or job.status is not JobStatus.PROCESSING:
            return
        clips = self.jobs.clips(job.id)
        failed = any(clip.number == task.clip and clip.status is ClipStatus.FAILED for clip in clips)
        if failed and (why := hopeless(job.on_clip_failure, clips, cut=job.run_cut)):
            give_up(job, why, self.jobs, self.events)

    def _keep(self, job: Job, task: ClipTask, error: StateError | None) -> KeptClip:
        never_begun = bool(error and error.error in TIMEOUTS) and self._last_look(task)
        for _ in range(READS):
            clip = self.jobs.clip(task.job_id, task.clip)
            if clip.run != task.run:
                return KeptClip()
            line = self.ledger.line(task.job_id, task.attempt_id)
            if line.state is not LineState.RESERVED:
                return KeptClip(next=self._already(job, clip, line, task))
            attempt = self.jobs.find_attempt(task.job_id, task.attempt_id)
            # What was found meanwhile outweighs the look that did not find it.
            never_begun = never_begun and attempt is not None and is_over(attempt)
            try:
                return KeptClip(next=self._end(job, clip, line, task, attempt, error, never_begun))
            except ConditionLost:
                continue
        raise ConditionLost(f"the rows of attempt {task.attempt_id} kept changing")

    def _last_look(self, task: ClipTask) -> bool:
        """Its time is over, but perhaps it has ended and nobody was told: money is lost only after a look.

        True when the look shows that nothing was ever begun.
        """
        attempt = self.jobs.find_attempt(task.job_id, task.attempt_id)
        if attempt is None or not attempt.is_waiting:
            return False
        return last_look(self.jobs, self.provider_of, task.job_id, attempt)

    def _already(self, job: Job, clip: Clip, line: Line, task: ClipTask) -> ClipTask | None:
        if clip.status not in OPEN_CLIP:
            return None
        if line.state is LineState.SETTLED:
            return self._next_stage(job, clip, task)
        following = self._again(job, clip, task, line.model, clip.error_class)
        return following.task if following else None

    def _end(
        self,
        job: Job,
        clip: Clip,
        line: Line,
        task: ClipTask,
        attempt: Attempt | None,
        error: StateError | None,
        never_begun: bool,
    ) -> ClipTask | None:
        answer = attempt.answer if attempt else None
        if attempt and answer and answer.outcome is Outcome.SUCCEEDED and clip.status in OPEN_CLIP:
            try:
                kept = self.copy(job, clip, attempt, answer)
            except (BrokenMedia, OutputExpired) as fault:
                what = "clip" if attempt.stage == "video" else "picture"
                end = ending(attempt, f"The {what} is unusable: {fault}.", fault.error_class)
                return self._failed(job, clip, line, task, attempt, end)
            except NotConfigured as fault:  # ffmpeg is missing, or an origin
                return self._failed(job, clip, line, task, attempt, ending(attempt, str(fault), fault.error_class))
            return self._completed(job, clip, line, task, attempt, kept)
        message, error_class = reason(error, attempt, never_begun, job.stopping)
        end = ending(attempt, message, error_class, never_begun=never_begun)
        following = self._failed(job, clip, line, task, attempt, end)
        if attempt and attempt.prediction_id and not answer:
            cancel(self.provider_of(attempt.provider), attempt.prediction_id, "it was given up")
        return following

    def _next_stage(self, job: Job, clip: Clip, task: ClipTask) -> ClipTask | None:
        """What a clip goes on with whose stage is kept; nothing where its caller is to look at it first."""
        if job.stopping or task.stage == job.pause_after:
            return None
        return next_stage(task, self.stages[job.kind], _passed(clip))

    def _again(self, job: Job, clip: Clip, task: ClipTask, model: str, error_class: str | None) -> Following | None:
        """Another attempt at what has failed; pictures have no other model to fall back to."""
        if job.stopping:
            return None
        models = job.models if task.stage == "video" else [model]
        return next_step(
            task,
            self.stages[job.kind],
            models,
            model,
            error_class=error_class,
            passed=_passed(clip),
            limits=self.limits,
        )

    def copy(self, job: Job, clip: Clip, attempt: Attempt, answer: Answer) -> Kept | KeptPicture:
        """What was made, in a bucket of ours, proved; BrokenMedia, OutputExpired or NotConfigured where that cannot be."""
        copier = Copier(self.media, self.shared, self.provider_of, self.origins, self.catalogue, self.segment_seconds)
        return copier.copy(job, clip, attempt, answer)

    def _completed(
        self, job: Job, clip: Clip, line: Line, task: ClipTask, attempt: Attempt, kept: Kept | KeptPicture
    ) -> ClipTask | None:
        price = line.comes_to(attempt.price)
        reported = attempt.answer.reported_cost if attempt.answer else None
        costs: dict[str, Decimal | None] = {"actualCost": (clip.actual_cost or Decimal(0)) + price}
        if reported is not None:
            costs["providerReportedCost"] = (clip.provider_reported_cost or Decimal(0)) + reported
        picture = kept if isinstance(kept, KeptPicture) else None
        ended = [
            self.jobs.attempt_ended(job.id, attempt.id, AttemptStatus.KEPT, as_read=attempt, picture=picture),
            self.ledger.end(job.id, attempt.id, LineState.SETTLED, price, reported=reported),
        ]
        following = None
        if isinstance(kept, KeptPicture):
            following = self._with_picture(job, clip, task, kept, costs, line.amount - price, ended)
        else:
            self.jobs.table.commit(self.jobs.clip_kept(job.id, task, kept, costs), *ended)
            telemetry.count("ClipsCompleted")
            _tell_time(clip)
        count_made(Pulse(self.jobs.table), attempt, made_with(clip, attempt.stage)[1])
        told = kept.bytes if isinstance(kept, KeptPicture) else kept.probe.bytes
        telemetry.logger().info("kept", extra={"bytes": told, "stage": task.stage, "usd": float(price)})
        telemetry.money("ClipCost", price)
        return following

    def _with_picture(
        self,
        job: Job,
        clip: Clip,
        task: ClipTask,
        picture: KeptPicture,
        costs: dict[str, Decimal | None],
        free: Decimal,
        ended: Sequence[Write],
    ) -> ClipTask | None:
        """The clip goes on to its video, or waits for its caller; where neither can be it ends, and its picture stays."""
        job = self.jobs.job(job.id)  # copying takes its time, and perhaps nothing is wanted any more
        following = self._next_stage(job, clip, task)
        if following:
            going_on = clip.model_copy(update={"stage": following.stage})
            amount = min(free, at_most(going_on, job, self.catalogue()))
            line = reservation(going_on, amount=amount, credits=job.credits_of(following.stage))
            move = self.jobs.next_stage(job.id, clip, following.stage, picture, costs)
            self.jobs.table.commit(move, self.ledger.reserve(job.id, line), *ended)
        elif job.stopping is None and task.stage == job.pause_after:
            self.jobs.table.commit(self.jobs.clip_waits(job.id, clip, picture, costs), *ended)
        else:
            self._ends_with_picture(job, clip, picture, costs, ended)
        return following

    def _ends_with_picture(
        self,
        job: Job,
        clip: Clip,
        picture: KeptPicture,
        costs: dict[str, Decimal | None],
        ended: Sequence[Write],
    ) -> None:
        fault = Fault(message=NO_TIME, error_class="timeout")
        if job.stopping:
            fault = Fault(message=job.stopping, error_class="cancelled")
        status = ClipStatus.CANCELLED if job.stopping else ClipStatus.FAILED
        lost = self.jobs.clip_lost(job.id, clip, status, {**begins_with(picture), **costs, **said(fault)})
        self.jobs.table.commit(*ended, lost)
        telemetry.count("ClipsFailed", errorClass=fault.error_class)
        _tell_time(clip)

    def _failed(
        self, job: Job, clip: Clip, line: Line, task: ClipTask, attempt: Attempt | None, end: Ending
    ) -> ClipTask | None:
        job = self.jobs.job(job.id)  # copying takes its time, and perhaps nothing is wanted any more
        is_open = clip.status in OPEN_CLIP
        # Of what is uncertain nothing is sent again: two might be paid for.
        again = is_open and end.certain
        error_class = end.fault.error_class if again else None
        following = self._again(job, clip, task, made_with(clip, task.stage)[0], error_class)
        cancelled = job.stopping is not None and end.fault.error_class == "cancelled"
        fault = Fault(message=str(job.stopping), error_class="cancelled") if cancelled else end.fault
        ended = ended_attempt(self.jobs, self.ledger, job.id, line, attempt, end)
        if following:
            lost = line.comes_to(attempt.price if attempt else None) if end.line is LineState.LOST else Decimal(0)
            try:
                self._try_again(job, clip, following, line.amount - lost, fault, ended)
            except OverBudget as refused:
                following = None
                said_too = f"{fault.message.rstrip('.')}. It is not tried again: {refused}"
                fault = fault.model_copy(update={"message": said_too})
        if not following:
            status = ClipStatus.CANCELLED if cancelled else ClipStatus.FAILED
            lost_clip = [self.jobs.clip_lost(job.id, clip, status, said(fault))] if is_open else []
            self.jobs.table.commit(*ended, *lost_clip)
        count_ended(Pulse(self.jobs.table), attempt, made_with(clip, task.stage)[1], fault.error_class)
        told = {"errorClass": fault.error_class, "money": end.line.value, "again": following and following.model}
        telemetry.logger().warning(fault.message, extra=told)
        if attempt and attempt.is_made and end.line is LineState.LOST:
            telemetry.count("PaidNotKept")
        if not following:
            telemetry.count("ClipsFailed", errorClass=fault.error_class)
            _tell_time(clip)
        return following.task if following else None

    def _try_again(
        self, job: Job, clip: Clip, following: Following, free: Decimal, fault: Fault, ended: Sequence[Write]
    ) -> None:
        """What the clip says meanwhile, and who is asked now."""
        next_clip = self._by(following.model, job, clip) if following.task.stage == "video" else clip
        changes = {
            **said(fault),
            "retryCount": following.task.attempt - 1,
            "model": next_clip.model,
            "estimatedCost": next_clip.estimated_cost,
            "aspectRatio": next_clip.aspect_ratio,
            "predictionId": None,
        }
        self._go_on(job, next_clip, following, free, changes, ended)

    def _by(self, name: str, job: Job, clip: Clip) -> Clip:
        """The clip as another model makes its video."""
        model, before = (self.catalogue().model(one, clip.mode) for one in (name, clip.model))
        other_stages = Decimal(0)
        if len(self.stages[job.kind]) > 1:
            other_stages = max(clip.estimated_cost - offered(before, clip, job, "video").cost, other_stages)
        changes = {
            "model": model.name,
            "estimated_cost": other_stages + offered(model, clip, job, "video").cost,
            "aspect_ratio": clip.aspect_ratio if model.name == clip.model else None,
        }
        return clip.model_copy(update=changes)

    def _go_on(
        self, job: Job, clip: Clip, following: Following, free: Decimal, changes: dict[str, Any], ended: Sequence[Write]
    ) -> None:
        """Ends an attempt and reserves for what follows it: of `free`, which is reserved for the clip and was not used, and
        of the budgets where that does not do. OverBudget where they have no more for it."""
        task = following.task
        line = reservation(
            clip,
            stage=task.stage,
            attempt=task.attempt,
            amount=at_most(clip, job, self.catalogue()),
            credits=job.credits_of(task.stage),
        )
        writes = [
            self.jobs.move_clip(job.id, clip.run, clip.number, ClipStatus.PROCESSING, changes),
            self.ledger.reserve(job.id, line),
            *ended,
        ]
        if line.amount <= free:
            self.jobs.table.commit(*writes)
            return
        try:
            Budgets(self.jobs.table).reserve_more(job, line.amount - free, *writes)
        except StaleRun as stopped:
            raise ConditionLost(str(stopped)) from None


def _passed(clip: Clip) -> float:
    """Seconds since the clip's first attempt began."""
    if clip.started_at is None:
        return 0.0
    return (datetime.fromisoformat(now()) - datetime.fromisoformat(clip.started_at)).total_seconds()


def _tell_time(clip: Clip) -> None:
    if clip.started_at:
        telemetry.seconds("ClipSeconds", _passed(clip))
