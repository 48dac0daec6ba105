"""Replicate, stood in for: predictions that really look at their pictures, and clips that are really drawn."""

from local.standins.replicate.api import Replicate

__all__ = ["Replicate"]
