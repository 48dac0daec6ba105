"""A prompted film's request, and how its model was chosen, in the words of the v3 API."""

from __future__ import annotations

from functions.api.envelope import Money, View
from functions.studio.brief import Brief
from functions.studio.choice import Choice, Policy


class ContinueView(View):
    job_id: str
    sub_job_number: int


class BriefView(View):
    mode: str
    script: str | None
    prompt: str | None
    style: str | None
    duration_seconds: Money | None
    """As it was asked for; the clips have what is made."""
    fill: bool
    aspect_ratio: str | None
    image_asset_id: str | None
    continue_from: ContinueView | None
    provider: str | None
    count: int


class PassedOverView(View):
    model_id: str
    because: str


class ChoiceView(View):
    policy: Policy
    model_id: str
    because: str
    passed_over: list[PassedOverView]


def brief_view(brief: Brief) -> BriefView:
    return BriefView.model_validate(brief.model_dump())


def choice_view(choice: Choice) -> ChoiceView:
    return ChoiceView(
        policy=choice.policy,
        model_id=choice.model,
        because=choice.because,
        passed_over=[PassedOverView(model_id=one.model, because=one.because) for one in choice.passed_over],
    )
