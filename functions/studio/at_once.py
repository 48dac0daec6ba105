"""The same work for many, ten at a time: a thousand clips are stopped and settled in seconds, not minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

HANDS = 10
"""As many as botocore keeps connections for."""


class Each(Protocol):
    """How a piece of work is done for each of many."""

    def __call__(self, work: Callable[[Any], None], ones: Iterable[Any]) -> None: ...


def at_once(work: Callable[[Any], None], ones: Iterable[Any]) -> None:
    """All of them, also when one fails; then its error is raised."""
    with ThreadPoolExecutor(HANDS) as pool:
        done = [pool.submit(work, one) for one in ones]
    for one in done:
        one.result()
