"""What every resource type of the template means on this machine: a function a type, under the table of its properties.

A property is `MEANT`, or means nothing here for the reason that stands beside it."""

from local.deployment.resources import door, edge, flow, stores
from local.deployment.resources.kinds import IGNORED, KINDS, MEANT, Kind, Known, reason_to_ignore

__all__ = ["IGNORED", "KINDS", "MEANT", "Kind", "Known", "door", "edge", "flow", "reason_to_ignore", "stores"]
