"""The picture that a prompted film begins with: an asset, one that is fetched and becomes an asset, or a clip's last frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Depends

from functions.api import inputs
from functions.api.accept_asset import Accepted, accept_asset, fetch_file
from functions.api.given import TheJobs, TheLibrary, TheMedia, TheOutside
from functions.api.outside import Outside
from functions.api.own_jobs import own_job
from functions.api.prompt_request import ContinueWish, PromptRequest
from functions.api.uploads import Wish
from functions.api.variants import refuse
from functions.studio.errors import Conflict, FieldError, NotFound
from functions.studio.job_store import JobStore
from functions.studio.library import Asset, Campaign, Library
from functions.studio.media_store import MediaStore


@dataclass(frozen=True)
class FirstPicture:
    key: str
    size: tuple[int, int]
    """Width and height, as it is shown."""
    asset_id: str | None = None
    """None of a clip's last frame."""


@dataclass(frozen=True)
class Darkroom:
    """What pictures are had from."""

    library: Library
    jobs: JobStore
    media: MediaStore
    outside: Outside
    dry: bool = False
    """What is fetched is looked at, and not kept."""

    def at_hand(self, asked: PromptRequest, tenant: str) -> FirstPicture | None:
        """The picture, where it need not be fetched; a RequestError that names the field where it cannot be had."""
        if asked.image_asset_id is not None:
            asset = self.library.get(Asset, tenant, asked.image_asset_id, field="imageAssetId")
            if asset.type != "image":
                refuse(FieldError("imageAssetId", f"must be an asset of type image; {asset.name!r} is {asset.type}"))
            return _of_asset(asset)
        return self._last_frame(asked.continue_from, tenant) if asked.continue_from else None

    def fetched(self, url: str, campaign: Campaign) -> FirstPicture:
        """From where everybody can have it, now an asset of the campaign; the one that it has of the same file already."""
        return _of_asset(self.accepted(url, campaign, "imageUrl").asset)

    def accepted(self, url: str, campaign: Campaign, field: str) -> Accepted:
        """The same, and whether the asset is a new one; a RequestError names the `field`."""
        body = fetch_file(url, "image", self.outside, field=field)
        called = inputs.without_controls(PurePath(unquote(re.split("[?#]", url)[0])).name).strip()[:200]
        wish = Wish(called, "image", [])
        return accept_asset(wish, body, campaign, self.library, self.media, field=field, dry=self.dry)

    def forget(self, asset: Asset) -> None:
        """One that nothing has come of."""
        self.library.remove_asset(asset)
        self.media.delete(*asset.keys)

    def _last_frame(self, wish: ContinueWish, tenant: str) -> FirstPicture:
        field = "continueFrom.subJobNumber"
        try:
            job = own_job(self.jobs, tenant, wish.job_id)
        except NotFound as error:
            raise NotFound(error.detail, errors=(FieldError("continueFrom.jobId", error.detail),)) from None
        clip = next((one for one in self.jobs.clips(job.id) if one.number == wish.sub_job_number), None)
        if clip is None:
            detail = f"The job has no clip {wish.sub_job_number}."
            raise NotFound(detail, errors=(FieldError(field, detail),))
        kept = clip.latest
        if kept is None or kept.last_frame_key is None:
            why = f"clip {clip.number} is {clip.status.value}" if kept is None else "its last frame was not kept"
            raise Conflict(
                f"There is nothing to continue from: {why}.",
                hint="Name a clip that is completed; POST …/sub-jobs/{n}/regenerate makes one anew, with its last frame.",
                errors=(FieldError(field, f"must be a clip whose last frame is kept: {why}"),),
            )
        return FirstPicture(kept.last_frame_key, kept.probe.picture.shown)


def _of_asset(asset: Asset) -> FirstPicture:
    return FirstPicture(asset.key, (asset.width or 16, asset.height or 9), asset.id)


def the_darkroom(library: TheLibrary, jobs: TheJobs, media: TheMedia, outside: TheOutside) -> Darkroom:
    return Darkroom(library, jobs, media, outside)


TheDarkroom = Annotated[Darkroom, Depends(the_darkroom)]
