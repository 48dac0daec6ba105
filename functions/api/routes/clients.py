"""Clients: whose brand it is."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.api import cursors, inputs
from functions.api.envelope import ROOT, Envelope, Listed, Metadata, View, answer, created, gone
from functions.api.given import Asker, TheJobs, TheLibrary
from functions.api.in_use import refuse_while_running
from functions.api.inputs import NotNull
from functions.studio.errors import Conflict
from functions.studio.library import Client
from functions.studio.rows import new_id, now, plain

router = Router()
TAGS = ["clients"]


class NewClient(inputs.Input):
    name: inputs.Name
    homepage: inputs.WebAddress | None = None
    brand_guidelines: inputs.TextOrObject | None = None
    metadata: inputs.Metadata = {}


class ClientChanges(inputs.Input):
    name: Annotated[inputs.Name | None, NotNull] = None
    homepage: inputs.WebAddress | None = None
    brand_guidelines: inputs.TextOrObject | None = None
    metadata: inputs.Metadata | None = None


class ClientView(View):
    id: str
    user_id: str
    name: str
    homepage: str | None
    brand_guidelines: str | dict[str, Any] | None
    metadata: Metadata
    created_at: str
    updated_at: str


def view(client: Client) -> ClientView:
    shown = client.model_dump() | {"brand_guidelines": plain(client.brand_guidelines)}
    return ClientView.model_validate({**shown, "user_id": client.tenant})


@router.post("/clients", tags=TAGS, status_code=201, summary="Create a client")
def create(body: NewClient, asker: Asker, library: TheLibrary) -> Response[Envelope[ClientView]]:
    stamp = now()
    client = Client(id=new_id(), tenant=asker.tenant, created_at=stamp, updated_at=stamp, **body.model_dump())
    library.add(client)
    return created(view(client), f"{ROOT}/clients/{client.id}")


@router.get("/clients", tags=TAGS, summary="List clients")
def page(
    asker: Asker, library: TheLibrary, limit: cursors.Limit = 50, cursor: cursors.Cursor = None
) -> Envelope[Listed[ClientView]]:
    found, more = library.page(Client, asker.tenant, limit=limit, after=cursors.position(cursor))
    return answer(Listed(items=[view(one) for one in found], next_cursor=cursors.cursor(more)))


@router.get("/clients/<client_id>", tags=TAGS, summary="Get a client")
def show(client_id: str, asker: Asker, library: TheLibrary) -> Envelope[ClientView]:
    return answer(view(library.get(Client, asker.tenant, client_id)))


@router.patch("/clients/<client_id>", tags=TAGS, summary="Change a client")
def change(client_id: str, body: ClientChanges, asker: Asker, library: TheLibrary) -> Envelope[ClientView]:
    changes = body.model_dump(by_alias=True, exclude_unset=True)
    return answer(view(library.change(Client, asker.tenant, client_id, changes)))


@router.delete("/clients/<client_id>", tags=TAGS, status_code=204, summary="Delete a client")
def remove(client_id: str, asker: Asker, library: TheLibrary, jobs: TheJobs) -> Response[None]:
    client = library.get(Client, asker.tenant, client_id)
    running = jobs.running(asker.tenant)
    refuse_while_running((job for job in running if job.client_id == client.id), "client")
    if next(library.campaigns_of(client), None):
        raise Conflict("The client still has campaigns.", hint="Delete its campaigns first.")
    library.remove(client)
    return gone()
