"""Times as rows have them."""

from __future__ import annotations

from datetime import datetime


def seconds_of(stamp: str | None) -> float:
    """Since the epoch."""
    return datetime.fromisoformat(str(stamp)).timestamp()
