"""Jobs that end in another way than by their own workflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from functions.studio.workflow import Workflow
from tests.survival.crew import Crew

Saw = Callable[[str], None]


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
