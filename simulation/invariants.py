"""What must hold, at every write and at the end of every history, whatever went wrong in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from functions.studio.clips import Attempt, AttemptStatus, Clip, ClipStatus, Outcome
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import Line, LineState
from functions.studio.messages import ClipTask
from simulation.dynamodb import Key
from simulation.expressions import Item
from simulation.house import CLIP_TIMEOUT, House
from simulation.provider import Work
from simulation.states import Execution


class Broken(BaseException):
    """An invariant does not hold. Nothing of the domain's may survive it."""


ORDER = {"asked": 0, "unknown": 1, "accepted": 2, "answered": 3}
"""Of an attempt; whatever follows is its end."""

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
    "BrokenMedia",
    "PieceUnfit",
}
"""What a state of the workflow may end with. Anything else is a mistake of the code, not of the world."""

TIME_IS_OVER = ("States.Timeout", "States.HeartbeatTimeout")

LONGEST_WAIT = 330.0
"""Seconds: between two looks, and the visibility of one that had been under way."""

FEWEST_TRIES = 3
"""Of a state, before a passing trouble ends it."""

EXPECTED = {"NoClipSurvived", "PieceUnfit"}
"""With these the plot goes another way, and no paid clip is lost."""

FINAL = {"StaleRun", "BrokenMedia", *EXPECTED, *TIME_IS_OVER}

ENDED_CLIP = ("completed", "failed", "cancelled")
ENDED_JOB = ("completed", "failed", "cancelled")


class Watch:
    """Hears of every write."""

    def __init__(self, house: House) -> None:
        self.house = house

    def __call__(self, key: Key, was: Item | None, item: Item | None) -> None:
        pk, sk = key
        if not pk.startswith("J#"):
            return
        if sk == "JOB":
            self._job(pk, was, item)
        elif sk.startswith("CLIP#"):
            _clip(key, was, item)
        elif sk.startswith("ATT#"):
            _attempt(key, was, item)
        elif sk.startswith("LEDGER#"):
            _line(key, was, item, self.house.dynamodb.items.get((pk, "JOB")))

    def _job(self, pk: str, was: Item | None, item: Item | None) -> None:
        if item is None:
            raise Broken(f"{pk} was deleted")
        if was is None:
            self.house.owner_of_job[pk.removeprefix("J#")] = text(item, "tenant")
            return
        one, other = text(was, "status"), text(item, "status")
        if Decimal(item["run"]["N"]) < Decimal(was["run"]["N"]):
            raise Broken(f"{pk} went back to an earlier run")
        if was["run"] == item["run"] and one in ENDED_JOB and one != other:
            raise Broken(f"{pk} was {one} and became {other} in the same run")
        if text(was, "tenant") != text(item, "tenant"):
            raise Broken(f"{pk} changed its tenant")


def text(item: Item, name: str) -> str:
    return str(item.get(name, {}).get("S", ""))


def seconds_of(stamp: str | None) -> float:
    """Since the epoch."""
    return datetime.fromisoformat(str(stamp)).timestamp()


def _clip(key: Key, was: Item | None, item: Item | None) -> None:
    if was is None or was["status"] == {"S": "pending"}:
        return
    if item is None:
        raise Broken(f"{key} was deleted after it had begun")
    one, other = text(was, "status"), text(item, "status")
    if was["run"] == item["run"] and one in ENDED_CLIP and (one != other or was.get("kept") != item.get("kept")):
        raise Broken(f"{key} was {one} and became {other} in the same run")


def _attempt(key: Key, was: Item | None, item: Item | None) -> None:
    if was is None:
        return
    if item is None:
        raise Broken(f"{key} was deleted")
    one, other = text(was, "status"), text(item, "status")
    if ORDER.get(other, 4) < ORDER.get(one, 4) or (ORDER.get(one, 4) == 4 and one != other):
        raise Broken(f"{key} was {one} and became {other}")
    if "answer" in was and was["answer"] != item.get("answer"):
        raise Broken(f"{key} had its answer, and got another")
    if text(was, "predictionId") not in ("", text(item, "predictionId")):
        raise Broken(f"{key} had a prediction, and got another")


def _line(key: Key, was: Item | None, item: Item | None, job: Item | None) -> None:
    if was is None or (job is not None and text(job, "status") == "planning") or job is None:
        return
    if item is None:
        raise Broken(f"{key} was deleted")
    one, other = text(was, "state"), text(item, "state")
    if one != "reserved" and one != other:
        raise Broken(f"{key} was {one} and became {other}")
    if one != "reserved" and was.get("endedAt") != item.get("endedAt"):
        raise Broken(f"{key} was {one} and ended again")
    if was["amount"] != item["amount"]:
        raise Broken(f"{key} changed its amount")


def acknowledged(house: House, job_id: str, attempt_id: str, prediction_id: str) -> None:
    """A webhook that was answered 2xx is recorded: nobody sends it again."""
    item = house.dynamodb.items.get((f"J#{job_id}", f"ATT#{attempt_id}"))
    if item is None:
        raise Broken(f"the webhook of {prediction_id} was taken, and attempt {attempt_id} is not there")
    if text(item, "status") in ORDER and "answer" not in item:
        raise Broken(f"the webhook of {prediction_id} was taken, and attempt {attempt_id} is {text(item, 'status')}")


def given_up(execution: Execution | None) -> list[str]:
    """The states of a run that failed for good, and with what."""
    everybody = (execution, *execution.children) if execution else ()
    return [one for each in everybody for one in each.exhausted]


class Verdict:
    """A job when nothing is to happen any more."""

    def __init__(self, house: House, job_id: str) -> None:
        self.house = house
        self.job: Job = house.jobs.job(job_id)
        self.clips: dict[int, Clip] = {clip.number: clip for clip in house.jobs.clips(job_id)}
        self.attempts: dict[str, Attempt] = {attempt.id: attempt for attempt in house.jobs.attempts(job_id)}
        self.lines: list[Line] = house.ledger.lines(job_id)
        self.works: dict[str, list[Work]] = {}
        for work in house.replicate.works.values():
            about, attempt = work.attempt
            if about == job_id:
                self.works.setdefault(attempt, []).append(work)
        runs = range(1, self.job.run + 1)
        self.executions = {run: house.machine.executions.get(f"{job_id}-{run}") for run in runs}
        self.execution: Execution | None = self.executions[self.job.run]
        self.troubled = self._troubled(self.job.run)

    def _troubled(self, run: int) -> bool:
        """Whether a run ended before its time, or a state gave up: then paid clips may be lost, but never unseen."""
        execution = self.executions[run]
        if execution is None or execution.status in ("ABORTED", "TIMED_OUT"):
            return True
        excused = ("RequestClip: States.Timeout", "RequestClip: States.HeartbeatTimeout")
        return any(one not in excused and one.split(": ")[1] not in EXPECTED for one in given_up(execution))

    def faults(self) -> Iterator[str]:
        yield from self._end()
        yield from self._money()
        for line in self.lines:
            yield from self._attempt(line, self.attempts.get(line.attempt_id), self.works.get(line.attempt_id, []))
        yield from self._film()
        yield from self._told()

    def _end(self) -> Iterator[str]:
        for run, execution in self.executions.items():
            # A run that has ended is overtaken by the next, whoever of it still calls.
            stopped = run < self.job.run or (execution is not None and execution.status in ("ABORTED", "TIMED_OUT"))
            for one in given_up(execution):
                error = one.split(": ")[1]
                if error not in PATIENCE_ENDS or (error == "StaleRun" and not stopped):
                    yield f"a state failed with {one}"
        everybody = [one for one in self.executions.values() if one]
        for execution in [*everybody, *(child for one in everybody for child in one.children)]:
            for one in execution.exhausted:
                state, error = one.split(": ")
                tries = sum(each.name == state for each in execution.tries)
                if error not in FINAL and tries < FEWEST_TRIES:
                    yield f"{state} was given up for {error} after {tries} tries"
        if not self.job.ended:
            yield f"it is {self.job.status.value} when nothing is to happen any more"
        if self.execution is None or self.execution.status == "RUNNING":
            yield "its execution has not ended"
        for clip in self.clips.values():
            if not clip.settled:
                yield f"clip {clip.number} is {clip.status.value} after the end"
        if self.job.unfinished is not None:
            yield "the sweep would look at it for ever"
        if list(self.house.table.query(f"T#{self.job.tenant}", f"RUNS#{self.job.campaign_id}#{self.job.id}")):
            yield "its campaign takes it for running"

    def _money(self) -> Iterator[str]:
        sums = dict.fromkeys(LineState, Decimal(0))
        for line in self.lines:
            sums[line.state] += line.amount
        if sums[LineState.RESERVED]:
            yield f"{sums[LineState.RESERVED]} USD are reserved after the end"
        if self.job.actual_cost != sums[LineState.SETTLED]:
            yield f"it says it cost {self.job.actual_cost}, and {sums[LineState.SETTLED]} are settled"
        if self.job.lost_cost != sums[LineState.LOST]:
            yield f"it says {self.job.lost_cost} are lost, and {sums[LineState.LOST]} are"

    def _attempt(self, line: Line, attempt: Attempt | None, works: list[Work]) -> Iterator[str]:
        name = line.attempt_id
        if len(works) > 1:
            yield f"attempt {name} was paid {len(works)} times"
        sent = [
            create.became
            for create in self.house.replicate.creates
            if (create.job, create.attempt) == (self.job.id, name)
        ]
        if any(became != "ProviderBusy" for became in sent[:-1]):
            yield f"attempt {name} was created again, after {sent}"
        work = works[0] if works else None
        if line.state is LineState.RELEASED and work and not (work.ended and not work.answer.charged):
            yield f"attempt {name} was released, and {work.id} is charged"
        if line.state is LineState.LOST and not sent and (attempt is None or attempt.claim is None):
            yield f"attempt {name} is lost, and was never sent"
        clip = self.clips[line.clip]
        if line.state is LineState.SETTLED:
            if clip.kept is None or clip.kept.key not in self.house.bucket.objects:
                yield f"attempt {name} is settled, and its clip is not in the bucket"
            elif work is None or not work.succeeded or work.output != "good":
                yield f"attempt {name} is settled, and nothing good came of it"
        if (line.state is LineState.SETTLED) is not (attempt is not None and attempt.status is AttemptStatus.KEPT):
            yield f"attempt {name} is {attempt and attempt.status.value}, and its money is {line.state.value}"
        if attempt and attempt.prediction_id and attempt.prediction_id not in [one.id for one in works]:
            yield f"attempt {name} took {attempt.prediction_id} for its own"
        if attempt and attempt.answered_at:
            yield from self._left_waiting(line, attempt)
        troubled = self._troubled(line.run)
        if work and not troubled:
            yield from self._owed(line, attempt, work)
        if work:
            yield from self._stopped(line, attempt, work)
        if not works and not troubled and line.state is not LineState.SETTLED:
            yield from self._never_sent(line, attempt, sent)

    def _owed(self, line: Line, attempt: Attempt | None, work: Work) -> Iterator[str]:
        """What came of a prediction that would end in time is what the provider meant to make of it."""
        tries = [one for one in self._request_tries(line) if one.began <= work.planned + 1]
        if not tries or work.planned > tries[0].began + CLIP_TIMEOUT - 1 or self._turned_away(work, attempt):
            return
        given_up = [one for one in self._request_tries(line) if one.ended_with == "States.HeartbeatTimeout"]
        if given_up and self.house.world.weather.is_rough and work.planned > given_up[0].ended - 1:
            return
        if work.promised is Outcome.SUCCEEDED and work.output == "good" and line.state is not LineState.SETTLED:
            yield f"attempt {line.attempt_id} is {line.state.value}, and {work.id} made a good clip in time"
        if work.promised in (Outcome.FAILED, Outcome.REFUSED) and line.state is not LineState.RELEASED:
            yield f"attempt {line.attempt_id} is {line.state.value}, and {work.id} took no money"

    def _left_waiting(self, line: Line, attempt: Attempt) -> Iterator[str]:
        """Whose answer is there goes on, by a webhook or by the next look: not when its time is over."""
        answered = seconds_of(attempt.answered_at)
        for one in self._request_tries(line):
            limit = one.ended - LONGEST_WAIT
            if one.ended_with in TIME_IS_OVER and answered < limit and self.house.world.weather.cleared < limit:
                yield f"attempt {line.attempt_id} was answered {one.ended - answered:.0f} s before its time was over"

    def _turned_away(self, work: Work, attempt: Attempt | None) -> bool:
        """Whether the provider did not answer somebody who asked after it had ended."""
        names = [work.id, f"{self.job.id}.{work.attempt[1]}.", *(attempt.uploads.values() if attempt else ())]
        return any(at >= work.planned - 1 and about in names for at, about in self.house.replicate.silences)

    def _request_tries(self, line: Line) -> list[Any]:
        return [
            one
            for execution in [self.executions[line.run]]
            for child in (execution.children if execution else ())
            for one in child.tries
            if one.name == "RequestClip" and ClipTask.parse(one.payload["task"]).attempt_id == line.attempt_id
        ]

    def _stopped(self, line: Line, attempt: Attempt | None, work: Work) -> Iterator[str]:
        """Nothing that was given up, and has a name, goes on for long."""
        if line.state is LineState.LOST and attempt and attempt.prediction_id == work.id and work.cancelled is None:
            gone_on = work.planned - seconds_of(line.ended_at)
            if gone_on > 900 and not any(about == work.id for _, about in self.house.replicate.silences):
                yield f"{work.id} went on for {gone_on:.0f} s after attempt {line.attempt_id} was given up"

    def _never_sent(self, line: Line, attempt: Attempt | None, sent: list[str]) -> Iterator[str]:
        """Whoever is only too busy gets the create in the end. One that was claimed and never came is nobody's to repeat."""
        if attempt and not attempt.postponed:
            return
        tries = self._request_tries(line)
        in_time = bool(tries) and tries[-1].began + CLIP_TIMEOUT - 150 > self.house.world.weather.cleared
        if in_time and (not sent or set(sent) == {"ProviderBusy"}):
            yield f"attempt {line.attempt_id} was never accepted, and nothing stood against it: {sent}"

    def _film(self) -> Iterator[str]:
        kept = sorted(clip.number for clip in self.clips.values() if clip.status is ClipStatus.COMPLETED)
        if self.job.successful_clips != len(kept):
            yield f"it says that {self.job.successful_clips} clips succeeded, and {len(kept)} did"
        if self.job.status is JobStatus.COMPLETED:
            film = self.job.film
            if film is None or film.key not in self.house.bucket.objects:
                yield "it is completed, and its film is not in the bucket"
            elif sorted({*film.clips, *(one.clip for one in film.omissions if not one.join)}) != kept:
                yield f"its film is of clips {film.clips}, and {kept} were kept"
        elif kept and not self.troubled:
            yield f"it {self.job.status.value}, and clips {kept} were kept"
        if not self.troubled and self.execution and self.execution.status != "SUCCEEDED" and kept:
            yield f"its execution {self.execution.status}"
        for clip in self.clips.values():
            if clip.kept and not clip.kept.key.startswith(f"{self.job.tenant}/"):
                yield f"clip {clip.number} is kept among another tenant's"

    def _told(self) -> Iterator[str]:
        about = [event["detail"] for event in self.house.bus.events if event["detail"]["jobId"] == self.job.id]
        about = [detail for detail in about if detail["run"] == self.job.run]
        if not about:
            yield "nobody was told of its end"
        for detail in about:
            if (detail["status"], detail["tenant"]) != (self.job.status.value, self.job.tenant):
                yield f"it was told as {detail['status']} of {detail['tenant']}"
            if Decimal(str(detail["actualCost"])) != self.job.actual_cost:
                yield f"it was told to cost {detail['actualCost']}"
