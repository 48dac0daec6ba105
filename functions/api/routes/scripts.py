"""Scripts: what a listing's film would say, written without making the film."""

from __future__ import annotations

import os
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.api import cursors
from functions.api.envelope import ROOT, Envelope, Listed, Money, View, answer, created
from functions.api.given import Asker, TheBudgets, TheCatalogue, TheLibrary
from functions.api.listing_request import Offered
from functions.api.once import REPLAYED, TheOnce
from functions.api.scripting import Scriptwriter
from functions.studio.chat import Chat
from functions.studio.keyring import provider_key
from functions.studio.openai_wire import OPENAI
from functions.studio.written_scripts import WrittenScript

router = Router()
TAGS = ["scripts"]


class ScriptRequest(Offered):
    pass


class ScriptView(View):
    id: str
    user_id: str
    title: str
    status: str
    script: str | None
    estimated_duration: float | None
    """Seconds that the voice takes for it, roughly."""
    word_count: int | None
    """Letters, of a language that is written without blanks."""
    language: str
    voice: str
    cost: Money | None
    """USD."""
    lost_cost: Money
    """USD that bought nothing; of one that is still `asked`, nobody knows."""
    warnings: list[str]
    error_message: str | None
    created_at: str


def scriptwriter(library: TheLibrary, budgets: TheBudgets) -> Scriptwriter:
    return Scriptwriter(library, budgets, Chat(lambda: provider_key(OPENAI.key), os.environ["OPENAI_BASE_URL"], OPENAI))


TheScriptwriter = Annotated[Scriptwriter, Depends(scriptwriter)]


def view(row: WrittenScript) -> ScriptView:
    return ScriptView(
        id=row.id,
        user_id=row.tenant,
        title=row.listing.title,
        status=row.status,
        script=row.text,
        estimated_duration=row.seconds,
        word_count=row.words,
        language=row.listing.language,
        voice=row.listing.voice,
        cost=row.cost,
        lost_cost=row.amount if row.lost is None else row.lost,
        warnings=row.warnings,
        error_message=row.reason,
        created_at=row.created_at,
    )


@router.post("/scripts", tags=TAGS, status_code=201, summary="Write the script of a listing's film")
def create(
    body: ScriptRequest, asker: Asker, writer: TheScriptwriter, catalogue: TheCatalogue, once: TheOnce
) -> Response[Envelope[ScriptView]]:
    """Of as many words as the voice says in `durationSeconds`. It can be given to `/jobs/from-listing` as `script`."""
    with once.taking(body) as answered:
        if answered is None:
            row = writer.script(
                body, asker.tenant, catalogue.narrators, lambda row: once.remember(body, row.id, view(row))
            )
            shown = view(row)
        else:
            shown = ScriptView.model_validate(answered)
    return created(shown, f"{ROOT}/scripts/{shown.id}", headers={REPLAYED: "true"} if answered else {})


@router.get("/scripts", tags=TAGS, summary="List the scripts that were written")
def page(
    asker: Asker, library: TheLibrary, limit: cursors.Limit = 50, cursor: cursors.Cursor = None
) -> Envelope[Listed[ScriptView]]:
    """The newest first."""
    found, more = library.page(
        WrittenScript, asker.tenant, limit=limit, after=cursors.position(cursor), newest_first=True
    )
    return answer(Listed(items=[view(one) for one in found], next_cursor=cursors.cursor(more)))


@router.get("/scripts/<script_id>", tags=TAGS, summary="Get a script")
def show(script_id: str, asker: Asker, library: TheLibrary) -> Envelope[ScriptView]:
    return answer(view(library.get(WrittenScript, asker.tenant, script_id)))
