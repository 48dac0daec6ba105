"""Files that go straight to the bucket: announced, put there by a presigned POST, confirmed. Only then there is an asset."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from functions.api.accept_asset import Accepted, accept_asset
from functions.api.asset_kinds import KINDS
from functions.api.uploads import PresignedUpload, Wish
from functions.studio.errors import Conflict, FieldError, InvalidRequest, NotFound, TooLarge, UnsupportedMedia
from functions.studio.library import Asset, Campaign, Library, Upload
from functions.studio.media_store import SIGNED_FOR, MediaStore, SignedPost, upload_key
from functions.studio.rows import new_id, now

CONFIRM_WITHIN = 86_400
"""Seconds: as long as the bucket keeps what was put there and not confirmed."""


def announce(
    asked: PresignedUpload, wish: Wish, campaign: Campaign, library: Library, media: MediaStore
) -> tuple[Upload, SignedPost]:
    upload_id, stamp, seconds = new_id(), now(), time.time()
    upload = Upload(
        id=upload_id,
        tenant=campaign.tenant,
        campaign_id=campaign.id,
        name=wish.name,
        type=wish.type,
        tags=wish.tags,
        key=upload_key(campaign.tenant, upload_id),
        most_bytes=asked.bytes or KINDS[wish.type].most_bytes,
        post_until=f"{datetime.fromtimestamp(seconds + SIGNED_FOR, UTC):%Y-%m-%dT%H:%M:%SZ}",
        expires_at=int(seconds) + CONFIRM_WITHIN,
        created_at=stamp,
        updated_at=stamp,
    )
    form = media.signed_post(upload.key, most_bytes=upload.most_bytes, content_type=asked.content_type)
    library.add(upload)
    return upload, form


def confirm(upload_id: str, tenant: str, library: Library, media: MediaStore) -> Accepted:
    """What was put is decoded and becomes the asset of that id, once; a file that is refused is removed, and its announcement."""
    asset = library.find(Asset, tenant, upload_id)
    if asset:
        return Accepted(asset, new=False)
    upload = library.get(Upload, tenant, upload_id, field="asset_id")
    if upload.asset_id:
        return Accepted(library.get(Asset, tenant, upload.asset_id), new=False)
    if upload.expires_at <= time.time():
        detail = f"The upload {upload_id!r} was not confirmed in time."
        raise NotFound(detail, hint="Announce it once more.", errors=(FieldError("asset_id", detail),))
    campaign = library.get(Campaign, tenant, upload.campaign_id, field="campaignId")
    body = media.find(upload.key)
    if body is None:
        raise Conflict(
            "Nothing has been uploaded yet.",
            hint=f"POST the file, with all fields of the answer, to its URL (until {upload.post_until}); then confirm.",
        )
    try:
        wish = Wish(upload.name, upload.type, upload.tags)
        accepted = accept_asset(wish, body, campaign, library, media, asset_id=upload.id)
    except (InvalidRequest, TooLarge, UnsupportedMedia):
        library.remove(upload)
        media.delete(upload.key)
        raise
    if accepted.asset.id == upload.id:
        library.remove(upload)
    else:
        library.change(Upload, tenant, upload.id, {"assetId": accepted.asset.id})
    media.delete(upload.key)
    return accepted
