"""The model that a request names, or is given: refused where it cannot be had, with what would do instead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from functions.studio.catalogue import Catalogue, Mode, Model
from functions.studio.errors import FieldError, InvalidRequest

MADE_FROM: dict[Mode, str] = {"pair": "image pairs", "image": "a picture", "text": "text", "still": "stills"}


def the_model(
    name: str | None, mode: Mode, catalogue: Catalogue, default: str, on: date, *, field: str = "model"
) -> Model:
    """InvalidRequest for one that there is not, or not on that day; it names `field`."""
    wanted = default if name is None else name
    model = catalogue.find(wanted, mode)
    names = ", ".join(one.name for one in catalogue.choosable(mode, on))
    if model is None:
        raise InvalidRequest(
            f"There is no model {wanted[:80]!r} for {MADE_FROM[mode]}.",
            hint=f"There are {names}.",
            errors=(FieldError(field, f"must be one of {names}"),),
        )
    if why := not_to_be_had(model, catalogue, on):
        successors = ", ".join(one.name for one in catalogue.successors(model, on))
        if model.successors and not successors:
            why += f"; its successor {', '.join(model.successors)} cannot be had either"
        would_do = successors or names
        raise InvalidRequest(
            f"The model {wanted!r} {why}.",
            hint=f"Ask for {would_do}.",
            errors=(FieldError(field, f"{why}; what would do: {would_do}"),),
        )
    return model


def not_to_be_had(model: Model, catalogue: Catalogue, on: date) -> str | None:
    """Why a model of the catalogue cannot be asked on that day; None where it can."""
    if model.state(on) == "retired":
        return f"is retired since {model.retired}"
    if missing := catalogue.missing(model):
        return f"cannot be asked: {missing.rstrip('.')}"
    return None


def passing(models: Sequence[Model], catalogue: Catalogue, on: date) -> list[str]:
    """The warnings of those that are about to go."""
    warnings = []
    for model in models:
        if model.state(on) == "deprecated":
            goes = f" and goes on {model.retired}" if model.retired else ""
            instead = ", ".join(one.name for one in catalogue.successors(model, on))
            would_do = f"; {instead} is to take its place" if instead else ""
            warnings.append(f"model {model.name}: it is deprecated since {model.deprecated}{goes}{would_do}.")
    return warnings


def snapped(model: Model, asked: float | None, used: int, *, field: str = "clipDuration") -> list[str]:
    """The warning that a duration was changed, or none."""
    if asked is None or asked == used:
        return []
    offered = ", ".join(map(str, model.durations))
    return [f"{field} {asked:g} was changed to {used}: {model.name} makes clips of {offered} seconds."]
