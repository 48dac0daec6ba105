"""What must hold of a job's film when nothing is to happen any more: which clips it is of, how long it is, what is told of
its variants."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal

from functions.api.comparison import comparison
from functions.studio.clips import Clip, ClipStatus
from functions.studio.jobs import Film, Job, JobStatus, RunKind
from simulation.house import House
from simulation.surroundings import FPS


def film_faults(house: House, job: Job, clips: Sequence[Clip], *, troubled: bool) -> Iterator[str]:
    """`troubled`: its last run ended before its time."""
    kept = [clip.number for clip in clips if clip.status is ClipStatus.COMPLETED]
    if job.successful_clips != len(kept):
        yield f"it says that {job.successful_clips} clips succeeded, and {len(kept)} did"
    film = house.jobs.films.find_film(job.id, job.run)
    shown = shown_of(job, clips)
    if job.status is JobStatus.COMPLETED:
        if film is None or film.key not in house.bucket.objects:
            yield "it is completed, and its film is not in the bucket"
        else:
            yield from _made(job, film, clips)
    elif shown and not troubled:
        yield f"it {job.status.value}, and clips {shown} were kept"
    for one in house.jobs.films.of(job):
        if one.key not in house.bucket.objects:
            yield f"the film of run {one.run} is not in the bucket"
    yield from _compared(job, clips)


def shown_of(job: Job, clips: Sequence[Clip], without: Collection[int] = ()) -> list[int]:
    """The clips that a film is to be of: those that a cut names, or of each shot the first variant that there is."""
    there = {clip.number for clip in clips if clip.status is ClipStatus.COMPLETED} - set(without)
    if job.run_cut.takes is not None:
        return list(dict.fromkeys(take.clip for take in job.run_cut.takes if take.clip in there))
    first: dict[int, int] = {}
    for clip in sorted(clips, key=lambda one: one.number):
        if clip.number in there:
            first.setdefault(clip.shot or clip.number, clip.number)
    return [first[shot] for shot in sorted(first)]


def _made(job: Job, film: Film, clips: Sequence[Clip]) -> Iterator[str]:
    spoilt = {one.clip for one in film.omissions if not one.join}
    shown, takes = shown_of(job, clips, spoilt), job.run_cut.takes
    if film.clips != shown:
        yield f"its film is of clips {film.clips}, and {shown} were kept for it"
    shots = {clip.shot or clip.number for clip in clips}
    wanted = len(shots) if takes is None else len({take.clip for take in takes})
    if len(film.clips) < min(job.on_clip_failure.least(wanted), wanted):
        yield f"its film is of {len(film.clips)} of {wanted} clips, which is not what was wanted"
    if job.purpose.kind is not RunKind.RENDITION and (job.film is None or job.film.key != film.key):
        yield "it is completed, and has another film than its run made"
    asked = job.brief.duration_seconds if job.brief and job.brief.fill else None
    if asked is not None and takes is None and len(film.clips) == len(shots) and film.frames != asked * FPS:
        yield f"its film has {film.frames} frames, and was to last {asked} s"


def _compared(job: Job, clips: Sequence[Clip]) -> Iterator[str]:
    """What the caller is told of the variants is what was kept, and paid for."""
    told = {one.sub_job_number: one for shot in comparison(job, clips) or () for one in shot.variants}
    if not told:
        return
    if sorted(told) != [clip.number for clip in clips]:
        yield f"it tells of the variants {sorted(told)}, and its clips are {[clip.number for clip in clips]}"
    cost = sum((clip.actual_cost or Decimal(0) for clip in clips), Decimal(0))
    said = sum((Decimal(str(told[clip.number].cost)) for clip in clips if clip.actual_cost is not None), Decimal(0))
    if cost != said:
        yield f"its clips cost {cost}, and it tells of {said}"
    chosen = [number for number, one in told.items() if one.chosen]
    filmed = [clip for clip in job.film.clips if told[clip].video_url is not None] if job.film else []
    if job.film and sorted(filmed) != sorted(chosen):
        yield f"it says that {chosen} are shown, and its film is of {filmed}"
    kept = [clip.number for clip in clips if clip.status is ClipStatus.COMPLETED]
    if [number for number, one in told.items() if one.video_url is None and number in kept]:
        yield f"it shows no video of some of the clips {kept}, which were kept"
