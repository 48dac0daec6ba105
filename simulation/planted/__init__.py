"""The faults themselves: `FAULTS`."""

from simulation.planted import attempts, jobs, money
from simulation.planted.fault import Fault

FAULTS: list[Fault] = [*attempts.FAULTS, *money.FAULTS, *jobs.FAULTS]

__all__ = ["FAULTS", "Fault"]
