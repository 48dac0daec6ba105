"""What must hold of those who send creates and stop what was sent, judged when nothing is to happen any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from functions.studio.clips import Attempt
from simulation.house import House
from simulation.provider import Create, Work
from simulation.runs_seen import Run
from simulation.stamps import seconds_of
from simulation.states import Execution

STOPS_WITHIN = 2.0
"""Seconds after which a run that is stopped begins nothing any more, and what was overtaken is stopped, while nothing holds
anybody up."""

LET_GO_WITHIN = 10.0
"""Seconds after which nobody waits any more for clips of a run that is being stopped."""


def sender_faults(
    house: House,
    job_id: str,
    runs: Mapping[int, Run],
    executions: Mapping[int, Execution | None],
    attempts: Mapping[str, Attempt],
) -> Iterator[str]:
    for create in house.makers.creates:
        attempt = attempts.get(create.attempt)
        if create.job != job_id or create.work is None or create.became != "accepted" or not create.sender.well:
            continue
        if attempt is not None:
            if attempt.prediction_id is None:
                yield f"attempt {attempt.id} was told that it is {create.work.id}, and that is nowhere noted"
            yield from _overtaken(house, create, create.work, attempt, runs[attempt.run])
    for number, run in runs.items():
        yield from _left_waiting(house, number, run, executions[number])


def _overtaken(house: House, create: Create, work: Work, attempt: Attempt, run: Run) -> Iterator[str]:
    """Who hears of a prediction that nobody wants any more stops it at once."""
    given_up = seconds_of(attempt.ended_at) if attempt.given_up and attempt.ended_at else None
    unwanted = min((at for at in (run.closing, given_up) if at is not None), default=None)
    late = unwanted is not None and unwanted < create.heard
    deaf = any(about == work.id and at >= create.heard for at, about in house.makers.silences)
    over = min(work.cancelled or work.planned, work.planned)
    can_be = work.by.stops or create.heard + STOPS_WITHIN < work.began + work.by.starts_after
    if late and can_be and not deaf and not house.world.weather.is_slow and over > create.heard + STOPS_WITHIN:
        yield f"{work.id} was accepted when nobody wanted it any more, and went on"


def _left_waiting(house: House, number: int, run: Run, execution: Execution | None) -> Iterator[str]:
    weather = house.world.weather
    if run.closing is None or execution is None or weather.is_rough or weather.event_lost:
        return
    for child in execution.children:
        for one in child.tries:
            if one.name == "RequestClip" and one.began < run.closing < one.ended - LET_GO_WITHIN:
                yield f"{one.ended - run.closing:.0f} s after run {number} was stopped somebody still waited for a clip"
