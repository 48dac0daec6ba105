"""Which models a prompted film is asked of: those that are named, or the one that a policy chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from functions.api.named_model import not_to_be_had, the_model
from functions.api.prompt_request import PromptRequest
from functions.api.variants import refuse, the_compared
from functions.studio.catalogue import Catalogue, Model
from functions.studio.choice import NEUTRAL, Candidate, Choice, Facts, Wish, choose
from functions.studio.errors import FieldError

Priced = Callable[[Model], Decimal]
"""USD of the whole film with a model."""
Fault = Callable[[Model], str | None]
"""Why a model cannot be told what it is to make."""


@dataclass(frozen=True)
class Chosen:
    models: list[Model]
    """Several make a variant each."""
    choice: Choice | None
    """None where the caller named them."""


def the_models(
    asked: PromptRequest,
    catalogue: Catalogue,
    on: date,
    priced: Priced,
    fault: Fault,
    facts: Facts = NEUTRAL,
    *,
    as_made: bool = False,
) -> Chosen:
    """InvalidRequest names the field at fault, and what would do. With `as_made` a clip may be shorter than was asked."""
    mode = asked.made_from
    _check_provider(asked, catalogue, on)
    given = {"model": asked.model, "provider": asked.provider, "policy": asked.policy}
    instead = [*((field, said is not None) for field, said in given.items()), ("fallbackModels", asked.fallback_models)]
    if compared := the_compared(asked, mode, catalogue, on, instead=[(field, bool(said)) for field, said in instead]):
        return Chosen(compared, None)
    if asked.model is not None:
        model = the_model(asked.model, mode, catalogue, asked.model, on)
        if asked.provider not in (None, model.provider):
            refuse(
                FieldError("provider", f"must be {model.provider}, or be left out: it is the provider of {model.name}")
            )
        return Chosen([model], None)
    there = [one for one in catalogue.in_mode(mode) if asked.provider in (None, one.provider)]
    candidates = [
        Candidate(
            model=one,
            cost=priced(one),
            unfit=not_to_be_had(one, catalogue, on) or fault(one),
            short=None if as_made else _short(one, asked),
        )
        for one in there
    ]
    seconds = None if asked.duration_seconds is None else Decimal(repr(asked.duration_seconds))
    choice = choose(Wish(asked.policy or "seed", seconds), candidates, facts)
    if choice is None:
        why = "; ".join(f"{one.model.name} {one.unfit or one.short}" for one in candidates)
        refuse(
            FieldError("model", f"no model can make this film: {why}"), hint="Name another provider, or fewer wishes."
        )
    return Chosen([catalogue.model(choice.model, mode)], choice)


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


def _short(model: Model, asked: PromptRequest) -> str | None:
    longest = model.durations[-1]
    if asked.fill or asked.duration_seconds is None or asked.duration_seconds <= longest:
        return None
    return f"makes clips of {longest} seconds at most"
