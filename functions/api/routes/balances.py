"""Credits: what a tenant has, how it came by them and what took them; and granting them, which is the operator's."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import AfterValidator, Field

from functions.api import cursors, inputs
from functions.api.envelope import ROOT, Envelope, Listed, answer, created
from functions.api.given import Asker, Operator, TheBalances
from functions.api.keys import tenant_name
from functions.api.money_views import CreditsView, EntryView, credits_view, entry_view
from functions.api.once import REPLAYED, TheOnce
from functions.studio.balances import granted
from functions.studio.credits import tariff
from functions.studio.telemetry import logger

router = Router()
TAGS = ["credits"]
MOST = 1_000_000_000


def _not_nothing(number: int) -> int:
    if number == 0:
        raise ValueError("must not be 0")
    return number


class NewGrant(inputs.Input):
    tenant: Annotated[str, AfterValidator(tenant_name)]
    """As its keys were made for, and as its own GET /me tells it."""
    credits: Annotated[int, Field(ge=-MOST, le=MOST), AfterValidator(_not_nothing)]
    """Less than nothing takes back, at most what is neither taken nor reserved."""
    reason: inputs.Name


@router.get("/credits", tags=TAGS, summary="What credits there are, and what each action takes")
def show(asker: Asker, balances: TheBalances) -> Envelope[CreditsView]:
    return answer(credits_view(asker.tenant, balances.balance(asker.tenant), tariff()))


@router.get("/credits/history", tags=TAGS, summary="What was granted and what was taken, newest first")
def history(
    asker: Asker, balances: TheBalances, limit: cursors.Limit = 50, cursor: cursors.Cursor = None
) -> Envelope[Listed[EntryView]]:
    """One entry a grant, and one for each run of a job that has kept something."""
    entries, more = balances.history(asker.tenant, limit=limit, after=cursors.position(cursor))
    leads_on = cursors.cursor(entries[-1].id) if more else None
    return answer(Listed(items=[entry_view(asker.tenant, one) for one in entries], next_cursor=leads_on))


@router.post("/credits/grants", tags=TAGS, status_code=201, summary="Grant credits to a tenant")
def grant(body: NewGrant, operator: Operator, balances: TheBalances, once: TheOnce) -> Response[Envelope[EntryView]]:
    """For keys of the operator alone."""
    with once.taking(body) as answered:
        replayed = answered is not None
        if answered is None:
            entry = granted(body.credits, body.reason)
            shown = entry_view(body.tenant, entry)
            balances.grant(body.tenant, entry, *once.remember(body, entry.id, shown))
            told = {"grantedTo": body.tenant, "credits": body.credits, "key": operator.key_id}
            logger().info("credits granted", extra=told)
        else:
            shown = EntryView.model_validate(answered)
    headers = {REPLAYED: "true"} if replayed else {}
    return created(shown, f"{ROOT}/credits/history", headers=headers)
