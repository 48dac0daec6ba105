"""Ads, and who finds them: `T#{tenant}` → AD#{id}, and `PAGE#{page}` → AD for whoever has nothing but the page's name."""

from __future__ import annotations

import secrets
from typing import Any

from functions.studio.ads import Ad
from functions.studio.errors import ConditionLost, NotFound
from functions.studio.library import Library
from functions.studio.table import Table, delete, put

PAGE_BYTES = 24
LONGEST_PAGE = 64


def new_page() -> str:
    return secrets.token_urlsafe(PAGE_BYTES)


class Showcase:
    def __init__(self, table: Table) -> None:
        self.table = table
        self.library = Library(table)

    def add(self, ad: Ad) -> None:
        pointer = {"tenant": ad.tenant, "adId": ad.id}
        self.table.commit(self.library.new(ad), put(f"PAGE#{ad.page}", "AD", pointer, {"pk": None}))

    def find(self, page: str) -> Ad | None:
        """Whatever its status; None of a page that there is not."""
        row = self.table.get(f"PAGE#{page}", "AD") if len(page) <= LONGEST_PAGE else None
        return self.library.find(Ad, row["tenant"], row["adId"]) if row else None

    def change(self, ad: Ad, changes: dict[str, Any]) -> Ad:
        return self.library.change(Ad, ad.tenant, ad.id, changes)

    def remove(self, ad: Ad) -> None:
        """And its page with it."""
        pk, sk = f"T#{ad.tenant}", f"{Ad.sort}#{ad.id}"
        try:
            self.table.commit(delete(pk, sk, {"pk": ...}), delete(f"PAGE#{ad.page}", "AD"))
        except ConditionLost:
            raise NotFound(f"There is no ad {ad.id!r} any more.") from None
