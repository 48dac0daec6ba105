"""Which models a prompted film is asked of: those that are named, or the one that a policy chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from functions.api.named_model import not_to_be_had, the_model
from functions.api.prompt_request import PromptRequest
from functions.api.variants import refuse, the_compared
from functions.studio.catalogue import Catalogue, Model
from functions.studio.choice import NEUTRAL, Candidate, Choice, Facts, Wish, choose
from functions.studio.errors import FieldError, dollars
from functions.studio.tiers import Tier

Priced = Callable[[Model], Decimal]
"""USD of the whole film with a model."""
Fault = Callable[[Model], str | None]
"""Why a model cannot be told what it is to make."""
Room = Sequence[tuple[str, Decimal]]
"""USD that are left, by whose budget it is."""


@dataclass(frozen=True)
class Chosen:
    models: list[Model]
    """Several make a variant each."""
    choice: Choice | None
    """None where the caller named them."""
    despite: Facts
    """What of the moment the models are to be warned of by: nothing where it was gone by."""


def the_models(
    asked: PromptRequest,
    catalogue: Catalogue,
    on: date,
    priced: Priced,
    fault: Fault,
    tier: Tier,
    room: Room = (),
    facts: Facts = NEUTRAL,
    *,
    as_made: bool = False,
) -> Chosen:
    """InvalidRequest names the field at fault, and what would do. Where every model rests, what would be chosen if none did;
    where nothing but the budgets is in the way, what would be chosen without them, so that they can say so. With `as_made`
    a clip may be shorter than was asked."""
    mode = asked.made_from
    _check_provider(asked, catalogue, on)
    given = {"model": asked.model, "provider": asked.provider, "policy": asked.policy}
    instead = [*((field, said is not None) for field, said in given.items()), ("fallbackModels", asked.fallback_models)]
    if compared := the_compared(asked, mode, catalogue, on, instead=[(field, bool(said)) for field, said in instead]):
        return Chosen(compared, None, facts)
    if asked.model is not None:
        model = the_model(asked.model, mode, catalogue, asked.model, on)
        if asked.provider not in (None, model.provider):
            refuse(
                FieldError("provider", f"must be {model.provider}, or be left out: it is the provider of {model.name}")
            )
        return Chosen([model], None, facts)
    there = [one for one in catalogue.in_mode(mode) if asked.provider in (None, one.provider)]
    candidates = [
        Candidate(
            model=one,
            cost=priced(one),
            unfit=not_to_be_had(one, catalogue, on) or fault(one) or tier.against(one),
            short=None if as_made else _short(one, asked),
        )
        for one in there
    ]
    seconds = None if asked.duration_seconds is None else Decimal(repr(asked.duration_seconds))
    wish = Wish(asked.policy or "seed", seconds)
    awake, within = facts.awake, [_within(one, room) for one in candidates]
    tries = [(within, facts), (within, awake), (candidates, facts), (candidates, awake)]
    choice, by = next(((made, by) for ones, by in tries if (made := choose(wish, ones, by))), (None, facts))
    if choice is None:
        why = "; ".join(f"{one.model.name} {one.unfit or facts.against(one.model) or one.short}" for one in candidates)
        refuse(
            FieldError("model", f"no model can make this film: {why}"), hint="Name another provider, or fewer wishes."
        )
    return Chosen([catalogue.model(choice.model, mode)], choice, facts if by is awake else NEUTRAL)


def check_duration(asked: PromptRequest, catalogue: Catalogue, on: date) -> None:
    """InvalidRequest for a film that is longer than any clip, unless it is to be filled."""
    if asked.fill or asked.duration_seconds is None:
        return
    made = sorted({seconds for one in catalogue.choosable(asked.made_from, on) for seconds in one.durations})
    if made and asked.duration_seconds > made[-1]:
        lengths = ", ".join(map(str, made))
        refuse(
            FieldError("durationSeconds", f"must be at most {made[-1]}: clips of {lengths} seconds can be made"),
            hint="With `fill: true` several clips cover all of it.",
        )


def _check_provider(asked: PromptRequest, catalogue: Catalogue, on: date) -> None:
    there = list(dict.fromkeys(one.provider for one in catalogue.choosable(asked.made_from, on)))
    if asked.provider is not None and asked.provider not in there:
        refuse(
            FieldError("provider", f"must be one of {', '.join(there)}"), hint="GET /api/v3/models lists their models."
        )


def _within(candidate: Candidate, room: Room) -> Candidate:
    """Unfit where a budget has too little left for it."""
    over = next(((of, left) for of, left in room if candidate.cost > left), None)
    if candidate.unfit or over is None:
        return candidate
    of, left = over
    return replace(candidate, unfit=f"takes {dollars(candidate.cost)}, and the {of}'s budget has {dollars(left)} left")


def _short(model: Model, asked: PromptRequest) -> str | None:
    longest = model.durations[-1]
    if asked.fill or asked.duration_seconds is None or asked.duration_seconds <= longest:
        return None
    return f"makes clips of {longest} seconds at most"
