"""Jobs that lose clips, are cancelled, or end in another way than by their own workflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from functions.studio.clips import ClipStatus
from functions.studio.jobs import JobStatus
from functions.studio.workflow import Workflow
from tests.survival.conftest import refreshed
from tests.survival.crew import FOR_EVER, Crew
from tests.survival.gate import delayed, said

Saw = Callable[[str], None]

CLIPS = 3
POLICIES: dict[str, Any] = {"best_effort": "best_effort", "fail_fast": "fail_fast", "minClips 2": {"minClips": 2}}
LEAST = {"best_effort": 1, "fail_fast": CLIPS, "minClips 2": 2}
"""How many clips a film needs."""


def test_row_18_some_clips_fail(crew: Crew, saw: Saw) -> None:
    """None, one, two and all of three clips are refused, in jobs that want best_effort, fail_fast, and at least two clips; the
    others end only when those have failed."""
    kept: dict[str, list[str]] = {policy: [] for policy in POLICIES}
    for refused in range(CLIPS + 1):
        refreshed(crew).plays(
            *({"match": {"webhook": f"attempt=1.{n:04}."}, "do": "refuse", "times": 3} for n in range(1, refused + 1)),
            *(
                {"match": {"webhook": f"attempt=1.{n:04}."}, "do": "slow", "seconds": FOR_EVER, "times": 3}
                for n in range(refused + 1, CLIPS + 1)
            ),
        )
        jobs = {policy: crew.order(CLIPS, onClipFailure=wish) for policy, wish in POLICIES.items()}
        for policy, job in jobs.items():
            kept[policy].append(_outcome(crew, job, refused, LEAST[policy]))
    for policy, seen in kept.items():
        saw(f"{policy}: {' / '.join(seen)}")


def _outcome(crew: Crew, job: str, refused: int, least: int) -> str:
    """How a job ends of which so many clips were refused, after it was proved."""
    survivors = list(range(refused + 1, CLIPS + 1))
    goes_on = len(survivors) >= least
    if goes_on:
        crew.until(
            lambda: sum(clip.status is ClipStatus.FAILED for clip in crew.jobs.clips(job)) == refused, "the refusals"
        )
        for number in survivors:
            assert crew.deliver(crew.letter(job, number)) == 204
    state = crew.wait(job)
    clips = {clip.number: clip.status.value for clip in crew.jobs.clips(job)}
    spared = "completed" if goes_on else "cancelled"
    assert {clips[number] for number in survivors} <= {spared}
    assert {clips[number] for number in range(1, refused + 1)} <= {"failed", "cancelled" if least > 1 else "failed"}
    assert state["status"] == ("completed" if goes_on else "failed")
    if goes_on:
        manifest = crew.get(f"/jobs/{job}/manifest")
        assert [one["number"] for one in manifest["clips"]] == survivors
        assert [one["number"] for one in manifest["failedClips"]] == list(range(1, refused + 1))
        return f"{refused} lost: film of {' '.join(map(str, survivors))}"
    assert "reserved" not in crew.money(job)
    return f"{refused} lost: {state['status']}"


def test_row_19_a_job_is_cancelled_in_mid_flight(crew: Crew, saw: Saw) -> None:
    """Jobs of two clips are cancelled, twice each: while they are planned, while their creates are put off, during their creates,
    while their clips run, while one of them is fetched, while the film is put together; whatever is under way comes to its end
    only after the job's. Once more when all is over, and a job that is completed."""
    told = []
    for name, stage in STAGES.items():
        refreshed(crew)
        with stage(crew) as job:
            asked = [_cancel(crew, job) for _ in range(2)]
            sent = len(crew.gate.creates)
            state = crew.wait(job)
            ended = crew.rows(job)[0]
        assert (state["status"], set(asked) <= {200, 202}) == ("cancelled", True), (name, asked)
        assert len(crew.gate.creates) == sent, "something was sent after the cancellation"
        made = {one.prediction_id for one in crew.jobs.attempts(job) if one.is_made}  # as our webhook has said
        live = [one["status"] for one in crew.predictions(job) if one["id"] not in made and not one["endedAt"]]
        assert live == [], f"something still runs at the provider: {name}"
        assert crew.executions_running(job) == 0
        assert crew.objects(job, "manifest.json") == []
        totals = crew.ledger.totals(job)
        assert totals.reserved == 0
        spent, saved = totals.settled + totals.lost, totals.released
        assert (state["spent"], state["saved"]) == (float(spent), float(saved))
        assert (_cancel(crew, job), crew.rows(job)[0]) == (200, ended)
        told.append(f"{name}: {len(crew.predictions(job))} predictions, spent ${spent:.2f}, saved ${saved:.2f}")
    refreshed(crew).plays()
    job = crew.order(1)
    crew.wait(job)
    completed = crew.rows(job)
    assert (_cancel(crew, job), crew.rows(job)) == (409, completed)
    saw("all cancelled, nothing sent afterwards, nothing left running or reserved; " + "; ".join(told))
    saw("what was fetched meanwhile is kept; once more: 200, unchanged; a completed job: 409, no row changed")


def _cancel(crew: Crew, job: str) -> int:
    return crew.http.post(f"{crew.url}/jobs/{job}/cancel", timeout=60).status_code


@contextmanager
def planned(crew: Crew) -> Iterator[str]:
    crew.script({"do": "slow", "seconds": 5}, service="xai")
    crew.plays()
    job = crew.order(2)
    crew.until(lambda: crew.jobs.job(job).planner, "the job to be planned")
    yield job


@contextmanager
def put_off(crew: Crew) -> Iterator[str]:
    busy = said(
        429, {"title": "Too Many Requests", "detail": "Request was throttled.", "status": 429}, Retry_After="10"
    )
    crew.gate.answers("attempt=", *[busy] * 1000)
    job = crew.order(2)
    crew.until(lambda: len(crew.gate.creates) == 2, "both creates to be sent")
    crew.until(lambda: all(one.postponed for one in crew.jobs.attempts(job)), "both to be put off")
    yield job
    crew.until(lambda: crew.checks() == 0, "what was put off to be taken up")


@contextmanager
def created(crew: Crew) -> Iterator[str]:
    answered = Event()
    for number in (1, 2):
        crew.gate.loses(f"attempt=1.{number:04}.", delayed(answered))
    crew.holds_on()
    job = crew.order(2)
    crew.begin(job, 2)
    yield job
    answered.set()


@contextmanager
def running(crew: Crew) -> Iterator[str]:
    crew.holds_on()
    job = crew.order(2)
    for number in (1, 2):
        crew.accepted(job, number)
    crew.begin(job, 2)
    yield job


@contextmanager
def fetched(crew: Crew) -> Iterator[str]:
    with running(crew) as job:
        there = Event()
        url = crew.gate.holds("held.mp4", crew.clip.read_bytes(), until=there)
        assert crew.deliver(crew.letter(job, 1, output=url)) == 204
        crew.until(lambda: crew.gate.fetched, "KeepClip to fetch")
        yield job
        there.set()
        crew.until(lambda: crew.attempt(job, 1).kept, "what was paid for to be kept")


@contextmanager
def assembled(crew: Crew) -> Iterator[str]:
    functions, pool = crew.cloud.client("lambda"), crew.cloud.pool("assemble")
    functions.put_function_concurrency(FunctionName=pool.function.name, ReservedConcurrentExecutions=0)
    crew.plays()
    job = crew.order(2)
    crew.until(lambda: crew.jobs.job(job).status is JobStatus.COMBINING and pool.throttles, "the film to be begun")
    yield job
    functions.delete_function_concurrency(FunctionName=pool.function.name)


STAGES = {
    "planned": planned,
    "put off": put_off,
    "during its creates": created,
    "running": running,
    "fetched": fetched,
    "put together": assembled,
}


STALE = {
    "plan": {},
    "request_clip": {"token": "of the old execution"},
    "check_clip": {},
    "keep_clip": {},
    "arrange": {},
    "make_piece": {"piece": 1},
    "assemble": {},
    "deliver": {},
    "close_job": {"error": {"Error": "States.Timeout", "Cause": "of the old execution"}},
}
"""What each function is told beside the job and its run."""


def test_row_21_an_execution_is_started_twice_or_an_old_one_comes_back(crew: Crew, saw: Saw) -> None:
    """The execution of a job is started again while it runs and after its end. Then a clip of its two is made anew; when that
    run has finished the old one comes back: all of it under another name, and each of its nine functions by itself."""
    crew.plays()
    job = crew.order(2, transition={"kind": "crossfade", "seconds": 0.5})
    states = crew.cloud.client("stepfunctions")
    workflow = Workflow(crew.cloud.state_machine, states)
    assert workflow.start(job, 1, f"{job}-1") == workflow.execution_arn(f"{job}-1")
    state = crew.wait(job)
    first = crew.rows(job)
    assert workflow.start(job, 1, f"{job}-1")
    assert (crew.rows(job), crew.executions(job)) == (first, [f"{job}-1"])
    saw(f"started three times: 1 execution, {len(crew.creates(job))} predictions, {crew.money(job)}")

    crew.post(f"/jobs/{job}/sub-jobs/1/regenerate", {})
    state = crew.wait(job)
    ended, written, creates = crew.rows(job), crew.writes(job), len(crew.creates(job))
    assert (state["status"], ended[0].run, creates) == ("completed", 2, 3)
    states.start_execution(
        stateMachineArn=crew.cloud.state_machine, name=f"{job}-again", input=json.dumps({"jobId": job, "run": 1})
    )
    stale = workflow.execution_arn(f"{job}-again")
    crew.until(lambda: workflow.status(stale) != "RUNNING", "the end of the execution that came back")
    assert crew.rows(job) == ended
    ends = {function: crew.invoke(function, _told(job, function, more)) for function, more in STALE.items()}
    assert set(ends.values()) <= {None, "StaleRun", "NotFound"}, ends
    assert (crew.rows(job), crew.writes(job), len(crew.creates(job))) == (ended, written, creates)
    assert crew.get(f"/jobs/{job}") == state
    refused = sum(end is not None for end in ends.values())
    saw(
        f"after the second run the first one's execution, and {len(ends)} functions of it ({refused} ended with an error): no row,"
        f" no object changed, {len(crew.creates(job)) - creates} sent; {crew.money(job)}"
    )


def _told(job: str, function: str, more: dict[str, Any]) -> dict[str, Any]:
    run = {"jobId": job, "run": 1}
    task = {**run, "clip": 1, "stage": "video", "attempt": 1, "timeoutSeconds": 600, "heartbeatSeconds": 600}
    match function:
        case "request_clip":
            return {"task": task, **more}
        case "keep_clip":
            return task
        case "check_clip":
            return {"Records": [{"messageId": "old", "body": json.dumps(task), "eventSource": "aws:sqs"}]}
    return {**run, **more}


def status_event(crew: Crew, name: str, status: str) -> dict[str, Any]:
    """What EventBridge tells of an execution."""
    machine = crew.cloud.state_machine
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    return {
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000001",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": "123456789012",
        "time": "2026-11-21T00:00:00Z",
        "region": "us-east-1",
        "resources": [arn],
        "detail": {"executionArn": arn, "stateMachineArn": machine, "name": name, "status": status},
    }


def test_row_31_a_status_event_comes_twice_or_late(crew: Crew, saw: Saw) -> None:
    """The execution of one job is stopped, and the event of it comes twice more. Another job has completed when events say twice
    that its execution failed; then its clip is made anew, and while that runs such events come for the run before and for one
    that never was."""
    crew.holds_on()
    stopped, running = crew.order(1), crew.order(1)
    for job in (stopped, running):
        crew.accepted(job, 1)
        crew.begin(job, 1)
    workflow = Workflow(crew.cloud.state_machine, crew.cloud.client("stepfunctions"))
    crew.cloud.client("stepfunctions").stop_execution(executionArn=workflow.execution_arn(f"{stopped}-1"))
    closed = crew.wait(stopped)
    _change_nothing(crew, stopped, [(f"{stopped}-1", "ABORTED")] * 2)
    assert crew.deliver(crew.letter(running, 1)) == 204
    completed = crew.wait(running)["status"]
    _change_nothing(crew, running, [(f"{running}-1", "FAILED"), (f"{running}-1", "TIMED_OUT")])
    crew.post(f"/jobs/{running}/sub-jobs/1/regenerate", {})
    crew.accepted(running, 1, run=2)
    _change_nothing(
        crew, running, [(f"{running}-1", status) for status in ("FAILED", "ABORTED")] + [(f"{running}-0", "FAILED")]
    )
    assert crew.deliver(crew.letter(running, 1, run=2)) == 204
    state = crew.wait(running)
    assert (closed["status"], completed, state["status"]) == ("failed", "completed", "completed")
    saw(f"the stopped job is {closed['status']} once, {crew.money(stopped)}: 2 more events changed no row")
    saw(
        f"2 late ones no row of the {completed} job, 3 of older runs none of its next one, which then {state['status']}"
    )


def _change_nothing(crew: Crew, job: str, events: list[tuple[str, str]]) -> None:
    before = crew.rows(job)
    for name, status in events:
        assert crew.invoke("close_job", status_event(crew, name, status)) is None
    assert crew.rows(job) == before
