"""Who wants more of a job than its first run: other runs once it has ended, and a word on pictures that wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from functions.api.approval import ApproveRequest
from functions.api.film_changes import (
    RecutRequest,
    RegenerateRequest,
    RenditionRequest,
    RetryRequest,
    recut,
    regenerate,
    rendition,
)
from functions.api.job_views import AcceptedView
from functions.api.reruns import Decide, retry
from functions.studio.catalogue import catalogue
from functions.studio.errors import Conflict, InFlight, InvalidRequest, OverBudget, ShortOfCredits
from functions.studio.jobs import JobStatus

if TYPE_CHECKING:
    from simulation.people import People, Wish

ASKS = 20
"""Times that somebody asks again who has no answer, or whose job still runs."""

Stage = Literal["image", "video"] | None


@dataclass
class Further:
    """A request about a job that is there."""

    wish: Wish
    way: str
    ask: Callable[[str], AcceptedView]
    """With the job's id."""
    clip: int = 0
    """That it is about, where it is about one."""
    answers: set[int] = field(default_factory=set)
    """Numbers of the runs that it began."""
    unsure: bool = False
    """They gave up while nobody could say what had become of it."""


class Later:
    def __init__(self, people: People) -> None:
        self.people = people
        self.house = people.house
        self.chance = people.chance
        self.weather = people.weather
        self.asked: list[Further] = []

    def runs_again(self, wish: Wish) -> None:
        for turn in range(self.chance.choice((1, 1, 2, 3))):
            self._begin(self._another_run(wish, turn), self.chance.choice((60.0, 300.0, 1500.0)))

    def looks_at_pictures(self, wish: Wish) -> None:
        """Somebody has a word on most of them, and nobody on the others."""
        for number in range(1, wish.sketch.clips + 1):
            if word := self._word(wish, number):
                self._begin(word, self.chance.choice((120.0, 120.0, 200.0, 600.0)))
        if self.chance.random() < self.weather.cancel / 3:
            self.people.later(self.chance.choice((150.0, 300.0, 700.0)), self.people.cancel)

    def _begin(self, one: Further, at: float) -> None:
        self.asked.append(one)
        for _ in range(2 if self.chance.random() < self.weather.asked_twice else 1):
            self.people.later(at, lambda: self._ask(one, 0))

    def _another_run(self, wish: Wish, turn: int) -> Further:
        chance, library = self.chance, self.house.library
        clips = wish.sketch.clips
        way, key = chance.choice(("retry", "retry", "regenerate", "recut", "renditions")), f"{wish.key}-{turn}"
        if way == "retry":
            return self._run(wish, way, RetryRequest(), lambda: retry, key)
        if way == "regenerate":
            number, model = 1 + chance.randrange(clips), chance.choice((None, None, *wish.sketch.others[:1]))
            stage: Stage = chance.choice((None, "image", "image", "video")) if wish.sketch.mode == "still" else None
            return self._anew(wish, number, RegenerateRequest(prompt="again", model=model, stage=stage), key)
        if way == "recut":
            given: dict[str, Any] = {"audio": "strip"}
            if chance.random() < 0.6:
                some = chance.sample(range(1, clips + 1), chance.randint(1, clips))
                given["clips"] = [{"subJobNumber": one} for one in some]
            other = RecutRequest.model_validate(given)
            return self._run(wish, way, other, lambda: recut(other, wish.tenant, library), key)
        form = RenditionRequest.model_validate({"resolution": "480p"})
        return self._run(wish, way, form, lambda: rendition(form), key)

    def _run(self, wish: Wish, way: str, asked: BaseModel, decide: Callable[[], Decide], key: str) -> Further:
        return Further(wish, way, lambda job_id: self.house.run_again(wish.tenant, job_id, way, key, asked, decide))

    def _anew(self, wish: Wish, number: int, asked: RegenerateRequest, key: str) -> Further:
        decide = partial(regenerate, asked, number, catalogue(), wish.tenant, self.house.library)
        return self._run(wish, "regenerate", asked, decide, key)

    def _word(self, wish: Wish, number: int) -> Further | None:
        key = f"{wish.key}-word-{number}"
        way = self.chance.choice(("approve", "approve", "approve", "replace", "start", "another", "nothing"))
        if way == "nothing":
            return None
        if way == "another":
            return self._anew(wish, number, RegenerateRequest(stage=self.chance.choice((None, "image"))), key)
        [picture] = self.people.pictures[wish.campaign.id]
        given = {"replace": {"imageAssetId": picture.id}, "start": {"start": True}}.get(way, {})
        asked = ApproveRequest.model_validate(given)

        def ask(job_id: str) -> AcceptedView:
            self.house.approved.add((job_id, number))
            return self.house.approve(wish.tenant, job_id, key, asked, number)

        return Further(wish, way, ask, number)

    def _ask(self, one: Further, turn: int) -> None:
        """Again while it runs, or there is no answer; what the job cannot do at all is not asked for twice."""
        people, wish = self.people, one.wish
        if not wish.answers:
            if turn < ASKS and not wish.refused:
                people.later(20.0, lambda: self._ask(one, turn + 1))
            return
        job_id = min(wish.answers)

        def told(view: AcceptedView | None, error: BaseException | None) -> None:
            if isinstance(error, OverBudget | ShortOfCredits):
                people.heard_refusal(error)
            if view is not None:
                waits = view.status == JobStatus.AWAITING_APPROVAL
                if not waits:
                    one.answers.add(view.run)
                if waits and one.clip:
                    self.house.noted.add((job_id, one.clip, view.run))
                if one.way == "replace":
                    self.house.replaced.add((job_id, one.clip, view.run + waits))
                self._spoil()
            elif isinstance(error, InvalidRequest | OverBudget | ShortOfCredits) or (
                isinstance(error, Conflict) and not isinstance(error, InFlight) and not people.is_running(job_id)
            ):
                return
            elif turn < ASKS:
                people.later(20.0 + 10 * turn, lambda: self._ask(one, turn + 1))
            else:
                one.unsure = True

        people.send(wish.tenant, lambda: one.ask(job_id), told)

    def _spoil(self) -> None:
        """Somebody cancels, or stops the executions, in the middle of a further run."""
        people = self.people
        for rate, what in ((self.weather.cancel, people.cancel), (self.weather.abort, people.abort)):
            if self.chance.random() < rate:
                at = people.world.calls + 1 + int(60 * self.chance.random())
                people.world.interruptions[at] = what
