"""What is paid for in credits, read from credits.json, and what a job gives for it. Pure.

Credits are whole numbers. A stage takes its credits when its line is settled, and never otherwise: what its tenant got
nothing for costs nothing, whatever it has cost in USD.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from functions.studio.attempts import stages_from
from functions.studio.data import Data
from functions.studio.jobs import Job


class Action(Data):
    name: str
    credits: Annotated[int, Field(ge=0)]


class Tariff(Data):
    actions: Annotated[list[Action], Field(min_length=1)]
    stages: dict[str, dict[str, str]]
    """The action that each stage is, by kind of job. A kind that is not here costs no credits."""

    def of_kind(self, kind: str) -> dict[str, int]:
        """Credits by stage; empty where a kind costs none."""
        costs = {action.name: action.credits for action in self.actions}
        return {stage: costs[action] for stage, action in self.stages.get(kind, {}).items()}


@cache
def tariff() -> Tariff:
    return Tariff.model_validate_json(Path(__file__).with_name("credits.json").read_bytes())


def in_credits(job: Job, begun_at: Iterable[str]) -> Job:
    """A job at today's tariff, with what its run takes at most: `begun_at` are the stages at which its clips begin."""
    job = job.model_copy(update={"credit_costs": tariff().of_kind(job.kind)})
    return job.model_copy(update={"reserved_credits": sum(owed(job, stage) for stage in begun_at)})


def owed(job: Job, stage: str) -> int:
    """Credits that a clip of the job takes at most from that stage on."""
    return sum(job.credits_of(one) for one in stages_from(job, stage))
