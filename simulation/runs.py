"""Many histories: shared out over processes, counted, and the seeds told of those where something did not hold."""

from __future__ import annotations

import contextlib
import gc
import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from random import Random

from simulation.history import History, Told
from simulation.world import Crew

CHUNK = 25
"""Histories that a process plays before it says what came of them."""

GARBAGE = 100_000
"""Objects made before Python looks for what is garbage: a history leaves some tens of thousands, in circles."""

QUIET = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "Reelay",
    "POWERTOOLS_SERVICE_NAME": "simulation",
}
"""The functions' environment here: nobody reads what they would log."""


@dataclass
class Sum:
    histories: int = 0
    events: int = 0
    invocations: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[Told] = field(default_factory=list)
    last: Told | None = None

    def add(self, told: Told) -> None:
        self.histories += 1
        self.events += told.events
        self.invocations += told.invocations
        self.counts.update(told.counts)
        self.last = told
        if told.faults:
            self.broken.append(told)

    def take(self, other: Sum) -> None:
        self.histories += other.histories
        self.events += other.events
        self.invocations += other.invocations
        self.counts.update(other.counts)
        self.broken += other.broken


def play(seeds: Sequence[int], *, tracing: bool = False) -> Sum:
    """In this process, one after the other."""
    os.environ.update(QUIET)
    crew, done = _crew(), Sum()
    gc.set_threshold(GARBAGE)
    with contextlib.redirect_stdout(io.StringIO()):  # metrics are written there whatever is set
        for seed in seeds:
            done.add(History(crew, seed, tracing=tracing).play())
    return done


_crews: list[Crew] = []


def _crew() -> Crew:
    if not _crews:
        _crews.append(Crew())
    return _crews[0]


def play_all(seeds: Sequence[int], processes: int, most_broken: int) -> Sum:
    """By so many processes; no more are begun once `most_broken` did not hold."""
    if processes == 1:
        done = Sum()
        for chunk in chunks(seeds):
            done.take(play(chunk))
            if len(done.broken) >= most_broken:
                break
        return done
    done, waiting = Sum(), chunks(seeds)
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        playing = {pool.submit(play, chunk) for chunk in islice(waiting, processes * 2)}
        while playing:
            first = next(as_completed(playing))
            playing.discard(first)
            done.take(first.result())
            if len(done.broken) < most_broken:
                playing |= {pool.submit(play, chunk) for chunk in islice(waiting, 1)}
    return done


def chunks(seeds: Sequence[int]) -> Iterator[Sequence[int]]:
    return (seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK))


def seeds_from(first: int, many: int) -> list[int]:
    """Well apart from each other, and the same each time."""
    return [Random(number).getrandbits(32) for number in range(first, first + many)]
