"""What seed 002 has beside its videos: a script by itself, and ads."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from functions.api import cursors
from functions.api.ads import new_ad
from functions.api.dialects import listings
from functions.api.dialects.words import document_of
from functions.api.envelope import JSON
from functions.api.given import Asker, TheCatalogue, TheForm, TheJobs, TheLibrary, TheMedia
from functions.api.once import REPLAYED, TheOnce
from functions.api.routes.ads import TheShowcase
from functions.api.routes.scripts import TheScriptwriter
from functions.studio.ads import Ad
from functions.studio.table import Write
from functions.studio.written_scripts import WrittenScript

router = Router()


@router.post("/video/generate-script", tags=["video"], summary="Write the script of a listing's film")
def script(
    form: TheForm, asker: Asker, writer: TheScriptwriter, catalogue: TheCatalogue, once: TheOnce
) -> Response[listings.ScriptWritten]:
    asked = listings.script_request(document_of(form))

    def told(row: WrittenScript) -> list[Write]:
        return once.remember(asked, row.id, listings.script_written(row))

    with once.taking(asked) as answered:
        if answered is None:
            return Response(
                200, JSON, listings.script_written(writer.script(asked, asker.tenant, catalogue.narrators, told))
            )
        return Response(200, JSON, listings.ScriptWritten.model_validate(answered), {REPLAYED: "true"})


@router.post("/ads/create", tags=["ads"], status_code=201, summary="Show a video as an ad")
def create_ad(form: TheForm, asker: Asker, jobs: TheJobs, ads: TheShowcase) -> Response[listings.AdCreated]:
    """Active at once; its page is for everybody."""
    ad = new_ad(listings.new_ad(document_of(form)), asker.tenant, jobs)
    ads.add(ad)
    return Response(201, JSON, listings.ad_created(ad), {"Location": f"/api/v3/ads/{ad.id}"})


@router.get("/ads", tags=["ads"], summary="List ads")
def list_ads(
    asker: Asker,
    jobs: TheJobs,
    media: TheMedia,
    library: TheLibrary,
    limit: cursors.Limit = 50,
    cursor: cursors.Cursor = None,
) -> listings.Ads:
    """The newest first."""
    found, more = library.page(Ad, asker.tenant, limit=limit, after=cursors.position(cursor), newest_first=True)
    films = {job.id: job for job in jobs.jobs(list({ad.job_id for ad in found if ad.job_id}))}
    shown = [listings.ad_shown(ad, films.get(ad.job_id or ""), media.signed_url) for ad in found]
    return listings.Ads(ads=shown, next_cursor=cursors.cursor(more))
