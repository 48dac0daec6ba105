"""Ads, and who finds them: `T#{tenant}` → AD#{id}, and `PAGE#{page}` → AD for whoever has nothing but the page's name."""

from __future__ import annotations

import secrets

from functions.studio.ads import Ad
from functions.studio.errors import ConditionLost, NotFound
from functions.studio.table import Table, delete, put

PAGE_BYTES = 24
LONGEST_PAGE = 64


def new_page() -> str:
    return secrets.token_urlsafe(PAGE_BYTES)


def _key(tenant: str, ad_id: str) -> tuple[str, str]:
    return f"T#{tenant}", f"{Ad.sort}#{ad_id}"


class Showcase:
    def __init__(self, table: Table) -> None:
        self.table = table

    def add(self, ad: Ad) -> None:
        pointer = {"tenant": ad.tenant, "adId": ad.id}
        self.table.commit(
            put(*_key(ad.tenant, ad.id), ad.attributes(), {"pk": None}),
            put(f"PAGE#{ad.page}", "AD", pointer, {"pk": None}),
        )

    def find(self, page: str) -> Ad | None:
        """Whatever its status; None of a page that there is not."""
        pointer = self.table.get(f"PAGE#{page}", "AD") if len(page) <= LONGEST_PAGE else None
        row = self.table.get(*_key(pointer["tenant"], pointer["adId"])) if pointer else None
        return Ad.model_validate(row) if row else None

    def remove(self, ad: Ad) -> None:
        """And its page with it."""
        try:
            self.table.commit(delete(*_key(ad.tenant, ad.id), {"pk": ...}), delete(f"PAGE#{ad.page}", "AD"))
        except ConditionLost:
            raise NotFound(f"There is no ad {ad.id!r} any more.") from None
