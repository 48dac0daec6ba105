"""How models have been of late, each in each of its modes, from what was counted of their attempts by the minute; and when
one is let rest. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log
from typing import Literal

from functions.studio.catalogue import Mode

Counted = Literal["made", "failed", "refused", "busy"]

COUNTED_AS: Mapping[str, Counted] = {
    **dict.fromkeys(("failed", "broken", "expired", "gone", "timeout", "unknown"), "failed"),
    "refused": "refused",
    "busy": "busy",
}
"""What an attempt that ended with an error class says of its model. What is not here says nothing of it: what is
`cancelled`, `unfinished` or `unconfigured` is our side's doing."""

UNANSWERED = frozenset({"timeout", "unknown", "busy"})
"""What is said of a model also where its provider has said nothing of the attempt; any other class is our side's then."""

MINUTE = 60
HOUR = 3600
"""Seconds that rates and times are told of."""

FEWEST = 5
"""Attempts that must have failed before a model is let rest."""
SHARE = 0.5
"""Of the attempts of `WINDOW` seconds: as many must have failed."""
WINDOW = 600
PAUSE = 300
"""Seconds of the first rest; each that follows without success is twice as long, up to `LONGEST_PAUSE`."""
LONGEST_PAUSE = 1200
PROBE_EVERY = 120
"""Seconds after which another job may try a model again, while the one before has not told."""

_STEP = 1.2
"""Times are counted by classes, each longer than the one before by that."""


@dataclass(frozen=True)
class Minute:
    """What ended within a minute that began `at` (seconds since 1970), of one model."""

    model: str
    at: int
    made: int = 0
    failed: int = 0
    refused: int = 0
    busy: int = 0
    took: Mapping[int, int] | None = None
    """Of those that were made, how many by class of time."""
    mode: Mode = "pair"


def time_class(seconds: float) -> int:
    return round(log(max(seconds, 1.0), _STEP))


@dataclass(frozen=True)
class Breaker:
    """`open`: not to be chosen. `half_open`: its rest is over, and one job may try it."""

    state: Literal["closed", "open", "half_open"] = "closed"
    why: str | None = None
    """As it is said of the model; None where it is closed."""
    until: int = 0
    """Seconds since 1970 when the rest ends, or has ended."""

    def probe(self, now: float) -> str:
        """The name of what one job alone may take; another one after `PROBE_EVERY` seconds."""
        return f"{self.until}#{int((now - self.until) // PROBE_EVERY)}"


@dataclass(frozen=True)
class Health:
    model: str
    mode: Mode
    made: int
    failed: int
    refused: int
    busy: int
    seconds: float | None
    """From create to answer: the median of what was made, to a tenth; None where nothing was."""
    breaker: Breaker

    @property
    def failure_rate(self) -> float | None:
        ended = self.made + self.failed
        return self.failed / ended if ended else None

    @property
    def refusal_rate(self) -> float | None:
        return self._share(self.refused)

    @property
    def busy_rate(self) -> float | None:
        return self._share(self.busy)

    def _share(self, some: int) -> float | None:
        every = self.made + self.failed + self.refused + self.busy
        return some / every if every else None

    @property
    def is_known(self) -> bool:
        """Whether its failure rate says something."""
        return self.made + self.failed >= FEWEST


def healths(minutes: Iterable[Minute], now: float) -> dict[tuple[str, Mode], Health]:
    """By model and mode, of those of which something ended in the last hour: a task that a provider does not have says
    nothing of its others. Minutes before that are looked at only for whether a model rests still."""
    by_model: dict[tuple[str, Mode], list[Minute]] = {}
    for one in sorted(minutes, key=lambda minute: minute.at):
        by_model.setdefault((one.model, one.mode), []).append(one)
    return {
        (model, mode): _health(model, mode, recent, breaker(ours, now))
        for (model, mode), ours in by_model.items()
        if (recent := [one for one in ours if one.at > now - HOUR])
    }


def _health(model: str, mode: Mode, recent: Sequence[Minute], state: Breaker) -> Health:
    return Health(
        model=model,
        mode=mode,
        made=sum(one.made for one in recent),
        failed=sum(one.failed for one in recent),
        refused=sum(one.refused for one in recent),
        busy=sum(one.busy for one in recent),
        seconds=_median(recent),
        breaker=state,
    )


def _median(minutes: Sequence[Minute]) -> float | None:
    counts: dict[int, int] = {}
    for one in minutes:
        for index, many in (one.took or {}).items():
            counts[index] = counts.get(index, 0) + many
    half, passed = sum(counts.values()) / 2, 0
    for index in sorted(counts):
        passed += counts[index]
        if passed >= half:
            return _STEP**index
    return None


def breaker(minutes: Sequence[Minute], now: float) -> Breaker:
    """Of one model in one mode, from its minutes in their order.

    It opens when at least `FEWEST` attempts, and `SHARE` of all, have failed within `WINDOW`. What ends while it rests was
    asked before and changes nothing; the first minute after that in which more is made than fails closes it, and one in
    which not opens it again.
    """
    until, pause, why = 0, PAUSE, None
    window: list[Minute] = []
    for one in minutes:
        if why and one.at < until:
            continue
        if why and one.made > one.failed:
            until, pause, why, window = 0, PAUSE, None, []
        elif why and one.failed:
            pause = min(2 * pause, LONGEST_PAUSE)
            why = f"failed again when it was tried at {_clock(one.at)}, as {why.partition(', as ')[2] or f'it {why}'}"
            until = one.at + MINUTE + pause
        elif not why:
            window = [early for early in (*window, one) if early.at > one.at - WINDOW]
            if why := _too_many(window):
                until = one.at + MINUTE + pause
    if why is None:
        return Breaker()
    if now < until:
        return Breaker("open", f"{why}; it is asked again from {_clock(until)}", until)
    return Breaker("half_open", why, until)


def _too_many(window: Sequence[Minute]) -> str | None:
    failed = sum(one.failed for one in window)
    ended = failed + sum(one.made for one in window)
    if failed < FEWEST or failed < SHARE * ended:
        return None
    return f"failed {failed} of its last {ended} clips within {WINDOW // 60} minutes"


def _clock(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M} UTC"
