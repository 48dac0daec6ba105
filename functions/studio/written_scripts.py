"""A script that was asked for by itself, and what it has cost. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from functions.studio.listings import Listing
from functions.studio.rows import Entry


class WrittenScript(Entry):
    sort = "SCRIPT"
    word = "script"

    listing: Listing
    status: Literal["asked", "written", "failed"] = "asked"
    amount: Decimal
    """USD that it was to come to at most; all of it is lost while nobody knows better."""
    cost: Decimal | None = None
    lost: Decimal | None = None
    text: str | None = None
    seconds: float | None = None
    words: int | None = None
    warnings: list[str] = []
    reason: str | None = None
    """Why it failed."""
