"""Which model makes a film whose caller named none, and why: a decision from data. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from pydantic import Field

from functions.studio.catalogue import Model
from functions.studio.rows import Row

Policy = Literal["seed", "cheapest", "fastest", "best"]

SEEDS_RULE: Sequence[tuple[Decimal | None, str]] = (
    (Decimal(10), "piapi_hunyuan_fast"),
    (Decimal(60), "piapi_wanx_1.3b"),
    (None, "piapi_wanx_14b"),
)
"""Seed 003: up to so many seconds of film, that model."""


class PassedOver(Row):
    model: str
    because: str


class Choice(Row):
    policy: Policy
    model: str
    because: str
    passed_over: list[PassedOver] = Field(default_factory=list)


@dataclass(frozen=True)
class Wish:
    policy: Policy
    seconds: Decimal | None = None
    """Of the film."""


@dataclass(frozen=True)
class Candidate:
    """A model, and what the film would be with it."""

    model: Model
    cost: Decimal
    """USD of the whole film, all variants."""
    unfit: str | None = None
    """Why it cannot make the film at all, as what is said of it: "is retired since …"."""
    short: str | None = None
    """Why what it makes is not as long as was asked."""


@dataclass(frozen=True)
class Facts:
    """What is known beside the catalogue, by the names of models; nothing of it changes nothing."""

    unfit: Mapping[str, str] = field(default_factory=dict)
    """Why one is not to be asked now, said in the same way: too many failures, not of the tenant's tier, beyond its budget."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """That a clip takes at the moment."""

    def takes(self, model: Model) -> float:
        return self.seconds.get(model.name, float(model.typical_seconds))


NEUTRAL = Facts()


def choose(wish: Wish, candidates: Sequence[Candidate], facts: Facts = NEUTRAL) -> Choice | None:
    """None where none of them can make the film."""
    out = {one.model.name: why for one in candidates if (why := one.unfit or facts.unfit.get(one.model.name))}
    able = [one for one in candidates if one.model.name not in out]
    if wish.policy == "seed":
        named, rule = _ruled(wish.seconds)
        if any(one.model.name == named for one in able):
            return _choice(wish, named, rule, candidates, out, lambda _: f"the rule names {named}")
        out.setdefault(named, "is not among the models that there are for this")
    whole = [one for one in able if one.short is None]
    out |= {one.model.name: one.short for one in able if one.short}
    if not whole:
        return None
    order, said = _orders(facts)["cheapest" if wish.policy == "seed" else wish.policy]
    best = min(whole, key=lambda one: (order(one), one.cost, one.model.name))
    because = f"of those that can, it is the {'cheapest' if wish.policy == 'seed' else wish.policy}: {said(best)}"
    if wish.policy == "seed":
        because = f"{named} {out[named]}; {because}"
    return _choice(wish, best.model.name, because, candidates, out, said)


def _ruled(seconds: Decimal | None) -> tuple[str, str]:
    for most, name in SEEDS_RULE:
        if most is None or seconds is None or seconds <= most:
            return name, f"the rule for films {f'up to {most} s' if most else 'beyond 60 s'}"
    raise AssertionError("the last rule has no bound")


def _orders(facts: Facts) -> dict[str, tuple[Callable[[Candidate], Decimal | float], Callable[[Candidate], str]]]:
    """By policy: what is least of the one that is chosen, and how that is said."""
    return {
        "cheapest": (lambda one: one.cost, lambda one: f"{_dollars(one.cost)} for the film"),
        "fastest": (
            lambda one: facts.takes(one.model),
            lambda one: f"about {facts.takes(one.model):.0f} s for a clip",
        ),
        "best": (lambda one: -one.model.quality, lambda one: f"quality {one.model.quality} of 100, by our estimate"),
    }


def _dollars(usd: Decimal) -> str:
    return f"${usd:.2f}" if usd == round(usd, 2) else f"${usd.normalize():f}"


def _choice(
    wish: Wish,
    model: str,
    because: str,
    candidates: Sequence[Candidate],
    out: dict[str, str],
    otherwise: Callable[[Candidate], str],
) -> Choice:
    others = {one.model.name: out.get(one.model.name) or otherwise(one) for one in candidates} | out
    passed_over = [PassedOver(model=name, because=why) for name, why in others.items() if name != model]
    return Choice(policy=wish.policy, model=model, because=because, passed_over=passed_over)
