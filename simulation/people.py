"""Who asks for something: jobs, with keys and within budgets, again and at once; their cancelling; runs of jobs that ended."""

from __future__ import annotations

import dataclasses
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
from functions.api.prompt_request import PromptRequest
from functions.api.reruns import Decide, retry
from functions.studio.catalogue import catalogue
from functions.studio.errors import Conflict, InFlight, InvalidRequest, NotFound, OverBudget
from functions.studio.jobs import Job
from functions.studio.library import Asset, Campaign
from functions.studio.rows import new_id, now
from simulation.choices import PASTS, Past, remember
from simulation.house import House, void
from simulation.weather import Weather
from simulation.wishes import Sketch, prompted, sketch

ASKS = 20
"""Times that somebody asks again who has no answer."""

HELD_FOR = 120.0
"""Seconds that a key is held at most by a request whose server has died, and some."""


@dataclass
class Wish:
    """A job that somebody asks for, until they have an answer."""

    number: int
    tenant: str
    sketch: Sketch
    campaign: Campaign
    asked: ImagePairsRequest | PromptRequest
    key: str
    answers: set[str] = field(default_factory=set)
    """Ids of jobs."""
    refused: bool = False
    follows: Wish | None = None
    """Whose film it goes on from."""

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
        self.pictures: dict[str, list[Asset]] = {}
        """By campaign."""
        self.past: Past | None = None
        """What is known of a model."""
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
        if chance.random() < 0.2:
            self.past = chance.choice(PASTS)
            remember(self.house, self.past)
        numbers = itertools.count(1)
        for tenant in ("acme", "other")[: 2 if chance.random() < 0.15 else 1]:
            poor = self.weather.poor and chance.random() < 0.8
            film = sketch(chance, chooses=self.past is not None)
            self.house.budgets.cap_tenant(tenant, self._cap(film, poor))
            campaign = self._campaign(tenant, film, self._cap(film, poor))
            begins = 3 * chance.random()
            many = 2 if self.past or chance.random() < (0.6 if poor else 0.1) else 1
            for turn in range(many):
                if turn and chance.random() < 0.5:
                    campaign = self._campaign(tenant, film, self._cap(film, poor))
                self._wishes(next(numbers), film, campaign, poor, begins)
            if chance.random() < self.weather.cap_moves:
                self._move_a_cap(campaign, film)
        if chance.random() < 0.1:
            self._continue(next(numbers))
        for rate, what in ((self.weather.abort, self._abort), (self.weather.cancel, self._cancel)):
            for _ in range(chance.choice((1, 1, 2)) if chance.random() < rate else 0):
                if chance.random() < 0.7:
                    self.world.interruptions[1 + int(chance.choice((30, 60, 120)) * chance.random())] = what
                else:
                    self.world.after(chance.choice((90.0, 500.0, 2000.0)) * chance.random(), what)

    def _cap(self, film: Sketch, poor: float) -> Decimal | None:
        """About what one job comes to, with or without a second attempt."""
        if not poor or self.chance.random() < 0.4:
            return None
        some, clips = film.price, film.clips
        return some * clips + some * self.chance.choice((-1, 0, 0, 1, clips)) + self.chance.choice((0, some / 3))

    def _wishes(self, number: int, film: Sketch, campaign: Campaign, poor: float, begins: float) -> None:
        chance = self.chance
        budget = self._cap(film, poor)
        more: dict[str, Any] = {
            "metadata": {"mixed": chance.random() < 0.25, "wish": number},
            "onClipFailure": chance.choice(("best_effort",) * 3 + ("fail_fast", "fail_fast", {"minClips": 1})),
        }
        if budget is not None:
            more["budgetUsd"] = float(round(budget, 2))
        asked = film.request(campaign, self.pictures[campaign.id], more)
        wish = Wish(number, campaign.tenant, film, campaign, asked, f"key-{number}")
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
                further = self._another_run(wish, turn)
                self.further.append(further)
                at = chance.choice((60.0, 300.0, 1500.0))
                for _ in range(2 if chance.random() < self.weather.asked_twice else 1):
                    self._later(at, lambda one=further: self._run_again(one, 0))  # type: ignore[misc]  # a lambda's default

    # films that go on from others

    def _continue(self, number: int) -> None:
        """With the last frame of a clip, once its job has ended; somebody else's clips are nobody else's to go on from."""
        first = self.chance.choice(self.wishes)
        tenant = self.chance.choice([one.tenant for one in self.wishes])
        film = dataclasses.replace(prompted(self.chance), mode="image")
        campaign = first.campaign if tenant == first.tenant else self._campaign(tenant, film, None)
        self._later(self.chance.choice((200.0, 700.0)), lambda: self._go_on(number, first, film, campaign, 0))

    def _go_on(self, number: int, first: Wish, film: Sketch, campaign: Campaign, turn: int) -> None:
        if not first.answers or (self._is_running(min(first.answers)) and campaign.tenant == first.tenant):
            if turn < ASKS:
                self._later(40.0, lambda: self._go_on(number, first, film, campaign, turn + 1))
            return
        more: dict[str, Any] = {
            "continueFrom": {"jobId": min(first.answers), "subJobNumber": 1},
            "metadata": {"wish": number},
        }
        asked = film.request(campaign, (), more)
        wish = Wish(number, campaign.tenant, film, campaign, asked, f"key-{number}", follows=first)
        self.wishes.append(wish)
        self._ask(wish, 0)

    def _campaign(self, tenant: str, film: Sketch, budget: Decimal | None) -> Campaign:
        """Its rows are two milliseconds apart, for ids sort by them: chance of the machine's decides nothing here."""
        stamp: dict[str, Any] = {"tenant": tenant, "created_at": now(), "updated_at": now()}
        campaign = Campaign(id=new_id(), name="Autumn", budget_usd=budget, **stamp)
        self.house.library.add(campaign)
        self.pictures[campaign.id] = []
        for number in range(film.pictures):
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
            self.pictures[campaign.id].append(asset)
        return campaign

    # asking

    def _later(self, seconds: float, ask: Callable[[], None]) -> None:
        self.asking += 1

        def come() -> None:
            self.asking -= 1
            ask()

        self.world.after(seconds, come)

    def _send(
        self, tenant: str | None, work: Callable[[], Any], told: Callable[[Any, BaseException | None], None]
    ) -> None:
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
                if wish.follows and wish.follows.tenant != wish.tenant:
                    self.mistakes.append("a film goes on from another tenant's")
            elif isinstance(error, OverBudget):
                if error.left >= error.needed:
                    self.mistakes.append(f"{error.needed} were refused although {error.left} were left")
                wish.refused = True
            elif wish.follows and isinstance(error, Conflict | NotFound) and not isinstance(error, InFlight):
                wish.refused = True
            elif turn < ASKS or self.world.elapsed < self.weather.clears + HELD_FOR:
                self._later(2.0 + turn, lambda: self._ask(wish, turn + 1))

        # Who names another tenant's job has it looked at, and is told that there is none.
        theirs = wish.follows is not None and wish.follows.tenant != wish.tenant
        self._send(None if theirs else wish.tenant, lambda: self.house.accept(wish.tenant, wish.asked, wish.key), told)

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

    def _another_run(self, wish: Wish, turn: int) -> Further:
        chance, library = self.chance, self.house.library
        clips = wish.sketch.clips
        way, key = chance.choice(("retry", "retry", "regenerate", "recut", "renditions")), f"{wish.key}-{turn}"
        if way == "retry":
            return Further(wish, way, RetryRequest(), lambda: retry, key)
        if way == "regenerate":
            number, model = 1 + chance.randrange(clips), chance.choice((None, None, *wish.sketch.others[:1]))
            anew = RegenerateRequest(prompt="again", model=model)
            return Further(wish, way, anew, lambda: regenerate(anew, number, catalogue(), wish.tenant, library), key)
        if way == "recut":
            given: dict[str, Any] = {"audio": "strip"}
            if chance.random() < 0.6:
                some = chance.sample(range(1, clips + 1), chance.randint(1, clips))
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

    def _move_a_cap(self, campaign: Campaign, film: Sketch) -> None:
        """While a job is accepted, or some time later."""
        tenant, cap, of_the_tenant = campaign.tenant, self._cap(film, poor=True), self.chance.random() < 0.5

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
