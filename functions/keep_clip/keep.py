"""An attempt's end: its output kept as the clip, or the reason why there is none, with its money, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from functions.keep_clip.output import fetch
from functions.studio import telemetry
from functions.studio.catalogue import catalogue
from functions.studio.clips import (
    OPEN_CLIP,
    Answer,
    Attempt,
    AttemptStatus,
    Clip,
    ClipStatus,
    Kept,
    Outcome,
    leeway,
    next_step,
)
from functions.studio.errors import BrokenMedia, ConditionLost, NotConfigured, OutputExpired
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import Ledger, Line, LineState, reservation
from functions.studio.media import Probe, Segment
from functions.studio.media_store import RAW, MediaStore, clip_key, segment_key
from functions.studio.messages import ClipTask, KeptClip, StateError
from functions.studio.probe import examine, sha256
from functions.studio.providers import Provider
from functions.studio.recording import cancel, is_over, last_look
from functions.studio.rows import now
from functions.studio.segment import segment_clip
from functions.studio.settlement import Ending, ended_attempt, ending
from functions.studio.sound import HEARD
from functions.studio.table import Write
from functions.studio.visible import clip_faults
from functions.studio.workplace import workplace

TIMEOUTS = frozenset({"States.Timeout", "States.HeartbeatTimeout"})

TIMED_OUT = "Prediction timed out"
"""The seeds' words."""

ERROR_CLASSES = {
    "ProviderBusy": "busy",
    "ProviderRefused": "refused",
    "ModelGone": "refused",
    "ProviderFailed": "failed",
    "ProviderUnknown": "unknown",
}
"""By the name of the error that the workflow caught; any other is `failed`."""

SEGMENT_SECONDS = 40
"""For encoding one of a clip in a foreign format; copying takes a moment. The clip's fetching and proving may take 420 of
the function's 480."""

READS = 4
"""Times that the rows are read again when somebody changed them in between."""


@dataclass(frozen=True)
class Keeper:
    jobs: JobStore
    ledger: Ledger
    media: MediaStore
    provider_of: Callable[[str], Provider]
    origins: Sequence[str]
    limits: Mapping[str, int]
    stages: Mapping[str, tuple[str, ...]]
    segment_seconds: float = SEGMENT_SECONDS

    def keep(self, task: ClipTask, error: StateError | None) -> KeptClip:
        """Ends the task's attempt and says what follows; a second call finds that it was done."""
        telemetry.about(attempt=task.attempt_id)
        job = self.jobs.job(task.job_id)
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
        return self._next(job, task, kept=line.state is LineState.SETTLED, error_class=clip.error_class)

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
                end = ending(attempt, f"The clip is unusable: {fault}.", fault.error_class)
                return self._failed(job, clip, task, attempt, end)
            except NotConfigured as fault:  # ffmpeg itself is missing
                return self._failed(job, clip, task, attempt, ending(attempt, str(fault), "failed"))
            return self._completed(job, clip, line, task, attempt, kept)
        message, error_class = reason(error, attempt, never_begun)
        end = ending(attempt, message, error_class, never_begun=never_begun)
        following = self._failed(job, clip, task, attempt, end)
        if attempt and attempt.prediction_id and not answer:
            cancel(self.provider_of(attempt.provider), attempt.prediction_id, "it was given up")
        return following

    def _next(self, job: Job, task: ClipTask, *, kept: bool, error_class: str | None = None) -> ClipTask | None:
        return next_step(task, self.stages[job.kind], kept, error_class, self.limits)

    def copy(self, job: Job, clip: Clip, attempt: Attempt, answer: Answer) -> Kept:
        """The clip and its sound in our bucket, proved; BrokenMedia or OutputExpired where that cannot be."""
        url = answer.output_url
        if answer.removed:
            raise OutputExpired("the provider has deleted its output")
        if not url:
            raise BrokenMedia("the provider named no output")
        with workplace() as folder:
            film, pcm = folder / "clip.mp4", folder / "clip.pcm"
            fetch(url, film, self.origins)
            probe = examine(film, pcm=pcm)
            check(probe, clip.duration_seconds)
            key = clip_key(job.tenant, job.id, attempt.id, clip.number)
            pcm_key = key.removesuffix(".mp4") + ".pcm"
            self.media.upload(pcm, pcm_key, "application/octet-stream", tags=RAW)
            self.media.upload(film, key, "video/mp4")
            segment = self._segment(film, pcm, probe, key)
            return Kept(
                key=key,
                pcm_key=pcm_key,
                sha256=sha256(film),
                probe=probe,
                silent=is_silent(probe) and catalogue().model(clip.model).sounds(job.cut),
                segment=segment,
            )

    def _segment(self, film: Path, pcm: Path, probe: Probe, clip: str) -> Segment | None:
        """What the clip is watched by before there is a film. It is worth no paid clip: None where it cannot be made."""
        to, key = film.with_suffix(".m4s"), segment_key(clip)
        try:
            segment = segment_clip(film, pcm, probe.picture, to, key, seconds=self.segment_seconds)
        except BrokenMedia as fault:
            telemetry.logger().warning("no segment to watch", extra={"reason": str(fault)})
            telemetry.count("SegmentsFailed")
            return None
        self.media.upload(to, key, "video/mp4", tags=RAW)
        return segment

    def _completed(
        self, job: Job, clip: Clip, line: Line, task: ClipTask, attempt: Attempt, kept: Kept
    ) -> ClipTask | None:
        following = self._next(job, task, kept=True)
        cost = (clip.actual_cost or 0) + line.amount
        if following:
            changes = {"stage": following.stage, "actualCost": cost, "kept": kept.attributes()}
            writes = [self.jobs.move_clip(job.id, task.run, clip.number, ClipStatus.PROCESSING, changes)]
            writes.append(self._reserve(job, clip, following))
        else:
            writes = [self.jobs.clip_kept(job.id, task, kept, cost)]
        writes.append(self.jobs.attempt_ended(job.id, attempt.id, AttemptStatus.KEPT, as_read=attempt))
        writes.append(self.ledger.end(job.id, attempt.id, LineState.SETTLED))
        self.jobs.table.commit(*writes)
        telemetry.logger().info("kept", extra={"bytes": kept.probe.bytes, "usd": float(line.amount)})
        if not following:
            telemetry.count("ClipsCompleted")
            _tell_time(clip)
        telemetry.money("ClipCost", line.amount)
        return following

    def _failed(self, job: Job, clip: Clip, task: ClipTask, attempt: Attempt | None, end: Ending) -> ClipTask | None:
        following = self._next(job, task, kept=False, error_class=end.error_class) if clip.status in OPEN_CLIP else None
        words = {"errorMessage": end.message, "errorClass": end.error_class}
        writes = ended_attempt(self.jobs, self.ledger, job.id, task.attempt_id, attempt, end)
        if following:
            changes = {**words, "retryCount": following.attempt - 1}
            writes.append(self.jobs.move_clip(job.id, task.run, clip.number, ClipStatus.PROCESSING, changes))
            writes.append(self._reserve(job, clip, following))
        elif clip.status in OPEN_CLIP:
            writes.append(self.jobs.clip_lost(job.id, clip, ClipStatus.FAILED, words))
        self.jobs.table.commit(*writes)
        telemetry.logger().warning(end.message, extra={"errorClass": end.error_class, "money": end.line.value})
        if not following:
            telemetry.count("ClipsFailed", errorClass=end.error_class)
            _tell_time(clip)
        return following

    def _reserve(self, job: Job, clip: Clip, following: ClipTask) -> Write:
        return self.ledger.reserve(job.id, reservation(clip, stage=following.stage, attempt=following.attempt))


def check(probe: Probe, asked: int) -> None:
    """BrokenMedia for a whole file that is not the clip of `asked` seconds which was paid for."""
    seconds = float(probe.picture.seconds)
    if abs(seconds - asked) > leeway(asked):
        raise BrokenMedia(f"it lasts {seconds:.2f} s instead of {asked} s")
    for fault in clip_faults(probe.picture):
        raise BrokenMedia(fault)


def is_silent(probe: Probe) -> bool:
    return probe.sound is None or (probe.sound.loudest or 0) < HEARD


def reason(error: StateError | None, attempt: Attempt | None, never_begun: bool) -> tuple[str, str]:
    """An error that the workflow caught, as a message for people and an error class."""
    if error is None:
        return "The step ended without an answer from the provider", "unknown"
    if error.error not in TIMEOUTS:
        return error.said, ERROR_CLASSES.get(error.error, "failed")
    if never_begun:
        return f"{TIMED_OUT}: the provider did not say whether it accepted it, and has not", "timeout"
    if attempt and attempt.postponed:
        return f"{TIMED_OUT}: the provider was too busy to accept it", "busy"
    return TIMED_OUT, "timeout"


def _tell_time(clip: Clip) -> None:
    if clip.started_at:
        passed = datetime.fromisoformat(now()) - datetime.fromisoformat(clip.started_at)
        telemetry.seconds("ClipSeconds", passed.total_seconds())
