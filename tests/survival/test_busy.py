"""A provider, or a function, that has no time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from werkzeug import Response

from functions.studio.jobs import JobStatus
from tests.integration.piapi_stage import enveloped
from tests.survival.crew import Crew, told_by
from tests.survival.gate import said

Saw = Callable[[str], None]

TOLD = 30
BUSY = {"title": "Too Many Requests", "detail": "Request was throttled.", "status": 429}
FULL = enveloped(None, 429, "too many requests")
THROTTLED = {"error": "You have reached your daily task limit."}
HEADER = {"Retry_After": str(TOLD)}
Answers = Mapping[int, Callable[[], Response]]
HINTS: Mapping[str, Answers] = {
    "replicate": {
        2: said(429, BUSY, **HEADER),
        3: said(429, BUSY | {"retry_after": TOLD}),
        4: said(429, BUSY | {"detail": f"Request was throttled. Your rate limit resets in ~{TOLD}s."}),
        5: said(429, BUSY),
    },
    "piapi": {2: said(429, FULL, **HEADER), 3: said(200, FULL, **HEADER), 5: said(200, FULL)},
    "runway": {2: said(429, THROTTLED, **HEADER), 5: said(429, THROTTLED)},
}
"""By the clip whose creates are answered like that: in the header, in the body, in words, not at all."""
TOLD_NOTHING = 5
TIMES = {2: 4, 3: 4, 4: 4, TOLD_NOTHING: 6}


@pytest.mark.ways("pairs", "text", "scenes", "stills", "polled", "polled stills")
def test_row_10_the_provider_or_lambda_is_busy(crews: list[Crew], saw: Saw) -> None:
    """Four of five creates are answered 429 for two minutes, with a hint in the header, in the body, in words, and without
    (by PiAPI three: with a hint in the header, also of an HTTP 200 that has the 429 inside, and without; by Runway two); meanwhile Lambda has
    no room for RequestClip of other jobs, three times at least."""
    jobs = {}
    for crew in crews:
        for number, answer in HINTS[crew.wire.name].items():
            crew.gate.answers(crew.of(number), *[answer] * TIMES[number])
        crew.plays()
        jobs[crew] = crew.order(5)
    finished = {
        crew: crew.until(lambda crew=crew, job=job: crew.attempt_or_none(job, 1, "kept"), "the first clip")
        for crew, job in jobs.items()
    }
    throttled = _throttled([crew for crew in crews if crew.wire.calls_back])
    saw(told_by({crew: _waited_for(crew, job, finished[crew]) for crew, job in jobs.items()}))
    saw(f"the clips that had finished did not change; {throttled}")


def _waited_for(crew: Crew, job: str, finished: Any) -> str:
    hints = HINTS[crew.wire.name]
    state = crew.wait(job)
    gaps = {number: crew.gate.gaps(crew.mark(job, number)) for number in hints}
    assert {number: len(found) for number, found in gaps.items()} == {number: TIMES[number] for number in hints}
    for number in hints.keys() - {TOLD_NOTHING}:
        assert min(gaps[number]) >= TOLD - 0.5
    assert sum(gaps[TOLD_NOTHING]) >= 2 + 4 + 8 + 16 + 32 + 60 - 3
    assert crew.attempt(job, 1) == finished
    assert len(crew.creates(job)) == len(crew.attempts(job)) == 5
    assert (state["status"], state["actualCost"], state["lostCost"]) == ("completed", crew.cost(5), 0)
    assert {clip["retryCount"] for clip in crew.clips(job)} == {0}
    return (
        f"{sum(map(len, gaps.values()))} creates answered 429 and waited for as told; 5 attempts, 5 predictions,"
        f" {crew.money(job)}"
    )


def _throttled(crews: list[Crew]) -> str:
    """What becomes of jobs whose RequestClip gets no room."""
    cloud = crews[0].cloud
    functions, pool = cloud.client("lambda"), cloud.pool("request_clip")
    before = pool.throttles
    functions.put_function_concurrency(FunctionName=pool.function.name, ReservedConcurrentExecutions=0)
    jobs = {crew: crew.order(1) for crew in crews}
    crews[0].until(lambda: pool.throttles >= before + 3 * len(jobs), "three refusals of Lambda's for each")
    functions.delete_function_concurrency(FunctionName=pool.function.name)
    for crew, job in jobs.items():
        state = crew.wait(job)
        assert (state["status"], len(crew.creates(job)), len(crew.attempts(job))) == ("completed", 1, 1)
    return f"Lambda's TooManyRequests: 1 attempt, 1 prediction, job completed, each of the {len(jobs)}"


@pytest.mark.ways("pairs", "text", "stills")
def test_row_24_the_callback_is_down(crews: list[Crew], saw: Saw) -> None:
    """The callback function gets no room from before the create until the provider has given up delivering."""
    cloud = crews[0].cloud
    functions, pool = cloud.client("lambda"), cloud.pool("callback")
    functions.put_function_concurrency(FunctionName=pool.function.name, ReservedConcurrentExecutions=0)
    jobs = {}
    for crew in crews:
        crew.plays()
        jobs[crew] = crew.order(2)
    states = {crew: crew.wait(job) for crew, job in jobs.items()}
    deliveries = {
        crew: crew.until(lambda crew=crew, job=job: len(found := crew.deliveries(job)) >= 6 and found, "all deliveries")
        for crew, job in jobs.items()
    }
    functions.delete_function_concurrency(FunctionName=pool.function.name)
    for crew, job in jobs.items():
        assert [one["answered"] for one in deliveries[crew]] == [503] * 6
        assert (states[crew]["status"], states[crew]["progress"]["successful_clips"]) == ("completed", 2)
        ended = crew.rows(job)
        assert crew.deliver(crew.letter(job, 1)) == 204
        assert crew.rows(job) == ended
    found = "6 deliveries answered 503, none came through; looks found both answers: job"
    saw(told_by({crew: f"{found} {states[crew]['status']}, {crew.money(job)}" for crew, job in jobs.items()}))
    saw("a delivery after the outage: 204, no row changed")


@pytest.mark.ways("pairs", "text", "scenes")
def test_row_26_a_message_is_poison(crews: list[Crew], saw: Saw) -> None:
    """A message that is no look lies in the check queue, and check_clip gets no room until its looks at two clips have been set
    aside; no webhook comes. Then there is room, and dead letters are put back by the command for it."""
    crew = crews[0]
    crew.shorten_visibility()
    sqs, functions, pool = crew.cloud.client("sqs"), crew.cloud.client("lambda"), crew.cloud.pool("check_clip")
    aside = crew.cloud.outputs["DeadChecksUrl"]

    def set_aside() -> int:
        named = sqs.get_queue_attributes(QueueUrl=aside, AttributeNames=["ApproximateNumberOfMessages"])
        return int(named["Attributes"]["ApproximateNumberOfMessages"])

    sqs.send_message(QueueUrl=crew.check_queue, MessageBody="poison")
    functions.put_function_concurrency(FunctionName=pool.function.name, ReservedConcurrentExecutions=0)
    jobs = {}
    for one in crews:
        one.plays({"do": "lose_webhook", "times": 9})
        jobs[one] = one.order(1)
    crew.until(lambda: set_aside() == 1 + len(jobs), "all messages to be set aside")
    functions.delete_function_concurrency(FunctionName=pool.function.name)
    waiting = {one: one.accepted(job, 1) for one, job in jobs.items()}
    assert {one.jobs.job(job).status for one, job in jobs.items()} == {JobStatus.PROCESSING}
    command = [sys.executable, "-m", "admin", "redrive", "--queue", aside]
    done = subprocess.run(
        command, env={**os.environ, **crew.cloud.environment}, capture_output=True, text=True, check=True
    )
    ends = {one: one.wait(job)["status"] for one, job in jobs.items()}
    crew.until(lambda: set_aside() == 1, "the poison to be set aside again")
    for one, job in jobs.items():
        assert one.accepted(job, 1).prediction_id == waiting[one].prediction_id
        assert (ends[one], one.money(job)) == ("completed", one.paid(1))
        assert len(one.creates(job)) == 1
    alarms = crew.cloud.deployment.assembly.template["Resources"].values()
    named = [one["Properties"]["AlarmName"] for one in alarms if one["Type"] == "AWS::CloudWatch::Alarm"]
    assert any("SetAside" in name for name in named)
    saw(f"{1 + len(jobs)} messages set aside; the command says {done.stdout.strip()!r}")
    saw(told_by({one: f"job {ends[one]}, {one.money(job)}" for one, job in jobs.items()}))
    saw("the poison is set aside again and stopped nobody; an alarm watches what is set aside")
