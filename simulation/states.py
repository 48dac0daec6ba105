"""Step Functions: plays functions/workflow.asl.json as it is written. Its retries, catches and time limits are the plot's own.

Standard executions, DISTRIBUTED maps whose children are executions of their own, task tokens: a new one on each try of a
state, good for one answer, refused once the try is over, however it ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any

from simulation.asl import Json, StatesError, choose, fill, place, read, rule_for
from simulation.aws import Sdk
from simulation.world import Event, Killed, World

Outcome = tuple[Json, str, str]
"""Output, and where there is none the error and its cause."""

Call = Callable[[str, Json, Callable[[Any, BaseException | None], None]], None]
"""Invokes the function of a state with a payload, and says how that ended."""


class Promise:
    """What an execution waits for."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        self.then: Callable[[Outcome], None] | None = None

    def keep(self, output: Json = None, error: str = "", cause: str = "") -> None:
        """Once; whatever comes later is not heard."""
        if self.outcome is None:
            self.outcome = (output, error, cause)
            if self.then:
                self.then(self.outcome)


Play = Generator[Promise, Outcome, Json]


class Execution:
    def __init__(self, machine: Machine, name: str, definition: Json, data: Json, parent: Execution | None) -> None:
        self.machine = machine
        self.world = machine.world
        self.name = name
        self.definition = definition
        self.parent = parent
        self.status = "RUNNING"
        self.began = self.world.time
        self.children: list[Execution] = []
        self.ended = Promise()
        self.exhausted: list[str] = []
        """States that failed although they were tried again."""
        self.tries: list[Try] = []
        self.data = data
        self._play = self._all(definition, data)
        self._playing = False
        self._limit: Event | None = None
        if "TimeoutSeconds" in definition:
            self._limit = self.world.after(definition["TimeoutSeconds"], lambda: self.stop("TIMED_OUT"))
        self._go_on((None, "", ""))

    def stop(self, status: str) -> None:
        if self.status != "RUNNING":
            return
        self.world.note("execution", self.name, status)
        self._end(status, "", status)

    def _end(self, status: str, error: str, cause: str, output: Json = None) -> None:
        self.status = status
        if self._limit:
            self._limit.cancel()
        for one in self.tries:
            one.close()
        for child in self.children:
            child.stop("ABORTED")
        self.ended.keep(output, error, cause)
        if self.parent is None:
            self.machine.changed(self)

    def _go_on(self, outcome: Outcome) -> None:
        if self.status != "RUNNING":
            return
        try:
            promise = self._play.send(outcome) if self._playing else next(self._play)
        except StopIteration as end:
            self._end("SUCCEEDED", "", "", end.value)
        except StatesError as failed:
            self._end("FAILED", failed.error, failed.cause)
        else:
            self._playing = True
            if promise.outcome is not None:
                kept = promise.outcome
                self.world.after(0, lambda: self._go_on(kept))
            else:
                promise.then = self._go_on

    def _pause(self, seconds: float) -> Promise:
        promise = Promise()
        self.world.after(seconds, promise.keep)
        return promise

    # states

    def _all(self, definition: Json, data: Json) -> Play:
        name = definition["StartAt"]
        while True:
            yield self._pause(0.01 + 0.03 * self.world.chance.random())
            state = definition["States"][name]
            match state["Type"]:
                case "Pass":
                    data = state["Result"] if "Result" in state else read(state.get("InputPath", "$"), data)
                case "Choice":
                    name = choose(state, data)
                    continue
                case "Fail":
                    raise StatesError(state["Error"], state["Cause"])
                case "Task" | "Map":
                    caught = None
                    try:
                        result = yield from self._tried(name, state, data)
                    except StatesError as failed:
                        caught = rule_for(state.get("Catch", []), failed.error)
                        if caught is None:
                            raise
                        self.exhausted.append(f"{name}: {failed.error}")
                        self.world.note(self.name, name, "caught", failed.error, failed.cause)
                        document = {"Error": failed.error, "Cause": failed.cause}
                        data = place(caught.get("ResultPath", "$"), data, document)
                        name = caught["Next"]
                        continue
                    if "ResultSelector" in state:
                        result = fill(state["ResultSelector"], result, {})
                    data = read(state.get("OutputPath", "$"), place(state.get("ResultPath", "$"), data, result))
                case other:
                    raise NotImplementedError(f"a state of type {other}")
            if state.get("End"):
                return data
            name = state["Next"]

    def _tried(self, name: str, state: Json, data: Json) -> Play:
        """The state's result, after as many tries as its Retry allows."""
        used: dict[int, int] = {}
        while True:
            begin = self._map if state["Type"] == "Map" else self._task
            output, error, cause = yield begin(name, state, data, sum(used.values()))
            if not error:
                return output
            rules = state.get("Retry", [])
            rule = rule_for(rules, error)
            turn = used.get(id(rule), 0)
            if rule is None or turn >= rule.get("MaxAttempts", 3):
                raise StatesError(error, cause)
            used[id(rule)] = turn + 1
            delay = rule.get("IntervalSeconds", 1) * rule.get("BackoffRate", 2.0) ** turn
            delay = min(delay, rule.get("MaxDelaySeconds", delay))
            if rule.get("JitterStrategy") == "FULL":
                delay *= self.world.chance.random()
            self.world.note(self.name, name, "is tried again after", error)
            yield self._pause(delay)

    def _map(self, name: str, state: Json, data: Json, retries: int) -> Promise:
        items = read(state["ItemsPath"], data)
        promise = Promise()
        left = len(items)
        if state["ToleratedFailurePercentage"] != 100.0:
            raise NotImplementedError("a map that a failure stops")

        def one_less(_: Outcome) -> None:
            nonlocal left
            left -= 1
            if not left:
                promise.keep([])

        if not items:
            promise.keep([])
        for number, item in enumerate(items):
            child = Execution(
                self.machine, f"{self.name}/{state['Label']}:{number}", state["ItemProcessor"], item, self
            )
            self.children.append(child)
            child.ended.then = one_less
        return promise

    def _task(self, name: str, state: Json, data: Json, retries: int) -> Promise:
        attempt = Try(self, name, state, data, retries)
        self.tries.append(attempt)
        return attempt.promise


class Try:
    """One try of a task: its invocation, its limits of time, its token."""

    def __init__(self, execution: Execution, name: str, state: Json, data: Json, retries: int) -> None:
        self.world = execution.world
        self.execution = execution
        self.name = name
        self.promise = Promise()
        self.open = True
        self._waits = state["Resource"].endswith(".waitForTaskToken")
        self.token = execution.machine.new_token(self) if self._waits else ""
        self.payload = fill(
            state["Parameters"], data, {"Task": {"Token": self.token}, "State": {"RetryCount": retries}}
        )["Payload"]
        self.began = self.ended = self.world.time
        self.ended_with = ""
        seconds = state["TimeoutSeconds"] if "TimeoutSeconds" in state else read(state["TimeoutSecondsPath"], data)
        self._heartbeat = read(state["HeartbeatSecondsPath"], data) if "HeartbeatSecondsPath" in state else None
        self._limits = [self.world.after(seconds, lambda: self.end(error="States.Timeout"))]
        self.beat()
        function = name
        execution.machine.invoke(function, self.payload, self._told)

    def beat(self) -> None:
        if self._heartbeat is not None:
            for old in self._limits[1:]:
                old.cancel()
            late = self.world.after(self._heartbeat, lambda: self.end(error="States.HeartbeatTimeout"))
            self._limits[1:] = [late]

    def _told(self, result: Any, error: BaseException | None) -> None:
        if isinstance(error, Killed):
            self.end(error=str(error), cause=f"{error}: the function ended")
        elif error is not None:
            words = {"errorMessage": str(error), "errorType": type(error).__name__}
            self.end(error=type(error).__name__, cause=json.dumps(words))
        elif not self._waits:
            self.end({"Payload": result, "StatusCode": 200})

    def end(self, output: Json = None, error: str = "", cause: str = "") -> None:
        if self.open:
            if error:
                self.world.note(self.execution.name, self.name, "fails with", error)
            self.ended, self.ended_with = self.world.time, error
            self.close()
            self.promise.keep(output, error, cause)

    def close(self) -> None:
        self.open = False
        for limit in self._limits:
            limit.cancel()


class Machine:
    """The state machine, and the client that functions have of it."""

    def __init__(self, world: World, definition: Json, call: Call, changed: Callable[[Execution], None]) -> None:
        self.world = world
        self.definition = definition
        self.call = call
        self.changed = changed
        self.executions: dict[str, Execution] = {}
        self.tokens: dict[str, Try] = {}

    def new_token(self, attempt: Try) -> str:
        token = f"token-{len(self.tokens) + 1}"
        self.tokens[token] = attempt
        return token

    def invoke(self, state: str, payload: Json, told: Callable[[Any, BaseException | None], None]) -> None:
        world = self.world
        payload = json.loads(json.dumps(payload))
        if world.strikes(world.weather.refused_by_lambda):
            world.after(0.02, lambda: told(None, Killed("Lambda.TooManyRequestsException")))
            return
        if world.strikes(world.weather.answered_wrongly):
            world.after(0.02, lambda: told(None, Killed("Lambda.SdkClientException")))
            late = world.chance.choice((0.0, 0.0, 2.0, 20.0)) * world.chance.random()
            world.after(world.latency() + late, lambda: self.call(state, payload, lambda result, error: None))
            return
        world.after(world.latency(), lambda: self.call(state, payload, told))

    def find(self, arn: str) -> Execution | None:
        return self.executions.get(arn.rsplit(":", 1)[-1])


class _Gone(Exception):
    """What Step Functions says of a token that nobody waits with."""


class StepFunctions(Sdk):
    class exceptions:  # noqa: N801  # boto3's name
        ExecutionDoesNotExist = type("ExecutionDoesNotExist", (Exception,), {})
        ExecutionAlreadyExists = type("ExecutionAlreadyExists", (Exception,), {})
        TaskTimedOut = _Gone
        TaskDoesNotExist = _Gone
        InvalidToken = _Gone

    def __init__(self, world: World, machine: Machine) -> None:
        super().__init__(world)
        self.machine = machine

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, str]:
        arn = f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"
        data = json.loads(input)

        def start() -> dict[str, str]:
            there = self.machine.executions.get(name)
            if there and (there.status != "RUNNING" or there.data != data):
                raise self.exceptions.ExecutionAlreadyExists
            if not there:
                self.machine.executions[name] = Execution(self.machine, name, self.machine.definition, data, None)
            return {"executionArn": arn}

        return self.ask(f"start {name}", start)

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:
        def describe() -> dict[str, str]:
            found = self.machine.find(executionArn)
            if found is None:
                raise self.exceptions.ExecutionDoesNotExist
            return {"status": found.status}

        return self.ask("describe the execution", describe)

    def stop_execution(self, *, executionArn: str, **_: str) -> None:
        def stop() -> None:
            found = self.machine.find(executionArn)
            if found is None:
                raise self.exceptions.ExecutionDoesNotExist
            found.stop("ABORTED")

        self.ask("stop the execution", stop)

    def send_task_success(self, *, taskToken: str, output: str) -> None:
        def succeed() -> None:
            self._waiting(taskToken).end(json.loads(output))

        self.ask(f"release {taskToken}", succeed)

    def send_task_failure(self, *, taskToken: str, error: str = "", cause: str = "") -> None:
        self.ask(
            f"fail {taskToken}", lambda: self._waiting(taskToken).end(error=error or "States.TaskFailed", cause=cause)
        )

    def send_task_heartbeat(self, *, taskToken: str) -> None:
        self.ask(f"heartbeat {taskToken}", lambda: self._waiting(taskToken).beat())

    def _waiting(self, token: str) -> Try:
        found = self.machine.tokens.get(token)
        if found is None or not found.open:
            raise _Gone(token)
        return found
