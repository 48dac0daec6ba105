"""The faults themselves: `FAULTS`."""

from simulation.planted import attempts, films, jobs, money, narrations, scenes
from simulation.planted.fault import Fault

FAULTS: list[Fault] = [*attempts.FAULTS, *money.FAULTS, *jobs.FAULTS, *films.FAULTS, *scenes.FAULTS, *narrations.FAULTS]

__all__ = ["FAULTS", "Fault"]
