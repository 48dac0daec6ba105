"""The service itself: is it there, what can it do, who am I to it."""

from __future__ import annotations

from typing import Literal

from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.api import image_pairs, uploads
from functions.api.envelope import VERSION, Envelope, Money, View, answer
from functions.api.given import Asker, TheBalances, TheBudgets
from functions.api.money_views import BalanceView, balance_view
from functions.api.standing import TheTier
from functions.studio import pictures

router = Router()
TAGS = ["service"]


class Health(View):
    status: Literal["ok"] = "ok"
    version: str = VERSION


class Limits(View):
    upload_bytes: int = uploads.MOST_BYTES
    picture_bytes: int = pictures.MOST_BYTES
    picture_pixels: int = pictures.MOST_PIXELS
    num_pairs: int = image_pairs.MOST_PAIRS
    clip_duration: float = image_pairs.LONGEST_CLIP
    clips: int
    """Of a job."""
    chosen_clip_usd: Money | None
    """The most that a usual clip of a model may cost that is chosen for the tenant; null: no limit."""
    names_dearer_models: bool
    """Whether a request may name others."""


class Me(View):
    id: str
    tenant: str
    user_id: str
    tier: str
    role: str
    """`operator` of a key that may grant credits; else `tenant`."""
    balances: list[BalanceView]
    limits: Limits


@router.get("/health", tags=TAGS, summary="Whether the service answers")
def health() -> Envelope[Health]:
    return answer(Health())


@router.get("/me", tags=TAGS, summary="Whose key this is, and its limits")
def me(asker: Asker, budgets: TheBudgets, balances: TheBalances, tier: TheTier) -> Envelope[Me]:
    return answer(
        Me(
            id=asker.tenant,
            tenant=asker.tenant,
            user_id=asker.tenant,
            tier=asker.tier,
            role=asker.role,
            balances=[balance_view(budgets.tenant(asker.tenant)), balance_view(balances.balance(asker.tenant))],
            limits=Limits(clips=tier.clips, chosen_clip_usd=tier.clip_usd, names_dearer_models=tier.names_others),
        )
    )
