"""How a file becomes an asset: decoded, stored, then the one write that makes it one."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from botocore.exceptions import ClientError

from functions.api.asset_kinds import KINDS
from functions.api.outside import Outside
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
from functions.studio.library import Asset, AssetType, Campaign, Library
from functions.studio.media_store import MediaStore, asset_key
from functions.studio.rows import new_id, now
from functions.studio.table import IN_PROGRESS


class Accepted(NamedTuple):
    asset: Asset
    new: bool


def fetch_file(url: str, kind: AssetType, outside: Outside, *, field: str = "url") -> bytes:
    """The file that a caller's URL leads to; each thing wrong with it is a RequestError that names the `field`."""
    try:
        return outside.get(url, most_bytes=KINDS[kind].most_bytes, accept=", ".join(KINDS[kind].content_types))
    except AnswerTooLarge as error:
        hint = f"At most {KINDS[kind].most_bytes / 1e6:g} MB of {KINDS[kind].word} are taken."
        raise TooLarge(f"{field}: {error}", hint=hint, errors=(FieldError(field, str(error)),)) from None
    except OutsideError as error:
        hint = "Give a URL that everybody can open: https, of the file itself, without redirects."
        raise InvalidRequest(f"{field}: {error}", hint=hint, errors=(FieldError(field, str(error)),)) from None


def accept_asset(
    wish: Wish,
    body: bytes,
    campaign: Campaign,
    library: Library,
    media: MediaStore,
    *,
    asset_id: str | None = None,
    field: str = "file",
    most_bytes: int | None = None,
    dry: bool = False,
) -> Accepted:
    """The asset that the file has become; where the campaign has one of the same file, that one, as it is.

    Nothing is kept of a file that is refused, or comes a second time. `asset_id` is that of an announced upload;
    `most_bytes` is what the way by which it came can carry, where that is less than its kind may have. `dry`: it is looked at,
    and nothing is kept of any.
    """
    digest = sha256(body).hexdigest()
    known = library.same_asset(campaign, digest)
    if known and known.type == wish.type:
        return Accepted(known, new=False)
    kind = KINDS[wish.type]
    file = kind.read(body, field, most_bytes or kind.most_bytes)
    stamp, write = now(), new_id()
    asset = Asset(
        id=asset_id or write,
        tenant=campaign.tenant,
        client_id=campaign.client_id,
        campaign_id=campaign.id,
        name=wish.name or asset_id or write,
        type=wish.type,
        key=asset_key(campaign.tenant, write, f"original.{file.extension}"),
        thumbnail_key=asset_key(campaign.tenant, write, "thumbnail.jpg") if file.thumbnail else None,
        content_type=file.content_type,
        bytes=len(file.body),
        sha256=digest,
        tags=wish.tags,
        created_at=stamp,
        updated_at=stamp,
        **file.facts,
    )
    if dry:
        return Accepted(asset, new=False)
    try:
        media.put(asset.key, file.body, asset.content_type)
        if asset.thumbnail_key and file.thumbnail:
            media.put(asset.thumbnail_key, file.thumbnail, "image/jpeg")
        library.add_asset(asset)
    except (ClientError, ConditionLost) as error:
        if isinstance(error, ClientError) and not _certain(error):
            raise
        known = library.same_asset(campaign, digest)
        if known and known.key == asset.key:  # an earlier try of the same write, whose answer was lost
            return Accepted(known, new=True)
        media.delete(*asset.keys)
        if known:
            return Accepted(known, new=False)
        if isinstance(error, ClientError):
            raise
        library.get(Campaign, campaign.tenant, campaign.id, field="campaignId")
        library.forget_deletion(campaign.tenant, campaign.id)
        raise Conflict("The same file or its campaign was being deleted.", hint="Send it again.") from None
    return Accepted(asset, new=True)


def _certain(error: ClientError) -> bool:
    """Whether it says that nothing was written, and not only that nobody knows."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status < 500 and error.response["Error"]["Code"] != IN_PROGRESS
