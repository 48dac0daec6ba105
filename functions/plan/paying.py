"""What a narration asks of services that answer at once, each question paid for at most once.

Before a question is sent its line is in the ledger (clip 0), reserved; its answer lies in the media bucket before the line is
settled. Whoever comes later finds the answer and asks nothing; a line without an answer is `lost`, and what was asked is asked
again as far as the reservation goes. An answer may come when its line is lost already, and one that was paid for may be of no
use: whoever has judged it corrects the line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import TypeVar

from functions.studio.at_once import Each
from functions.studio.budgets import corrected
from functions.studio.errors import (
    BrokenMedia,
    ConditionLost,
    KeyUnreachable,
    ModelGone,
    NarrationFailed,
    NotConfigured,
    ProviderBusy,
    ProviderFailed,
    ProviderUnknown,
    ReelayError,
)
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.ledger import NARRATION, Ledger, Line, LineState, beside_clips, totals
from functions.studio.media_store import RAW, MediaStore, narration_key
from functions.studio.messages import attempt_id
from functions.studio.rows import now
from functions.studio.table import Write
from functions.studio.telemetry import logger

MORE_TRIES: Mapping[type[ReelayError], int] = {
    ProviderBusy: 6,
    ProviderFailed: 3,
    KeyUnreachable: 3,
    ProviderUnknown: 1,
    BrokenMedia: 1,
}
"""After the first, of all questions together that are asked at once."""

PAID = (ProviderUnknown, BrokenMedia)
"""Nobody can say that nothing was paid."""

LONGEST_PAUSE = 30.0

FEWEST_SECONDS = 10.0
"""Less than that is not worth a question."""

MOST_SECONDS = 120.0
"""That a service may keep silent for."""

MOST_ANSWERS = 20
"""To one question, that are looked at: each failed run may have left some."""

A = TypeVar("A")
B = TypeVar("B")

WORDS = {
    "script": "The script could not be written",
    "voice": "The script could not be spoken",
    "captions": "The captions could not be timed",
}
"""By stage, what has failed when it has."""


@dataclass(frozen=True)
class Question:
    """One paid request. `said` is all that makes it what it is: two with the same words have the same answer."""

    stage: str
    model: str
    said: str
    at_most: Decimal
    """USD."""
    ask: Callable[[float], bytes]
    """With the seconds that it may take; raises errors of ours."""
    cost: Callable[[bytes], Decimal]
    """USD, of an answer."""
    of_use: Callable[[bytes], bool] = lambda answer: True
    """Whether a later run makes do with an answer; else it asks again, and the answer has bought nothing."""

    @property
    def fingerprint(self) -> str:
        return sha256(f"{self.stage}\n{self.model}\n{self.said}".encode()).hexdigest()[:32]

    def comes_to(self, answer: bytes) -> tuple[LineState, Decimal]:
        """What an answer makes of its line, as far as it can be seen by itself."""
        return LineState.SETTLED if self.of_use(answer) else LineState.LOST, self.cost(answer)


@dataclass
class Till:
    """Of one try to plan. `allowance` is what the narration may cost in this run; `left` tells the seconds until asking must
    end, `pause` lets some of them pass."""

    job: Job
    planner: str
    jobs: JobStore
    ledger: Ledger
    media: MediaStore
    allowance: Decimal
    left: Callable[[], float]
    pause: Callable[[float], None]
    each: Each
    _came: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """By fingerprint, the attempt that brought an answer."""

    def answer(self, question: Question) -> bytes:
        return self.answers([question])[0]

    def answers(self, questions: Sequence[Question]) -> list[bytes]:
        """In their order, asked at the same time. NarrationFailed when there is no more trying; ModelGone, NotConfigured;
        ConditionLost where the job is not this try's any more."""
        self._came |= self._found(questions)
        tries = dict(MORE_TRIES)
        while missing := list(
            {one.fingerprint: one for one in questions if one.fingerprint not in self._came}.values()
        ):
            lines = self._reserve(missing)
            asked = self._of_each(self._ask, list(zip(missing, lines, strict=True)))
            waits = []
            for one, line, said in zip(missing, lines, asked, strict=True):
                if isinstance(said, bytes):
                    self._came[one.fingerprint] = line.attempt_id, said
                else:
                    waits.append(self._wait(one, said, tries))
            if any(waits):
                self.pause(max(waits))
        return [self._came[one.fingerprint][1] for one in questions]

    def judge(self, questions: Sequence[Question], *, useful: bool) -> None:
        """Whether the film uses what was answered: then its line is settled, else it is lost, at the answer's own price. That
        of an earlier run is told to whoever counts what that run has come to. ConditionLost as of `answers`."""
        state = LineState.SETTLED if useful else LineState.LOST
        for one in {one.fingerprint: one for one in questions}.values():
            attempt, answer = self._came[one.fingerprint]
            lines = {line.attempt_id: line for line in self.ledger.lines(self.job.id)}
            line = lines[attempt]
            if line.state is state and line.cost is not None:
                continue
            lines[attempt] = after = line.model_copy(update={"state": state, "cost": line.comes_to(one.cost(answer))})
            self.jobs.table.commit(
                self.ledger.correct(self.job.id, line, state, after.counts),
                *self._counted(line, after, beside_clips(lines.values())),
            )

    def _counted(self, line: Line, after: Line, beside: Mapping[str, Decimal]) -> list[Write]:
        """Of the present run nobody counts anything yet."""
        if line.run == self.job.run:
            return [self.jobs.still_planning(self.job, self.planner)]
        was, becomes = totals([line]), totals([after])
        settled, lost = becomes.settled - was.settled, becomes.lost - was.lost
        row = self.jobs.corrected(self.job, self.planner, settled, lost, beside)
        return [row, *corrected(self.job, settled, lost)]

    def close(self) -> None:
        """What is still reserved, for questions that are not asked any more."""
        for line in self._lines():
            if line.state is LineState.RESERVED:
                self._end(line.attempt_id, LineState.LOST)

    def spent(self) -> Decimal:
        """USD that this run's narration takes of budgets."""
        return sum((line.counts for line in self._lines()), Decimal(0))

    def _lines(self) -> list[Line]:
        lines = self.ledger.lines(self.job.id)
        return [line for line in lines if line.run == self.job.run and line.clip == NARRATION]

    def _found(self, questions: Sequence[Question]) -> dict[str, tuple[str, bytes]]:
        """The answers that are there; whatever an earlier try has left reserved for these questions is ended."""
        judged = {line.attempt_id: line.state for line in self.ledger.lines(self.job.id) if line.cost is not None}

        def look(question: Question) -> tuple[str, bytes] | None:
            return self._kept(question, judged)

        kept = dict(zip((one.fingerprint for one in questions), self._of_each(look, questions), strict=True))
        asked = {one.fingerprint: one for one in questions}
        for line in self._lines():
            if line.state is LineState.RESERVED and (one := asked.get(line.request or "")):
                attempt, answer = kept[one.fingerprint] or ("", b"")
                if attempt == line.attempt_id:
                    self._end(attempt, *one.comes_to(answer))
                else:
                    self._end(line.attempt_id, LineState.LOST)
        return {name: there for name, there in kept.items() if there}

    def _kept(self, question: Question, judged: Mapping[str, LineState]) -> tuple[str, bytes] | None:
        """An answer that is there, and the attempt that brought it: rather one that is paid for already, and of an earlier run
        none that was of no use."""
        keys = self.media.names(self._key(question, ""), MOST_ANSWERS)
        for attempt in sorted(
            (key.rpartition("/")[2] for key in keys), key=lambda one: judged.get(one) is not LineState.SETTLED
        ):
            answer = self.media.read(self._key(question, attempt))
            useless = judged.get(attempt) is LineState.LOST or not question.of_use(answer)
            if attempt.startswith(f"{self.job.run}.") or not useless:
                return attempt, answer
        return None

    def _key(self, question: Question, attempt: str) -> str:
        return narration_key(self.job.tenant, self.job.id, f"{question.fingerprint}/{attempt}")

    def _reserve(self, questions: Sequence[Question]) -> list[Line]:
        """NarrationFailed where the run's reservation does not hold as much."""
        before = self._lines()
        spent = sum((line.counts for line in before), Decimal(0))
        if spent + sum((one.at_most for one in questions), Decimal(0)) > self.allowance:
            raise NarrationFailed(f"{WORDS[questions[0].stage]}: what was reserved for it is used up")
        taken = {stage: sum(line.stage == stage for line in before) for stage in WORDS}
        lines = []
        for one in questions:
            taken[one.stage] += 1
            lines.append(
                Line(
                    attempt_id=attempt_id(self.job.run, NARRATION, one.stage, taken[one.stage]),
                    clip=NARRATION,
                    run=self.job.run,
                    stage=one.stage,
                    amount=one.at_most,
                    model=one.model,
                    reserved_at=now(),
                    request=one.fingerprint,
                )
            )
        writes = [self.ledger.reserve(self.job.id, line) for line in lines]
        self.jobs.table.commit(self.jobs.still_planning(self.job, self.planner), *writes)
        return lines

    def _ask(self, asked: tuple[Question, Line]) -> bytes | ReelayError:
        question, line = asked
        try:
            answer = question.ask(min(MOST_SECONDS, self.left()))
        except PAID as error:
            self._end(line.attempt_id, LineState.LOST)
            return error
        except ReelayError as error:
            self._end(line.attempt_id, LineState.RELEASED)
            return error
        self.media.put(self._key(question, line.attempt_id), answer, "application/octet-stream", tags=RAW)
        self._end(line.attempt_id, *question.comes_to(answer))
        return answer

    def _end(self, attempt: str, state: LineState, cost: Decimal | None = None) -> None:
        with suppress(ConditionLost):  # another try, or the end of the run, has found it without an answer
            self.jobs.table.commit(self.ledger.end(self.job.id, attempt, state, cost))

    def _wait(self, question: Question, error: ReelayError, tries: dict[type[ReelayError], int]) -> float:
        """Seconds until it may be asked again; raises where it may not."""
        logger().warning("a narration's service did not answer", extra={"stage": question.stage, "reason": str(error)})
        if isinstance(error, (ModelGone, NotConfigured)):
            raise error
        if (kind := type(error)) not in tries:
            raise NarrationFailed(f"{WORDS[question.stage]}: {error}")
        tries[kind] -= 1
        told = error.seconds if isinstance(error, ProviderBusy) else None
        wait = min(LONGEST_PAUSE, 2.0 ** (MORE_TRIES[kind] - tries[kind] - 1)) if told is None else told
        if tries[kind] < 0 or wait + FEWEST_SECONDS > self.left():
            raise NarrationFailed(f"{WORDS[question.stage]}: {error}")
        return wait

    def _of_each(self, work: Callable[[A], B], ones: Sequence[A]) -> list[B]:
        """What it comes to for each, in their order."""
        came: dict[int, B] = {}

        def do(turn: int) -> None:
            came[turn] = work(ones[turn])

        self.each(do, range(len(ones)))
        return [came[turn] for turn in range(len(ones))]
