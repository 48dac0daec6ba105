"""One logger, one set of metrics, for every Lambda: structured lines that carry job, run, clip and attempt; EMF metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, wraps
from threading import Lock
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from functions.studio.messages import attempt_id

ABOUT = ("job", "run", "clip", "attempt", "tenant")
"""Keys of a log line that its metrics carry too, as properties, not dimensions."""

Handler = Callable[[dict[str, Any], Any], Any]


_building = Lock()
"""Two threads that build the same logger at once leave one without its formatter."""


def logger() -> Logger:
    with _building:
        return _logger()


@cache
def _logger() -> Logger:
    return Logger(utc=True)


@cache
def metrics() -> Metrics:
    return Metrics()


def about(**keys: str | int | None) -> None:
    """Puts what is worked on (job, run, clip, attempt) on every line that follows in this invocation."""
    logger().append_keys(**{name: value for name, value in keys.items() if value is not None})


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """A metric of this invocation; one with dimensions is written on a line of its own."""
    if not dimensions:
        metrics().add_metric(name=name, unit=unit, value=value)
        return
    from aws_lambda_powertools.metrics import single_metric

    with single_metric(name=name, unit=unit, value=value) as single:
        for dimension, entry in dimensions.items():
            single.add_dimension(name=dimension, value=entry)


def seconds(name: str, value: float) -> None:
    count(name, value, MetricUnit.Seconds)


def money(name: str, value: Any) -> None:
    """USD; CloudWatch has no unit for money."""
    count(name, float(value), MetricUnit.NoUnit)


def entry(handler: Handler) -> Handler:
    """What every Lambda's entry does: a clean log context with the event's ids, one line for an error, metrics flushed."""

    @wraps(handler)
    def entered(event: dict[str, Any], context: Any) -> Any:
        @logger().inject_lambda_context(clear_state=True)
        def run(event: dict[str, Any], context: Any) -> Any:
            about(**_ids(event))
            try:
                return handler(event, context)
            except Exception as error:
                logger().exception("ended with an error", extra={"errorType": type(error).__name__})
                raise
            finally:
                if metrics().metric_set:
                    for name, value in logger().get_current_keys().items():
                        if name in ABOUT:
                            metrics().add_metadata(name, value)
                    metrics().flush_metrics()

        return run(event, context)

    return entered


def _ids(event: Mapping[str, Any]) -> dict[str, str | int]:
    """Of the messages between the states: job, run, clip, piece; the attempt by its full id."""
    message = event.get("task", event)
    if not isinstance(message, Mapping) or not isinstance(message.get("jobId"), str):
        return {}
    names = {"jobId": "job", "run": "run", "clip": "clip", "piece": "piece"}
    ids = {name: message[key] for key, name in names.items() if isinstance(message.get(key), str | int)}
    if {"run", "clip", "stage", "attempt"} <= message.keys():
        ids["attempt"] = attempt_id(message["run"], message["clip"], message["stage"], message["attempt"])
    return ids
