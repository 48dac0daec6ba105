"""What the caller wants done when clips fail, as requests for jobs of any kind say it: a policy, and models to fall back to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, StringConstraints

from functions.api import inputs
from functions.api.envelope import View
from functions.api.named_model import not_to_be_had
from functions.studio.catalogue import Catalogue, Mode, Model
from functions.studio.errors import FieldError, InvalidRequest
from functions.studio.jobs import OnClipFailure
from functions.studio.policy import never_enough

MOST_CLIPS = 1000
MOST_FALLBACKS = 3

Policy = Literal["best_effort", "fail_fast"]


POLICIES = get_args(Policy)


class MinClips(inputs.Input):
    min_clips: Annotated[int, Field(ge=1, le=MOST_CLIPS)]


class FailureWish(inputs.Input):
    """A `Policy`, or a number of clips: one model for both, whose errors name the field and no branch of a union."""

    policy: Policy | None = None
    min_clips: Annotated[int, Field(ge=1, le=MOST_CLIPS)] | None = None


def _by_its_name(said: Any) -> Any:
    if isinstance(said, FailureWish):
        return said
    if isinstance(said, dict) and said.get("minClips") is not None and "policy" not in said:
        return said
    if isinstance(said, str) and said in POLICIES:
        return {"policy": said}
    raise ValueError(f'must be {", ".join(POLICIES)} or {{"minClips": …}}')


class ClipFailureOptions(inputs.Input):
    on_clip_failure: Annotated[
        FailureWish,
        BeforeValidator(_by_its_name, json_schema_input_type=Policy | MinClips),
        Field(default_factory=lambda: FailureWish(policy="best_effort"), json_schema_extra={"default": "best_effort"}),
    ]
    fallback_models: Annotated[
        list[Annotated[str, StringConstraints(max_length=100)]], Field(max_length=MOST_FALLBACKS)
    ] = []


class MinClipsView(View):
    min_clips: int


OnClipFailureView = Policy | MinClipsView


def wish_view(wish: OnClipFailure) -> OnClipFailureView:
    return MinClipsView(min_clips=wish.min_clips or 1) if wish.kind == "min_clips" else wish.kind


def the_wish(asked: ClipFailureOptions, clips: int | None) -> OnClipFailure:
    """InvalidRequest for more clips than there will be; `clips` is None where their number is open."""
    said = asked.on_clip_failure
    wish = OnClipFailure(kind=said.policy or "min_clips", min_clips=said.min_clips)
    if clips is not None and never_enough(wish, clips):
        _refuse(FieldError("onClipFailure.minClips", f"must be at most {clips}, the number of clips"))
    return wish


def the_fallbacks(
    asked: ClipFailureOptions, model: Model, lengths: Collection[int], catalogue: Catalogue, on: date
) -> list[Model]:
    """The models to fall back to, in the mode of `model`; InvalidRequest for one that cannot be had, is asked anyway, or
    makes no clips of these `lengths`, in seconds."""
    names = asked.fallback_models
    faults = []
    for place, name in enumerate(names):
        if fault := _fault(name, [model.name, *names[:place]], lengths, model.mode, catalogue, on):
            faults.append(FieldError(f"fallbackModels.{place}", fault))
    if faults:
        _refuse(*faults)
    return [catalogue.model(name, model.mode) for name in names]


def _fault(
    name: str, before: Sequence[str], lengths: Collection[int], mode: Mode, catalogue: Catalogue, on: date
) -> str | None:
    model = catalogue.find(name, mode)
    if model is None:
        there = ", ".join(one.name for one in catalogue.choosable(mode, on) if one.name not in before)
        return f"must be one of {there}" if there else "must be left out: there is no other model"
    if name in before:
        return f"must be another model: {name} is asked before"
    if why := not_to_be_had(model, catalogue, on):
        return f"must be another model: {name} {why}"
    if not set(lengths) <= set(model.durations):
        wanted, makes = (", ".join(map(str, some)) for some in (sorted(set(lengths)), model.durations))
        return f"must be a model of clips of {wanted} seconds; {name} makes {makes}"
    return None


def _refuse(*faults: FieldError) -> None:
    raise InvalidRequest("; ".join(f"{one.field}: {one.detail}" for one in faults), errors=faults)
