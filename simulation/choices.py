"""What must hold of the models that films are made with, and of the pictures that they go on from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from functions.studio.catalogue import Mode
from functions.studio.choice import Policy
from functions.studio.clips import Attempt, AttemptStatus
from functions.studio.jobs import Job
from functions.studio.media_store import clip_key, last_frame_key
from simulation.house import House
from simulation.stamps import seconds_of
from simulation.weather import BEGINNING

MODES: Sequence[Mode] = ("text", "image")
"""In which a model has been as its past says."""

KNOWN_FOR = 240.0
"""Seconds of a history in which what was known at its beginning still decides."""


@dataclass(frozen=True)
class Past:
    """How a model has been before a history begins."""

    model: str
    ago: float
    failed: int = 0
    made: int = 0
    took: float = 60.0
    against: frozenset[Policy] = frozenset({"seed", "cheapest", "fastest", "best"})
    """The policies that do not choose it now."""
    tried_once: bool = False
    """Its rest is over: one job may be made with it."""


PASTS: Sequence[Past] = (
    Past("piapi_hunyuan_fast", ago=20, failed=8),
    Past("piapi_hunyuan_fast", ago=500, failed=8, against=frozenset(), tried_once=True),
    Past("ray-flash-2", ago=20, made=30, took=900.0, against=frozenset({"fastest"})),
    Past("veo-3.1", ago=20, made=30, failed=27, against=frozenset({"best"})),
)


def remember(house: House, past: Past) -> None:
    here, house.world.time = house.world.time, house.world.time - past.ago
    for mode in MODES:
        for _ in range(past.failed):
            house.pulse.count(past.model, mode, "failed")
        for _ in range(past.made):
            house.pulse.count(past.model, mode, "made", past.took)
    house.world.time = here


def choice_faults(
    house: House, past: Past | None, jobs: Sequence[Job], attempts: Mapping[str, Sequence[Attempt]]
) -> Iterator[str]:
    """`attempts` by job."""
    ended = [one for some in attempts.values() for one in some if past and one.model == past.model and one.ended_at]
    works_again = min((str(one.ended_at) for one in ended if one.status is AttemptStatus.KEPT), default="9")
    weather = house.world.weather
    free = not weather.poor and not weather.cap_moves  # who has no choice may have to take what rests
    shows = 0
    for job in jobs:
        if job.choice is None or past is None or job.choice.model != past.model:
            continue
        shows += "this job is to show" in job.choice.because
        early = seconds_of(job.created_at) < BEGINNING + KNOWN_FOR
        if free and early and job.choice.policy in past.against:
            yield f"{past.model} was chosen by {job.choice.policy}, and has been doing badly"
        if (
            free
            and past.tried_once
            and early
            and job.created_at < works_again
            and "this job is to show" not in job.choice.because
        ):
            yield f"{past.model} was chosen as if it had never rested"
    probes = [sk for pk, sk in house.dynamodb.items if pk == "HEALTH" and sk.startswith("PROBE#")]
    if shows > len(probes):
        yield f"{shows} jobs were to show whether a model works again, and {len(probes)} may"


def count_faults(house: House, past: Past | None, attempts: Mapping[str, Sequence[Attempt]]) -> Iterator[str]:
    """What came of attempts is counted, where nothing can get lost; a lost count does no harm. `attempts` by job."""
    if house.world.weather.is_rough:
        return
    counted: Counter[str] = Counter({past.model: -past.made * len(MODES)} if past else {})
    for (pk, _), item in house.dynamodb.items.items():
        if pk.startswith("HEALTH#") and "made" in item:
            counted[item["model"]["S"]] += int(item["made"]["N"])
    kept = Counter(one.model for some in attempts.values() for one in some if one.status is AttemptStatus.KEPT)
    if +counted != kept:
        yield f"the models' health counts {dict(+counted)} clips, and {dict(kept)} were made"


def picture_faults(house: House, job: Job) -> Iterator[str]:
    """A film that goes on from a clip begins with the last frame of what was kept of it."""
    if job.brief is None or job.brief.continue_from is None:
        return
    wish = job.brief.continue_from
    before = house.jobs.job(wish.job_id)
    frames = {
        last_frame_key(clip_key(before.tenant, before.id, one.id, one.clip))
        for one in house.jobs.attempts(before.id)
        if one.clip == wish.sub_job_number and one.status is AttemptStatus.KEPT
    }
    if before.tenant != job.tenant:
        yield "it goes on from another tenant's clip"
    if begins := {str(clip.image1_key) for clip in house.jobs.clips(job.id)} - frames:
        yield f"it begins with {sorted(begins)}, and was to go on from clip {wish.sub_job_number}"
