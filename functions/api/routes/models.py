"""Models: what can be asked for, of whom, at what price."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.envelope import Envelope, Listed, answer
from functions.api.given import TheCatalogue
from functions.api.model_views import ModelView, model_views
from functions.api.narrator_views import NarratorsView, narrators_view
from functions.api.standing import TheMoment
from functions.studio.catalogue import Mode
from functions.studio.data import State
from functions.studio.rows import today

router = Router()
TAGS = ["models"]


class ModelsView(Listed[ModelView]):
    narrators: NarratorsView
    """Who writes, speaks and times what listings' films say, whatever the filters."""


@router.get("/models", tags=TAGS, summary="List the models that clips can be made with")
def page(
    catalogue: TheCatalogue,
    moment: TheMoment,
    mode: Annotated[
        Mode | None, Query(description="Clips of two pictures, of one, or of text alone; or stills")
    ] = None,
    provider: Annotated[str | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
) -> Envelope[ModelsView]:
    """All of them, in one page. The filters choose among a model's modes: one that has none of them is left out."""
    on = today()
    found = model_views(
        catalogue,
        moment,
        on,
        lambda model: (
            mode in (None, model.mode) and provider in (None, model.provider) and state in (None, model.state(on))
        ),
    )
    return answer(ModelsView(items=found, narrators=narrators_view(catalogue.narrators, on)))
