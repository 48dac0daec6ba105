from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from functions.studio.retry_after import seconds_told


@pytest.mark.parametrize(("hint", "seconds"), [("7", 7.0), (" 0.5 ", 0.5), (12, 12.0), (0.25, 0.25)])
def test_a_number_is_taken_as_it_is(hint: Any, seconds: float) -> None:
    assert seconds_told(hint) == seconds


def test_a_date_is_told_as_the_seconds_until_then() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    told = seconds_told(date)
    assert told
    assert 60 < told <= 90


@pytest.mark.parametrize(
    "hint",
    [
        None,
        "",
        "soon",
        "0",
        "-3",
        "nan",
        "inf",
        [],
        {},
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Thu, 01 Jan 99999 00:00:00 GMT",
    ],
)
def test_what_says_no_time_to_come_is_no_hint(hint: Any) -> None:
    assert seconds_told(hint) is None
