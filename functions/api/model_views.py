"""The models of the catalogue, as callers see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Literal

from functions.api.envelope import Money, View
from functions.api.named_model import not_to_be_had
from functions.api.standing import Moment
from functions.studio.catalogue import Catalogue, Entry, Mode, Model, State
from functions.studio.health import Health


class PriceView(View):
    unit: str
    usd: Money
    usd_without_audio: Money | None


class ResolutionView(View):
    name: str
    side: int
    """Pixels of the short one."""
    durations: list[int]
    price: PriceView


class HealthView(View):
    """Of the last hour, and of the whole deployment."""

    state: Literal["closed", "open", "half_open"]
    """Open: it rests, and no policy chooses it; half open: one job tries it again."""
    reason: str | None
    """Why it is not closed."""
    failure_rate: float | None
    """Of the clips that were made or failed, those that failed."""
    refusal_rate: float | None
    """Of all that ended, those whose input was refused."""
    busy_rate: float | None
    """And those that it was too busy to take until their time was over."""
    seconds: float | None
    """The median from a clip's request to its answer, within a tenth."""


class ModeView(View):
    mode: Mode
    available: bool
    reason: str | None
    """Why it is not available."""
    state: State
    deprecated: date | None
    retired: date | None
    """The days from which that holds."""
    successors: list[str]
    provider_model: str
    task_type: str | None
    durations: list[int]
    """Empty for stills."""
    default_duration: int | None
    references: int
    """Pictures that a still can be made to look like at most."""
    least_references: int
    """And without which there is none."""
    aspect_ratios: list[str]
    """Empty where the picture decides."""
    other_ratios: str | None
    """What any other ratio is changed to; null: the nearest."""
    resolutions: list[ResolutionView]
    """The first is what is made where nobody says otherwise."""
    audio: bool
    seed: bool
    prompt_limit: int
    quality: int
    """Our own estimate, 0 to 100."""
    typical_seconds: int
    source: str
    """Of the prices."""
    date: date
    confirmed: bool
    """Whether the prices are the provider's own word, of that day."""
    health: HealthView | None
    """Null where nothing has ended in the last hour."""


class ModelView(View):
    id: str
    title: str
    provider: str
    modes: list[ModeView]


def model_views(
    catalogue: Catalogue, moment: Moment, on: date, wanted: Callable[[Model], bool] = lambda model: True
) -> list[ModelView]:
    """Every model in the modes that are wanted of it; one without any is left out."""
    found = ((entry, [one for one in entry.modes.values() if wanted(one)]) for entry in catalogue.models)
    return [_view(entry, modes, catalogue, moment, on) for entry, modes in found if modes]


def _view(entry: Entry, modes: list[Model], catalogue: Catalogue, moment: Moment, on: date) -> ModelView:
    return ModelView(
        id=entry.name,
        title=entry.model.title,
        provider=entry.model.provider,
        modes=[_mode(model, catalogue, moment, on) for model in modes],
    )


def _health(health: Health) -> HealthView:
    why = health.breaker.why
    return HealthView(
        state=health.breaker.state,
        reason=why and f"It {why}.",
        failure_rate=_rounded(health.failure_rate, 3),
        refusal_rate=_rounded(health.refusal_rate, 3),
        busy_rate=_rounded(health.busy_rate, 3),
        seconds=_rounded(health.seconds, 1),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _mode(model: Model, catalogue: Catalogue, moment: Moment, on: date) -> ModeView:
    health = moment.healths.get((model.name, model.mode))
    lacks = moment.keyless.get(model.provider)
    reason = not_to_be_had(model, catalogue, on) or (lacks and f"cannot be asked: {lacks}")
    return ModeView(
        **model.model_dump(exclude={"name", "title", "provider", "slug", "resolutions", "inputs", "fixed"}),
        available=reason is None,
        reason=reason and f"It {reason}.",
        state=model.state(on),
        provider_model=model.slug,
        references=model.references,
        resolutions=[
            ResolutionView(
                name=one.name,
                side=one.side,
                durations=model.durations if one.seconds is None else one.seconds,
                price=PriceView(**one.price.model_dump()),
            )
            for one in model.resolutions
        ],
        seed="seed" in model.inputs,
        health=None if health is None else _health(health),
    )
