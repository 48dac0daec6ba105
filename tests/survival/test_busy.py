"""A provider, or Lambda itself, that has no time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.survival.crew import PRICE, Crew
from tests.survival.gate import said

Saw = Callable[[str], None]

TOLD = 30
BUSY = {"title": "Too Many Requests", "detail": "Request was throttled.", "status": 429}
HINTS: dict[int, tuple[dict[str, Any], dict[str, str]]] = {
    2: (BUSY, {"Retry_After": str(TOLD)}),
    3: (BUSY | {"retry_after": TOLD}, {}),
    4: (BUSY | {"detail": f"Request was throttled. Your rate limit resets in ~{TOLD}s."}, {}),
    5: (BUSY, {}),
}
"""By the clip whose creates are answered like that: in the header, in the body, in words, not at all."""
TIMES = {2: 4, 3: 4, 4: 4, 5: 6}


def test_row_10_the_provider_or_lambda_is_busy(crew: Crew, saw: Saw) -> None:
    """Four of five creates are answered 429 for two minutes, with a hint in the header, in the body, in words, and without;
    meanwhile Lambda has no room for RequestClip of another job, three times at least."""
    for number, (body, headers) in HINTS.items():
        crew.gate.answers(f"attempt=1.{number:04}.", *[said(429, body, **headers)] * TIMES[number])
    crew.plays()
    job = crew.order(5)
    finished = crew.until(lambda: crew.attempt_or_none(job, 1, "kept"), "the first clip")
    throttled = _throttled(crew)
    state = crew.wait(job)
    gaps = {number: crew.gate.gaps(f"job={job}&attempt=1.{number:04}.") for number in HINTS}
    assert {number: len(found) for number, found in gaps.items()} == TIMES
    for number in (2, 3, 4):
        assert min(gaps[number]) >= TOLD - 0.5
    assert sum(gaps[5]) >= 2 + 4 + 8 + 16 + 32 + 60 - 3
    assert crew.attempt(job, 1) == finished
    assert len(crew.creates(job)) == len(crew.jobs.attempts(job)) == 5
    assert (state["status"], state["actualCost"], state["lostCost"]) == ("completed", pytest.approx(5 * PRICE), 0)
    assert {clip["retryCount"] for clip in crew.clips(job)} == {0}
    saw(
        f"{sum(TIMES.values())} creates answered 429 and waited for as told; 5 attempts, 5 predictions, {crew.money(job)}"
    )
    saw(f"the clip that had finished did not change; {throttled}")


def _throttled(crew: Crew) -> str:
    """What becomes of a job whose RequestClip gets no room."""
    functions, pool = crew.cloud.client("lambda"), crew.cloud.pool("request_clip")
    before = pool.throttles
    functions.put_function_concurrency(FunctionName=pool.function.name, ReservedConcurrentExecutions=0)
    job = crew.order(1)
    crew.until(lambda: pool.throttles >= before + 3, "three refusals of Lambda's")
    functions.delete_function_concurrency(FunctionName=pool.function.name)
    state = crew.wait(job)
    assert (state["status"], len(crew.creates(job)), len(crew.jobs.attempts(job))) == ("completed", 1, 1)
    return f"Lambda's TooManyRequests: 1 attempt, 1 prediction, job {state['status']}"


def test_row_24_the_callback_is_down(crew: Crew, saw: Saw) -> None:
    """The callback function gets no room from before the create until the provider has given up delivering."""
    functions, pool = crew.cloud.client("lambda"), crew.cloud.pool("callback")
    functions.put_function_concurrency(FunctionName=pool.function.name, ReservedConcurrentExecutions=0)
    crew.plays()
    job = crew.order(2)
    state = crew.wait(job)
    deliveries = crew.until(lambda: len(found := crew.look("_webhooks")) >= 6 and found, "all deliveries")
    functions.delete_function_concurrency(FunctionName=pool.function.name)
    assert [one["answered"] for one in deliveries] == [503] * 6
    assert (state["status"], state["progress"]["successful_clips"]) == ("completed", 2)
    ended = crew.rows(job)
    assert crew.deliver(crew.letter(job, 1)) == 204
    assert crew.rows(job) == ended
    saw(
        f"6 deliveries answered 503, none came through; looks found both answers: job {state['status']}, {crew.money(job)}"
    )
    saw("a delivery after the outage: 204, no row changed")
