"""Assets: the pictures, the music and the short videos of a campaign."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api import cursors, presigned, uploads
from functions.api.accept_asset import accept_asset, fetch_file
from functions.api.envelope import ROOT, Envelope, Listed, View, answer, created, elsewhere, gone
from functions.api.given import Asker, TheForm, TheJobs, TheLibrary, TheMedia, TheOutside
from functions.api.in_use import refuse_while_needed
from functions.api.uploads import PresignedUpload, UploadForm, UrlUpload
from functions.studio.errors import FieldError, NotFound
from functions.studio.library import Asset, AssetType, Campaign, Upload
from functions.studio.media_store import MediaStore, SignedPost

router = Router()
TAGS = ["assets"]


class AssetView(View):
    id: str
    user_id: str
    client_id: str | None
    campaign_id: str
    name: str
    type: AssetType
    url: str
    """Signed; good for an hour."""
    tags: list[str]
    width: int | None
    height: int | None
    duration_seconds: float | None
    """Of music and videos; pictures and videos have a size and a thumbnail."""
    bytes: int
    content_type: str
    thumbnail_url: str | None
    """Signed too; a JPEG."""
    thumbnail_blob_id: str | None
    created_at: str
    updated_at: str


class KeptView(AssetView):
    duplicate: bool
    """The campaign had an asset of the same file already: this one, as it was."""


class AnnouncedView(View):
    """A form that takes the file: POST all `fields`, then `file`, as multipart/form-data to `url`; then POST `confirm`."""

    id: str
    url: str
    fields: dict[str, str]
    most_bytes: int
    expires_at: str
    confirm: str


def _shown(asset: Asset, media: MediaStore) -> dict[str, Any]:
    return asset.model_dump() | {
        "user_id": asset.tenant,
        "url": media.signed_url(asset.key),
        "thumbnail_url": media.signed_url(asset.thumbnail_key) if asset.thumbnail_key else None,
        "thumbnail_blob_id": f"{asset.id}.thumbnail" if asset.thumbnail_key else None,
    }


def view(asset: Asset, media: MediaStore) -> AssetView:
    return AssetView.model_validate(_shown(asset, media))


def _kept(asset: Asset, media: MediaStore, *, duplicate: bool) -> KeptView:
    return KeptView.model_validate({**_shown(asset, media), "duplicate": duplicate})


def _announced(upload: Upload, form: SignedPost) -> AnnouncedView:
    return AnnouncedView(
        id=upload.id,
        url=form.url,
        fields=form.fields,
        most_bytes=upload.most_bytes,
        expires_at=upload.post_until,
        confirm=f"{_path(upload.id)}/confirm",
    )


def _path(asset_id: str) -> str:
    return f"{ROOT}/assets/{asset_id}"


@router.post(
    "/assets/upload",
    tags=TAGS,
    status_code=201,
    summary="Upload a picture, music or a short video: a file, by its URL, or presigned",
)
def upload(
    form: TheForm, asker: Asker, library: TheLibrary, media: TheMedia, outside: TheOutside
) -> Response[Envelope[KeptView | AnnouncedView]]:
    sent = uploads.read_upload(form.content_type, form.body)
    campaign = library.get(Campaign, asker.tenant, sent.asked.campaign_id, field="campaignId")
    shown: KeptView | AnnouncedView
    match sent.asked:
        case PresignedUpload() as asked:
            shown = _announced(*presigned.announce(asked, sent.wish, campaign, library, media))
            return created(shown, _path(shown.id))
        case UrlUpload(url=url):
            accepted = accept_asset(
                sent.wish, fetch_file(url, sent.wish.type, outside), campaign, library, media, field="url"
            )
        case UploadForm():
            accepted = accept_asset(sent.wish, sent.body, campaign, library, media, most_bytes=uploads.MOST_BYTES)
    shown = _kept(accepted.asset, media, duplicate=not accepted.new)
    return created(shown, _path(shown.id), 201 if accepted.new else 200)


@router.post("/assets/<asset_id>/confirm", tags=TAGS, status_code=201, summary="Confirm a presigned upload")
def confirm(asset_id: str, asker: Asker, library: TheLibrary, media: TheMedia) -> Response[Envelope[KeptView]]:
    asset, new = presigned.confirm(asset_id, asker.tenant, library, media)
    return created(_kept(asset, media, duplicate=asset.id != asset_id), _path(asset.id), 201 if new else 200)


@router.get("/assets", tags=TAGS, summary="List assets, of a campaign, type or tag")
def page(
    asker: Asker,
    library: TheLibrary,
    media: TheMedia,
    campaign: Annotated[str | None, Query(alias="campaignId")] = None,
    kind: Annotated[AssetType | None, Query(alias="type")] = None,
    tag: Annotated[str | None, Query()] = None,
    limit: cursors.Limit = 50,
    cursor: cursors.Cursor = None,
) -> Envelope[Listed[AssetView]]:
    def wanted(asset: Asset) -> bool:
        return kind in (None, asset.type) and (tag is None or tag in asset.tags)

    after = cursors.position(cursor)
    if campaign is None:
        found, more = library.page(Asset, asker.tenant, limit=limit, after=after, keep=wanted)
    else:
        found, more = library.page_of_campaign(
            library.get(Campaign, asker.tenant, campaign, field="campaignId"), limit=limit, after=after, keep=wanted
        )
    return answer(Listed(items=[view(one, media) for one in found], next_cursor=cursors.cursor(more)))


@router.get("/assets/<asset_id>", tags=TAGS, summary="Get an asset")
def show(asset_id: str, asker: Asker, library: TheLibrary, media: TheMedia) -> Envelope[AssetView]:
    return answer(view(library.get(Asset, asker.tenant, asset_id), media))


@router.get("/assets/<asset_id>/thumbnail", tags=TAGS, status_code=302, summary="The asset's thumbnail")
def thumbnail(asset_id: str, asker: Asker, library: TheLibrary, media: TheMedia) -> Response[None]:
    key = library.get(Asset, asker.tenant, asset_id).thumbnail_key
    if key is None:
        detail = "There is no thumbnail of music."
        raise NotFound(detail, errors=(FieldError("asset_id", detail),))
    return elsewhere(media.signed_url(key))


@router.delete("/assets/<asset_id>", tags=TAGS, status_code=204, summary="Delete an asset that no running job needs")
def remove(asset_id: str, asker: Asker, library: TheLibrary, media: TheMedia, jobs: TheJobs) -> Response[None]:
    asset = library.get(Asset, asker.tenant, asset_id)
    refuse_while_needed(asset, jobs)
    library.remove_asset(asset)
    media.delete(*asset.keys)
    return gone()
