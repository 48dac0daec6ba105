"""What really happens at the providers of video: they accept, work, end, report, forget. What each has of its own is data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from functions.studio.clips import Answer, Outcome
from functions.studio.errors import ProviderBusy, ProviderError, ProviderFailed, ProviderRefused, ProviderUnknown
from simulation.world import Invocation, World

SHARED = b"/generated_images/"
"""In the keys of all pictures that are shared."""

Deliver = Callable[["Notice", Callable[[int | None], None]], None]
"""Posts a webhook to the callback, and tells the status of the answer; None where there was none."""


@dataclass(frozen=True)
class Traits:
    """How one provider differs from another."""

    name: str
    host: str
    """Where outputs lie."""
    lists: bool
    """Whether it shows what it was asked for, to those who do not know its ids."""
    starts_after: float
    """Seconds; who cancels before pays nothing."""
    stops: bool
    """Whether what has begun can be cancelled."""
    ends_after: float
    """Seconds from a cancel that was heard to the end."""
    webhook_tries: tuple[float, ...]
    """Seconds after which a webhook that was not taken comes again."""
    proof: str
    """The header that proves its webhooks."""
    proves_body: bool
    """Whether that proof is of the body, too; else whoever has seen one can lie."""
    keeps: float = 3600.0
    """Seconds from the end of a prediction until its output is deleted."""
    renews: bool = False
    """Whether an output's address expires alone, and who looks is told another one."""


REPLICATE = Traits(
    name="replicate",
    host="https://replicate.delivery",
    lists=True,
    starts_after=3.0,
    stops=True,
    ends_after=0.2,
    webhook_tries=(5.0, 15.0, 40.0),
    proof="webhook-signature",
    proves_body=True,
)
PIAPI = Traits(
    name="piapi",
    host="https://img.theapi.app",
    lists=False,
    starts_after=15.0,
    stops=False,
    ends_after=0.0,
    webhook_tries=(5.0, 5.0, 5.0),
    proof="x-webhook-secret",
    proves_body=False,
)

RUNWAY = Traits(
    name="runway",
    host="https://dnznrvs05pmza.cloudfront.net",
    lists=False,
    starts_after=6.0,
    stops=True,
    ends_after=0.2,
    webhook_tries=(),
    proof="",
    proves_body=False,
    keeps=86_400.0,
    renews=True,
)
EVERYBODY = (REPLICATE, PIAPI, RUNWAY)


@dataclass
class Work:
    """One prediction as it really is, whoever knows of it."""

    id: str
    by: Traits
    attempt: tuple[str, str]
    """The job and the attempt that it is for."""
    input: dict[str, Any]
    webhook: str | None
    proof: str
    """What its webhooks come with."""
    began: float
    ends: float
    """When it will end by itself."""
    answer: Answer
    """How it will end by itself."""
    planned: float = 0.0
    """When, and how, it was to end unless somebody cancelled it."""
    promised: Outcome = Outcome.SUCCEEDED
    output: str = "good"
    """good, broken, or gone sooner than it should be: of a provider that renews addresses, the one that was shown first"""
    shown: int = 0
    """Times that its output's address was told, where each is another one."""
    expired: int = 0
    """The last of them that was good no longer."""
    ended: float | None = None
    cancelled: float | None = None

    @property
    def succeeded(self) -> bool:
        return self.ended is not None and self.answer.outcome is Outcome.SUCCEEDED

    @property
    def usable(self) -> bool:
        """Whether its output can be had by whoever asks for it in time, and is what was asked for."""
        return self.output == "good" or (self.output == "gone" and self.by.renews)


@dataclass
class Create:
    """A request that arrived. `became` is what its sender heard."""

    job: str
    attempt: str
    sender: Invocation
    became: str = "nobody heard"
    heard: float = 0.0
    work: Work | None = None


@dataclass(frozen=True)
class Notice:
    """A webhook. `about` is the prediction that it tells the end of, whoever it is sent to; None of a lie."""

    by: Traits
    address: str
    headers: Mapping[str, str]
    body: str
    about: Work | None

    @property
    def to(self) -> tuple[str, str]:
        query = parse_qs(urlsplit(self.address).query)
        return query["job"][0], query["attempt"][0]


Shown = Callable[[Work, Answer | None], str]
"""A webhook's body: the prediction as its provider shows it, with that answer."""


@dataclass
class Asked:
    """One create, as a provider's own face has understood it."""

    input: dict[str, Any]
    webhook: str | None
    proof: str


@dataclass
class Makers:
    """All providers. Predictions are charged for when they succeed, and when they are cancelled after they began."""

    world: World
    deliver: Deliver
    works: dict[str, Work] = field(default_factory=dict)
    creates: list[Create] = field(default_factory=list)
    silences: list[tuple[float, str]] = field(default_factory=list)
    """When somebody who looked was turned away, and what they asked about."""
    bodies: dict[str, Shown] = field(default_factory=dict)
    """By provider."""

    # what is asked of them; errors are what the sender hears, in our words

    def create(self, by: Traits, asked: Asked) -> Work:
        world, weather = self.world, self.world.weather
        fates = (
            (weather.busy, ProviderBusy("it is busy", world.chance.choice((None, 1.0, 7.5, 40.0)))),
            (weather.refuses, ProviderRefused("it does not want this input")),
            (weather.fails_at_once, ProviderFailed("it does not work today")),
            (weather.create_unsent, ProviderUnknown("the connection broke")),
        )
        trouble = next((error for rate, error in fates if world.strikes(rate)), None)
        unanswered = world.strikes(weather.create_unanswered)
        sender = world.current
        assert sender is not None
        assert sender.about is not None
        create = Create(*sender.about, sender)

        def arrive() -> Work:
            self.creates.append(create)
            if trouble:
                raise trouble
            create.work = self._accept(by, asked, sender.about or ("", ""))
            if unanswered:
                raise ProviderUnknown("the connection broke after it was sent")
            return create.work

        try:
            late = world.chance.uniform(5, 29) if world.strikes(weather.create_slow) else 0.0
            work = world.call("create", arrive, lasts=late)
        except ProviderError as error:
            create.became = type(error).__name__
            raise
        create.became, create.heard = "accepted", world.time
        return work

    def upload(self, by: Traits, content: bytes, name: str) -> str:
        """The address tells which picture lies there, where that is one of the shared ones."""
        what = content.decode() if SHARED in content else "picture"

        def keep() -> str:
            return f"{by.host}/files/{self.world.chance.getrandbits(40):x}/{what}/{name}"

        return self.world.call(f"upload {name}", keep)

    def look(self, prediction_id: str) -> Work:
        def look() -> Work:
            self.hear(prediction_id)
            return self._known(prediction_id)

        return self.world.call(f"look at {prediction_id}", look)

    def cancel(self, prediction_id: str) -> Work:
        """ProviderRefused where it cannot be cancelled any more."""

        def cancel() -> Work:
            self.hear(prediction_id)
            work = self._known(prediction_id)
            begun = self.world.time - work.began > work.by.starts_after
            if work.ended is not None or work.cancelled is not None or (begun and not work.by.stops):
                if not work.by.stops:
                    raise ProviderRefused(f"{prediction_id} is not pending")
                return work
            work.cancelled = self.world.time
            work.answer = Answer(outcome=Outcome.CANCELLED, error="it was cancelled", charged=begun)
            work.ends = self.world.time + work.by.ends_after
            if work.by.ends_after:
                self.world.after(work.by.ends_after, lambda: self._end(work))
            else:
                self._end(work)
            return work

        return self.world.call(f"cancel {prediction_id}", cancel)

    def hear(self, what: str) -> None:
        """ProviderBusy while it does not answer."""
        if self.world.strikes(self.world.weather.deaf):
            self.silences.append((self.world.time, what))
            raise ProviderBusy("it asks to wait")

    def answer_of(self, work: Work) -> Answer | None:
        """As it is shown now; None while it is at work."""
        if work.ended is None:
            return None
        if self.world.time > work.ended + work.by.keeps:
            return work.answer.model_copy(update={"removed": True, "output_url": None})
        if work.by.renews and work.answer.output_url:
            work.shown += 1
            return work.answer.model_copy(update={"output_url": f"{work.answer.output_url}?shown={work.shown}"})
        return work.answer

    def fetch(self, url: str) -> str:
        """What lies there: good or broken; gone where it does not lie there any more."""
        there = urlsplit(url)
        work = self.works[there.path.split("/")[1]]
        if work.ended is None or self.world.time > work.ended + work.by.keeps:
            return "gone"
        if work.output == "gone" and work.by.renews:
            work.expired = work.expired or work.shown
            return "good" if int(parse_qs(there.query)["shown"][0]) > work.expired else "gone"
        return work.output

    # what really happens

    def _known(self, prediction_id: str) -> Work:
        work = self.works.get(prediction_id)
        if work is None:
            raise ProviderRefused(f"there is no prediction {prediction_id}")
        return work

    def _accept(self, by: Traits, asked: Asked, attempt: tuple[str, str]) -> Work:
        world, weather = self.world, self.world.weather
        number = len(self.works) + 1
        seconds, answer = (
            20 + 60 * world.chance.random(),
            Answer(outcome=Outcome.SUCCEEDED, output_url=f"{by.host}/p{number}/out.mp4"),
        )
        if world.strikes(weather.prediction_drags):
            seconds = world.chance.choice((300.0, 450.0, 560.0, 595.0, 605.0, 900.0, 5000.0)) * world.chance.uniform(
                0.98, 1.02
            )
        elif world.strikes(weather.prediction_instant):
            seconds = 0.0
        if world.strikes(weather.prediction_fails):
            answer = Answer(outcome=Outcome.FAILED, error="it could not", charged=False)
        elif world.strikes(weather.prediction_refused):
            answer = Answer(outcome=Outcome.REFUSED, error="flagged", charged=False)
        output = "good"
        if world.strikes(weather.output_broken):
            output = "broken"
        elif world.strikes(weather.output_expires):
            output = "gone"
        work = Work(
            id=f"p{number}",
            by=by,
            attempt=attempt,
            input=asked.input,
            webhook=asked.webhook,
            proof=asked.proof,
            began=world.time,
            ends=world.time + seconds,
            answer=answer,
            planned=world.time + seconds,
            promised=answer.outcome,
            output=output,
        )
        self.works[work.id] = work
        world.note("  accepted by", by.name, "as", work.id, f"for {seconds:.0f} s,", answer.outcome.value, output)
        if seconds:
            world.after(seconds, lambda: self._end(work))
        else:
            self._end(work)
        return work

    def _end(self, work: Work) -> None:
        if work.ended is not None or self.world.time < work.ends:
            return
        work.ended = self.world.time
        self.world.note("prediction", work.id, "has ended:", work.answer.outcome.value)
        self._report(work)

    # webhooks

    def _report(self, work: Work) -> None:
        world, weather = self.world, self.world.weather
        if not work.webhook:
            return
        shown, proof = self.bodies[work.by.name], {work.by.proof: work.proof}
        if world.strikes(weather.webhook_forged):
            known = not work.by.proves_body and world.chance.random() < 0.7
            lie = shown(work, Answer(outcome=Outcome.FAILED, error="forged", charged=False))
            self._post(Notice(work.by, work.webhook, proof if known else {work.by.proof: "forged"}, lie, None), 0.01)
        body = shown(work, self.answer_of(work))
        if world.strikes(weather.webhook_astray):
            for other in self.works.values():
                beside = other.id != work.id and other.attempt[0] == work.attempt[0] and other.by is work.by
                # Of two that were asked the same, a provider that does not show where it reports to tells nothing.
                if beside and (other.input != work.input or not work.by.lists):
                    self._post(
                        Notice(work.by, other.webhook or "", proof, body, work), 0.01, len(work.by.webhook_tries)
                    )
        if world.strikes(weather.webhook_lost):
            return
        late = world.chance.choice((3.0, 45.0, 300.0, 700.0)) if world.strikes(weather.webhook_late) else 0.0
        for _ in range(world.chance.randint(2, 4) if world.strikes(weather.webhook_twice) else 1):
            self._post(Notice(work.by, work.webhook, proof, body, work), late + 0.05 * world.chance.random())

    def _post(self, notice: Notice, delay: float, turn: int = 0) -> None:
        tries = notice.by.webhook_tries

        def told(status: int | None) -> None:
            if notice.about and (status is None or not 200 <= status < 300) and turn < len(tries):
                self._post(notice, tries[turn], turn + 1)

        self.world.after(delay, lambda: self.deliver(notice, told))
