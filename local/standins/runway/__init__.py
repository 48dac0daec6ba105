"""Runway, stood in for: tasks that really look at their pictures, and pictures and clips that are really drawn."""

from local.standins.runway.api import Runway

__all__ = ["Runway"]
