"""What all of AWS has in common: the SDK, which asks again what was refused or not answered, and its errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError, ConnectionClosedError

from simulation.world import World

T = TypeVar("T")

TRIES = 6
"""Of boto3's standard mode, as the stores configure it (some 5)."""

THROTTLES = {"ProvisionedThroughputExceededException", "ThrottlingException", "TransactionInProgressException"}
"""What the SDK asks again by itself."""


def refusal(code: str, operation: str, **more: Any) -> ClientError:
    document: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": 400}, **more}
    return ClientError(document, operation)


class Sdk:
    """A client as boto3 makes it. `ask` is one call of the domain's, and one request or several."""

    def __init__(self, world: World) -> None:
        self.world = world

    def ask(self, what: str, effect: Callable[[], T], *, quick: bool = False) -> T:
        world, weather = self.world, self.world.weather
        last: Exception | None = None
        for turn in range(TRIES):
            if turn:
                world.sleep(min(20.0, 0.1 * 2**turn) * world.chance.random())
            if world.strikes(weather.unsent):
                world.call(f"{what}, lost on its way", _nothing)
                last = None
            elif world.strikes(weather.throttled):
                world.call(f"{what}, throttled", _nothing)
                last = refusal("ThrottlingException", what)
            elif world.strikes(weather.unanswered):
                try:
                    world.call(f"{what}, not answered", effect)
                except ClientError:
                    world.note("  (nobody hears that)")
                last = None
            else:
                try:
                    return world.call(what, effect, quick=quick)
                except ClientError as error:
                    if error.response["Error"]["Code"] not in THROTTLES:
                        raise
                    last = error
        raise last or ConnectionClosedError(endpoint_url="https://aws.example")


def _nothing() -> None:
    return None
