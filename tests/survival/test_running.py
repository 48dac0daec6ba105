"""Jobs that lose clips, are cancelled, or end in another way than by their own workflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from threading import Event
from typing import Any

import pytest

from functions.studio.clips import ClipStatus
from functions.studio.jobs import JobStatus
from functions.studio.workflow import Workflow
from tests.survival.conftest import refreshed
from tests.survival.crew import FOR_EVER, Crew, by_each, told_by, without_room
from tests.survival.gate import delayed, said
from tests.survival.lister import Lister
from tests.survival.ways import PAIRS

Saw = Callable[[str], None]

CLIPS = 3
POLICIES: dict[str, Any] = {"best_effort": "best_effort", "fail_fast": "fail_fast", "minClips 2": {"minClips": 2}}
LEAST = {"best_effort": 1, "fail_fast": CLIPS, "minClips 2": 2}
"""How many clips a film of so many shots needs."""


@pytest.mark.ways("pairs", "picture", "scenes", "stills")
def test_row_18_some_clips_fail(crews: list[Crew], saw: Saw) -> None:
    """None, one, two and all of three clips are refused, in jobs that want best_effort, fail_fast, and at least two clips; the
    others end only when those have failed. Three variants are one shot, of which fail_fast wants no more than best_effort. Then a
    film of two scenes is tried again, of which one video was refused."""
    kept: dict[tuple[Crew, str], list[str]] = {(crew, policy): [] for crew in crews for policy in POLICIES}
    for refused in range(CLIPS + 1):
        refreshed(crews)
        jobs = {}
        for crew in crews:
            crew.plays(
                *({"match": crew.of(n), "do": "refuse", "times": 3} for n in range(1, refused + 1)),
                *(
                    {"match": crew.of(n), "do": "slow", "seconds": FOR_EVER, "times": 3}
                    for n in range(refused + 1, CLIPS + 1)
                ),
            )
            wishes = (
                POLICIES
                if crew.way.name in STRICTLY
                else {name: wish for name, wish in POLICIES.items() if name in STRICTEST}
            )
            jobs |= {(crew, policy): crew.order(CLIPS, onClipFailure=wish) for policy, wish in wishes.items()}
        with ThreadPoolExecutor(len(jobs)) as pool:
            ends = {
                (crew, policy): pool.submit(_outcome, crew, job, refused, LEAST[policy] if crew.way.filled else 1)
                for (crew, policy), job in jobs.items()
            }
        for one, end in ends.items():
            kept[one].append(end.result())
    for (crew, policy), seen in kept.items():
        if seen:
            saw(f"{crew.way.name}, {policy}: {' / '.join(seen)}")
    saw(_tried_again(next(crew for crew in crews if crew.way.name == "scenes")))


def _tried_again(crew: Crew) -> str:
    refreshed([crew])
    crew.plays({"match": crew.of(1), "do": "refuse"})
    job = crew.order(2)
    assert (crew.wait(job)["status"], crew.classes(job)) == ("completed", {1: "refused", 2: None})
    crew.post(f"/jobs/{job}/retry", {})
    state = crew.wait(job)
    sent = {stage: sum(f".{stage}." in hook for hook, _ in crew.gate.creates) for stage in ("image", "video")}
    assert (state["status"], crew.classes(job), sent) == ("completed", {1: None, 2: None}, {"image": 2, "video": 3})
    return f"scenes, tried again: {state['status']}, 2 pictures and 3 videos asked for in all, {crew.money(job)}"


STRICTEST = ("fail_fast",)
STRICTLY = ("pairs", "stills")
"""The ways in which all policies are asked for; in the others one is, and makes the difference."""


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
        manifest, shown = crew.get(f"/jobs/{job}/manifest"), survivors[: crew.shown(len(survivors))]
        assert [one["number"] for one in manifest["clips"]] == shown
        assert [one["number"] for one in manifest["failedClips"]] == list(range(1, refused + 1))
        return f"{refused} lost: film of {' '.join(map(str, shown))}"
    assert "reserved" not in crew.money(job)
    return f"{refused} lost: {state['status']}"


@pytest.mark.ways("pairs", "text", "scenes", "stills")
def test_row_19_a_job_is_cancelled_in_mid_flight(crews: list[Crew], saw: Saw) -> None:
    """Jobs of two clips are cancelled, twice each: while they are planned, while their creates are put off, during their creates,
    while their clips wait at the provider, while they run, while one of them is fetched, while the film is put together;
    whatever is under way comes to its end only after the job's. Once more when all is over, and a job that is completed. PiAPI
    cancels what waits, and nothing that has begun. Jobs of scenes also while their pictures wait to be approved."""
    told: dict[Crew, list[str]] = {crew: [] for crew in crews}
    for name, some in [(one, some) for one in STAGES for some in _at_once(crews, one)]:
        refreshed(crews)
        with ExitStack() as stages:
            jobs = {crew: stages.enter_context(STAGES[name](crew)) for crew in some}
            for crew, job in jobs.items():
                asked = {_cancel(crew, job) for _ in range(2)}
                assert asked <= {200, 202}, (name, asked)
            states = {crew: _stopped(crew, job, name) for crew, job in jobs.items()}
            ended = {crew: crew.rows(job)[0] for crew, job in jobs.items()}
        for crew, job in jobs.items():
            told[crew].append(f"{name}: {_accounts(crew, job, states[crew])}")
            assert (_cancel(crew, job), crew.rows(job)[0]) == (200, ended[crew])
    told[crews[-1]].append(_cancelled_in_its_pause(crews[-1]))
    refreshed(crews)
    for crew in crews:
        crew.plays()
        job = crew.order(1)
        crew.wait(job)
        completed = crew.rows(job)
        assert (_cancel(crew, job), crew.rows(job)) == (409, completed)
    saw("all cancelled, nothing sent afterwards, nothing reserved, nothing left running that can be cancelled")
    saw(told_by({crew: ", ".join(words) for crew, words in told.items()}))
    saw("what was fetched meanwhile is kept; once more: 200, unchanged; a completed job: 409, no row changed")


def _at_once(crews: list[Crew], stage: str) -> list[list[Crew]]:
    """In which a stage is done: who holds workers of a function leaves some to the others."""
    return [crews[:2], crews[2:]] if stage in ("during its creates", "fetched") else [crews]


def _cancelled_in_its_pause(crew: Crew) -> str:
    refreshed([crew])
    crew.plays()
    job = crew.order(2, pauseAfter="image")
    crew.until(lambda: crew.jobs.job(job).status is JobStatus.AWAITING_APPROVAL, "the pictures to wait")
    crew.until(lambda: crew.jobs.job(job).announced_run == 1, "the pause to be published")
    assert (crew.jobs.job(job).reserved_cost, crew.executions_running(job)) == (0, 0)
    crew.post(f"/jobs/{job}/sub-jobs/1/approve", {})
    assert {_cancel(crew, job) for _ in range(2)} <= {200, 202}
    state = _stopped(crew, job, "in its pause")
    assert _approve(crew, job, 2) == 409
    return f"in its pause: {_accounts(crew, job, state, given_back=True)}"


def _approve(crew: Crew, job: str, clip: int) -> int:
    return crew.http.post(f"{crew.url}/jobs/{job}/sub-jobs/{clip}/approve", timeout=60).status_code


def _stopped(crew: Crew, job: str, name: str) -> Any:
    """The job when it has ended, after it was proved that it stopped what it could."""
    sent = crew.gate.sent(f"job={job}&")
    state = crew.wait(job)
    assert state["status"] == "cancelled", name
    assert crew.gate.sent(f"job={job}&") == sent, f"something was sent after the cancellation: {name}"
    made = {one.prediction_id for one in crew.jobs.attempts(job) if one.is_made}  # as our webhook has said
    live = [one for one in crew.predictions(job) if one["id"] not in made and not one["endedAt"]]
    if crew.wire.stops_what_runs:
        assert live == [], f"something still runs at the provider: {name}"
    else:
        assert all(one["startedAt"] for one in live), f"something still waits at the provider: {name}"
    assert crew.executions_running(job) == 0
    assert crew.objects(job, "manifest.json") == []
    return state


def _accounts(crew: Crew, job: str, state: Any, *, given_back: bool = False) -> str:
    """Of a job of two clips; `given_back`: what was left of its money was, before it was cancelled."""
    totals = crew.ledger.totals(job)
    assert totals.reserved == 0
    spent = totals.settled + totals.lost
    saved = Decimal(0) if given_back else 2 * crew.way.price - spent
    assert (state["spent"], state["saved"]) == (float(spent), float(saved))
    return f"{len(crew.predictions(job))} predictions, spent ${spent:.2f}, saved ${saved:.2f}"


def _cancel(crew: Crew, job: str) -> int:
    return crew.http.post(f"{crew.url}/jobs/{job}/cancel", timeout=60).status_code


@contextmanager
def planned(crew: Crew) -> Iterator[str]:
    crew.plays()
    if crew.way.path == PAIRS:
        crew.script({"do": "slow", "seconds": 5}, service="xai")
        job = crew.order(2)
        crew.until(lambda: crew.jobs.job(job).planner, "the job to be planned")
        yield job
        return
    with without_room(crew, "plan") as pool:  # there is nothing to choose: it would be over in a moment
        before = pool.throttles
        job = crew.order(2)
        crew.until(lambda: pool.throttles > before, "the job to be planned")
        yield job


@contextmanager
def put_off(crew: Crew) -> Iterator[str]:
    crew.gate.answers(crew.way.sign, *[said(429, {"message": "Request was throttled."}, Retry_After="10")] * 1000)
    job = crew.order(2)
    crew.until(lambda: sum(crew.sent(job, number) for number in (1, 2)) == 2, "both creates to be sent")
    crew.until(lambda: all(one.postponed for one in crew.attempts(job)), "both to be put off")
    yield job
    crew.until(lambda: crew.checks() == 0, "what was put off to be taken up")


@contextmanager
def created(crew: Crew) -> Iterator[str]:
    answered = Event()
    for number in (1, 2):
        crew.gate.loses(crew.of(number), delayed(answered))
    crew.holds_on()
    job = crew.order(2)
    crew.begin(job, 2)
    yield job
    answered.set()


@contextmanager
def waiting(crew: Crew) -> Iterator[str]:
    crew.plays({"do": "queue", "seconds": FOR_EVER, "times": 2})
    job = crew.order(2)
    for number in (1, 2):
        crew.accepted(job, number)
    yield job


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
        held = f"{crew.way.name}-held"
        url = crew.gate.holds(held, crew.output.read_bytes(), until=there)
        assert crew.deliver(crew.letter(job, 1, output=url)) == 204
        crew.until(lambda: f"/files/{held}" in crew.gate.fetched, "KeepClip to fetch")
        yield job
        there.set()
        crew.until(lambda: crew.came(job, 1), "what was paid for to be kept")


@contextmanager
def assembled(crew: Crew) -> Iterator[str]:
    with without_room(crew, "assemble") as pool:
        before = pool.throttles
        crew.plays()
        job = crew.order(2)
        crew.until(
            lambda: crew.jobs.job(job).status is JobStatus.COMBINING and pool.throttles > before, "the film to be begun"
        )
        yield job


STAGES = {
    "planned": planned,
    "put off": put_off,
    "during its creates": created,
    "waiting": waiting,
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


@pytest.mark.ways("pairs", "text", "scenes")
def test_row_21_an_execution_is_started_twice_or_an_old_one_comes_back(crews: list[Crew], saw: Saw) -> None:
    """The execution of a job is started again while it runs and after its end. Then a clip of its two is made anew; when that
    run has finished the old one comes back: all of it under another name, and each of its nine functions by itself, for either
    stage."""
    saw(by_each(crews, _started_again))


def _started_again(crew: Crew) -> str:
    crew.plays()
    job = crew.order(2, transition={"kind": "crossfade", "seconds": 0.5})
    states = crew.cloud.client("stepfunctions")
    workflow = Workflow(crew.cloud.state_machine, states)
    assert workflow.start(job, 1, f"{job}-1") == workflow.execution_arn(f"{job}-1")
    state = crew.wait(job)
    first, clips = crew.rows(job), len(crew.jobs.clips(job))
    assert workflow.start(job, 1, f"{job}-1")
    assert (crew.rows(job), crew.executions(job)) == (first, [f"{job}-1"])
    told = f"started three times: 1 execution, {len(crew.creates(job))} predictions, {crew.money(job)}"

    crew.post(f"/jobs/{job}/sub-jobs/1/regenerate", {})
    state = crew.wait(job)
    ended, written, creates = crew.rows(job), crew.writes(job), len(crew.creates(job))
    assert (state["status"], ended[0].run, creates) == ("completed", 2, clips + 1)
    states.start_execution(
        stateMachineArn=crew.cloud.state_machine, name=f"{job}-again", input=json.dumps({"jobId": job, "run": 1})
    )
    stale = workflow.execution_arn(f"{job}-again")
    crew.until(lambda: workflow.status(stale) != "RUNNING", "the end of the execution that came back")
    assert crew.rows(job) == ended
    ends = {
        (function, stage): crew.invoke(function, _told(job, function, stage, more))
        for function, more in STALE.items()
        for stage in (("image", "video") if crew.way.beside and function in OF_A_CLIP else ("video",))
    }
    assert set(ends.values()) <= {None, "StaleRun", "NotFound"}, ends
    assert (crew.rows(job), crew.writes(job), len(crew.creates(job))) == (ended, written, creates)
    assert crew.get(f"/jobs/{job}") == state
    refused = sum(end is not None for end in ends.values())
    return (
        f"{told}; after the second run the first one's execution, and {len(ends)} calls of its functions ({refused} ended with"
        f" an error): no row, no object changed, {len(crew.creates(job)) - creates} sent; {crew.money(job)}"
    )


OF_A_CLIP = ("request_clip", "check_clip", "keep_clip")
"""Those that are told a stage."""


def _told(job: str, function: str, stage: str, more: dict[str, Any]) -> dict[str, Any]:
    run = {"jobId": job, "run": 1}
    task = {**run, "clip": 1, "stage": stage, "attempt": 1, "timeoutSeconds": 600, "heartbeatSeconds": 600}
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


@pytest.mark.ways("pairs", "scenes", "listings")
def test_row_31_a_status_event_comes_twice_or_late(crews: list[Crew], saw: Saw) -> None:
    """The execution of one job is stopped, and the event of it comes twice more. Another job has completed when events say twice
    that its execution failed; then its clip is made anew, and while that runs such events come for the run before and for one
    that never was. They also come of a run that waits for its pictures to be approved. The execution of a listing's film is
    stopped before it is begun."""
    crew, of_scenes, lister = crews
    crew.holds_on()
    stopped, running = crew.order(1), crew.order(1)
    for job in (stopped, running):
        crew.accepted(job, 1)
        crew.begin(job, 1)
    closed = _closed(crew, stopped)
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
    saw(_in_its_pause(of_scenes))
    assert isinstance(lister, Lister)
    with lister.held_back():
        film = lister.order(2)
        failed = _closed(lister, film)
    saw(f"the listing's film is {failed['status']} once, ${failed['lostCost']:.2f} lost, 2 more events changed no row")


def _closed(crew: Crew, job: str) -> Any:
    """The job when its execution was stopped, and that was told again."""
    states = crew.cloud.client("stepfunctions")
    arn = Workflow(crew.cloud.state_machine, states).execution_arn(f"{job}-1")
    states.stop_execution(executionArn=arn)
    closed = crew.wait(job)
    _change_nothing(crew, job, [(f"{job}-1", "ABORTED")] * 2)
    return closed


def _in_its_pause(crew: Crew) -> str:
    crew.plays()
    job = crew.order(1, pauseAfter="image")
    crew.until(lambda: crew.jobs.job(job).announced_run == 1, "the pause to be published")
    _change_nothing(crew, job, [(f"{job}-1", status) for status in ("SUCCEEDED", "FAILED", "ABORTED")])
    waiting = crew.jobs.job(job).status
    assert waiting is JobStatus.AWAITING_APPROVAL
    crew.post(f"/jobs/{job}/sub-jobs/1/approve", {})
    state = crew.wait(job)
    assert (state["status"], crew.money(job)) == ("completed", crew.paid(1))
    return f"3 no row of one that waited, which when it was approved {state['status']}, {crew.money(job)}"


def _change_nothing(crew: Crew, job: str, events: list[tuple[str, str]]) -> None:
    before = crew.rows(job)
    for name, status in events:
        assert crew.invoke("close_job", status_event(crew, name, status)) is None
    assert crew.rows(job) == before
