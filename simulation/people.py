"""Who asks for something: jobs, with keys and within budgets, again and at once; their cancelling; runs of jobs that ended."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from functions.api.job_views import AcceptedView
from functions.studio.balances import granted
from functions.studio.credits import tariff
from functions.studio.errors import Conflict, InFlight, NotFound, OverBudget, ShortOfCredits
from functions.studio.jobs import Job
from functions.studio.library import Asset, Campaign
from functions.studio.rows import new_id, now
from functions.studio.scenes import Scenario, Scene
from simulation.choices import PASTS, Past, remember
from simulation.further import Later
from simulation.house import Asked, House, void
from simulation.surroundings import a_photo
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
    asked: Asked
    key: str
    answers: set[str] = field(default_factory=set)
    """Ids of jobs."""
    refused: bool = False
    follows: Wish | None = None
    """Whose film it goes on from."""

    @property
    def is_over(self) -> bool:
        return bool(self.answers) or self.refused


class People:
    def __init__(self, house: House, weather: Weather) -> None:
        self.house = house
        self.world = house.world
        self.chance = house.world.chance
        self.weather = weather
        self.wishes: list[Wish] = []
        self.pictures: dict[str, list[Asset]] = {}
        self.scenarios: dict[str, Scenario] = {}
        """By campaign."""
        self.past: Past | None = None
        """What is known of a model."""
        self.later_on = Later(self)
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
            self._grant(tenant, film, poor)
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
        for rate, what in ((self.weather.abort, self.abort), (self.weather.cancel, self.cancel)):
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
        asked = film.request(campaign, self.pictures[campaign.id], self.scenarios.get(campaign.id), more)
        wish = Wish(number, campaign.tenant, film, campaign, asked, f"key-{number}")
        self.wishes.append(wish)
        begins += chance.choice((0.0, 0.05, 1.0)) * chance.random()
        self.later(begins, lambda: self._ask(wish, 0))
        if chance.random() < self.weather.asked_twice:
            for _ in range(chance.choice((1, 1, 3))):
                self.later(begins + chance.choice((0.0, 0.01, 5.0)), lambda: self._ask(wish, 0))
        if chance.random() < self.weather.key_misused:
            self.later(begins + chance.choice((0.01, 30.0, 90.0)), lambda: self._misuse(wish))
        if chance.random() < self.weather.run_again:
            self.later_on.runs_again(wish)
        if film.pauses:
            self.later_on.looks_at_pictures(wish)

    # films that go on from others

    def _continue(self, number: int) -> None:
        """With the last frame of a clip, once its job has ended; somebody else's clips are nobody else's to go on from."""
        first = self.chance.choice(self.wishes)
        tenant = self.chance.choice([one.tenant for one in self.wishes])
        film = dataclasses.replace(prompted(self.chance), mode="image")
        campaign = first.campaign if tenant == first.tenant else self._campaign(tenant, film, None)
        self.later(self.chance.choice((200.0, 700.0)), lambda: self._go_on(number, first, film, campaign, 0))

    def _go_on(self, number: int, first: Wish, film: Sketch, campaign: Campaign, turn: int) -> None:
        if not first.answers or (self.is_running(min(first.answers)) and campaign.tenant == first.tenant):
            if turn < ASKS:
                self.later(40.0, lambda: self._go_on(number, first, film, campaign, turn + 1))
            return
        more: dict[str, Any] = {
            "continueFrom": {"jobId": min(first.answers), "subJobNumber": 1},
            "metadata": {"wish": number},
        }
        asked = film.request(campaign, (), None, more)
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
            thumbnail = f"{tenant}/assets/{number}/thumbnail.jpg"
            asset = Asset(
                id=new_id(),
                campaign_id=campaign.id,
                name=f"picture {number}",
                key=f"{tenant}/assets/{number}/original.jpg",
                thumbnail_key=thumbnail,
                content_type="image/jpeg",
                bytes=1000,
                sha256=str(number),
                width=1600,
                height=900,
                **stamp,
            )
            self.house.library.add_asset(asset)
            if film.listing:
                self.house.bucket.bodies[thumbnail] = a_photo()
            self.house.vision.pictures.add(asset.id)
            self.pictures[campaign.id].append(asset)
        if film.mode == "still":
            self._write_a_scenario(campaign, film)
        return campaign

    def _write_a_scenario(self, campaign: Campaign, film: Sketch) -> None:
        """Of its scenes, some are to look like the campaign's picture, where whoever makes theirs can be shown one."""
        house, tenant = self.house, campaign.tenant
        [asset] = self.pictures[campaign.id]
        house.bucket.bodies[asset.key] = a_photo()
        stamp: dict[str, Any] = {"tenant": tenant, "created_at": now(), "updated_at": now()}
        scenario = Scenario(id=new_id(), campaign_id=campaign.id, title="Autumn", resolution="720:1280", **stamp)
        self.scenarios[campaign.id] = scenario
        house.library.add(scenario)
        for number in range(1, film.clips + 1):
            self.world.time += 0.002
            shown = film.given.get("imageModel") != "flux-schnell" and self.chance.random() < 0.3
            scene = Scene(
                id=new_id(),
                scenario_id=scenario.id,
                image_prompt=f"scene {number}",
                visual_prompt="It moves.",
                product_reference_image_asset_id=asset.id if shown else None,
                order=Decimal(number),
                **stamp,
            )
            house.storyboard.add(scene)

    def _grant(self, tenant: str, film: Sketch, poor: float) -> None:
        """Credits, where they are about what one job takes, or more than anybody does."""
        if film.mode != "still":
            return
        whole = film.clips * sum(tariff().of_kind("scenes").values())
        least = whole + self.chance.choice((-1, 0, 0, 8, 25, whole)) if poor else 100 * whole
        self.house.balances.grant(tenant, granted(least, "to begin with"))

    # asking

    def later(self, seconds: float, ask: Callable[[], None]) -> None:
        self.asking += 1

        def come() -> None:
            self.asking -= 1
            ask()

        self.world.after(seconds, come)

    def send(
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
            elif isinstance(error, OverBudget | ShortOfCredits):
                self.heard_refusal(error)
                wish.refused = True
            elif wish.follows and isinstance(error, Conflict | NotFound) and not isinstance(error, InFlight):
                wish.refused = True
            elif turn < ASKS or self.world.elapsed < self.weather.clears + HELD_FOR:
                self.later(2.0 + turn, lambda: self._ask(wish, turn + 1))

        # Who names another tenant's job has it looked at, and is told that there is none.
        theirs = wish.follows is not None and wish.follows.tenant != wish.tenant
        self.send(None if theirs else wish.tenant, lambda: self.house.accept(wish.tenant, wish.asked, wish.key), told)

    def heard_refusal(self, error: OverBudget | ShortOfCredits) -> None:
        left = error.balance if isinstance(error, ShortOfCredits) else error.left
        if left >= error.needed:
            self.mistakes.append(f"{error.needed} were refused although {left} were left")

    def _misuse(self, wish: Wish) -> None:
        """Once somebody has an answer, its key is no other request's."""
        if not wish.answers:
            return
        self.misused += 1
        other = wish.asked.model_copy(update={"metadata": {**wish.asked.metadata, "other": True}})

        def told(view: AcceptedView | None, error: BaseException | None) -> None:
            if view is not None or isinstance(error, InFlight | OverBudget | ShortOfCredits):
                self.mistakes.append(f"another request with the key {wish.key} was taken for one of its own")

        self.send(wish.tenant, lambda: self.house.accept(wish.tenant, other, wish.key), told)

    def is_running(self, job_id: str) -> bool:
        """Or waits."""
        return "unfinished" in self.house.dynamodb.items[f"J#{job_id}", "JOB"]

    # cancelling, and whoever runs the deployment

    def cancel(self) -> None:
        """Whatever there is by now."""
        for job_id, tenant in self.house.owner_of_job.items():
            self._ask_to_cancel(tenant, job_id, 0)

    def _ask_to_cancel(self, tenant: str, job_id: str, turn: int) -> None:
        def told(job: Job | None, error: BaseException | None) -> None:
            if job is not None:
                self.cancelled.add((job_id, job.run))
            elif not isinstance(error, Conflict) and turn < ASKS:
                self.later(1.0 + turn, lambda: self._ask_to_cancel(tenant, job_id, turn + 1))

        self.send(tenant, lambda: self.house.cancel(tenant, job_id), told)

    def abort(self) -> None:
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
