"""A local cloud between whose functions and AWS a test can step in: answers are faults, or a worker is killed at a call."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request, Response

from bench.counted_cloud import CountedCloud, Tally, Toll
from local.workers import Pool
from tests.survival.gate import MOST_SECONDS

READS = {"GetItem", "Query", "BatchGetItem", "Scan"}
KINDS = {
    **dict.fromkeys(READS, "read"),
    **dict.fromkeys(("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"), "write"),
}
"""What an operation of DynamoDB is; any other service's is called by its name."""

Answering = Callable[[], Response]


def refusal(kind: str, status: int = 400, **more: Any) -> Response:
    """An error of DynamoDB's."""
    document = {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": kind, **more}
    return Response(json.dumps(document), status, content_type="application/x-amz-json-1.0")


@dataclass
class Throttling:
    """Each call to DynamoDB is refused when it comes first; each write is then carried out, but not answered for."""

    refused: int = 0
    unanswered: int = 0
    _seen: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, service: str, target: str, body: bytes, carry_out: Answering) -> Response:
        if service != "dynamodb":
            return carry_out()
        with self._lock:
            turn = self._seen[_call(target, body)] = self._seen.get(_call(target, body), 0) + 1
            self.refused += turn == 1
            self.unanswered += turn == 2 and target not in READS
        if turn == 1 and target == "TransactWriteItems":
            items = len(json.loads(body)["TransactItems"])
            return refusal(
                "TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}] * items
            )
        if turn == 1:
            return refusal("ProvisionedThroughputExceededException")
        if turn == 2 and target not in READS:
            carry_out()
            return refusal("InternalServerError", 500)
        return carry_out()


@dataclass
class Holding:
    """Holds back the first transaction that writes `mark` until it may go on."""

    mark: bytes
    came: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def __call__(self, service: str, target: str, body: bytes, carry_out: Answering) -> Response:
        if target == "TransactWriteItems" and self.mark in body and not self.came.is_set():
            self.came.set()
            self.go.wait(MOST_SECONDS)
        return carry_out()


def _call(target: str, body: bytes) -> str:
    """What a call asks, without the token that a try of it has."""
    asked = json.loads(body)
    asked.pop("ClientRequestToken", None)
    return target + json.dumps(asked, sort_keys=True)


@dataclass
class Killing:
    """Kills the busy workers of one function as soon as a try comes to its step of that number: its first try at the first
    number, and so on. Steps are its first call to AWS, and of the others all but single reads, which other functions share."""

    pool: Pool
    job: str
    numbers: list[int]
    killed: int = 0
    """Tries that were ended."""
    step: int = 0
    """Of the present try, or of the last one."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, service: str, target: str, body: bytes, carry_out: Answering) -> Response:
        with self._lock:
            if self.pool.busy and (service == "s3" or self.job.encode() in body):
                self.step += target != "GetItem" or self.step == 0
                if self.numbers and self.step >= self.numbers[0]:
                    self._kill()
                    return Response(status=500)
        return carry_out()

    def _kill(self) -> None:
        while self.pool.kill_busy():  # who has begun meanwhile waits here for an answer, and would stay busy
            time.sleep(0.01)
        del self.numbers[0]
        self.killed += 1
        self.step = 0


@dataclass
class Moment:
    """When a function asks `target` of AWS (one of KINDS, or a name): before or after that is carried out, its busy workers
    are killed, once."""

    function: str
    target: str
    after: bool = False
    done: bool = False


@dataclass
class Struck:
    """Kills at moments, whichever comes first."""

    kill: Callable[[str], int]
    moments: list[Moment]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, service: str, target: str, body: bytes, carry_out: Answering) -> Response:
        if self._strike(target, after=False):
            return Response(status=500)
        answer = carry_out()
        self._strike(target, after=True)
        return answer

    @property
    def is_over(self) -> bool:
        return all(moment.done for moment in self.moments)

    def _strike(self, target: str, after: bool) -> bool:
        """Whether somebody was killed."""
        with self._lock:
            for moment in self.moments:
                if not moment.done and moment.target == KINDS.get(target, target) and moment.after is after:
                    moment.done = bool(self.kill(moment.function))
                    if moment.done:
                        return True
        return False


Fault = Callable[[str, str, bytes, Answering], Response]


class FaultyToll(Toll):
    def __init__(self, service: str, behind: str, tally: Tally, cloud: FaultyCloud) -> None:
        super().__init__(service, behind, tally)
        self._name = service
        self._cloud = cloud

    def answer(self, request: Request, target: str, body: bytes) -> Response:
        def carry_out() -> Response:
            return super(FaultyToll, self).answer(request, target, body)

        fault = self._cloud.fault
        return fault(self._name, target, body, carry_out) if fault else carry_out()


class FaultyCloud(CountedCloud):
    """`fault` stands between its functions and AWS; what this process asks itself does not come that way."""

    fault: Fault | None = None

    def toll(self, service: str) -> Toll:
        return FaultyToll(service, self.endpoints[service], self.tally, self)
