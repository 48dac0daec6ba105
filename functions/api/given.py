"""What a route is given when it names it as a parameter: who asks, the body as it came, the stores."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.bodies import raw_body
from functions.api.keys import OPERATOR, Caller, Keys
from functions.api.outside import Outside
from functions.api.player_tokens import PlayerTokens
from functions.studio import wiring
from functions.studio.balances import Balances
from functions.studio.budgets import Budgets
from functions.studio.catalogue import Catalogue
from functions.studio.errors import FieldError, NotOperator
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.keyring import player_secret
from functions.studio.ledger import Ledger
from functions.studio.library import Library
from functions.studio.media_store import MediaStore, SharedStore
from functions.studio.pulse import Pulse
from functions.studio.storyboard import Storyboard
from functions.studio.workflow import Workflow


@cache
def keys() -> Keys:
    """They remember what they read, so there is one."""
    return Keys(wiring.table())


def player_tokens() -> PlayerTokens:
    return PlayerTokens(player_secret)


def viewer(request: Request) -> Caller | None:
    """Who asks, where a player token opens the call as well; None where one did."""
    known: Caller | None = request.context.get("caller")
    return known


def caller(request: Request) -> Caller:
    """Put there by the door: a call that is behind it has one."""
    known: Caller = request.context["caller"]
    return known


def operator(request: Request) -> Caller:
    """NotOperator for everybody else."""
    known = caller(request)
    if known.role != OPERATOR:
        raise NotOperator(
            "This call is for keys of the operator.",
            hint="`make key TENANT=… ROLE=operator` makes one.",
            errors=(FieldError("Authorization", "must be a key of the operator"),),
        )
    return known


@dataclass(frozen=True)
class Form:
    """A body as it came, for the route that reads it itself."""

    content_type: str
    body: bytes


def form(request: Request) -> Form:
    event = request.resolved_event
    return Form(event.headers.get("content-type", ""), raw_body(event))


def the_catalogue() -> Catalogue:
    """The one in force, as far as this deployment asks its providers; jobs that were accepted are made all the same."""
    off = {"runway": "Runway is switched off here (RUNWAYML_ENABLED)."}
    return wiring.catalogue().without(off if os.environ["RUNWAYML_ENABLED"] == "false" else {})


def outside() -> Outside:
    return Outside(origins=[one for one in os.environ["OUTSIDE_ORIGINS"].split(",") if one])


SharedUrl = Callable[[str], str]
"""From the key of a picture that is shared to where everybody has it."""


def shared_url() -> SharedUrl:
    return lambda key: wiring.shared().url(key)


OfRun = Annotated[
    int | None, Query(ge=1, le=9999, description="Of the run that made the film; without it, the job's film")
]
Viewer = Annotated[Caller | None, Depends(viewer)]
ThePlayerTokens = Annotated[PlayerTokens, Depends(player_tokens)]
Asker = Annotated[Caller, Depends(caller)]
Operator = Annotated[Caller, Depends(operator)]
TheForm = Annotated[Form, Depends(form)]
TheCatalogue = Annotated[Catalogue, Depends(the_catalogue)]
TheBalances = Annotated[Balances, Depends(wiring.balances)]
TheBudgets = Annotated[Budgets, Depends(wiring.budgets)]
ThePulse = Annotated[Pulse, Depends(wiring.pulse)]
TheLibrary = Annotated[Library, Depends(wiring.library)]
TheStoryboard = Annotated[Storyboard, Depends(wiring.storyboard)]
TheSharedUrl = Annotated[SharedUrl, Depends(shared_url)]
TheJobs = Annotated[JobStore, Depends(wiring.jobs)]
TheLedger = Annotated[Ledger, Depends(wiring.ledger)]
TheMedia = Annotated[MediaStore, Depends(wiring.media)]
TheShared = Annotated[SharedStore, Depends(wiring.shared)]
TheOutside = Annotated[Outside, Depends(outside)]
TheEvents = Annotated[JobEvents, Depends(wiring.events)]
TheWorkflow = Annotated[Workflow, Depends(wiring.workflow)]
