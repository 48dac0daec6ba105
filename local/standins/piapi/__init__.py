"""PiAPI, stood in for: tasks that really look at their pictures, and clips that are really drawn."""

from local.standins.piapi.api import Piapi

__all__ = ["Piapi"]
