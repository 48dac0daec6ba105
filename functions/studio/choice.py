"""Which model makes a film whose caller named none, and why: a decision from data. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from pydantic import Field

from functions.studio.catalogue import Model
from functions.studio.errors import dollars
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
    """Why one is not to be asked now, as what is said of it."""
    keyless: Mapping[str, str] = field(default_factory=dict)
    """By provider: what it lacks to be asked at all."""
    tried: Mapping[str, str] = field(default_factory=dict)
    """Why one was let rest that one job may be tried with now."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """That a clip takes at the moment."""
    failing: Mapping[str, float] = field(default_factory=dict)
    """The share of its clips that failed of late."""

    def against(self, model: Model) -> str | None:
        if lacks := self.keyless.get(model.provider):
            return f"cannot be asked: {lacks}"
        return self.unfit.get(model.name)

    def takes(self, model: Model) -> float:
        return self.seconds.get(model.name, float(model.typical_seconds))

    def worth(self, model: Model) -> float:
        return model.quality * (1 - self.failing.get(model.name, 0.0))

    @property
    def awake(self) -> Facts:
        """As if no model rested."""
        return replace(self, unfit={}, tried={})

    def taken(self, model: str) -> Facts:
        """When another job tries it already."""
        said = f"{self.tried[model]}; another job tries it already"
        others = {name: why for name, why in self.tried.items() if name != model}
        return replace(self, unfit={**self.unfit, model: said}, tried=others)

    def warnings(self, models: Sequence[Model]) -> list[str]:
        """Of models that are asked without a choice."""
        said = ((one.name, self.against(one) or self.tried.get(one.name)) for one in models)
        return [f"model {name}: it {why}. It is asked all the same." for name, why in said if why]


NEUTRAL = Facts()


def choose(wish: Wish, candidates: Sequence[Candidate], facts: Facts = NEUTRAL) -> Choice | None:
    """None where none of them can make the film."""
    out = {one.model.name: why for one in candidates if (why := one.unfit or facts.against(one.model))}
    able = [one for one in candidates if one.model.name not in out]
    if wish.policy == "seed":
        named, rule = _ruled(wish.seconds)
        if any(one.model.name == named for one in able):
            return _choice(wish, named, rule, candidates, out, lambda _: f"the rule names {named}", facts)
        out.setdefault(named, "is not among the models that there are for this")
    whole = [one for one in able if one.short is None]
    out |= {one.model.name: one.short for one in able if one.short}
    if not whole:
        return None
    order, said = _orders(facts)["cheapest" if wish.policy == "seed" else wish.policy]
    best = min(whole, key=lambda one: (order(one), one.cost))  # of equals the first of the catalogue
    because = f"of those that can, it is the {'cheapest' if wish.policy == 'seed' else wish.policy}: {said(best)}"
    if wish.policy == "seed":
        because = f"{named} {out[named]}; {because}"
    return _choice(wish, best.model.name, because, candidates, out, said, facts)


def _ruled(seconds: Decimal | None) -> tuple[str, str]:
    for most, name in SEEDS_RULE:
        if most is None or seconds is None or seconds <= most:
            return name, f"the rule for films {f'up to {most} s' if most else 'beyond 60 s'}"
    raise AssertionError("the last rule has no bound")


def _orders(facts: Facts) -> dict[str, tuple[Callable[[Candidate], Decimal | float], Callable[[Candidate], str]]]:
    """By policy: what is least of the one that is chosen, and how that is said."""
    return {
        "cheapest": (lambda one: one.cost, lambda one: f"{dollars(one.cost)} for the film"),
        "fastest": (
            lambda one: facts.takes(one.model),
            lambda one: f"about {facts.takes(one.model):.0f} s for a clip",
        ),
        "best": (lambda one: -facts.worth(one.model), lambda one: _quality(one.model, facts)),
    }


def _quality(model: Model, facts: Facts) -> str:
    failing = facts.failing.get(model.name, 0.0)
    said = f"quality {model.quality} of 100, by our estimate"
    return f"{said}, less the {failing:.0%} of its clips that failed in the last hour" if failing else said


def _choice(
    wish: Wish,
    model: str,
    because: str,
    candidates: Sequence[Candidate],
    out: dict[str, str],
    otherwise: Callable[[Candidate], str],
    facts: Facts,
) -> Choice:
    others = {one.model.name: out.get(one.model.name) or otherwise(one) for one in candidates} | out
    passed_over = [PassedOver(model=name, because=why) for name, why in others.items() if name != model]
    if rested := facts.tried.get(model):
        because = f"{because}; it {rested}, and this job is to show whether it works again"
    return Choice(policy=wish.policy, model=model, because=because, passed_over=passed_over)
