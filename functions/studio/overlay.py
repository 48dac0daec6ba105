"""What a deployment says of models otherwise than the release, laid over its catalogue. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.studio.catalogue import Catalogue, catalogue, released
from functions.studio.data import Data


class Patch(BaseModel):
    """A merge patch (RFC 7396) for the entry of that name, or another entry."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Document(Data):
    """What a deployment says otherwise of models, or of further ones; and of the services that films are narrated with."""

    models: list[Patch]
    services: list[Patch] = []


def overlaid(document: bytes) -> Catalogue:
    """The release's catalogue with a `Document` laid over it; ValueError says what is wrong with that.

    Whatever the release has stays: a model that is to be chosen no more is `retired`, for jobs with it may be running.
    """
    built = json.loads(released())
    entries = {entry["name"]: entry for entry in built["models"]}
    with _faults_named(()):
        said = Document.model_validate_json(document)
    for one in said.models:
        entries[one.name] = _merged(entries.get(one.name, {}), {"name": one.name, **(one.model_extra or {})})
    narrators = _narrators(built["narrators"], said.services)
    with _faults_named([*entries]):
        laid_over = Catalogue.model_validate({**built, "narrators": narrators, "models": [*entries.values()]})
    if lost := catalogue().named() - laid_over.named():
        name, mode = min(lost)
        raise ValueError(f"{name} cannot lose its mode {mode}: it can be retired")
    return laid_over


def _narrators(built: dict[str, Any], said: Sequence[Patch]) -> dict[str, Any]:
    patches = {one.name: one.model_extra or {} for one in said}
    changed = {
        kind: [_merged(one, patches.pop(one["name"], {})) for one in built[kind]]
        for kind in ("writers", "speakers", "listeners")
    }
    if patches:
        raise ValueError(f"there is no service {min(patches)}")
    return {**built, **changed}


@contextmanager
def _faults_named(names: Sequence[str]) -> Iterator[None]:
    """ValueErrors that a person can read, with entries by their names, where those are known."""
    try:
        yield
    except ValidationError as error:
        raise ValueError("; ".join(_fault(one["loc"], one["msg"], names) for one in error.errors())) from None


def _fault(place: tuple[int | str, ...], says: str, names: Sequence[str]) -> str:
    match place:
        case ("models", int(number), *rest) if number < len(names):
            place = (names[number], *rest)
    return f"{'.'.join(map(str, place)) or 'the document'}: {says}"


def _merged(was: Any, said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    made = dict(was) if isinstance(was, dict) else {}
    for name, value in said.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = _merged(made.get(name), value)
    return made
