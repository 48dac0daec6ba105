"""What an ad is: a listing that is shown to people, with a film if it has one. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from functions.studio.rows import Entry

AdStatus = Literal["draft", "active", "archived"]


class Ad(Entry):
    sort = "AD"
    word = "ad"

    job_id: str | None = None
    """Whose film it shows."""
    title: str
    description: str
    price: Decimal | None = None
    currency: str = "USD"
    category: str
    script: str | None = None
    status: AdStatus = "draft"
    page: str
    """By which everybody finds it while it is active; nobody guesses it."""
