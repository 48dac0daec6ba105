"""What a job that has ended may do next, and why not: decisions from its rows, and the one transaction that begins its next run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from pydantic import BaseModel

from functions.api.accept_job import Reception, TheReception
from functions.api.envelope import Envelope
from functions.api.given import TheLibrary
from functions.api.job_views import AcceptedView, rerun_view, shown_status
from functions.api.named_model import not_to_be_had
from functions.api.own_jobs import own_job
from functions.studio.attempts import stages_from
from functions.studio.catalogue import Catalogue, Mode
from functions.studio.clips import Clip, made_with
from functions.studio.clock import sleep
from functions.studio.cut import Cut, Take
from functions.studio.errors import ConditionLost, Conflict, FieldError
from functions.studio.jobs import Job, JobStatus, Purpose, RunKind
from functions.studio.library import Campaign, Library
from functions.studio.pairs import enough
from functions.studio.policy import hopeless
from functions.studio.reruns import given_up, lost, upcoming
from functions.studio.rows import today
from functions.studio.shots import GONE, by_shot, take
from functions.studio.table import Write
from functions.studio.telemetry import about, logger

MOMENTS = 10
MOMENT = 0.2
"""Seconds. A job that has just ended is waited for until that is published: it cannot go on before."""

Decide = Callable[[Job, list[Clip]], Purpose]
"""From an ended job and its clips to what its next run has to do; raises what is to be answered instead."""


@dataclass(frozen=True)
class Reruns:
    """Where a job's next run is accepted; one at a time, and at most one for an `Idempotency-Key`."""

    reception: Reception
    library: Library

    def begin(
        self, asked: BaseModel, tenant: str, job_id: str, decide: Decide, *, in_pause: bool = False
    ) -> Response[Envelope[AcceptedView]]:
        """Of a job that has ended; `in_pause`, of one that waits for its caller, too."""
        check = over if in_pause else ended

        def carry_out() -> AcceptedView:
            job = check(self.announced(tenant, job_id))
            clips = self.reception.jobs.clips(job.id)
            return self.accept(asked, job, clips, decide(job, clips))

        try:
            return self.reception.answered_once(asked, carry_out)
        except ConditionLost:
            check(own_job(self.reception.jobs, tenant, job_id))  # else another run was begun meanwhile
            raise

    def accept(
        self, asked: BaseModel, job: Job, clips: Sequence[Clip], purpose: Purpose, *beside: Write
    ) -> AcceptedView:
        """Begins the job's next run, with other writes; ConditionLost where the job is not as it was read."""
        if purpose.chooses and job.kind == "image_pairs":
            campaign = self.library.get(Campaign, job.tenant, job.campaign_id, field="campaignId")
            enough(self.library.count_pictures(campaign), job.num_pairs)
        models = self.reception.catalogue()
        run = upcoming(job, clips, purpose, models)
        _require_models(run.job, run.again, purpose, models)
        self._require_pictures(job.tenant, run.again, purpose.cut or job.cut)
        self._require_hope(job, clips, run.again, purpose)
        shown = rerun_view(run.job, run.cost)
        about(job=job.id, run=run.job.run)
        self.reception.budgets.accept(
            run.job,
            *self.reception.jobs.next_run(job, run.job.purpose, run.told),
            *self.reception.once.remember(asked, job.id, shown),
            *beside,
        )
        logger().info(
            "run accepted", extra={"kind": purpose.kind.value, "clips": len(run.again), "usd": float(run.cost)}
        )
        self.reception.start(run.job.model_copy(update={"execution_arn": None}))
        return shown

    def announced(self, tenant: str, job_id: str) -> Job:
        """The caller's own job; one whose run is just over, when that is published."""
        job = own_job(self.reception.jobs, tenant, job_id)
        for _ in range(MOMENTS):
            if not job.rests or job.announced_run == job.run:
                break
            sleep(MOMENT)
            job = own_job(self.reception.jobs, tenant, job_id)
        return job

    def _require_hope(self, job: Job, clips: Sequence[Clip], again: Sequence[Clip], purpose: Purpose) -> None:
        """That the film may come, as far as can be known: nobody pays for clips of one that cannot."""
        without = lost(given_up(clips, purpose)) if purpose.kind is RunKind.APPROVED else []
        after = {clip.number: clip for clip in (*clips, *again, *without)}
        if purpose.chooses or not (why := hopeless(job.on_clip_failure, [*after.values()], cut=purpose.cut or job.cut)):
            return
        raise Conflict(
            f"There would be no film: {why}",
            hint="POST …/retry makes every clip that failed; …/recut names the clips of a film without them.",
            errors=(FieldError("onClipFailure", why),),
        )

    def _require_pictures(self, tenant: str, clips: Sequence[Clip], cut: Cut) -> None:
        """Of the clips that are made anew, and of the cut: a deleted picture cannot be given to a model."""
        wanted = {one for clip in clips for one in _given(clip)}
        gone = wanted - {asset.id for asset in self.library.assets(tenant, sorted(wanted))}
        if gone:
            spoiled = [clip.number for clip in clips if _given(clip) & gone]
            raise Conflict(
                f"Clip {spoiled[0]} cannot be made anew: its picture {min(gone)} has been deleted.",
                hint="A recut makes a film of the clips that are there.",
                errors=tuple(FieldError("subJobNumber", f"clip {number} lacks a picture") for number in spoiled),
            )
        missing = cut.asset_ids - {asset.id for asset in self.library.assets(tenant, sorted(cut.asset_ids))}
        if missing:
            raise Conflict(
                f"The film is cut with the asset {min(missing)}, which has been deleted.",
                hint="A recut with another one, or with null in its place, does without it.",
                errors=tuple(FieldError(part, f"{one} is gone") for part, one in cut.parts() if one in missing),
            )


def _given(clip: Clip) -> set[str]:
    """The assets that a model is shown for it."""
    reference = clip.reference_asset_id if clip.stage == "image" else None
    return {one for one in (clip.image1_asset_id, clip.image2_asset_id, reference) if one}


def _require_models(job: Job, again: Sequence[Clip], purpose: Purpose, catalogue: Catalogue) -> None:
    """That the clips can be made with the models that they are to be made with."""
    on = today()
    asked: set[tuple[str, Mode]] = {made_with(clip, stage) for clip in again for stage in stages_from(job, clip.stage)}
    if purpose.chooses and job.listing is None:
        asked |= {(name, "pair") for name in job.models}
    elif purpose.chooses and job.listing and job.listing.animated:
        asked |= {(name, "image") for name in job.models}
    for name, mode in sorted(asked):
        model = catalogue.model(name, mode)
        if why := not_to_be_had(model, catalogue, on):
            would_do = ", ".join(one.name for one in catalogue.successors(model, on)) or "another one"
            raise Conflict(
                f"The model {name!r} {why}.",
                hint=f"POST …/sub-jobs/{{n}}/regenerate makes one clip anew with {would_do}; a new job all of them.",
                errors=(FieldError("model", f"{why}; what would do: {would_do}"),),
            )


def ended(job: Job) -> Job:
    """Conflict while it runs or waits, or while its end is not published."""
    if job.rests and not job.ended:
        doing = "its pictures wait for approval"
        raise Conflict(
            f"The job has not ended: {doing}.",
            hint="POST …/sub-jobs/{n}/approve lets a picture go on, …/regenerate makes another, …/cancel ends the job.",
            errors=(FieldError("job_id", doing),),
        )
    return over(job)


def over(job: Job) -> Job:
    """Conflict while its run goes on, or while the end of that is not published."""
    if not job.rests:
        raise is_running(job)
    if job.announced_run != job.run:
        raise Conflict(
            f"The job is about to end as {shown_status(job)}.",
            hint="Try again in a moment.",
            errors=(FieldError("job_id", "its end is still being published"),),
        )
    return job


def is_running(job: Job) -> Conflict:
    doing = f"it is {shown_status(job)} in run {job.run} ({job.purpose.kind.value})"
    return Conflict(
        f"The job has not ended: {doing}.",
        hint="Wait until it has ended; GET it with Retry-After in mind.",
        errors=(FieldError("job_id", doing),),
    )


def retry(job: Job, clips: Sequence[Clip]) -> Purpose:
    """The clips that failed or were cancelled and can be made; without any, what the last run failed at."""
    if job.started_at is None and job.purpose.chooses:
        return Purpose(kind=RunKind.RETRY)
    without_film = job.status is not JobStatus.COMPLETED
    if without_film and job.purpose.kind in (RunKind.RECUT, RunKind.RENDITION):
        return job.purpose
    again = [clip.number for clip in clips if clip.status in GONE and not clip.is_given]
    if not again and not without_film:
        raise Conflict(
            "There is nothing to retry: no clip has failed or was cancelled.",
            hint="POST …/sub-jobs/{n}/regenerate makes a clip anew, …/recut another film of the same clips.",
            errors=(FieldError("job_id", "is completed, with all of its clips"),),
        )
    cut = None
    if job.cut.takes is not None:
        cut = job.cut.model_copy(update={"takes": put_among(job.cut.takes, clips, again)})
    return Purpose(kind=RunKind.RETRY, chooses=False, clips=again, cut=cut)


def put_among(takes: Sequence[Take], clips: Sequence[Clip], again: Collection[int]) -> list[Take]:
    """The takes, and of each shot that is not among them one of the clips that are made again, in front of the first with
    a larger number."""
    order = list(takes)
    taken = {take.clip for take in takes}
    for variants in by_shot(clips):
        missing = [clip for clip in variants if clip.number in again]
        if missing and not any(clip.number in taken for clip in variants):
            place = next((at for at, one in enumerate(order) if one.clip > missing[0].number), len(order))
            order.insert(place, take(missing[0]))
    return order


def the_reruns(reception: TheReception, library: TheLibrary) -> Reruns:
    return Reruns(reception, library)


TheReruns = Annotated[Reruns, Depends(the_reruns)]
