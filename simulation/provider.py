"""A provider of video in this process, behind the domain's own protocol: it accepts, works, ends, reports, forgets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from functions.studio.clips import Answer, Outcome
from functions.studio.errors import (
    ProviderBusy,
    ProviderError,
    ProviderFailed,
    ProviderRefused,
    ProviderUnknown,
    WebhookRejected,
)
from functions.studio.providers.protocol import Order, Prediction
from simulation.world import World

OUTPUT_LASTS = 3600.0
"""Seconds from the end of a prediction until its output, and its input, are deleted."""

STARTS_AFTER = 3.0
"""Seconds; who cancels before pays nothing."""

SIGNATURE = "signed"
HOST = "https://replicate.delivery"
WEBHOOK_TRIES = (5.0, 15.0, 40.0)
"""Seconds after which a webhook that was not taken comes again: for about a minute."""

Deliver = Callable[[dict[str, str], dict[str, str], str, Callable[[int | None], None]], None]
"""Posts headers, query and body to the callback, and tells the status of the answer; None where there was none."""


@dataclass
class Work:
    """One prediction as it really is, whoever knows of it."""

    id: str
    input: dict[str, Any]
    webhook: str | None
    began: float
    ends: float
    """When it will end by itself."""
    answer: Answer
    """How it will end by itself."""
    planned: float = 0.0
    """When, and how, it was to end unless somebody cancelled it."""
    promised: Outcome = Outcome.SUCCEEDED
    output: str = "good"
    """good, broken, or gone sooner than it should be"""
    ended: float | None = None
    cancelled: float | None = None
    webhooks: list[tuple[float, str]] = field(default_factory=list)

    @property
    def attempt(self) -> tuple[str, str]:
        """The job and the attempt that its webhook's address names."""
        return named(self.webhook)

    @property
    def succeeded(self) -> bool:
        return self.ended is not None and self.answer.outcome is Outcome.SUCCEEDED


@dataclass
class Create:
    """A request that arrived. `became` is what its sender heard."""

    job: str
    attempt: str
    became: str = "nobody heard"


class Replicate:
    """Implements Provider. Predictions are charged for when they succeed, and when they are cancelled after they began."""

    name = "replicate"
    answers_by: Literal["webhook", "poll"] = "webhook"

    def __init__(self, world: World, deliver: Deliver) -> None:
        self.world = world
        self.deliver = deliver
        self.works: dict[str, Work] = {}
        self.creates: list[Create] = []
        self.silences: list[tuple[float, str]] = []
        """When somebody who looked was turned away, and what they asked about."""

    # the protocol

    def start(self, order: Order) -> Prediction:
        world, weather = self.world, self.world.weather
        fates = (
            (weather.busy, ProviderBusy("it is busy", world.chance.choice((None, 1.0, 7.5, 40.0)))),
            (weather.refuses, ProviderRefused("it does not want this input")),
            (weather.fails_at_once, ProviderFailed("it does not work today")),
            (weather.create_unsent, ProviderUnknown("the connection broke")),
        )
        trouble = next((error for rate, error in fates if world.strikes(rate)), None)
        unanswered = world.strikes(weather.create_unanswered)
        create = Create(*named(order.webhook))

        def arrive() -> Prediction:
            self.creates.append(create)
            if trouble:
                raise trouble
            work = self._accept(order)
            if unanswered:
                raise ProviderUnknown("the connection broke after it was sent")
            return self._shown(work)

        try:
            late = world.chance.uniform(5, 29) if world.strikes(weather.create_slow) else 0.0
            prediction = world.call("create", arrive, lasts=late)
        except ProviderError as error:
            create.became = type(error).__name__
            raise
        create.became = "accepted"
        return prediction

    def upload(self, content: bytes, name: str) -> str:
        def keep() -> str:
            return f"{HOST}/files/{self.world.chance.getrandbits(40):x}/{name}"

        return self.world.call(f"upload {name}", keep)

    def look(self, prediction_id: str) -> Prediction:
        def look() -> Prediction:
            self._hear(prediction_id)
            work = self.works.get(prediction_id)
            if work is None:
                raise ProviderRefused(f"there is no prediction {prediction_id}")
            return self._shown(work)

        return self.world.call(f"look at {prediction_id}", look)

    def find(self, mark: str, asked_at: str) -> Prediction | None:
        def find() -> Prediction | None:
            self._hear(mark)
            unreadable = False
            for work in reversed(self.works.values()):
                shown = self._shown(work)
                if shown.carries(mark):
                    return shown
                unreadable = unreadable or not shown.input
            if unreadable:
                raise ProviderUnknown("it has deleted what a prediction was asked for")
            return None

        return self.world.call(f"find {mark}", find)

    def cancel(self, prediction_id: str) -> Prediction:
        def cancel() -> Prediction:
            self._hear(prediction_id)
            work = self.works[prediction_id]
            if work.ended is None and work.cancelled is None:
                work.cancelled = self.world.time
                begun = self.world.time - work.began > STARTS_AFTER
                work.answer = Answer(outcome=Outcome.CANCELLED, error="cancelled", charged=begun)
                work.ends = self.world.time + 0.2
                self.world.after(0.2, lambda: self._end(work))
            return self._shown(work)

        return self.world.call(f"cancel {prediction_id}", cancel)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> Prediction:
        if headers.get("webhook-signature") != SIGNATURE:
            raise WebhookRejected("no signature over this body holds")
        return Prediction.model_validate_json(body)

    def _hear(self, what: str) -> None:
        if self.world.strikes(self.world.weather.deaf):
            self.silences.append((self.world.time, what))
            raise ProviderBusy("it asks to wait")

    # what really happens

    def _accept(self, order: Order) -> Work:
        world, weather = self.world, self.world.weather
        number = len(self.works) + 1
        seconds, answer = (
            20 + 60 * world.chance.random(),
            Answer(outcome=Outcome.SUCCEEDED, output_url=f"{HOST}/p{number}/out.mp4"),
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
            input=order.input,
            webhook=order.webhook,
            began=world.time,
            ends=world.time + seconds,
            answer=answer,
            planned=world.time + seconds,
            promised=answer.outcome,
            output=output,
        )
        self.works[work.id] = work
        world.note("  accepted as", work.id, f"for {seconds:.0f} s,", answer.outcome.value, output)
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

    def _shown(self, work: Work) -> Prediction:
        if work.ended is None:
            return Prediction(id=work.id, input=work.input)
        removed = self.world.time > work.ended + OUTPUT_LASTS
        answer = work.answer.model_copy(update={"removed": True, "output_url": None}) if removed else work.answer
        return Prediction(id=work.id, answer=answer, input={} if removed else work.input)

    def fetch(self, url: str) -> str:
        """What lies there: good or broken; gone where it does not lie there any more."""
        work = self.works[url.removeprefix(f"{HOST}/").split("/")[0]]
        if work.ended is None or self.world.time > work.ended + OUTPUT_LASTS:
            return "gone"
        return work.output

    # webhooks

    def _report(self, work: Work) -> None:
        world, weather = self.world, self.world.weather
        if not work.webhook:
            return
        if world.strikes(weather.webhook_forged):
            lie = Answer(outcome=Outcome.FAILED, error="forged", charged=False)
            body = Prediction(id=work.id, answer=lie, input=work.input).model_dump_json()
            self._post(work, {"webhook-signature": "forged"}, body, 0.01, 0)
        if world.strikes(weather.webhook_astray):
            others = [one for one in self.works.values() if one.id != work.id and one.attempt[0] == work.attempt[0]]
            for other in others:
                body = self._shown(work).model_dump_json()
                self._post(other, {"webhook-signature": SIGNATURE}, body, 0.01, len(WEBHOOK_TRIES))
        if world.strikes(weather.webhook_lost):
            return
        body = self._shown(work).model_dump_json()
        late = world.chance.choice((3.0, 45.0, 300.0, 700.0)) if world.strikes(weather.webhook_late) else 0.0
        for _ in range(world.chance.randint(2, 4) if world.strikes(weather.webhook_twice) else 1):
            self._post(work, {"webhook-signature": SIGNATURE}, body, late + 0.05 * world.chance.random(), 0)

    def _post(self, work: Work, headers: dict[str, str], body: str, delay: float, turn: int) -> None:
        job, attempt = work.attempt

        def told(status: int | None) -> None:
            genuine = headers["webhook-signature"] == SIGNATURE
            if genuine and (status is None or not 200 <= status < 300) and turn < len(WEBHOOK_TRIES):
                self._post(work, headers, body, WEBHOOK_TRIES[turn], turn + 1)

        self.world.after(delay, lambda: self.deliver(headers, {"job": job, "attempt": attempt}, body, told))


def named(webhook: str | None) -> tuple[str, str]:
    """The job and the attempt in a webhook's address."""
    query = parse_qs(urlsplit(webhook or "").query)
    return query["job"][0], query["attempt"][0]
