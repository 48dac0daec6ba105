"""What has been deployed: the tables of our own that the gateway, the workers and the pollers read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.template import Assembly, TemplateFault
from local.workers import Function


@dataclass(frozen=True)
class Made:
    """What others can learn of a resource: the value of `Ref`, and its attributes."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class QueueMapping:
    """A queue whose messages a function receives."""

    queue_arn: str
    function: str
    batch_size: int = 10
    window: float = 0
    most_at_once: int = 1000
    reports_failures: bool = False
    """Whether the function's answer names the messages that failed; otherwise all of a batch do, or none."""


@dataclass(frozen=True)
class Schedule:
    """A rule that invokes a function every `rate` seconds."""

    name: str
    arn: str
    rate: float
    function: str
    input: str | None = None


@dataclass(frozen=True)
class Integration:
    function: str
    timeout: float


@dataclass
class Deployment:
    """What has been deployed, and by what means."""

    assembly: Assembly
    client: Callable[[str], Any]
    """Gives a boto3 client for a service of the local cloud."""
    api_url: str
    edge_url: str
    """Where the distribution is served, if there is one."""
    functions: dict[str, Function] = field(default_factory=dict)
    """By ARN."""
    mappings: list[QueueMapping] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    integrations: dict[str, Integration] = field(default_factory=dict)
    routes: dict[str, Integration] = field(default_factory=dict)
    """By route key: `$default`, or a method and a path."""
    cors: Mapping[str, Any] = field(default_factory=dict)
    shown: str | None = None
    """The bucket that the distribution reads."""
    outputs: dict[str, str] = field(default_factory=dict)

    def physical_name(self, logical_id: str) -> str:
        return f"{self.assembly.stack}-{logical_id}"

    def function(self, arn: str) -> Function:
        """Raises TemplateFault when the template has no such function."""
        if arn not in self.functions:
            raise TemplateFault(f"there is no function {arn}")
        return self.functions[arn]
