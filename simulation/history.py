"""One history: what is asked for, what goes wrong, and whether everything held."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from random import seed as seed_machine

from functions.studio.clock import CLOCK
from simulation.choices import choice_faults, count_faults
from simulation.deployment import APPROVAL, SECONDS
from simulation.house import House, StrangersRow, void
from simulation.invariants import Watch, acknowledged
from simulation.people import People
from simulation.runs_seen import Broken, Run
from simulation.verdict import RUN_BOUND, Verdict
from simulation.weather import described, draw
from simulation.world import Crew, Mistake, Runaway, World

ASKED_BY = 4200
"""Seconds after which nobody asks for another run."""

BOUND = ASKED_BY + 3 * (RUN_BOUND + APPROVAL)
"""Seconds within which everything ends: runs follow one another, and so may their pauses."""

REDRIVEN_AFTER = 60.0
"""Seconds after the last trouble, when somebody has dead letters taken again."""


@dataclass
class Told:
    """What came of a history. `faults` are the invariants that did not hold."""

    seed: int
    weather: str
    faults: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    events: int = 0
    invocations: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)


ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{64}\b")
"""Of a row, or the fingerprint of an input: the seeds of models come of ids, too."""
LONGEST_LINE = 300


def named(trace: Sequence[str]) -> list[str]:
    """With short names instead of ids, in the order of their appearance: the same each time, and fit to be read."""
    names: dict[str, str] = {}
    return [
        ID.sub(lambda found: names.setdefault(found[0], f"#{len(names) + 1}"), line)[:LONGEST_LINE] for line in trace
    ]


def waited_out(before: Run, run: Run) -> bool:
    """Whether a run began because nobody had said in time what is to become of the pictures of the one before. A slow Deliver
    writes the pause down some time after it has reckoned its end."""
    return before.paused is not None and run.began >= before.paused + APPROVAL - SECONDS["deliver"]


class History:
    def __init__(self, crew: Crew, seed: int, *, tracing: bool = False) -> None:
        self.chance = Random(seed)
        seed_machine(seed)  # the stores' jitter
        self.weather = draw(self.chance)
        self.world = World(crew, seed, self.weather, self.chance, tracing)
        self.house = House(self.world, lambda key, was, item: self.watch.written(key, was, item))
        self.watch = Watch(self.house)
        self.house.dynamodb.committed = self.watch.committed
        self.house.answered = self._answered
        self.redriven = 0
        self.people = People(self.house, self.weather)

    def play(self) -> Told:
        told = Told(self.world.seed, described(self.weather))
        ours = CLOCK.set(self.world.crew)
        try:
            self._prepare()
            self.world.run(lambda: self.world.elapsed > BOUND)
            told.faults = list(self._judged())
        except (Broken, Mistake, Runaway, StrangersRow) as broken:
            told.faults = [str(broken)]
        finally:
            CLOCK.reset(ours)
        told.trace = named(self.world.trace or [])
        told.events, told.invocations, told.seconds = self.world.events, self.world.invocations, self.world.elapsed
        told.counts = self._counts() if not told.faults else Counter()
        return told

    # what happens beside what is asked for

    def _prepare(self) -> None:
        self.people.begin()
        self._sweep_every_minute()
        self.world.after(self.weather.clears + REDRIVEN_AFTER, self._redrive)

    def _redrive(self) -> None:
        if many := self.house.queue.redrive():
            self.redriven += many
            self.world.note(many, "looks are taken again that were set aside")

    def _sweep_every_minute(self) -> None:
        def again() -> None:
            if not self._over():
                self.world.after(60, again)
                void(self.world.invoke("sweep", self.house.sweep, lambda result, error: None, 60))

        self.world.after(60 * self.chance.random(), again)

    def _over(self) -> bool:
        """Whether everything that was asked for has its answer, and every job has ended and was announced."""
        rows = [item for (_, sk), item in self.house.dynamodb.items.items() if sk == "JOB"]
        return not self.people.asking and not any("unfinished" in row for row in rows)

    def _answered(self, job_id: str, attempt_id: str, prediction_id: str) -> None:
        acknowledged(self.house, job_id, attempt_id, prediction_id)

    # whether everything held

    def _judged(self) -> Sequence[str]:
        faults = [*self.people.mistakes]
        if self.world.elapsed > BOUND:
            faults.append(f"not over after {BOUND} s")
        jobs = {pk.removeprefix("J#"): item for (pk, sk), item in self.house.dynamodb.items.items() if sk == "JOB"}
        for wish in self.people.wishes:
            mine = {one for one, item in jobs.items() if item["metadata"]["M"]["wish"]["N"] == str(wish.number)}
            if wish.answers != mine or len(mine) != (0 if wish.refused and not mine else 1):
                faults.append(
                    f"the key {wish.key} was answered with {len(wish.answers)} jobs, and stands for {len(mine)}"
                )
        verdicts = [Verdict(self.house, self.watch, job_id) for job_id in jobs]
        past, attempts = self.people.past, {one.job.id: [*one.attempts.values()] for one in verdicts}
        faults += choice_faults(self.house, past, [one.job for one in verdicts], attempts)
        faults += count_faults(self.house, past, attempts)
        for job_id, verdict in zip(jobs, verdicts, strict=True):
            faults += [f"job of {verdict.job.tenant}: {fault}" for fault in verdict.faults()]
            faults += self._further_runs(job_id)
        for job_id, run in self.people.cancelled:
            if (status := self.watch.runs[job_id][run].status) != "cancelled":
                faults.append(f"run {run} was cancelled, and is {status}")
        faults += [f"started for nobody: {name}" for name in self.house.machine.executions if name not in self._runs()]
        faults += [f"set aside when nothing went wrong any more: {body}" for body in self.house.queue.set_aside]
        return faults

    def _runs(self) -> set[str]:
        return {f"{job_id}-{number}" for job_id, runs in self.watch.runs.items() for number in runs}

    def _further_runs(self, job_id: str) -> Iterator[str]:
        """Each was asked for, with one key, and each key began one."""
        runs = self.watch.runs[job_id]
        mine = [one for one in self.people.later_on.asked if job_id in one.wish.answers]
        began = [run for one in mine for run in one.answers]
        there = set(runs) - {1}
        by_themselves = [
            one for one in there - set(began) if runs[one].kind == "approved" and waited_out(runs[one - 1], runs[one])
        ]
        if len(began) != len(set(began)) or any(len(one.answers) > 1 for one in mine) or not there >= set(began):
            yield f"the further runs that were promised are {sorted(began)}, and there are {sorted(there)}"
        if len(there) > len(began) + len(by_themselves) + sum(one.unsure for one in mine):
            yield f"runs {sorted(there)} began, and only {sorted(began)} were asked for"

    def _counts(self) -> Counter[str]:
        """What the history was made of, so that it can be seen that it happened."""
        counts: Counter[str] = Counter()
        rows = self.house.dynamodb.items.items()
        for (pk, sk), item in rows:
            kind = sk.split("#")[0]
            if pk.startswith("J#") and kind in ("JOB", "CLIP", "ATT", "LEDGER"):
                word = item.get("state" if kind == "LEDGER" else "status", {}).get("S", "")
                counts[f"{kind} {word}"] += 1
        for runs in self.watch.runs.values():
            counts.update(f"RUN {run.kind}-{run.status or 'paused'}" for run in runs.values())
            counts["PAUSE all"] += sum(run.paused is not None for run in runs.values())
            counts["PAUSE cancelled"] += sum(
                run.paused is not None and run.status == "cancelled" for run in runs.values()
            )
        people = self.people
        counts["ASKED refused"] += sum(wish.refused for wish in people.wishes)
        counts["ASKED misused"] += people.misused
        counts["ASKED cancelled"] += len(people.cancelled)
        counts["ASKED redriven"] += self.redriven
        counts["ASKED late-kept"] += sum("kept" in item for (_, sk), item in rows if sk.startswith("ATT#"))
        return counts
