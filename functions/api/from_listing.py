"""A listing's film, from what was asked to the row that it begins with: what it says is written, spoken and timed by Plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from pathlib import PurePath
from typing import Any

from functions.api import inputs
from functions.api.accept_asset import Accepted, accept_asset
from functions.api.clip_failure import the_fallbacks, the_wish
from functions.api.film_options import not_as_asked, the_cut
from functions.api.first_picture import Darkroom
from functions.api.job_request import as_asked, for_whom
from functions.api.listing_request import MOST_PICTURES, MOST_SECONDS, ListingRequest, Offered
from functions.api.named_model import passing, the_model
from functions.api.standing import require_tier
from functions.api.uploads import MOST_BYTES, Wish
from functions.api.variants import refuse
from functions.studio.at_once import HANDS, at_once
from functions.studio.budgets import Budgets
from functions.studio.captions import CaptionStyle
from functions.studio.catalogue import Catalogue, Mode, Model
from functions.studio.choice import Facts
from functions.studio.clips import Clip
from functions.studio.cut import Cut
from functions.studio.errors import FieldError, RequestError
from functions.studio.jobs import Job
from functions.studio.library import LISTINGS, Asset, Campaign, Client, PictureAsset, usual_id
from functions.studio.listing_clips import film_at_most, seconds_each
from functions.studio.listings import KEN_BURNS, SILENT, Listing, categories
from functions.studio.rows import new_id, now, today
from functions.studio.services import Language, Narrators
from functions.studio.tiers import Tier
from functions.studio.timeline import most_pictures
from functions.studio.videos import MOST_SECONDS as MOST_OF_VIDEOS

MOST_FETCHING = 20.0
"""Seconds that all pictures may take to come, of the thirty that a request has."""

LONGEST_PICTURE = 60
"""Seconds that one picture is looked at, at most."""


@dataclass(frozen=True)
class SentPicture:
    """One that came in the request itself."""

    file_name: str
    body: bytes


@dataclass(frozen=True)
class Drafting:
    """A request on its way; nothing is written but pictures that came or were fetched, when all else is known to be well."""

    asked: ListingRequest
    tenant: str
    darkroom: Darkroom
    budgets: Budgets
    catalogue: Catalogue
    tier: Tier
    facts: Callable[[Mode], Facts]
    sent: Sequence[SentPicture] = ()

    def job(self) -> tuple[Job, list[Clip]]:
        campaign, known = self._campaign(), self._known()
        cut = the_cut(self.asked, self.tenant, self.darkroom.library, self._number)
        if campaign is None and known:
            campaign = self.darkroom.library.find(Campaign, self.tenant, known[0].campaign_id)
        job = self._planned(campaign, known, cut)
        if not (self.sent or self.asked.image_urls):
            return job, []
        if campaign is None:
            campaign = self._campaign_of_listings()
        ids = [*(one.id for one in known), *(one.id for one in self._to_come(campaign))]
        assert job.listing
        return job.model_copy(update={"listing": job.listing.model_copy(update={"asset_ids": ids})}), []

    @property
    def _number(self) -> int:
        return len(self.asked.asset_ids) + len(self.sent) + len(self.asked.image_urls)

    def _campaign(self) -> Campaign | None:
        """As the request names it."""
        library = self.darkroom.library
        if self.asked.campaign_id is not None:
            return for_whom(self.asked, self.asked.campaign_id, self.tenant, library)
        if self.asked.client_id is not None:
            library.get(Client, self.tenant, self.asked.client_id, field="clientId")
        return None

    def _campaign_of_listings(self) -> Campaign:
        if not self.darkroom.dry:
            return self.darkroom.library.usual_campaign(self.tenant, LISTINGS)
        stamp = now()
        return Campaign(
            id=usual_id(self.tenant, LISTINGS), tenant=self.tenant, name=LISTINGS, created_at=stamp, updated_at=stamp
        )

    def _known(self) -> list[Asset]:
        """The pictures and videos that are assets already, in their order."""
        ids = self.asked.asset_ids
        if twice := [place for place, one in enumerate(ids) if one in ids[:place]]:
            refuse(*(FieldError(f"assetIds.{place}", "must be another picture: it is named before") for place in twice))
        if self._number > MOST_PICTURES:
            field = "images" if self.sent else "imageUrls" if self.asked.image_urls else "assetIds"
            refuse(FieldError(field, f"there must be at most {MOST_PICTURES} pictures, and there are {self._number}"))
        there = {one.id: one for one in self.darkroom.library.assets(self.tenant, ids)}
        for place, one in enumerate(ids):
            if one not in there:
                self.darkroom.library.get(Asset, self.tenant, one, field=f"assetIds.{place}")
        others = [(place, there[one]) for place, one in enumerate(ids) if there[one].type == "audio"]
        if others:
            refuse(
                *(
                    FieldError(
                        f"assetIds.{place}", f"must be an asset of type image or video; {one.name!r} is {one.type}"
                    )
                    for place, one in others
                )
            )
        _require_short([there[one] for one in ids])
        return [there[one] for one in ids]

    def _planned(self, campaign: Campaign | None, known: Sequence[Asset], cut: Cut) -> Job:
        """All but the pictures that are still to come."""
        asked, on = self.asked, today()
        language = the_language(asked, self.catalogue.narrators)
        faults = [*_of_lists(asked, self.catalogue.narrators), *self._of_pictures()]
        if asked.script is not None and not language.units(asked.script):
            faults.append(FieldError("script", f"has no words of {language.title}"))
        if faults:
            refuse(*faults)
        model = None if asked.motion == KEN_BURNS else _the_motion(asked.motion, self.catalogue)
        if model and "audio" not in asked.model_fields_set:
            cut = cut.model_copy(update={"audio": "strip"})
        listing = the_listing(
            asked,
            script=asked.script,
            captions=CaptionStyle.model_validate(asked.captions.model_dump()) if asked.captions else None,
            captions_required=asked.captions_required,
            motion=asked.motion,
            title_card=asked.title_card,
            price_card=asked.price_card,
            asset_ids=[*asked.asset_ids, *(f"to come {one}" for one in range(self._number - len(known)))],
        )
        lasts = self._lasts(language)
        _require_length(asked, lasts, listing, model)
        cast = self.catalogue.narrators.cast(asked.voice, language.name, on) if listing.spoken else None
        if listing.spoken and cast is None:
            refuse(
                FieldError("language", f"nobody speaks {language.title} any more; a film with the voice none is silent")
            )
        fallbacks = self._fallbacks(model, listing)
        models = [model, *fallbacks] if model else []
        stamp = now()
        job = Job(
            id=new_id(),
            tenant=self.tenant,
            kind="listing",
            campaign_id=campaign.id if campaign else usual_id(self.tenant, LISTINGS),
            client_id=self.asked.client_id or (campaign.client_id if campaign else None),
            listing=listing,
            model=listing.motion,
            fallback_models=[one.name for one in fallbacks],
            on_clip_failure=the_wish(asked, self._number),
            duration_seconds=seconds_each(listing, model) if model else asked.duration_seconds,
            total_clips=self._number,
            cut=cut,
            **as_asked(asked),
            warnings=[
                *(cast.warnings if cast else ()),
                *passing(models, self.catalogue, on),
                *self.facts("image").warnings(models),
                *(said for one in models for said in not_as_asked(one, cut, seconds_each(listing, one))),
                *_too_many(self._number, lasts),
                *(["priceCard: the listing has no price, and there is no card."] if _priceless(asked) else []),
            ],
            created_at=stamp,
            updated_at=stamp,
        )
        pictures = [*known, *(_unseen(self.tenant, job.campaign_id) for _ in range(self._number - len(known)))]
        cost = sum(film_at_most(job, listing, pictures, self.catalogue, on).values(), Decimal(0))
        job = job.model_copy(update={"estimated_cost": cost, "reserved_cost": cost})
        require_tier(job, self.tier, self.catalogue)
        self.budgets.check_beginning(job)
        return job

    def _of_pictures(self) -> list[FieldError]:
        if self._number == 0:
            return [FieldError("assetIds", "is required, or imageUrls: there is no film without a picture")]
        return []

    def _lasts(self, language: Language) -> float:
        """Seconds that the film's words take, roughly."""
        if self.asked.script is None:
            return float(self.asked.duration_seconds)
        voice = self.catalogue.narrators.voice(self.asked.voice)
        return language.seconds(self.asked.script, voice.pace if voice else Decimal(1))

    def _fallbacks(self, model: Model | None, listing: Listing) -> list[Model]:
        if model:
            return the_fallbacks(self.asked, model, [seconds_each(listing, model)], self.catalogue, today())
        if self.asked.fallback_models:
            refuse(FieldError("fallbackModels", "must be left out: no model moves the pictures"))
        return []

    def _to_come(self, campaign: Campaign) -> list[Asset]:
        """What came in the request or is fetched, now assets; none of them where one cannot be had."""
        urls = self.asked.image_urls
        each = MOST_FETCHING / max(1, ceil(len(urls) / HANDS))
        outside = self.darkroom.outside
        darkroom = replace(self.darkroom, outside=replace(outside, seconds=min(outside.seconds, each)))
        first = {url: place for place, url in reversed(list(enumerate(urls)))}
        kept: dict[str, Accepted] = {}

        def keep(place: int) -> None:
            kept[f"images.{place}"] = self._kept(place, campaign)

        def fetch(url: str) -> None:
            kept[url] = darkroom.accepted(url, campaign, f"imageUrls.{first[url]}")

        try:
            at_once(keep, range(len(self.sent)))
            at_once(fetch, first)
        except Exception:
            for one in kept.values():
                if one.new:
                    darkroom.forget(one.asset)
            raise
        return [kept[one].asset for one in (*(f"images.{place}" for place in range(len(self.sent))), *urls)]

    def _kept(self, place: int, campaign: Campaign) -> Accepted:
        """A picture of the request; the error says which one is at fault."""
        one, room = self.sent[place], self.darkroom
        name = PurePath(inputs.without_controls(one.file_name)).name.strip()[:200]
        wish, field = Wish(name, "image", []), f"images.{place}"
        stores = room.library, room.media
        try:
            return accept_asset(wish, one.body, campaign, *stores, field=field, most_bytes=MOST_BYTES, dry=room.dry)
        except RequestError as error:
            raise _which(f"Picture {place + 1} ({name or 'without a name'})", error) from None


def _which(name: str, error: RequestError) -> RequestError:
    errors = tuple(FieldError(one.field, f"{name}: {one.detail}") for one in error.errors)
    return type(error)(f"{name}: {error.detail}", hint=error.hint, errors=errors)


def the_listing(asked: Offered, **more: Any) -> Listing:
    return Listing(
        title=asked.title,
        description=asked.description,
        category=asked.category,
        price=None if asked.price is None else inputs.exactly(asked.price),
        currency=asked.currency,
        language=asked.language,
        target_seconds=asked.duration_seconds,
        voice=asked.voice,
        **more,
    )


def the_language(asked: Offered, narrators: Narrators) -> Language:
    language = narrators.language(asked.language)
    if language is None:
        names = ", ".join(one.name for one in narrators.languages)
        refuse(
            *_of_lists(asked, narrators), FieldError("language", f"must be one of {names}, with or without a region")
        )
    return language


def _of_lists(asked: Offered, narrators: Narrators) -> list[FieldError]:
    """What is said of names that are in a list."""
    faults = []
    if categories().find(asked.category) is None:
        faults.append(FieldError("category", f"must be one of {', '.join(categories().names)}"))
    if asked.voice != SILENT and narrators.voice(asked.voice) is None:
        faults.append(
            FieldError("voice", f"must be one of {', '.join([SILENT, *(one.name for one in narrators.voices)])}")
        )
    return faults


def require_known(asked: Offered, narrators: Narrators) -> Language:
    """InvalidRequest that names each field whose word is in no list, and the words that would do."""
    language = the_language(asked, narrators)
    if faults := _of_lists(asked, narrators):
        refuse(*faults)
    return language


def _the_motion(name: str, catalogue: Catalogue) -> Model:
    if catalogue.find(name, "image") is None:
        names = ", ".join([KEN_BURNS, *(one.name for one in catalogue.choosable("image", today()))])
        refuse(FieldError("motion", f"must be one of {names}"))
    return the_model(name, "image", catalogue, name, today(), field="motion")


def _require_length(asked: ListingRequest, lasts: float, listing: Listing, model: Model | None) -> None:
    field = "script" if asked.script is not None else "durationSeconds"
    if lasts > MOST_SECONDS:
        refuse(FieldError(field, f"takes about {lasts:.0f} s to say; a film speaks for at most {MOST_SECONDS} s"))
    each = model.durations[-1] if model else LONGEST_PICTURE
    pictures = len(listing.asset_ids)
    if lasts > each * pictures:
        seen = "1 picture is" if pictures == 1 else f"{pictures} pictures are"
        by = f" by {model.name}" if model else ""
        refuse(
            FieldError(field, f"takes about {lasts:.0f} s, and {seen} shown{by} for {each * pictures} s at most"),
            hint="Fewer words, or more pictures.",
        )


def _require_short(shown: Sequence[Asset]) -> None:
    lasts = 0.0
    for place, one in enumerate(shown):
        lasts += one.duration_seconds or 0.0
        if lasts > MOST_OF_VIDEOS:
            detail = f"with it the videos last {lasts:.1f} s; {MOST_OF_VIDEOS} s is the most of all together"
            refuse(FieldError(f"assetIds.{place}", detail))


def _priceless(asked: ListingRequest) -> bool:
    return asked.price_card and asked.price is None


def _too_many(pictures: int, lasts: float) -> list[str]:
    most = most_pictures(lasts)
    if pictures <= most:
        return []
    return [
        f"assetIds: {lasts:.0f} s have time for {most} pictures; with {pictures} the film goes on behind its last word."
    ]


def _unseen(tenant: str, campaign_id: str) -> PictureAsset:
    """In the place of a picture that is still to come: what it is changes no price."""
    stamp = now()
    return PictureAsset(
        id=new_id(),
        tenant=tenant,
        campaign_id=campaign_id,
        name="",
        key="",
        thumbnail_key="",
        content_type="image/jpeg",
        bytes=0,
        sha256="",
        width=16,
        height=9,
        created_at=stamp,
        updated_at=stamp,
    )


def draft(
    asked: ListingRequest,
    tenant: str,
    darkroom: Darkroom,
    budgets: Budgets,
    catalogue: Catalogue,
    tier: Tier,
    facts: Callable[[Mode], Facts],
    sent: Sequence[SentPicture] = (),
) -> tuple[Job, list[Clip]]:
    """The job, whose clips Plan makes; a RequestError where it cannot be done, with nothing written or spent."""
    return Drafting(asked, tenant, darkroom, budgets, catalogue, tier, facts, sent).job()
