"""Several variants of every shot: the same by several models, or several by one; the film is cut from the first that is there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, NoReturn

from pydantic import Field, StringConstraints

from functions.api import inputs
from functions.api.film_options import MOST_CLIPS
from functions.api.named_model import the_model
from functions.studio.catalogue import Catalogue, Mode, Model
from functions.studio.cut import Cut
from functions.studio.errors import FieldError, InvalidRequest
from functions.studio.shots import numbered

MOST_VARIANTS = 10


class Comparing(inputs.Input):
    compare: (
        Annotated[
            list[Annotated[str, StringConstraints(max_length=100)]], Field(min_length=2, max_length=MOST_VARIANTS)
        ]
        | None
    ) = None


def the_compared(
    asked: Comparing, mode: Mode, catalogue: Catalogue, on: date, *, instead: Sequence[tuple[str, bool]]
) -> list[Model]:
    """The models to compare, or none; InvalidRequest for one that cannot be had or is named twice, and for whatever is
    said of a model beside them: the fields of `instead` that were given."""
    names = asked.compare or []
    if names and (given := [field for field, said in instead if said]):
        refuse(*(FieldError(field, "must be left out with compare, which names the models") for field in given))
    twice = [place for place, name in enumerate(names) if name in names[:place]]
    if twice:
        refuse(*(FieldError(f"compare.{place}", "must be another model: it is named before") for place in twice))
    return [the_model(name, mode, catalogue, name, on, field=f"compare.{place}") for place, name in enumerate(names)]


def check_number(shots: int, variants: int, field: str) -> None:
    if shots * variants > MOST_CLIPS:
        most = MOST_CLIPS // variants
        refuse(
            FieldError(
                field, f"comes to {shots * variants} clips: at most {most} shots of {variants} variants are made"
            )
        )


def by_clip(cut: Cut, variants: int) -> Cut:
    """The cut of a request, whose joins follow shots, as it is kept: they follow clips, whichever variant is shown."""
    joins = {
        str(numbered(int(shot), variant, variants)): transition
        for shot, transition in cut.joins.items()
        for variant in range(1, variants + 1)
    }
    return cut.model_copy(update={"joins": joins})


def refuse(*faults: FieldError, hint: str | None = None) -> NoReturn:
    raise InvalidRequest("; ".join(f"{one.field}: {one.detail}" for one in faults), hint=hint, errors=faults)
