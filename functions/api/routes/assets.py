"""Assets: the pictures of a campaign."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api import cursors, inputs, uploads
from functions.api.envelope import ROOT, Envelope, Listed, View, answer, created, gone
from functions.api.given import Asker, TheForm, TheLibrary, TheMedia
from functions.api.pictures import read_picture
from functions.studio.library import Asset, Campaign
from functions.studio.media_store import MediaStore, asset_key
from functions.studio.rows import new_id, now

router = Router()
TAGS = ["assets"]


class AssetView(View):
    id: str
    user_id: str
    client_id: str | None
    campaign_id: str
    name: str
    type: Literal["image"]
    url: str
    """Signed; good for an hour."""
    tags: list[str]
    width: int
    height: int
    bytes: int
    content_type: str
    thumbnail_blob_id: str | None
    created_at: str
    updated_at: str


def view(asset: Asset, media: MediaStore) -> AssetView:
    signed = {"user_id": asset.tenant, "url": media.signed_url(asset.key)}
    return AssetView.model_validate(asset.model_dump() | signed)


def _called(file_name: str) -> str:
    return inputs.without_controls(PurePath(file_name).name).strip()[:200]


@router.post("/assets/upload", tags=TAGS, status_code=201, summary="Upload a picture, as multipart/form-data")
def upload(form: TheForm, asker: Asker, library: TheLibrary, media: TheMedia) -> Response[Envelope[AssetView]]:
    sent = uploads.read_upload(form.content_type, form.body)
    campaign = library.get(Campaign, asker.tenant, sent.form.campaign_id, field="campaignId")
    picture = read_picture(sent.body, most_bytes=uploads.MOST_BYTES)
    asset_id, stamp = new_id(), now()
    asset = Asset(
        id=asset_id,
        tenant=asker.tenant,
        client_id=campaign.client_id,
        campaign_id=campaign.id,
        name=sent.form.name or _called(sent.file_name) or asset_id,
        type=sent.form.type,
        key=asset_key(asker.tenant, asset_id, picture.extension),
        content_type=picture.content_type,
        bytes=picture.bytes,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        tags=sent.form.tags,
        created_at=stamp,
        updated_at=stamp,
    )
    media.put(asset.key, sent.body, asset.content_type)
    try:
        library.add_asset(asset)
    except BaseException:
        media.delete(asset.key)
        raise
    return created(view(asset, media), f"{ROOT}/assets/{asset.id}")


@router.get("/assets", tags=TAGS, summary="List assets, of a campaign, type or tag")
def page(
    asker: Asker,
    library: TheLibrary,
    media: TheMedia,
    campaign: Annotated[str | None, Query(alias="campaignId")] = None,
    kind: Annotated[Literal["image"] | None, Query(alias="type")] = None,
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


@router.delete("/assets/<asset_id>", tags=TAGS, status_code=204, summary="Delete an asset")
def remove(asset_id: str, asker: Asker, library: TheLibrary, media: TheMedia) -> Response[None]:
    asset = library.get(Asset, asker.tenant, asset_id)
    library.remove_asset(asset)
    media.delete(asset.key)
    return gone()
