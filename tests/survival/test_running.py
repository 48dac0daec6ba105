"""Jobs that lose clips, are cancelled, or end in another way than by their own workflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from functions.studio.clips import ClipStatus
from functions.studio.jobs import JobStatus
from functions.studio.workflow import Workflow
from tests.survival.conftest import refreshed
from tests.survival.crew import FOR_EVER, Crew
from tests.survival.gate import delayed

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
    """Jobs of two clips are cancelled, twice each: while they are planned, during a create, while their clips run, while one is
    fetched, while the film is put together; and when all is over."""
    told = []
    for name, stage in STAGES.items():
        refreshed(crew)
        with stage(crew) as job:
            asked = [_cancel(crew, job) for _ in range(2)]
            sent = len(crew.gate.creates)
        state = crew.wait(job)
        assert (state["status"], {status for status, _ in asked} <= {200, 202}) == ("cancelled", True), (name, asked)
        assert len(crew.gate.creates) == sent, "something was sent after the cancellation"
        made = {one.prediction_id for one in crew.jobs.attempts(job) if one.is_made}  # as our webhook has said
        live = [one["status"] for one in crew.predictions(job) if one["id"] not in made and not one["endedAt"]]
        assert live == [], f"something still runs at the provider: {name}"
        assert crew.executions_running(job) == 0
        assert "reserved" not in crew.money(job)
        assert state["spent"] == state["actualCost"] + state["lostCost"]
        assert crew.objects(job, "manifest.json") == []
        ended = crew.rows(job)[0]
        again, _ = _cancel(crew, job)
        assert (again, crew.rows(job)[0]) == (200, ended)
        told.append(f"{name}: {crew.money(job)}")
    refreshed(crew).plays()
    job = crew.order(1)
    crew.wait(job)
    completed = crew.rows(job)
    over, _ = _cancel(crew, job)
    assert (over, crew.rows(job)) == (409, completed)
    saw("all cancelled, nothing sent afterwards, nothing left running or reserved; " + ", ".join(told))
    saw("once more: 200, unchanged; a completed job: 409, no row changed")


def _cancel(crew: Crew, job: str) -> tuple[int, Any]:
    answer = crew.http.post(f"{crew.url}/jobs/{job}/cancel", timeout=60)
    return answer.status_code, answer.json()


@contextmanager
def planned(crew: Crew) -> Iterator[str]:
    crew.script({"do": "slow", "seconds": 5}, service="xai")
    crew.plays()
    job = crew.order(2)
    crew.until(lambda: crew.jobs.job(job).planner, "the job to be planned")
    yield job


@contextmanager
def created(crew: Crew) -> Iterator[str]:
    answered = Event()
    for number in (1, 2):
        crew.gate.loses(f"attempt=1.{number:04}.", delayed(answered))
    crew.holds_on()
    job = crew.order(2)
    crew.until(lambda: len(crew.creates(job)) == 2, "both creates to be sent")
    yield job
    answered.set()


@contextmanager
def running(crew: Crew) -> Iterator[str]:
    crew.holds_on()
    job = crew.order(2)
    for number in (1, 2):
        crew.accepted(job, number)
    crew.until(lambda: all(one["startedAt"] for one in crew.predictions(job)), "both predictions to start")
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
    "during its creates": created,
    "running": running,
    "fetched": fetched,
    "put together": assembled,
}


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
    """The execution of one job is stopped, and the event of it comes twice more; events that another job's execution
    failed come while it runs for an older run, and twice after it has completed."""
    crew.holds_on()
    stopped, running = crew.order(1), crew.order(1)
    for job in (stopped, running):
        crew.accepted(job, 1)
    workflow = Workflow(crew.cloud.state_machine, crew.cloud.client("stepfunctions"))
    crew.cloud.client("stepfunctions").stop_execution(executionArn=workflow.execution_arn(f"{stopped}-1"))
    closed = crew.wait(stopped)
    ended = crew.rows(stopped)
    for _ in range(2):
        crew.invoke("close_job", status_event(crew, f"{stopped}-1", "ABORTED"))
    assert crew.rows(stopped) == ended
    before = crew.rows(running)
    crew.invoke("close_job", status_event(crew, f"{running}-0", "FAILED"))
    assert crew.rows(running) == before
    assert crew.deliver(crew.letter(running, 1)) == 204
    state = crew.wait(running)
    completed = crew.rows(running)
    for status in ("FAILED", "TIMED_OUT"):
        crew.invoke("close_job", status_event(crew, f"{running}-1", status))
    assert crew.rows(running) == completed
    assert (closed["status"], state["status"]) == ("failed", "completed")
    saw(f"the stopped job is {closed['status']} once, {crew.money(stopped)}: 2 more events changed no row")
    saw(f"an older run's event changed no row of the running job, which then {state['status']}; 2 late ones neither")
