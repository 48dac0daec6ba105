"""One logger, one set of metrics, for every Lambda: structured lines that carry job, run, clip and attempt; EMF metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

Handler = Callable[[dict[str, Any], Any], Any]


@cache
def logger() -> Logger:
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
    """What every Lambda's entry does: a clean log context, the event's ids on each line, metrics flushed at the end."""

    @wraps(handler)
    def entered(event: dict[str, Any], context: Any) -> Any:
        @logger().inject_lambda_context(clear_state=True)
        def run(event: dict[str, Any], context: Any) -> Any:
            about(**_ids(event))
            try:
                return handler(event, context)
            finally:
                if metrics().metric_set:
                    metrics().flush_metrics()

        return run(event, context)

    return entered


def _ids(event: Mapping[str, Any]) -> dict[str, str | int]:
    message = event.get("task", event)
    if not isinstance(message, Mapping):
        return {}
    names = {"jobId": "job", "run": "run", "clip": "clip", "stage": "stage", "attempt": "attempt", "piece": "piece"}
    return {name: message[key] for key, name in names.items() if isinstance(message.get(key), str | int)}
