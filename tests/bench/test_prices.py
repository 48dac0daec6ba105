"""Counts to money, and the data that says how."""

from __future__ import annotations

import pytest

from bench.prices import GB_SECONDS, REQUESTS, lambda_counts, lines, prices
from local.checkout import ROOT
from tests.bench.calls import PRICES

FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


def test_each_line_is_its_quantity_at_its_price_and_the_dearest_comes_first() -> None:
    found = lines({"letters": 4, "parcels": 3}, PRICES)
    assert [(line.name, line.quantity, line.usd) for line in found] == [("parcels", 3, 0.75), ("letters", 4, 0.002)]


def test_what_has_no_price_is_an_error_and_not_free() -> None:
    with pytest.raises(KeyError, match="pigeons"):
        lines({"pigeons": 1}, PRICES)


def test_invocations_are_billed_by_their_number_and_by_seconds_times_memory() -> None:
    counts = lambda_counts({"keep_clip": 3, "callback": 2}, {"keep_clip": 2048, "callback": 512}, PRICES)
    assert counts == {REQUESTS: 5, GB_SECONDS: 3 * 4.0 * 2 + 2 * 0.5 * 0.5}


def test_a_function_without_a_stated_duration_is_an_error() -> None:
    with pytest.raises(KeyError, match="notify"):
        lambda_counts({"notify": 1}, {"notify": 512}, PRICES)


@pytest.mark.parametrize("name", sorted(prices()["prices"]))
def test_every_price_says_where_and_when_it_was_read(name: str) -> None:
    price = prices()["prices"][name]
    assert price["usd"] > 0
    assert price["per"] >= 1
    assert price["source"].startswith("https://")
    assert price["date"] >= "2024-11"


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_every_function_has_a_stated_duration_and_its_reason(folder: str) -> None:
    stated = prices()["durations"][folder]
    assert isinstance(stated["ms"], int)
    assert stated["because"]


def test_the_data_names_no_function_that_there_is_not() -> None:
    assert sorted(prices()["durations"]) == FUNCTIONS
