"""One history: what is asked for, what goes wrong, and whether everything held."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from random import seed as seed_machine
from typing import Any

from functions.api.image_pairs import ImagePairsRequest
from functions.studio.clock import CLOCK
from functions.studio.library import Asset, Campaign
from functions.studio.providers.protocol import Prediction
from functions.studio.rows import new_id, now
from simulation.house import House, void
from simulation.invariants import Broken, Verdict, Watch, acknowledged
from simulation.weather import described, draw
from simulation.world import Crew, Mistake, Runaway, World

RETRIED_BY = 4200
"""Seconds after which nobody asks for another run."""

BOUND = RETRIED_BY + 7200 + 300 + 600
"""Seconds within which every job ends: the longest execution, the sweep's patience, and its tries."""


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
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class Wish:
    """A job that somebody asks for, until they have an answer."""

    tenant: str
    asked: ImagePairsRequest
    key: str
    answers: set[str] = field(default_factory=set)


ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LONGEST_LINE = 300


def named(trace: Sequence[str]) -> list[str]:
    """With short names instead of ids, in the order of their appearance: the same each time, and fit to be read."""
    names: dict[str, str] = {}
    return [
        ID.sub(lambda found: names.setdefault(found[0], f"#{len(names) + 1}"), line)[:LONGEST_LINE] for line in trace
    ]


class History:
    def __init__(self, crew: Crew, seed: int, *, tracing: bool = False) -> None:
        self.chance = Random(seed)
        seed_machine(seed)  # the stores' jitter
        self.weather = draw(self.chance)
        self.world = World(crew, seed, self.weather, self.chance, tracing)
        self.house = House(self.world, lambda key, was, item: self.watch(key, was, item))
        self.watch = Watch(self.house)
        self.house.answered = self._answered
        self.wishes: list[Wish] = []

    def play(self) -> Told:
        told = Told(self.world.seed, described(self.weather))
        ours = CLOCK.set(self.world.crew)
        try:
            self._prepare()
            self.world.run(lambda: self.world.elapsed > BOUND)
            told.faults = list(self._judged())
        except (Broken, Mistake, Runaway) as broken:
            told.faults = [str(broken)]
        finally:
            CLOCK.reset(ours)
        told.trace = named(self.world.trace or [])
        told.events, told.invocations, told.seconds = self.world.events, self.world.invocations, self.world.elapsed
        told.counts = self._counts() if not told.faults else {}
        return told

    # what is asked for

    def _prepare(self) -> None:
        chance = self.chance
        for tenant in ("acme", "other")[: 2 if chance.random() < 0.15 else 1]:
            pairs = chance.choice((1, 1, 2, 2, 3))
            campaign = self._campaign(tenant, pairs + 1)
            given = {"campaignId": campaign.id, "metadata": {"mixed": chance.random() < 0.25}}
            asked = ImagePairsRequest.model_validate(given | ({"numPairs": pairs} if chance.random() < 0.7 else {}))
            wish = Wish(tenant, asked, f"key-{tenant}")
            self.wishes.append(wish)
            begins = 3 * chance.random()
            self.world.after(begins, lambda wish=wish: self._ask(wish, 0))  # type: ignore[misc]  # a lambda's default
            if self.world.chance.random() < self.weather.asked_twice:
                again = begins + chance.choice((0.0, 0.01, 5.0))
                self.world.after(again, lambda wish=wish: self._ask(wish, 0))  # type: ignore[misc]  # as above
            if chance.random() < self.weather.retried:
                for _ in range(chance.choice((1, 1, 2))):
                    self.world.after(chance.choice((60.0, 300.0, 1500.0)), lambda wish=wish: self._retry(wish, 0))  # type: ignore[misc]  # as above
        if chance.random() < self.weather.abort:
            self.world.interruptions[1 + int(chance.choice((30, 60, 120)) * chance.random())] = self._abort
        self._sweep_every_minute()

    def _campaign(self, tenant: str, pictures: int) -> Campaign:
        """Its rows are a millisecond apart, for ids sort by it: chance of the machine's decides nothing here."""
        stamp: dict[str, Any] = {"tenant": tenant, "created_at": now(), "updated_at": now()}
        campaign = Campaign(id=new_id(), name="Autumn", **stamp)
        self.house.library.add(campaign)
        for number in range(pictures):
            self.world.time += 0.001
            asset = Asset(
                id=new_id(),
                campaign_id=campaign.id,
                name=f"picture {number}",
                key=f"{tenant}/assets/{number}/original.jpg",
                thumbnail_key=f"{tenant}/assets/{number}/thumbnail.jpg",
                content_type="image/jpeg",
                bytes=1000,
                sha256=str(number),
                width=1600,
                height=900,
                **stamp,
            )
            self.house.library.add_asset(asset)
            self.house.vision.pictures.add(asset.id)
        return campaign

    def _ask(self, wish: Wish, turn: int) -> None:
        """As a careful caller does: with a key, and again when there is no answer."""

        def told(result: Any, error: BaseException | None) -> None:
            if error is None:
                wish.answers.add(str(result.body.data.id))
            elif turn < 20:
                self.world.after(2.0 + turn, lambda: self._ask(wish, turn + 1))

        void(self.world.invoke("api", lambda: self.house.accept(wish.tenant, wish.asked, wish.key), told, 30))

    def _retry(self, wish: Wish, turn: int) -> None:
        """Again while it runs, or there is no answer; a job with nothing to retry says so each time."""

        def told(result: Any, error: BaseException | None) -> None:
            if error is not None and turn < 20:
                self.world.after(20.0 + 10 * turn, lambda: self._retry(wish, turn + 1))

        def work() -> Any:
            [job_id] = wish.answers
            return self.house.retry(wish.tenant, job_id, f"retry-{wish.tenant}")

        if wish.answers:
            void(self.world.invoke("api", work, told, 30))
        elif turn < 20:
            self.world.after(20.0, lambda: self._retry(wish, turn + 1))

    def _abort(self) -> None:
        for execution in self.house.machine.executions.values():
            execution.stop("ABORTED")

    def _sweep_every_minute(self) -> None:
        def again() -> None:
            if not self._over():
                self.world.after(60, again)
                void(self.world.invoke("sweep", self.house.sweep, lambda result, error: None, 60))

        self.world.after(60 * self.chance.random(), again)

    def _over(self) -> bool:
        """Whether every job that was asked for has ended and was announced."""
        rows = [item for (_, sk), item in self.house.dynamodb.items.items() if sk == "JOB"]
        at_rest = not any("unfinished" in row for row in rows) and not (
            self.weather.retried and self.world.elapsed < RETRIED_BY
        )
        return all(wish.answers for wish in self.wishes) and at_rest

    def _answered(self, job_id: str, attempt_id: str, body: str) -> None:
        acknowledged(self.house, job_id, attempt_id, Prediction.model_validate_json(body).id)

    # whether everything held

    def _judged(self) -> Sequence[str]:
        faults = []
        if self.world.elapsed > BOUND:
            faults.append(f"not over after {BOUND} s")
        for wish in self.wishes:
            if len(wish.answers) != 1:
                faults.append(f"the key {wish.key} stands for {len(wish.answers)} jobs")
        ids = [pk.removeprefix("J#") for pk, sk in self.house.dynamodb.items if sk == "JOB"]
        if len(ids) != len(self.wishes):
            faults.append(f"{len(self.wishes)} wishes became {len(ids)} jobs")
        for job_id in ids:
            verdict = Verdict(self.house, job_id)
            faults += [f"job of {verdict.job.tenant}: {fault}" for fault in verdict.faults()]
        runs = {f"{job_id}-{run}" for job_id in ids for run in range(1, self.house.jobs.job(job_id).run + 1)}
        if runs != self.house.machine.executions.keys():
            faults.append(f"the runs {sorted(runs)} have the executions {sorted(self.house.machine.executions)}")
        return faults

    def _counts(self) -> dict[str, int]:
        """What the history was made of, so that it can be seen that it happened."""
        counts: dict[str, int] = {}
        for (pk, sk), item in self.house.dynamodb.items.items():
            kind = sk.split("#")[0]
            if pk.startswith("J#") and kind in ("JOB", "CLIP", "ATT", "LEDGER"):
                word = item.get("state" if kind == "LEDGER" else "status", {}).get("S", "")
                counts[f"{kind} {word}"] = counts.get(f"{kind} {word}", 0) + 1
        return counts
