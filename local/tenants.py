"""A function of the local cloud's own: makes a tenant's API key, in the environment that the table's functions have."""

from __future__ import annotations

from typing import TypedDict


class Wish(TypedDict):
    table: str
    tenant: str
    tier: str


def handler(wish: Wish, context: object) -> str:
    from functions.api.keys import issue_key

    return issue_key(wish["table"], wish["tenant"], wish["tier"])
