"""Requests to AWS as the SDK sends them, with small rows, and prices that are easy to reckon with."""

from __future__ import annotations

from typing import Any

from bench.prices import GB_SECONDS, REQUESTS

PRICES: dict[str, Any] = {
    "prices": {
        "letters": {"usd": 0.5, "per": 1000},
        "parcels": {"usd": 0.25, "per": 1},
        REQUESTS: {"usd": 1, "per": 1},
        GB_SECONDS: {"usd": 1, "per": 1},
    },
    "durations": {"keep_clip": {"ms": 4000}, "callback": {"ms": 500}},
}


def a_row(sk: str, text: str = "") -> dict[str, Any]:
    return {"pk": {"S": "J#1"}, "sk": {"S": sk}, "text": {"S": text}}


def a_put(sk: str, text: str = "") -> dict[str, Any]:
    return {"TableName": "t", "Item": a_row(sk, text)}


def an_update(sk: str) -> dict[str, Any]:
    return {"TableName": "t", "Key": {"pk": {"S": "J#1"}, "sk": {"S": sk}}, "UpdateExpression": "SET a = :a"}
