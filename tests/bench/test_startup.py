"""The cold start of the API, held against a bare handler's."""

from __future__ import annotations

import os

import pytest

from bench.film_job import NoBench
from bench.startup import HANDLER, cpu_seconds, environment_of, ratio


def test_the_ratio_is_the_median_of_neighbours_in_time() -> None:
    assert ratio([(0.2, 0.4), (0.4, 0.6), (0.2, 2.0)]) == pytest.approx(2.0)


def test_the_function_starts_with_what_its_construct_sets() -> None:
    function = {"Handler": HANDLER, "Environment": {"Variables": {"LOG_LEVEL": "INFO", "TABLE_NAME": {"Ref": "Table"}}}}
    template = {"Resources": {"Role": {}, "Api": {"Properties": function}}}
    assert environment_of(template) == {"LOG_LEVEL": "INFO", "TABLE_NAME": "made-up"}


def test_a_template_without_the_function_cannot_be_measured() -> None:
    with pytest.raises(NoBench, match="handler"):
        environment_of({"Resources": {}})


def test_work_is_counted_and_waiting_is_not() -> None:
    environment = dict(os.environ)
    idle = cpu_seconds("import time; time.sleep(0.5)", environment)
    assert idle < cpu_seconds("sum(range(20_000_000))", environment)


def test_an_interpreter_that_fails_is_no_measurement() -> None:
    with pytest.raises(NoBench, match="exit status 3"):
        cpu_seconds("raise SystemExit(3)", dict(os.environ))
