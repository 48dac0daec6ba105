"""What must hold of a listing's film when nothing is to happen any more: what was paid for what it says, and why it says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from functions.plan.paying import MORE_TRIES
from functions.studio.errors import BrokenMedia, ProviderBusy, ProviderFailed, ProviderUnknown
from functions.studio.jobs import Job, JobStatus
from functions.studio.ledger import NARRATION, Line, LineState
from simulation.house import House
from simulation.runs_seen import Run
from simulation.services import Call
from simulation.states import Execution

HARDLY_BEGUN = 60.0
"""Seconds of planning: so early nobody runs out of time."""

LEAST = {
    "busy": 1 + MORE_TRIES[ProviderBusy],
    "failed": 1 + MORE_TRIES[ProviderFailed],
    "unsent": 1 + MORE_TRIES[ProviderFailed],
    "unanswered": 1 + MORE_TRIES[ProviderUnknown],
    "spoilt": 1 + MORE_TRIES[BrokenMedia],
}
"""Times that something passing happens before a narration is given up for it."""


def narration_faults(
    house: House, job: Job, lines: Sequence[Line], runs: Mapping[int, Run], executions: Mapping[int, Execution | None]
) -> Iterator[str]:
    calls = {call.line: call for call in house.services.calls if call.job == job.id}
    for line in lines:
        if line.clip == NARRATION:
            yield from _paid(line, calls.get(line.attempt_id))
    rough = house.world.weather.is_rough or house.world.weather.answered_wrongly or house.world.weather.abort
    for line in lines:
        call = calls.get(line.attempt_id)
        heard = call is not None and call.came and not call.paid and runs[line.run].stopped is None and not rough
        if line.clip == NARRATION and line.state is LineState.LOST and heard:
            yield f"{line.attempt_id} is lost, and was {call and call.came}"
    if job.listing is None:
        return
    told = sum(
        (line.counts for line in lines if line.state is LineState.SETTLED and line.clip == NARRATION), Decimal(0)
    )
    if job.ended and sum(job.beside_clips.values(), Decimal(0)) != told:
        yield f"it says its narration cost {job.beside_clips}, and it came to {told}"
    if job.status is JobStatus.COMPLETED and job.narration is None:
        yield "it is completed, and nothing is told in it"
    if job.narration is not None:
        told_by = {"script"} if job.listing.script is None else set()
        told_by |= {"voice"} if job.narration.spoken else set()
        paid = {line.stage for line in lines if line.state is LineState.SETTLED}
        if unpaid := told_by - paid:
            yield f"its narration has a {' and a '.join(sorted(unpaid))} that nobody has paid for"
    for number, execution in executions.items():
        if execution and "Plan: NarrationFailed" in execution.exhausted:
            yield from _given_up(number, execution, [one for one in calls.values() if one.run == number])


def _paid(line: Line, call: Call | None) -> Iterator[str]:
    if call and call.paid and line.state not in (LineState.SETTLED, LineState.LOST):
        yield f"{line.attempt_id} was paid for, and is {line.state.value}"
    if line.state is LineState.SETTLED:
        if call is None or not call.paid or call.came != "well":
            yield f"{line.attempt_id} is settled, and was {call and call.came}"
        elif line.cost != call.cost:
            yield f"{line.attempt_id} is settled at {line.cost}, and {call.cost} was paid"


def _given_up(number: int, execution: Execution, calls: Sequence[Call]) -> Iterator[str]:
    """Nobody gives up for less than what the house says."""
    came = [call.came for call in calls]
    if "refused" in came or "gone" in came or "slow" in came:
        return
    if any(call.came == "spoilt" and call.stage == "script" for call in calls):  # as when a filter stops it
        return
    bad = {one: came.count(one) for one in came if one != "well"}
    tries = [one for one in execution.tries if one.name == "Plan"]
    early = bool(tries) and max((call.began for call in calls), default=0.0) < tries[-1].began + HARDLY_BEGUN
    if early and len(tries) == 1 and not any(many >= LEAST.get(kind, 1) for kind, many in bad.items()):
        yield f"the narration of run {number} was given up, and its services were {bad or 'well'}"
