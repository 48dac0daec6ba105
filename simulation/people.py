"""Who asks for something: jobs, with keys and within budgets, again and at once; their cancelling; runs of jobs that ended."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from functions.api.film_changes import (
    RecutRequest,
    RegenerateRequest,
    RenditionRequest,
    RetryRequest,
    recut,
    regenerate,
    rendition,
)
from functions.api.image_pairs import ImagePairsRequest
from functions.api.job_views import AcceptedView
from functions.api.reruns import Decide, retry
from functions.studio.catalogue import catalogue
from functions.studio.errors import Conflict, InFlight, InvalidRequest, OverBudget
from functions.studio.jobs import Job
from functions.studio.library import Asset, Campaign
from functions.studio.rows import new_id, now
from simulation.house import House, void
from simulation.weather import Weather

ASKS = 20
"""Times that somebody asks again who has no answer."""

PRICE = Decimal("0.90")
"""Of a clip of six seconds, which both models make."""


@dataclass
class Wish:
    """A job that somebody asks for, until they have an answer."""

    number: int
    tenant: str
    asked: ImagePairsRequest
    key: str
    answers: set[str] = field(default_factory=set)
    """Ids of jobs."""
    refused: bool = False

    @property
    def is_over(self) -> bool:
        return bool(self.answers) or self.refused


@dataclass
class Further:
    """Another run of a job, that somebody asks for."""

    wish: Wish
    way: str
    asked: BaseModel
    decide: Callable[[], Decide]
    key: str
    answers: set[int] = field(default_factory=set)
    """Numbers of runs."""
    unsure: bool = False
    """They gave up while nobody could say what had become of it."""


class People:
    def __init__(self, house: House, weather: Weather) -> None:
        self.house = house
        self.world = house.world
        self.chance = house.world.chance
        self.weather = weather
        self.wishes: list[Wish] = []
        self.further: list[Further] = []
        self.cancelled: set[tuple[str, int]] = set()
        """Jobs and their runs, of which somebody was told so."""
        self.mistakes: list[str] = []
        """What they were told and must not be."""
        self.misused = 0
        """Requests that came with another one's key."""
        self.asking = 0
        """Requests that are still to come, or have no answer yet."""

    def begin(self) -> None:
        chance = self.chance
        numbers = itertools.count(1)
        for tenant in ("acme", "other")[: 2 if chance.random() < 0.15 else 1]:
            pairs = chance.choice((1, 1, 2, 2, 3))
            poor = self.weather.poor and chance.random() < 0.8
            self.house.budgets.cap_tenant(tenant, self._cap(pairs, poor))
            campaign = self._campaign(tenant, pairs + 1, self._cap(pairs, poor))
            begins = 3 * chance.random()
            for turn in range(2 if chance.random() < (0.6 if poor else 0.1) else 1):
                if turn and chance.random() < 0.5:
                    campaign = self._campaign(tenant, pairs + 1, self._cap(pairs, poor))
                self._wishes(next(numbers), tenant, campaign, pairs, poor, begins)
            if chance.random() < self.weather.cap_moves:
                self._move_a_cap(campaign, pairs)
        for rate, what in ((self.weather.abort, self._abort), (self.weather.cancel, self._cancel)):
            for _ in range(chance.choice((1, 1, 2)) if chance.random() < rate else 0):
                if chance.random() < 0.7:
                    self.world.interruptions[1 + int(chance.choice((30, 60, 120)) * chance.random())] = what
                else:
                    self.world.after(chance.choice((90.0, 500.0, 2000.0)) * chance.random(), what)

    def _cap(self, pairs: int, poor: float) -> Decimal | None:
        """About what one job comes to, with or without a second attempt."""
        if not poor or self.chance.random() < 0.4:
            return None
        return (
            PRICE * pairs + PRICE * self.chance.choice((-1, 0, 0, 1, pairs)) + self.chance.choice((0, Decimal("0.3")))
        )

    def _wishes(self, number: int, tenant: str, campaign: Campaign, pairs: int, poor: float, begins: float) -> None:
        chance = self.chance
        budget = self._cap(pairs, poor)
        given: dict[str, Any] = {
            "campaignId": campaign.id,
            "clipDuration": 6,
            "metadata": {"mixed": chance.random() < 0.25, "wish": number},
            "onClipFailure": chance.choice(("best_effort",) * 4 + ("fail_fast", {"minClips": 1})),
            "fallbackModels": ["hailuo-2.0"] if chance.random() < 0.25 else [],
        }
        if chance.random() < 0.7:
            given["numPairs"] = pairs
        if budget is not None:
            given["budgetUsd"] = float(budget)
        wish = Wish(number, tenant, ImagePairsRequest.model_validate(given), f"key-{number}")
        self.wishes.append(wish)
        begins += chance.choice((0.0, 0.05, 1.0)) * chance.random()
        self._later(begins, lambda: self._ask(wish, 0))
        if chance.random() < self.weather.asked_twice:
            for _ in range(chance.choice((1, 1, 3))):
                self._later(begins + chance.choice((0.0, 0.01, 5.0)), lambda: self._ask(wish, 0))
        if chance.random() < self.weather.key_misused:
            self._later(begins + chance.choice((0.01, 30.0, 90.0)), lambda: self._misuse(wish))
        if chance.random() < self.weather.run_again:
            for turn in range(chance.choice((1, 1, 2, 3))):
                further = self._another_run(wish, turn, pairs)
                self.further.append(further)
                at = chance.choice((60.0, 300.0, 1500.0))
                for _ in range(2 if chance.random() < self.weather.asked_twice else 1):
                    self._later(at, lambda one=further: self._run_again(one, 0))  # type: ignore[misc]  # a lambda's default

    def _campaign(self, tenant: str, pictures: int, budget: Decimal | None) -> Campaign:
        """Its rows are two milliseconds apart, for ids sort by them: chance of the machine's decides nothing here."""
        stamp: dict[str, Any] = {"tenant": tenant, "created_at": now(), "updated_at": now()}
        campaign = Campaign(id=new_id(), name="Autumn", budget_usd=budget, **stamp)
        self.house.library.add(campaign)
        for number in range(pictures):
            self.world.time += 0.002
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

    # asking

    def _later(self, seconds: float, ask: Callable[[], None]) -> None:
        self.asking += 1

        def come() -> None:
            self.asking -= 1
            ask()

        self.world.after(seconds, come)

    def _send(self, tenant: str, work: Callable[[], Any], told: Callable[[Any, BaseException | None], None]) -> None:
        self.asking += 1

        def answer(result: Any, error: BaseException | None) -> None:
            self.asking -= 1
            told(result, error)

        self.house.ask(tenant, work, answer)

    def _ask(self, wish: Wish, turn: int) -> None:
        """As a careful caller does: with a key, and again when there is no answer."""

        def told(view: AcceptedView | None, error: BaseException | None) -> None:
            if view is not None:
                wish.answers.add(view.id)
            elif isinstance(error, OverBudget):
                if error.left >= error.needed:
                    self.mistakes.append(f"{error.needed} were refused although {error.left} were left")
                wish.refused = True
            elif turn < ASKS or not self.world.calm():
                self._later(2.0 + turn, lambda: self._ask(wish, turn + 1))

        self._send(wish.tenant, lambda: self.house.accept(wish.tenant, wish.asked, wish.key), told)

    def _misuse(self, wish: Wish) -> None:
        """Once somebody has an answer, its key is no other request's."""
        if not wish.answers:
            return
        self.misused += 1
        other = wish.asked.model_copy(update={"metadata": {**wish.asked.metadata, "other": True}})

        def told(view: AcceptedView | None, error: BaseException | None) -> None:
            if view is not None or isinstance(error, InFlight | OverBudget):
                self.mistakes.append(f"another request with the key {wish.key} was taken for one of its own")

        self._send(wish.tenant, lambda: self.house.accept(wish.tenant, other, wish.key), told)

    # further runs

    def _another_run(self, wish: Wish, turn: int, pairs: int) -> Further:
        chance, library = self.chance, self.house.library
        way, key = chance.choice(("retry", "retry", "regenerate", "recut", "renditions")), f"{wish.key}-{turn}"
        if way == "retry":
            return Further(wish, way, RetryRequest(), lambda: retry, key)
        if way == "regenerate":
            number, model = 1 + chance.randrange(pairs), chance.choice((None, None, "hailuo-2.0"))
            anew = RegenerateRequest(prompt="again", model=model)
            return Further(wish, way, anew, lambda: regenerate(anew, number, catalogue(), wish.tenant, library), key)
        if way == "recut":
            given: dict[str, Any] = {"audio": "strip"}
            if chance.random() < 0.6:
                some = chance.sample(range(1, pairs + 1), chance.randint(1, pairs))
                given["clips"] = [{"subJobNumber": one} for one in some]
            other = RecutRequest.model_validate(given)
            return Further(wish, way, other, lambda: recut(other, wish.tenant, library), key)
        form = RenditionRequest.model_validate({"resolution": "480p"})
        return Further(wish, way, form, lambda: rendition(form), key)

    def _run_again(self, one: Further, turn: int) -> None:
        """Again while it runs, or there is no answer; what the job cannot do at all is not asked for twice."""
        wish = one.wish
        if not wish.answers:
            if turn < ASKS and not wish.refused:
                self._later(20.0, lambda: self._run_again(one, turn + 1))
            return
        job_id = min(wish.answers)

        def told(view: AcceptedView | None, error: BaseException | None) -> None:
            if view is not None:
                one.answers.add(view.run)
                self._spoil()
            elif isinstance(error, InvalidRequest | OverBudget) or (
                isinstance(error, Conflict) and not isinstance(error, InFlight) and not self._is_running(job_id)
            ):
                return
            elif turn < ASKS:
                self._later(20.0 + 10 * turn, lambda: self._run_again(one, turn + 1))
            else:
                one.unsure = True

        self._send(
            wish.tenant,
            lambda: self.house.run_again(wish.tenant, job_id, one.way, one.key, one.asked, one.decide),
            told,
        )

    def _spoil(self) -> None:
        """Somebody cancels, or stops the executions, in the middle of a further run."""
        for rate, what in ((self.weather.cancel, self._cancel), (self.weather.abort, self._abort)):
            if self.chance.random() < rate:
                self.world.interruptions[self.world.calls + 1 + int(60 * self.chance.random())] = what

    def _is_running(self, job_id: str) -> bool:
        return "unfinished" in self.house.dynamodb.items[f"J#{job_id}", "JOB"]

    # cancelling, and whoever runs the deployment

    def _cancel(self) -> None:
        """Whatever there is by now."""
        for job_id, tenant in self.house.owner_of_job.items():
            self._ask_to_cancel(tenant, job_id, 0)

    def _ask_to_cancel(self, tenant: str, job_id: str, turn: int) -> None:
        def told(job: Job | None, error: BaseException | None) -> None:
            if job is not None:
                self.cancelled.add((job_id, job.run))
            elif not isinstance(error, Conflict) and turn < ASKS:
                self._later(1.0 + turn, lambda: self._ask_to_cancel(tenant, job_id, turn + 1))

        self._send(tenant, lambda: self.house.cancel(tenant, job_id), told)

    def _abort(self) -> None:
        for execution in self.house.machine.executions.values():
            execution.stop("ABORTED")

    def _move_a_cap(self, campaign: Campaign, pairs: int) -> None:
        """While a job is accepted, or some time later."""
        tenant, cap, of_the_tenant = campaign.tenant, self._cap(pairs, poor=True), self.chance.random() < 0.5

        def work() -> None:
            if of_the_tenant:
                self.house.budgets.cap_tenant(tenant, cap)
            else:
                self.house.library.change(Campaign, tenant, campaign.id, {"budgetUsd": cap})

        def move() -> None:
            void(self.world.invoke("admin", work, lambda result, error: None, 30))

        if self.chance.random() < 0.6:
            self.world.interruptions[1 + self.chance.randrange(30)] = move
        else:
            self.world.after(self.chance.choice((60.0, 200.0)) * self.chance.random(), move)
