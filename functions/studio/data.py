"""What files of data are made of: camelCase, nothing that is not known, and days from which something holds. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

State = Literal["current", "deprecated", "retired"]

Said = Annotated[str, Field(min_length=1)]


class Data(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid", defer_build=True
    )


class Dated(Data):
    """Something that its provider may take away."""

    deprecated: dt.date | None = None
    retired: dt.date | None = None
    """The days from which that holds."""

    def state(self, on: dt.date) -> State:
        if self.retired and self.retired <= on:
            return "retired"
        return "deprecated" if self.deprecated and self.deprecated <= on else "current"
