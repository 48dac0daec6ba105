"""Who writes, speaks and listens for listings' films: services that answer at once, are paid for it, and fail as they do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from functions.plan.speakers import Speaker
from functions.plan.voice import Take
from functions.studio import sound
from functions.studio.catalogue import catalogue
from functions.studio.chat import Chat
from functions.studio.errors import ModelGone, ProviderBusy, ProviderFailed, ProviderRefused, ProviderUnknown
from functions.studio.ledger import NARRATION, Line, LineState
from functions.studio.media_store import narration_key
from functions.studio.narration import Timed, Word
from functions.studio.narration_costs import writing_cost
from functions.studio.services import Cast, Seen
from simulation.runs_seen import Broken
from simulation.surroundings import Bucket
from simulation.world import Invocation, World

A = TypeVar("A")

SHORT = 0.05
"""Seconds of a speech that is cut short."""

BAD = {"busy", "failed", "unsent", "refused", "gone", "unanswered", "slow", "spoilt"}


@dataclass
class Call:
    """One question, as it was sent."""

    job: str
    run: int
    line: str
    """The attempt that pays for it."""
    stage: str
    model: str
    began: float
    by: Invocation
    paid: bool = False
    cost: Decimal = Decimal(0)
    came: str = ""
    """"well", or what went wrong; nothing as long as it is on its way."""


class Services:
    """`lines` are those of a job, `bucket` where answers are kept."""

    def __init__(self, world: World, bucket: Bucket, lines: Callable[[str], Sequence[Line]]) -> None:
        self.world = world
        self.bucket = bucket
        self.lines = lines
        self.calls: list[Call] = []
        self.gone: set[str] = set()
        self.writer = Writing(self)
        self.speakers: dict[str, Callable[[], Speaker]] = {
            "openai": lambda: Speaking(self, "heard"),
            "polly": lambda: Speaking(self, "marked"),
        }

    def ask(self, stage: str, model: str, seconds: float, answer: Callable[[bool], tuple[A, Decimal]]) -> A:
        """`answer` is what is paid for, and its price; with True one of no use. It lasts at most so many seconds."""
        world, weather = self.world, self.world.weather
        call = self._sent(stage, model)
        if world.strikes(weather.service_unsent):
            call.came = "unsent"
            world.call(f"ask {model}, lost on its way", lambda: None)
            raise ProviderFailed("there was no connection")
        slow = world.strikes(weather.service_slow)
        answers: list[A] = []

        def arrive() -> None:
            call.came = self._turned_away(model)
            if call.came:
                return
            spoilt = world.strikes(weather.service_spoils)
            said, call.cost = answer(spoilt)
            call.paid = True
            call.came = "slow" if slow else "unanswered" if world.strikes(weather.service_unanswered) else "well"
            if call.came == "well":
                call.came = "spoilt" if spoilt else "well"
                answers.append(said)

        world.call(f"ask {model} for {stage}", arrive, lasts=seconds if slow else world.chance.uniform(0.3, 6))
        if answers:
            return answers[0]
        world.note("  comes to", call.came)
        raise {
            "gone": ModelGone(f"{model} is not there any more"),
            "busy": ProviderBusy("too many requests", world.chance.choice((None, 1.0, 7.0))),
            "failed": ProviderFailed("it answered 500"),
            "refused": ProviderRefused("it answered 400"),
        }.get(call.came, ProviderUnknown("the connection broke"))

    def _turned_away(self, model: str) -> str:
        world, weather = self.world, self.world.weather
        if model in self.gone or world.strikes(weather.service_gone):
            self.gone.add(model)
            return "gone"
        troubles = {"busy": weather.service_busy, "failed": weather.service_fails, "refused": weather.service_refuses}
        return next((name for name, rate in troubles.items() if world.strikes(rate)), "")

    def _sent(self, stage: str, model: str) -> Call:
        """What is asked has a line of its own, and its answer is not there yet."""
        me = self.world.current
        assert me is not None
        assert me.job_id is not None
        asked = {call.line for call in self.calls if call.job == me.job_id}
        mine = [
            one for one in self.lines(me.job_id) if one.clip == NARRATION and (one.stage, one.model) == (stage, model)
        ]
        open_ones = [
            one for one in mine if one.attempt_id not in asked and one.state in (LineState.RESERVED, LineState.LOST)
        ]
        if not open_ones:
            raise Broken(f"{me.function} asks {model} for {stage}, and no line pays for it")
        line = max(open_ones, key=lambda one: (one.state is LineState.RESERVED, one.run, one.reserved_at))
        live = [
            one for one in mine if one.state is LineState.RESERVED and one.request == line.request and one is not line
        ]
        if live and line.state is LineState.RESERVED:
            raise Broken(f"{stage} is asked for by {line.attempt_id} while {live[0].attempt_id} asks the same")
        folder = f"/{line.request}/"
        useless = {
            one.line for one in self.calls if one.job == me.job_id and one.came == "spoilt" and one.run < line.run
        }
        there = [
            key
            for key in self.bucket.objects
            if f"/{me.job_id}/" in key and folder in key and key.rpartition("/")[2] not in useless
        ]
        known = [key for key in there if self.bucket.stored[key] < me.began or self.bucket.stored_by[key] == me.number]
        if known:
            raise Broken(f"{line.attempt_id} asks {model} for {stage} again, and its answer is there")
        call = Call(me.job_id, line.run, line.attempt_id, stage, model, self.world.time, me)
        self.calls.append(call)
        return call

    def answered_first(self, tenant: str, job_id: str, line: Line) -> None:
        """Whatever is settled of a narration has its answer in the bucket before."""
        key = narration_key(tenant, job_id, f"{line.request}/{line.attempt_id}")
        if key not in self.bucket.objects:
            raise Broken(f"{line.attempt_id} is settled, and its answer is not in the bucket")


class Writing(Chat):
    """Writes as many words as it is asked for."""

    def __init__(self, services: Services) -> None:
        super().__init__(lambda: "key", "https://writer.example")
        self.services = services

    def answer(self, model: Any, messages: list[dict[str, Any]], schema: Any, seconds: float = 0.0, **_: Any) -> Seen:
        wanted = int(re.findall(r"about (\d+) words", messages[1]["content"])[0])

        def write(spoilt: bool) -> tuple[Seen, Decimal]:
            parts = {
                "hook": "Look here.",
                "body": " ".join(["light"] * (wanted - 5)) + ".",
                "callToAction": "Come and see.",
            }
            stopped = self.services.world.chance.choice(("length", "content_filter")) if spoilt else "stop"
            seen = Seen(json.dumps(parts), None, stopped, tokens_in=200, tokens_out=100)
            return seen, writing_cost(model, seen)

        return self.services.ask("script", model.name, seconds, write)


@dataclass
class Speaking:
    """Speaks about twice as fast as anybody else, so that there is little to carry about."""

    services: Services
    timed: Timed
    opened: Sequence[str] = ()

    def speak(self, text: str, cast: Cast, seconds: float) -> bytes:
        language = catalogue().narrators.language("en")
        assert language is not None
        lasts = language.seconds(text, cast.voice.pace) * self.services.world.chance.uniform(0.4, 0.6)

        def spoken(spoilt: bool) -> tuple[bytes, Decimal]:
            length = SHORT if spoilt else round(lasts, 2)
            return json.dumps(length).encode(), cast.model.cost(text, length)

        return self.services.ask("voice", cast.model.name, seconds, spoken)

    def seconds(self, sound: bytes) -> float:
        return float(json.loads(sound))

    def words(self, text: str, sound: bytes, cast: Cast, language: str, seconds: float) -> list[Word]:
        said, lasts = text.split(), self.seconds(sound)
        each = lasts / len(said)

        def heard(spoilt: bool) -> tuple[list[Word], Decimal]:
            words = [Word(text=word, start=turn * each, end=(turn + 1) * each) for turn, word in enumerate(said)]
            return ([] if spoilt else words), cast.timing_cost(text, lasts)

        assert cast.timer is not None
        return self.services.ask("captions", cast.timer.name, seconds, heard)


@cache
def _counted(samples: int) -> bytes:
    """Sound of which each sample is told from every other."""
    return b"".join(one.to_bytes(sound.SAMPLE_BYTES, "little") for one in range(1, samples + 1))


def decode(spoken: bytes, opened: Sequence[str], to: Path) -> Take:
    samples = round(float(json.loads(spoken)) * sound.RATE)
    to.write_bytes(_counted(samples))
    return Take(to, 0, samples)


def encode(pcm: Path, to: Path) -> None:
    to.write_bytes(str(pcm.stat().st_size).encode())
