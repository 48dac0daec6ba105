"""The caller's word on a picture that waits: it goes on, another takes its place, or the run begins with what is approved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response

from functions.api import inputs
from functions.api.envelope import Envelope
from functions.api.given import TheMedia, TheShared
from functions.api.job_views import AcceptedView, approved_view, shown_status
from functions.api.reruns import Reruns, TheReruns, over
from functions.api.variants import refuse
from functions.studio.clips import Clip, ClipStatus, KeptPicture
from functions.studio.errors import ConditionLost, Conflict, FieldError, NotFound, ReelayError
from functions.studio.jobs import Job, JobStatus, Purpose, RunKind
from functions.studio.library import Asset
from functions.studio.media_store import MediaStore, SharedStore, shared_picture_key
from functions.studio.pictures import kept_as, read_picture
from functions.studio.table import Write
from functions.studio.telemetry import about, logger

TRIES = 20
"""Times that a job is read again whose other pictures are being approved at the same moment."""


class ApproveRequest(inputs.Input):
    """Without fields the picture is approved as it is."""

    image_asset_id: str | None = None
    """The picture to begin with instead."""
    start: bool = False
    """Whatever is not approved by now is given up, and the film is made of the rest."""


@dataclass(frozen=True)
class Approvals:
    reruns: Reruns
    media: MediaStore
    shared: SharedStore

    def approve(self, asked: ApproveRequest, tenant: str, job_id: str, number: int) -> Response[Envelope[AcceptedView]]:
        def carry_out() -> AcceptedView:
            asset = self._instead(asked.image_asset_id, tenant) if asked.image_asset_id else None
            there = self._waiting(tenant, job_id, number)
            picture = self._copied(asset) if asset else None
            try:
                return self._until_decided(asked, *there, picture)
            except ReelayError:
                if picture:
                    self._forget(picture, *there[:2])
                raise

        return self.reruns.reception.answered_once(asked, carry_out)

    def _until_decided(
        self, asked: ApproveRequest, job: Job, clip: Clip, clips: Sequence[Clip], picture: KeptPicture | None
    ) -> AcceptedView:
        tenant = job.tenant
        for _ in range(TRIES):
            try:
                return self._decided(asked, job, clip, clips, picture)
            except ConditionLost:  # another picture was decided on, or this one
                job, clip, clips = self._waiting(tenant, job.id, clip.number)
        raise ConditionLost(f"job {job.id} kept changing")

    def _waiting(self, tenant: str, job_id: str, number: int) -> tuple[Job, Clip, list[Clip]]:
        """Conflict where nobody waits for a word on that clip."""
        jobs = self.reruns.reception.jobs
        job = self.reruns.announced(tenant, job_id)
        clips = jobs.clips(job.id)
        clip = next((one for one in clips if one.number == number), None)
        if clip is None:
            detail = f"The job has no clip {number}."
            raise NotFound(detail, hint="Its clips are listed at …/sub-jobs.", errors=(FieldError("number", detail),))
        if job.status is not JobStatus.AWAITING_APPROVAL:
            raise _not_waiting(f"the job is {shown_status(job)}", "job_id")
        if clip.status is not ClipStatus.AWAITING_APPROVAL:
            raise _not_waiting(f"clip {number} is {clip.status.value}", "number")
        return over(job), clip, clips

    def _decided(
        self, asked: ApproveRequest, job: Job, clip: Clip, clips: Sequence[Clip], picture: KeptPicture | None
    ) -> AcceptedView:
        reception = self.reruns.reception
        there = [one.number for one in clips if one.status is ClipStatus.AWAITING_APPROVAL]
        said = {clip.number, *(job.pause.approved if job.pause else ())}
        approved = [one for one in there if one in said]
        beside = [reception.jobs.picture_replaced(job.id, clip, picture)] if picture else []
        if asked.start or approved == there:
            purpose = Purpose(kind=RunKind.APPROVED, chooses=False, clips=approved)
            return self.reruns.accept(asked, job, clips, purpose, *beside)
        return self._noted(asked, job, clip, approved, there, beside)

    def _noted(
        self,
        asked: ApproveRequest,
        job: Job,
        clip: Clip,
        approved: Sequence[int],
        there: Sequence[int],
        beside: Sequence[Write],
    ) -> AcceptedView:
        reception = self.reruns.reception
        about(job=job.id, run=job.run, clip=clip.number)
        shown = approved_view(job, clip.number, [one for one in there if one not in approved])
        reception.jobs.table.commit(
            reception.jobs.approved(job, approved), *beside, *reception.once.remember(asked, job.id, shown)
        )
        logger().info("approved")
        return shown

    def _instead(self, asset_id: str, tenant: str) -> Asset:
        asset = self.reruns.library.get(Asset, tenant, asset_id, field="imageAssetId")
        if asset.type != "image":
            refuse(FieldError("imageAssetId", f"must be an asset of type image; {asset.name!r} is {asset.type}"))
        return asset

    def _copied(self, asset: Asset) -> KeptPicture:
        """Among the pictures that are shared."""
        picture = read_picture(self.media.read(asset.key), "imageAssetId")
        key = shared_picture_key(asset.tenant, picture.extension)
        self.shared.put(key, picture.body, picture.content_type)
        return kept_as(picture, key)

    def _forget(self, picture: KeptPicture, job: Job, clip: Clip) -> None:
        """What was refused is shared with nobody; unless it was taken all the same, and its answer was lost."""
        now = self.reruns.reception.jobs.clip(job.id, clip.number)
        if now.picture is None or now.picture.key != picture.key:
            self.shared.delete(picture.key)


def _not_waiting(doing: str, parameter: str) -> Conflict:
    return Conflict(
        f"There is no picture to approve: {doing}.",
        hint="`pauseAfter: image` makes a job of scenes wait once its pictures are there.",
        errors=(FieldError(parameter, doing),),
    )


def the_approvals(reruns: TheReruns, media: TheMedia, shared: TheShared) -> Approvals:
    return Approvals(reruns, media, shared)


TheApprovals = Annotated[Approvals, Depends(the_approvals)]
