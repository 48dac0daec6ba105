"""How long a service asks to wait. Pure."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from math import inf
from typing import Any


def seconds_told(hint: Any) -> float | None:
    """From now: of a number, or HTTP's form of a date. None where it is neither, or nothing is to be waited for."""
    try:
        seconds = float(hint)
    except (TypeError, ValueError):
        try:
            seconds = parsedate_to_datetime(hint).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return seconds if 0 < seconds < inf else None
