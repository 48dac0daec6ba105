"""How a picture becomes an asset: decoded, stored, then the one write that makes it one."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from botocore.exceptions import ClientError

from functions.api.outside import Outside
from functions.api.pictures import CONTENT_TYPES, MOST_BYTES, read_picture
from functions.api.uploads import Wish
from functions.studio.errors import (
    AnswerTooLarge,
    ConditionLost,
    Conflict,
    FieldError,
    InvalidRequest,
    OutsideError,
    TooLarge,
)
from functions.studio.library import Asset, Campaign, Library
from functions.studio.media_store import MediaStore, asset_key
from functions.studio.rows import new_id, now
from functions.studio.table import IN_PROGRESS


class Accepted(NamedTuple):
    asset: Asset
    new: bool


def fetch_picture(url: str, outside: Outside) -> bytes:
    """The file that a caller's URL leads to; each thing wrong with it is a RequestError that names `url`."""
    try:
        return outside.get(url, most_bytes=MOST_BYTES, accept=", ".join(CONTENT_TYPES))
    except AnswerTooLarge as error:
        raise TooLarge(f"url: {error}", errors=(FieldError("url", str(error)),)) from None
    except OutsideError as error:
        hint = "Give a URL that everybody can open: https, of the picture itself, without redirects."
        raise InvalidRequest(f"url: {error}", hint=hint, errors=(FieldError("url", str(error)),)) from None


def accept_picture(
    wish: Wish,
    body: bytes,
    campaign: Campaign,
    library: Library,
    media: MediaStore,
    *,
    asset_id: str | None = None,
    field: str = "file",
    most_bytes: int = MOST_BYTES,
) -> Accepted:
    """The asset that the file has become; where the campaign has one of the same file, that one, as it is.

    Nothing is kept of a file that is refused, or comes a second time. `asset_id` is that of an announced upload.
    """
    digest = sha256(body).hexdigest()
    known = library.same_asset(campaign, digest)
    if known:
        return Accepted(known, new=False)
    picture = read_picture(body, field, most_bytes)
    stamp, write = now(), new_id()
    asset = Asset(
        id=asset_id or write,
        tenant=campaign.tenant,
        client_id=campaign.client_id,
        campaign_id=campaign.id,
        name=wish.name or asset_id or write,
        type=wish.type,
        key=asset_key(campaign.tenant, write, f"original.{picture.extension}"),
        thumbnail_key=asset_key(campaign.tenant, write, "thumbnail.jpg"),
        content_type=picture.content_type,
        bytes=len(picture.body),
        sha256=digest,
        width=picture.width,
        height=picture.height,
        tags=wish.tags,
        created_at=stamp,
        updated_at=stamp,
    )
    try:
        media.put(asset.key, picture.body, asset.content_type)
        media.put(asset.thumbnail_key, picture.thumbnail, "image/jpeg")
        library.add_asset(asset)
    except (ClientError, ConditionLost) as error:
        if isinstance(error, ClientError) and not _certain(error):
            raise
        known = library.same_asset(campaign, digest)
        if known and known.key == asset.key:  # an earlier try of the same write, whose answer was lost
            return Accepted(known, new=True)
        media.delete(asset.key, asset.thumbnail_key)
        if known:
            return Accepted(known, new=False)
        if isinstance(error, ClientError):
            raise
        library.get(Campaign, campaign.tenant, campaign.id, field="campaignId")
        raise Conflict("The same picture or its campaign was being deleted.", hint="Send it again.") from None
    return Accepted(asset, new=True)


def _certain(error: ClientError) -> bool:
    """Whether it says that nothing was written, and not only that nobody knows."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status < 500 and error.response["Error"]["Code"] != IN_PROGRESS
