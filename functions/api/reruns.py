"""What a job that has ended may do next, and why not: decisions from its rows, and the one transaction that begins its next run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from pydantic import BaseModel

from functions.api.accept_job import Reception, TheReception
from functions.api.envelope import Envelope
from functions.api.given import TheLibrary
from functions.api.job_views import AcceptedView, rerun_view, shown_status
from functions.api.named_model import not_to_be_had
from functions.api.own_jobs import own_job
from functions.studio.attempts import at_most
from functions.studio.catalogue import Catalogue, Mode
from functions.studio.clips import Clip
from functions.studio.clock import sleep
from functions.studio.credits import in_credits
from functions.studio.cut import Cut, Take
from functions.studio.errors import ConditionLost, Conflict, FieldError
from functions.studio.jobs import Job, JobStatus, Purpose, RunKind
from functions.studio.library import Campaign, Library
from functions.studio.pairs import enough
from functions.studio.policy import hopeless
from functions.studio.reruns import opened_again
from functions.studio.rows import now, today
from functions.studio.shots import GONE, by_shot, take
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

    def begin(self, asked: BaseModel, tenant: str, job_id: str, decide: Decide) -> Response[Envelope[AcceptedView]]:
        try:
            return self.reception.answered_once(asked, lambda: self._begin(asked, tenant, job_id, decide))
        except ConditionLost:
            ended(own_job(self.reception.jobs, tenant, job_id))  # else another run was begun meanwhile
            raise

    def _begin(self, asked: BaseModel, tenant: str, job_id: str, decide: Decide) -> AcceptedView:
        jobs = self.reception.jobs
        job = ended(self._announced(tenant, job_id))
        clips = jobs.clips(job.id)
        purpose = decide(job, clips).model_copy(update={"asked_at": now()})
        next_job = job.model_copy(update={"run": job.run + 1, "status": JobStatus.PLANNING, "purpose": purpose})
        if purpose.chooses:
            campaign = self.library.get(Campaign, tenant, job.campaign_id, field="campaignId")
            enough(self.library.count_pictures(campaign), job.num_pairs)
        models = self.reception.catalogue()
        again = [opened_again(clip, next_job, models) for clip in clips if clip.number in purpose.clips]
        _require_models(job, again, purpose, models)
        self._require_pictures(job.tenant, again, purpose.cut or job.cut)
        self._require_hope(job, clips, again, purpose)
        cost = sum((at_most(clip, next_job, models) for clip in again), start=Decimal(0))
        estimate = job.estimated_cost if purpose.chooses else job.actual_cost + cost
        reserved = (estimate or Decimal(0)) if purpose.chooses else cost
        next_job = in_credits(next_job.model_copy(update={"reserved_cost": reserved}), [clip.stage for clip in again])
        warnings = [*job.warnings, *purpose.warnings]
        shown = rerun_view(next_job.model_copy(update={"estimated_cost": estimate, "warnings": warnings}), cost)
        about(job=job.id, run=next_job.run)
        told = {
            "estimatedCost": estimate,
            "reservedCost": reserved,
            "creditCosts": next_job.credit_costs,
            "reservedCredits": next_job.reserved_credits,
            "warnings": warnings,
        }
        self.reception.budgets.accept(
            next_job,
            *jobs.next_run(job, purpose, told),
            *self.reception.once.remember(asked, job.id, shown),
        )
        logger().info("run accepted", extra={"kind": purpose.kind.value, "clips": len(again), "usd": float(cost)})
        self.reception.start(next_job.model_copy(update={"execution_arn": None}))
        return shown

    def _announced(self, tenant: str, job_id: str) -> Job:
        job = own_job(self.reception.jobs, tenant, job_id)
        for _ in range(MOMENTS):
            if not job.ended or job.announced_run == job.run:
                break
            sleep(MOMENT)
            job = own_job(self.reception.jobs, tenant, job_id)
        return job

    def _require_hope(self, job: Job, clips: Sequence[Clip], again: Sequence[Clip], purpose: Purpose) -> None:
        """That the film may come, as far as can be known: nobody pays for clips of one that cannot."""
        after = {clip.number: clip for clip in (*clips, *again)}
        if purpose.chooses or not (why := hopeless(job.on_clip_failure, [*after.values()], cut=purpose.cut or job.cut)):
            return
        raise Conflict(
            f"There would be no film: {why}",
            hint="POST …/retry makes every clip that failed; …/recut names the clips of a film without them.",
            errors=(FieldError("onClipFailure", why),),
        )

    def _require_pictures(self, tenant: str, clips: Sequence[Clip], cut: Cut) -> None:
        """Of the clips that are made anew, and of the cut: a deleted picture cannot be given to a model."""
        wanted = {one for clip in clips for one in (clip.image1_asset_id, clip.image2_asset_id) if one}
        gone = wanted - {asset.id for asset in self.library.assets(tenant, sorted(wanted))}
        if gone:
            spoiled = [clip.number for clip in clips if {clip.image1_asset_id, clip.image2_asset_id} & gone]
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


def _require_models(job: Job, again: Sequence[Clip], purpose: Purpose, catalogue: Catalogue) -> None:
    """That the clips can be made with the models that they are to be made with."""
    on = today()
    asked: set[tuple[str, Mode]] = {(clip.model, clip.mode) for clip in again}
    if purpose.chooses:
        asked |= {(name, "pair") for name in job.models}
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
    """Conflict while it runs, or while its end is not published."""
    if not job.ended:
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
    """The clips that failed or were cancelled; without any, what the last run failed at."""
    if job.started_at is None and job.purpose.chooses:
        return Purpose(kind=RunKind.RETRY)
    without_film = job.status is not JobStatus.COMPLETED
    if without_film and job.purpose.kind in (RunKind.RECUT, RunKind.RENDITION):
        return job.purpose
    again = [clip.number for clip in clips if clip.status in GONE]
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
