"""What must hold of a film of scenes when nothing is to happen any more: what each stage took, and what its videos begin with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from functions.studio.clips import Attempt, AttemptStatus
from functions.studio.credits import tariff
from functions.studio.jobs import Job
from functions.studio.ledger import Line
from simulation.house import House
from simulation.provider import Work
from simulation.runs_seen import Run


def picture_of(attempt: Attempt) -> str:
    return attempt.picture.key if attempt.picture else ""


def stage_faults(
    house: House,
    shown: Mapping[tuple[str, str], str],
    job: Job,
    lines: Sequence[Line],
    attempts: Mapping[str, Attempt],
    works: Mapping[str, Sequence[Work]],
) -> Iterator[str]:
    costs = tariff().of_kind(job.kind)
    for line in lines:
        if line.credits != costs.get(line.stage, 0):
            yield f"line {line.attempt_id} takes {line.credits} credits, and its stage {costs.get(line.stage, 0)}"
    made = {picture_of(one) for one in attempts.values() if one.status is AttemptStatus.KEPT and one.picture}
    if job.kind != "scenes":
        return
    for name, some in works.items():
        attempt = attempts.get(name)
        if attempt is None or attempt.stage != "video":
            continue
        for work in some:
            begins = shown.get((job.id, name))
            if begins is None or begins not in json.dumps(work.input):
                yield f"{work.id} does not begin with the picture of clip {attempt.clip}"
            if begins in made and (job.id, attempt.clip, attempt.run) in house.replaced:
                yield f"{work.id} begins with a picture that another one was put in place of"


def word_faults(house: House, job: Job, runs: Mapping[int, Run]) -> Iterator[str]:
    """Whoever was told that a picture is approved sees it go on with the others, if they do."""
    for job_id, clip, number in house.noted:
        run = runs.get(number + 1)
        if job_id == job.id and run is not None and run.kind == "approved" and clip not in run.clips:
            yield f"clip {clip} was approved in run {number}, and run {number + 1} is of clips {sorted(run.clips)}"
