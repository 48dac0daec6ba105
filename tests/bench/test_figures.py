"""What the bench makes of its measurements."""

from __future__ import annotations

import json

import pytest

from bench.figures import Figure, document, table


def test_a_figure_that_should_be_low_holds_up_to_its_bound() -> None:
    assert Figure("overhead", 10.0, "s", 10).holds
    assert not Figure("overhead", 10.01, "s", 10).holds


def test_a_figure_that_should_be_high_holds_from_its_bound_on() -> None:
    assert Figure("at once", 50, "", 50, "higher").holds
    assert not Figure("at once", 49, "", 50, "higher").holds


def test_a_measurement_that_is_no_number_holds_nothing() -> None:
    assert not Figure("ratio", float("nan"), "×", 2).holds
    assert not Figure("ratio", float("nan"), "×", 2, "higher").holds


def test_the_document_is_a_list_of_name_value_unit_bound_better_and_holds() -> None:
    [good, bad] = json.loads(document([Figure("a", 50, "", 50, "higher"), Figure("b", 3.5, "s", 3)]))
    assert good == {"name": "a", "value": 50, "unit": "", "bound": 50, "better": "higher", "holds": True}
    assert bad == {"name": "b", "value": 3.5, "unit": "s", "bound": 3, "better": "lower", "holds": False}


def test_the_table_says_of_every_figure_what_it_is_and_whether_its_bound_holds() -> None:
    head, good, bad = table([Figure("in flight", 50, "", 50, "higher"), Figure("spread", 3.456, "s", 3)]).splitlines()
    assert head.split() == ["what", "measured", "bound"]
    assert good.split() == ["in", "flight", "50", "≥", "50", "holds"]
    assert bad.split() == ["spread", "3.46", "s", "≤", "3", "s", "DOES", "NOT", "HOLD"]


@pytest.mark.parametrize(("value", "shown"), [(0.00037412, "$0.000374"), (0.0005, "$0.000500")])
def test_the_table_shows_money_to_the_millionth(value: float, shown: str) -> None:
    assert shown in table([Figure("cost", value, "USD", 1)])
