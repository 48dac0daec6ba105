"""What must hold of a job when nothing is to happen any more."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal

from functions.studio.attempts import LIMITS, models_after, stage_ends
from functions.studio.clips import STAGES, Attempt, AttemptStatus, Clip, ClipStatus, Outcome, made_with
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import NARRATION, Line, LineState, beside_clips
from functions.studio.media_store import clip_key
from functions.studio.messages import ClipTask
from functions.studio.providers.protocol import ALIKE
from simulation.choices import picture_faults
from simulation.deployment import CLIP_TIMEOUT
from simulation.films import film_faults
from simulation.house import House
from simulation.invariants import ENDED_JOB, Watch
from simulation.narrations import narration_faults
from simulation.pictures import picture_of, stage_faults, word_faults
from simulation.provider import Work
from simulation.runs_seen import Run
from simulation.senders import STOPS_WITHIN, sender_faults
from simulation.stamps import seconds_of
from simulation.states import Execution, Try

RUN_BOUND = 7200 + 300 + 600
"""Seconds within which every run ends: the longest execution, the sweep's patience, and its tries."""

PATIENCE_ENDS = {
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "Lambda.TooManyRequestsException",
    "Lambda.SdkClientException",
    "States.Timeout",
    "States.HeartbeatTimeout",
    "ClientError",
    "ConnectionClosedError",
    "OutputUnreachable",
    "StaleRun",
    "NoClipSurvived",
    "NarrationFailed",
    "BrokenMedia",
    "PieceUnfit",
    "OverBudget",
}
"""What a state of the workflow may end with. Anything else is a mistake of the code, not of the world."""

PAUSED = "awaiting_approval"

TIME_IS_OVER = ("States.Timeout", "States.HeartbeatTimeout")

LONGEST_WAIT = 330.0
"""Seconds: between two looks, and the visibility of one that had been under way."""

FEWEST_TRIES = 3
"""Of a state, before a passing trouble ends it."""

EXPECTED = {"NoClipSurvived", "PieceUnfit", "OverBudget"}
"""With these the plot goes another way, and no paid clip is lost."""

FINAL = {"StaleRun", "BrokenMedia", "NarrationFailed", *EXPECTED, *TIME_IS_OVER}


LOOKED_WITHIN = 3.0
"""Seconds that may pass between a last look and the write that goes by it; where calls take their time, a minute."""


class Verdict:
    def __init__(self, house: House, watch: Watch, job_id: str) -> None:
        self.house = house
        self.weather = house.world.weather
        self.job: Job = house.jobs.job(job_id)
        self.clips: dict[int, Clip] = {clip.number: clip for clip in house.jobs.clips(job_id)}
        self.attempts: dict[str, Attempt] = {attempt.id: attempt for attempt in house.jobs.attempts(job_id)}
        self.lines: list[Line] = house.ledger.lines(job_id)
        self.works: dict[str, list[Work]] = {}
        for work in house.makers.works.values():
            about, attempt = work.attempt
            if about == job_id:
                self.works.setdefault(attempt, []).append(work)
        self.runs: dict[int, Run] = watch.runs[job_id]
        self.shown = watch.stages.shown
        self.executions = {run: house.machine.executions.get(f"{job_id}-{run}") for run in self.runs}

    def stopped(self, run: int) -> bool:
        """Whether a run was not to go on: somebody stopped it, or there was no hope of the film that was wanted."""
        execution = self.executions[run]
        if execution is None or execution.status in ("ABORTED", "TIMED_OUT"):
            return True
        hopeless = self.runs[run].status == "failed" and self.job.on_clip_failure.kind != "best_effort"
        return self.runs[run].status == "cancelled" or hopeless

    def troubled(self, run: int) -> bool:
        """Whether a run ended before its time, or a state gave up: then paid clips may be lost, but never unseen."""
        if self.stopped(run):
            return True
        excused = ("RequestClip: States.Timeout", "RequestClip: States.HeartbeatTimeout")
        return any(one not in excused and one.split(": ")[1] not in EXPECTED for one in given_up(self.executions[run]))

    @property
    def unheard(self) -> bool:
        """Whether events may have been lost, or those who heard of them broken off, more often than they are repeated."""
        return bool(self.weather.event_lost or self.weather.is_rough or self.weather.output_unreachable)

    def faults(self) -> Iterator[str]:
        for number, run in self.runs.items():
            yield from self._run(number, run)
        yield from self._end()
        yield from self._money()
        for line in self.lines:
            if line.clip == NARRATION:
                continue
            yield from self._attempt(line, self.attempts.get(line.attempt_id), self.works.get(line.attempt_id, []))
        for clip in self.clips.values():
            yield from self._tries(clip)
        yield from sender_faults(self.house, self.job.id, self.runs, self.executions, self.attempts)
        yield from picture_faults(self.house, self.job)
        yield from word_faults(self.house, self.job, self.runs)
        yield from stage_faults(self.house, self.shown, self.job, self.lines, self.attempts, self.works)
        yield from narration_faults(self.house, self.job, self.lines, self.runs, self.executions)
        yield from film_faults(self.house, self.job, [*self.clips.values()], troubled=self.troubled(self.job.run))

    def _run(self, number: int, run: Run) -> Iterator[str]:
        execution = self.executions[number]
        if run.ended is None:
            yield f"run {number} has not ended"
        elif run.ended - run.began > RUN_BOUND:
            yield f"run {number} ended after {run.ended - run.began:.0f} s"
        if execution is None and run.status != "cancelled":
            yield f"run {number} has no execution"
        everybody = (execution, *execution.children) if execution else ()
        if any(one.status == "RUNNING" for one in everybody):
            yield f"the execution of run {number} has not ended"
        # A run that has ended is overtaken by the next, whoever of it still calls.
        overtaken = number < self.job.run or self.stopped(number)
        for one in given_up(execution):
            error = one.split(": ")[1]
            if error not in PATIENCE_ENDS or (error == "StaleRun" and not overtaken):
                yield f"a state failed with {one}"
        for part in everybody:
            for one in part.exhausted:
                state, error = one.split(": ")
                tries = sum(each.name == state for each in part.tries)
                if error not in FINAL and tries < FEWEST_TRIES:
                    yield f"{state} was given up for {error} after {tries} tries"
        others = {line.clip for line in self.lines if line.run == number} - run.clips
        if not run.chooses and others:
            yield f"run {number} was to make {sorted(run.clips)}, and reserved for {sorted(others)}"
        yield from self._told(number, run)
        yield from self._sent_after(number, run)

    def _told(self, number: int, run: Run) -> Iterator[str]:
        """Everybody who listens hears how a run has ended, at least once and never otherwise."""
        ends = {f"job.{status}" for status in (*ENDED_JOB, PAUSED)}
        said = [event["detail"] for event in self.house.bus.events if event["detail-type"] in ends]
        about = [detail for detail in said if (detail["jobId"], detail["run"]) == (self.job.id, number)]
        wanted = {one for one in (run.status, PAUSED if run.paused is not None else "") if one}
        if wanted - {detail["status"] for detail in about}:
            yield f"nobody was told of the end of run {number}"
        for detail in about:
            if detail["status"] not in wanted or detail["tenant"] != self.job.tenant:
                yield f"it was told as {detail['status']} of {detail['tenant']}, and run {number} was {run.status}"
            spent = Decimal(str(detail["actualCost"])), Decimal(str(detail["lostCost"]))
            if number == self.job.run and spent != (self.job.actual_cost, self.job.lost_cost):
                yield f"it was told to have spent {spent}"

    def _sent_after(self, number: int, run: Run) -> Iterator[str]:
        if run.stopped is None or self.weather.is_slow:
            return
        for attempt, works in self.works.items():
            late = [work.id for work in works if work.began > run.stopped + STOPS_WITHIN]
            if late and attempt.startswith(f"{number}."):
                yield f"{late} began although run {number} had been stopped"

    def _end(self) -> Iterator[str]:
        for clip in self.clips.values():
            if not clip.settled:
                yield f"clip {clip.number} is {clip.status.value} after the end"
        if not self.job.ended:
            yield f"it is {self.job.status.value} after the end"
        if self.job.unfinished is not None:
            yield "the sweep would look at it for ever"
        if list(self.house.table.query(f"T#{self.job.tenant}", f"RUNS#{self.job.campaign_id}#{self.job.id}")):
            yield "its campaign takes it for running"

    def _money(self) -> Iterator[str]:
        sums = dict.fromkeys(LineState, Decimal(0))
        for line in self.lines:
            sums[line.state] += line.amount if line.cost is None else line.cost
        if sums[LineState.RESERVED]:
            yield f"{sums[LineState.RESERVED]} USD are reserved after the end"
        if self.job.actual_cost != sums[LineState.SETTLED]:
            yield f"it says it cost {self.job.actual_cost}, and {sums[LineState.SETTLED]} are settled"
        if self.job.lost_cost != sums[LineState.LOST]:
            yield f"it says {self.job.lost_cost} are lost, and {sums[LineState.LOST]} are"
        clips = sum((clip.actual_cost or Decimal(0) for clip in self.clips.values()), Decimal(0))
        beside = sum(beside_clips(self.lines).values(), Decimal(0))
        if clips + beside != self.job.actual_cost:
            yield f"it says it cost {self.job.actual_cost}, and its clips {clips}, and {beside} beside them"
        saved = sum(line.amount - line.counts for line in self.lines if line.run == self.job.run)
        begun = self.job.planner is None and any(clip.run == self.job.run for clip in self.clips.values())
        if self.job.listing and self.job.purpose.chooses and not begun:
            saved = self.runs[self.job.run].reserved - sum(
                line.counts for line in self.lines if line.run == self.job.run
            )
            if self.job.status is JobStatus.CANCELLED and self.job.saved_cost != saved:
                yield f"it says {self.job.saved_cost} were saved of its narration, and {saved} came back"
        if self.job.status is JobStatus.CANCELLED and (self.job.saved_cost is None or self.job.saved_cost > saved):
            yield f"it says {self.job.saved_cost} were saved, and {saved} came back"
        if nobodys := self.works.keys() - {line.attempt_id for line in self.lines}:
            yield f"attempts {sorted(nobodys)} were paid, and are in no line"

    def _attempt(self, line: Line, attempt: Attempt | None, works: list[Work]) -> Iterator[str]:
        name = line.attempt_id
        if len(works) > 1:
            yield f"attempt {name} was paid {len(works)} times"
        sent = [
            create.became for create in self.house.makers.creates if (create.job, create.attempt) == (self.job.id, name)
        ]
        if any(became != "ProviderBusy" for became in sent[:-1]):
            yield f"attempt {name} was created again, after {sent}"
        work = works[0] if works else None
        if line.state is LineState.RELEASED and work and not (work.ended and not work.answer.charged):
            yield f"attempt {name} was released, and {work.id} is charged"
        if line.state is LineState.LOST and not sent and (attempt is None or attempt.claim is None):
            yield f"attempt {name} is lost, and was never sent"
        price = attempt.price if attempt and line.state in (LineState.SETTLED, LineState.LOST) else None
        if price is not None and line.cost != min(price, line.amount):
            yield f"attempt {name} was sent at {price}, and came to {line.cost}"
        if line.state is LineState.SETTLED:
            there = clip_key(self.job.tenant, self.job.id, name, line.clip) in self.house.bucket.objects
            if line.stage == "image":
                there = attempt is not None and picture_of(attempt) in self.house.shared.objects
            if not there:
                yield f"attempt {name} is settled, and its {line.stage} is not in the bucket"
            elif work is None or not work.succeeded or not work.usable:
                yield f"attempt {name} is settled, and nothing good came of it"
        if (line.state is LineState.SETTLED) is not (attempt is not None and attempt.status is AttemptStatus.KEPT):
            yield f"attempt {name} is {attempt and attempt.status.value}, and its money is {line.state.value}"
        if attempt and attempt.prediction_id and attempt.prediction_id not in [one.id for one in works]:
            yield f"attempt {name} took {attempt.prediction_id} for its own"
        late = attempt and work and came_late(attempt, work) and not nobody_knew(attempt, work)
        if work and attempt and late and not (attempt.kept or attempt.picture) and not self.unheard:
            yield f"{work.id} came after attempt {name} was given up, and is not kept"
        if attempt and attempt.kept and attempt.kept.key not in self.house.bucket.objects:
            yield f"attempt {name} says what came late is kept, and it is not in the bucket"
        if attempt and attempt.answered_at:
            yield from self._left_waiting(line, attempt)
        troubled = self.troubled(line.run)
        if work and not troubled:
            yield from self._owed(line, attempt, work)
        if work:
            yield from self._goes_on(line, attempt, work)
            yield from self._lost_unseen(line, attempt, work)
        if not works and not troubled and line.state is not LineState.SETTLED:
            yield from self._never_sent(line, attempt, sent)

    def _owed(self, line: Line, attempt: Attempt | None, work: Work) -> Iterator[str]:
        """What came of a prediction that would end in time is what the provider meant to make of it."""
        tries = [one for one in self._request_tries(line) if one.began <= work.planned + 1]
        if not tries or work.planned > tries[0].began + allowed(tries[0]) - 1 or self._turned_away(work, attempt):
            return
        if nobody_knew(attempt, work):
            return
        heartless = [one for one in self._request_tries(line) if one.ended_with == "States.HeartbeatTimeout"]
        if heartless and self.weather.is_rough and work.planned > heartless[0].ended - 1:
            return
        if work.promised is Outcome.SUCCEEDED and work.usable and line.state is not LineState.SETTLED:
            yield f"attempt {line.attempt_id} is {line.state.value}, and {work.id} made a good clip in time"
        if work.promised in (Outcome.FAILED, Outcome.REFUSED) and line.state is not LineState.RELEASED:
            yield f"attempt {line.attempt_id} is {line.state.value}, and {work.id} took no money"

    def _left_waiting(self, line: Line, attempt: Attempt) -> Iterator[str]:
        """Whose answer is there goes on, by a webhook or by the next look: not when its time is over."""
        answered = seconds_of(attempt.answered_at)
        for one in self._request_tries(line):
            limit = one.ended - LONGEST_WAIT
            if one.ended_with in TIME_IS_OVER and answered < limit and self.weather.cleared < limit:
                yield f"attempt {line.attempt_id} was answered {one.ended - answered:.0f} s before its time was over"

    def _turned_away(self, work: Work, attempt: Attempt | None) -> bool:
        """Whether the provider did not answer somebody who asked after it had ended."""
        names = [work.id, f"{self.job.id}.{work.attempt[1]}.", *(attempt.uploads.values() if attempt else ())]
        return any(at >= work.planned - 1 and about in names for at, about in self.house.makers.silences)

    def _request_tries(self, line: Line) -> list[Try]:
        execution = self.executions[line.run]
        return [
            one
            for child in (execution.children if execution else ())
            for one in child.tries
            if one.name == "RequestClip" and ClipTask.parse(one.payload["task"]).attempt_id == line.attempt_id
        ]

    def _goes_on(self, line: Line, attempt: Attempt | None, work: Work) -> Iterator[str]:
        """Nothing that was given up, has a name, and can be cancelled goes on for long once its provider hears."""
        if nobody_knew(attempt, work):
            return
        if line.state is LineState.LOST and attempt and attempt.prediction_id == work.id and work.cancelled is None:
            silences = [at for at, about in self.house.makers.silences if about == work.id]
            gone_on = work.planned - max([seconds_of(line.ended_at), *silences])
            if work.by.stops and gone_on > (900 if self.weather.is_rough else LONGEST_WAIT):
                yield f"{work.id} went on for {gone_on:.0f} s after attempt {line.attempt_id} was given up"

    def _lost_unseen(self, line: Line, attempt: Attempt | None, work: Work) -> Iterator[str]:
        """Nothing is called lost before somebody has looked."""
        if line.state is not LineState.LOST or work.ended is None or work.answer.charged:
            return
        looked = LOOKED_WITHIN * (20 if self.weather.is_rough else 1)
        if nobody_knew(attempt, work):
            return
        if work.ended < seconds_of(line.ended_at) - looked and not self._turned_away(work, attempt):
            yield f"attempt {line.attempt_id} is lost, and {work.id} had ended and cost nothing"

    def _never_sent(self, line: Line, attempt: Attempt | None, sent: list[str]) -> Iterator[str]:
        """Whoever is only too busy gets the create in the end. One that was claimed and never came is nobody's to repeat."""
        if attempt and not attempt.postponed:
            return
        tries = self._request_tries(line)
        # What check_clip did not take while it was broken comes again, some time after.
        takes = LONGEST_WAIT if self.weather.looks_fail else 150
        in_time = bool(tries) and tries[-1].began + allowed(tries[-1]) - takes > self.weather.cleared
        if in_time and (not sent or set(sent) == {"ProviderBusy"}):
            yield f"attempt {line.attempt_id} was never accepted, and nothing stood against it: {sent}"

    def _tries(self, clip: Clip) -> Iterator[str]:
        """As often as the policy allows, and no more; not fewer, where nothing but the error stood against it."""
        for run in self.runs:
            asked = [one for one in self.attempts.values() if (one.run, one.clip) == (run, clip.number)]
            of_one_model = [sum(one.model == model for one in asked) for model in {one.model for one in asked}]
            if any(many > max(LIMITS.values()) for many in of_one_model):
                yield f"clip {clip.number} was tried {of_one_model} times in run {run}"
            works = sorted((work for one in asked for work in self.works.get(one.id, [])), key=lambda work: work.began)
            for one, other in itertools.pairwise(works):
                if one.ended is None or one.ended > other.began:
                    yield f"{other.id} was paid for while {one.id} was still made, both for clip {clip.number}"
        ends = clip.status is ClipStatus.FAILED and clip.error_class in LIMITS and not self.troubled(clip.run)
        if not ends or "It is not tried again" in (clip.error_message or "") or self._took_long(clip):
            return
        mine = [one for one in self.attempts.values() if (one.run, one.clip) == (clip.run, clip.number)]
        model = made_with(clip, clip.stage)[0]
        last = sum((one.model, one.stage) == (model, clip.stage) for one in mine)
        others = models_after(self.job.models, clip.model) if clip.stage == "video" else ()
        if last < LIMITS[str(clip.error_class)] or others:
            yield f"clip {clip.number} {clip.error_class}, and {model} was asked only {last} times"

    def _took_long(self, clip: Clip) -> bool:
        most = stage_ends(STAGES[self.job.kind], clip.stage) - CLIP_TIMEOUT
        return seconds_of(clip.completed_at) - seconds_of(clip.started_at) > most


def nobody_knew(attempt: Attempt | None, work: Work) -> bool:
    """Whether an attempt ended before anybody could know which prediction was its own: who asked for it was not answered,
    and its provider shows nobody what it is asked for, or cannot tell it from what another asks for."""
    if attempt is None or (work.by.lists and not (attempt.fingerprint or "").startswith(ALIKE)):
        return False
    told = min((seconds_of(one) for one in (attempt.accepted_at, attempt.answered_at) if one), default=None)
    return told is None or (attempt.ended_at is not None and told > seconds_of(attempt.ended_at))


def came_late(attempt: Attempt, work: Work) -> bool:
    """Whether something good, and paid for, came of an attempt that had been given up before."""
    ended = work.ended if work.succeeded and work.usable and attempt.given_up else None
    return ended is not None and ended > seconds_of(attempt.ended_at)


def given_up(execution: Execution | None) -> list[str]:
    """The states of a run that failed for good, and with what."""
    everybody = (execution, *execution.children) if execution else ()
    return [one for each in everybody for one in each.exhausted]


def allowed(one: Try) -> int:
    """Seconds that a wait for a clip may take."""
    return int(one.payload["task"]["timeoutSeconds"])
