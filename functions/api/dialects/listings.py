"""Seed 002: a listing's film from a form with its pictures, a script by itself, and ads. Its videos are the jobs of kind
`listing`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from pydantic import Field

from functions.api import inputs
from functions.api.accept_job import Draft, Reception
from functions.api.ads import NewAd, job_of_video, page_path
from functions.api.bodies import at_fault
from functions.api.dialects.words import ROOT, read
from functions.api.envelope import JSON, Money, View
from functions.api.forms import is_form, read_form, single
from functions.api.from_listing import SentPicture
from functions.api.listing_progress import estimated_seconds, standing
from functions.api.listing_request import ListingRequest
from functions.api.money_views import costs_view
from functions.api.routes.scripts import ScriptRequest
from functions.api.uploads import MOST_BYTES
from functions.api.variants import refuse
from functions.studio.ads import Ad
from functions.studio.catalogue import Catalogue
from functions.studio.clips import Clip
from functions.studio.errors import FieldError, NotFound, RequestError, TooLarge
from functions.studio.jobs import Job
from functions.studio.ledger import Line
from functions.studio.media import Piece
from functions.studio.written_scripts import WrittenScript

GENERATE, SCRIPT = f"{ROOT}/generate", f"{ROOT}/generate-script"
ADS, CREATE_AD = "/api/ads", "/api/ads/create"

_HINT = "With curl: `-F images=@car.jpg -F title=… -F description=… -F price=18500 -F category=automotive`."
_LARGE = (
    f"A form holds at most {MOST_BYTES / 1e6} MB. Upload the pictures one by one (POST /api/v3/assets/upload), and name them here "
    "as `assetIds`."
)

PLAIN = (
    "title",
    "description",
    "category",
    "voice",
    "music",
    "script",
    "language",
    "motion",
    "campaignId",
    "aspectRatio",
)
"""Fields of a form that are text here and there."""


class GenerateListing(inputs.Input):
    """The fields of the form; `images` are files beside them."""

    title: str
    description: str
    price: str | None = None
    category: str | None = None
    voice: str | None = None
    music: str | None = None
    """`none`, `calm`, `upbeat`, `warm` or `tech`."""
    asset_ids: list[str] | None = None
    """Of pictures that were uploaded before; they come first."""
    script: str | None = None
    language: str | None = None
    motion: str | None = None
    duration_seconds: str | None = None
    captions_required: str | None = None
    """`true` or `false`: without captions, or silent, where speech or its times cannot be had."""
    campaign_id: str | None = None
    aspect_ratio: str | None = None


class _Sent(ListingRequest):
    """What makes two requests the same one: the pictures among it."""

    images: list[str]


class Begun(View):
    success: Literal[True] = True
    job_id: str
    estimated_time: int
    """Seconds, roughly."""


class Cost(View):
    """USD."""

    script: Money
    voiceover: Money
    captions: Money
    rendering: Money
    """Of models that move the pictures; what we move ourselves is not billed."""
    storage: Money
    total: Money


class ListingVideo(View):
    """URLs are signed anew at each reading, and good for an hour."""

    status: str
    progress: int
    """Per cent."""
    job_id: str
    video_url: str | None = None
    thumbnail_url: str | None = None
    script: str | None = None
    duration: float | None = None
    cost: Cost
    warnings: list[str]
    error: str | None = None


class ScriptWritten(View):
    success: Literal[True] = True
    script: str
    estimated_duration: int
    word_count: int
    cost: Money


class AdCreated(View):
    success: Literal[True] = True
    ad_id: str
    page_url: str


class AdShown(View):
    id: str
    user_id: str
    title: str
    description: str
    price: Money | None
    category: str
    video_url: str | None
    thumbnail_url: str | None
    script: str | None
    status: str
    page_url: str | None
    created_at: str


class Ads(View):
    ads: list[AdShown]
    next_cursor: str | None


class ListingRefused(View):
    """`code` is that of the v3 problem."""

    success: Literal[False] = False
    error: str
    code: str
    hint: str | None = None
    errors: list[dict[str, str]] = Field(default_factory=list)


class CreateAd(inputs.Input):
    title: str | None = None
    description: str | None = None
    price: float | str | None = None
    category: str | None = None
    video_url: str | None = None
    """As the status of the job told it; a `jobId` does as well."""
    thumbnail_url: str | None = None
    script: str | None = None
    job_id: str | None = None


class GenerateScript(inputs.Input):
    title: str
    description: str
    category: str | None = None
    price: float | str | None = None
    voice: str | None = None
    language: str | None = None


def speaks_form(event: BaseProxyEvent) -> bool:
    return is_form(event.headers.get("content-type", ""))


def is_told(event: BaseProxyEvent) -> bool:
    """Whether a request speaks this dialect: by its path, or by its body."""
    if event.path in (SCRIPT, ADS, CREATE_AD):
        return True
    return event.path == GENERATE and speaks_form(event)


def generate(
    content_type: str,
    body: bytes,
    drafted: Callable[[ListingRequest, Sequence[SentPicture]], Draft],
    reception: Reception,
    catalogue: Catalogue,
) -> Response[Any]:
    if len(body) > MOST_BYTES:
        raise at_fault(TooLarge, f"has {len(body)} bytes", _LARGE, "images")
    said, pictures = _form(content_type, body)
    asked = _translated(read(GenerateListing, said))
    if not pictures and not asked.asset_ids:
        refuse(FieldError("images", "is required, or assetIds: there is no film without a picture"), hint=_HINT)
    told = {name: getattr(asked, name) for name in asked.model_fields_set}
    sent = _Sent.model_construct(**told, images=[sha256(one.body).hexdigest() for one in pictures])
    answer = reception.accept(sent, lambda: drafted(asked, pictures))
    assert answer.body
    assert answer.body.data
    job = reception.jobs.job(answer.body.data.id)
    begun = Begun(job_id=job.id, estimated_time=estimated_seconds(job, catalogue))
    return Response(answer.status_code, JSON, begun, {**answer.headers, "Location": f"{ROOT}/status/{job.id}"})


def shown(
    job: Job,
    clips: Sequence[Clip],
    lines: Sequence[Line],
    pieces: Sequence[Piece],
    signed: Callable[[str], str],
) -> ListingVideo:
    at = standing(job, clips, lines, pieces)
    costs = costs_view(job, job.actual_cost)
    assert costs
    by = {"script": costs.script, "voiceover": costs.voice, "captions": costs.captions, "storage": costs.storage}
    by["rendering"] = costs.clips if job.ended else Decimal(0)
    film = job.film
    return ListingVideo(
        status=at.step.value,
        progress=at.percent,
        job_id=job.id,
        video_url=signed(film.key) if film else None,
        thumbnail_url=signed(film.poster_key) if film else None,
        script=job.narration.script if job.narration else None,
        duration=round(film.duration_seconds, 3) if film else None,
        cost=Cost(**by, total=sum(by.values(), Decimal(0))),
        warnings=job.warnings,
        error=(job.error_message or "The job was cancelled.") if at.step == "error" else None,
    )


def script_request(document: Mapping[str, Any]) -> ScriptRequest:
    said = read(GenerateScript, document).model_dump(by_alias=True, exclude_none=True)
    return read(ScriptRequest, {**said, **_price(said.get("price"))})


def script_written(row: WrittenScript) -> ScriptWritten:
    assert row.text is not None
    return ScriptWritten(
        script=row.text,
        estimated_duration=max(1, round(row.seconds or 0)),
        word_count=row.words or 0,
        cost=row.cost or Decimal(0),
    )


def new_ad(document: Mapping[str, Any]) -> NewAd:
    """Active, as its clients know it."""
    asked = read(CreateAd, document)
    job_id = asked.job_id or (job_of_video(asked.video_url) if asked.video_url else None)
    if job_id is None:
        what = "must be the videoUrl of a video of yours, as its status tells it" if asked.video_url else "is required"
        refuse(FieldError("videoUrl", f"{what}; a jobId does as well"))
    said = {"title": asked.title, "description": asked.description, "category": asked.category, "script": asked.script}
    given = {name: value for name, value in said.items() if value is not None}
    return read(NewAd, {**given, **_price(asked.price), "jobId": job_id, "status": "active"})


def ad_created(ad: Ad) -> AdCreated:
    return AdCreated(ad_id=ad.id, page_url=page_path(ad))


def ad_shown(ad: Ad, job: Job | None, signed: Callable[[str], str]) -> AdShown:
    film = job.film if job else None
    return AdShown(
        id=ad.id,
        user_id=ad.tenant,
        title=ad.title,
        description=ad.description,
        price=ad.price,
        category=ad.category,
        video_url=signed(film.key) if film else None,
        thumbnail_url=signed(film.poster_key) if film else None,
        script=ad.script,
        status=ad.status,
        page_url=page_path(ad) if ad.status == "active" else None,
        created_at=ad.created_at,
    )


def refused(error: RequestError, headers: Mapping[str, str]) -> Response[Any]:
    said = ListingRefused(
        error="; ".join(f"{one.field}: {one.detail}" for one in error.errors) or error.detail,
        code=error.code,
        hint=error.hint,
        errors=[{"field": one.field, "detail": one.detail} for one in error.errors],
    )
    if isinstance(error, NotFound) and not error.errors:
        said = said.model_copy(update={"error": error.detail})
    return Response(error.status, JSON, said.model_dump(by_alias=True), headers)


def _form(content_type: str, body: bytes) -> tuple[dict[str, Any], list[SentPicture]]:
    given, files = read_form(content_type, body, else_takes="", hint=_HINT)
    wrong = [one.field for one in files if one.field not in ("images", "images[]")]
    if wrong:
        refuse(FieldError(wrong[0], "must not be a file: pictures are sent as `images`"))
    if "images" in given:
        refuse(FieldError("images", "must be files, not text"), hint=_HINT)
    said: dict[str, Any] = {name: single(name, values) for name, values in given.items() if name != "assetIds"}
    if "assetIds" in given:
        said["assetIds"] = _ids(given["assetIds"])
    return said, [SentPicture(one.name, one.body) for one in files]


def _ids(values: list[str]) -> list[Any]:
    """The field repeated, a JSON array, or a list with commas."""
    if len(values) == 1 and values[0].lstrip().startswith("["):
        try:
            listed = json.loads(values[0])
        except ValueError:
            refuse(
                FieldError(
                    "assetIds", "must be a JSON array of ids, ids with commas between them, or the field repeated"
                )
            )
        return list(listed)
    return [one.strip() for value in values for one in value.split(",") if one.strip()]


def _translated(said: GenerateListing) -> ListingRequest:
    given = said.model_dump(by_alias=True, exclude_none=True)
    wishes: dict[str, Any] = {name: given[name] for name in (*PLAIN, "assetIds") if name in given}
    if said.duration_seconds is not None:
        if not said.duration_seconds.strip().isascii() or not said.duration_seconds.strip().isdigit():
            refuse(FieldError("durationSeconds", "must be a whole number of seconds"))
        wishes["durationSeconds"] = int(said.duration_seconds)
    if said.captions_required is not None:
        if said.captions_required not in ("true", "false"):
            refuse(FieldError("captionsRequired", "must be true or false"))
        wishes["captionsRequired"] = said.captions_required == "true"
    return read(ListingRequest, {**wishes, **_price(said.price)})


def _price(said: float | str | None) -> dict[str, Any]:
    """Forms and the pages of the seed send text."""
    if said is None or (isinstance(said, str) and not said.strip()):
        return {}
    if isinstance(said, str):
        try:
            number = Decimal(said.strip())
        except InvalidOperation:
            refuse(FieldError("price", f"must be a number, and {said[:40]!r} is none"))
        if not number.is_finite():
            refuse(FieldError("price", f"must be a number, and {said[:40]!r} is none"))
        return {"price": float(number)}
    return {"price": float(said)}
