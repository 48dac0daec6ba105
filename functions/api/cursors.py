"""The pages of a list: how long one is, and the cursor that leads to the next."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, NoReturn

from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.studio.errors import FieldError, InvalidRequest
from functions.studio.rows import is_id

Limit = Annotated[int, Query(ge=1, le=200)]
"""Entries of a page."""
Cursor = Annotated[str | None, Query()]


def cursor(entry_id: str | None) -> str | None:
    """Opaque to callers, so that what it holds may change."""
    return base64.urlsafe_b64encode(entry_id.encode()).decode() if entry_id else None


def position(cursor: str | None) -> str | None:
    """The id that a list goes on from."""
    if cursor is None:
        return None
    try:
        entry_id = base64.urlsafe_b64decode(cursor).decode()
    except (binascii.Error, ValueError):
        entry_id = ""
    if not is_id(entry_id):
        refuse()
    return entry_id


def refuse() -> NoReturn:
    raise InvalidRequest(
        "The cursor is none of ours.",
        hint="Take it from `nextCursor` of the page before.",
        errors=(FieldError("cursor", "must be the nextCursor of a list"),),
    )
