"""The kinds of values that scenarios, scenes and the requests for their films have in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from functions.studio.resolutions import resolutions

LONGEST_SCENE = 60.0


def _known(name: str) -> str:
    if resolutions().find(name) is None:
        raise ValueError(f"must be one of {', '.join(resolutions().names)}")
    return name


def _listed(schema: dict[str, Any]) -> None:
    schema["enum"] = resolutions().names


ResolutionName = Annotated[str, AfterValidator(_known), Field(json_schema_extra=_listed)]
Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
ReferenceUrl = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
"""Public, https, of the picture itself: it is fetched when a film is asked for."""
Seconds = Annotated[float, Field(gt=0, le=LONGEST_SCENE)]
Order = Annotated[float, Field(ge=-1e6, le=1e6)]
