"""POST /jobs/from-listing: what is accepted becomes a job that Plan can narrate; what is not is named, and nothing is left."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from functions.studio.budgets import Budgets
from functions.studio.catalogue import catalogue
from functions.studio.job_store import JobStore
from functions.studio.library import Library, PictureAsset
from functions.studio.listing_clips import film_at_most
from functions.studio.media_store import MediaStore
from functions.studio.rows import today
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, picture, uploaded
from tests.integration.asset_stage import opening
from tests.integration.listing_stage import CAMRY, PATH, accepted, listed, pictures_of
from tests.integration.test_api_music import music
from tests.media import Studio
from tests.strangers import response, stranger


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def test_a_listing_becomes_a_job_with_all_that_it_may_cost_reserved(
    acme: Caller, jobs: JobStore, library: Library, table: Table
) -> None:
    reply = listed(acme, 3)
    job = accepted(jobs, reply)
    listing = job.listing
    assert listing
    assert (job.kind, job.title, job.total_clips, job.model) == ("listing", CAMRY["title"], 3, "ken_burns")
    assert (listing.price, listing.category, listing.voice, listing.target_seconds) == (
        Decimal(18500),
        "automotive",
        "alloy",
        15,
    )
    assert listing.captions
    assert (job.cut.aspect_ratio, job.cut.resolution, job.cut.music) == ("9:16", "720p", None)
    assert jobs.clips(job.id) == []
    shown = [PictureAsset.model_validate(one.model_dump()) for one in library.assets("acme", listing.asset_ids)]
    most = sum(film_at_most(job, listing, shown, catalogue(), today()).values())
    assert job.estimated_cost == job.reserved_cost == most
    assert Budgets(table).tenant("acme").reserved == most
    told = acme.get(f"/api/v3/jobs/{job.id}").data
    assert told["listing"]["title"] == CAMRY["title"]
    assert told["listing"]["narration"] is None
    assert told["costs"]["script"] == 0
    assert told["deliveredTo"] is None


def test_every_wish_reaches_the_job(acme: Caller, jobs: JobStore) -> None:
    style = {"font": "inter-black", "colour": "#ffffff", "highlight": None, "position": "middle", "wordsAtOnce": 3}
    job = accepted(
        jobs,
        listed(
            acme,
            script="Look at this car.",
            voice="nova",
            language="en-GB",
            durationSeconds=30,
            music={"track": "upbeat", "volume": 0.4},
            captions=style,
            captionsRequired=False,
            titleCard=True,
            priceCard=True,
            aspectRatio="16:9",
            resolution="1080p",
            transition="crossfade",
            currency="EUR",
            destination={"kind": "r2", "prefix": "cars/"},
        ),
    )
    listing = job.listing
    assert listing
    assert listing.captions
    assert (listing.captions.font, listing.captions.highlighted, listing.captions.words_at_once) == (
        "inter-black",
        None,
        3,
    )
    assert (listing.script, listing.voice, listing.language, listing.currency) == (
        "Look at this car.",
        "nova",
        "en-GB",
        "EUR",
    )
    assert (listing.captions_required, listing.title_card, listing.price_card) == (False, True, True)
    assert job.cut.music
    assert (job.cut.music.track, job.cut.music.volume) == ("upbeat", Decimal("0.4"))
    assert (job.cut.aspect_ratio, job.cut.resolution, job.cut.transition.kind) == ("16:9", "1080p", "crossfade")
    assert acme.get(f"/api/v3/jobs/{job.id}").data["listing"]["captions"]["highlight"] is None
    assert job.destination
    assert (job.destination.kind, job.destination.prefix) == ("r2", "cars")


@pytest.mark.parametrize("music", ["calm", "upbeat", "warm", "tech"])
def test_music_is_asked_for_by_its_name(acme: Caller, jobs: JobStore, music: str) -> None:
    cut = accepted(jobs, listed(acme, music=music)).cut
    assert cut.music
    assert (cut.music.track, cut.asset_ids) == (music, set())


def test_music_may_be_an_asset_or_none(acme: Caller, jobs: JobStore, studio: Studio) -> None:
    tune = music(acme, studio)
    job = accepted(jobs, listed(acme, music={"assetId": tune}))
    assert job.cut.asset_ids == {tune}
    assert accepted(jobs, listed(acme, music="none")).cut.music is None


def test_captions_false_are_not_burned_in(acme: Caller, jobs: JobStore) -> None:
    listing = accepted(jobs, listed(acme, captions=False)).listing
    assert listing
    assert listing.captions is None


def test_a_film_without_a_campaign_belongs_to_its_first_pictures(acme: Caller, jobs: JobStore) -> None:
    one, two = a_campaign(acme), a_campaign(acme)
    ids = [*pictures_of(acme, 1, two), *pictures_of(acme, 1, one)]
    assert accepted(jobs, listed(acme, assetIds=ids)).campaign_id == two
    assert accepted(jobs, listed(acme, assetIds=ids, campaignId=one)).campaign_id == one


def test_a_model_moves_the_pictures_where_one_is_named(acme: Caller, jobs: JobStore) -> None:
    job = accepted(jobs, listed(acme, 3, motion="veo3"))
    assert (job.model, job.total_clips) == ("veo3", 3)
    still = accepted(jobs, listed(acme, 3))
    assert job.reserved_cost == still.reserved_cost + 3 * 6 * Decimal("0.10"), "clips of 6 s without sound"
    fallen_back = accepted(jobs, listed(acme, 3, motion="veo3", fallbackModels=["hailuo-2.0"]))
    assert fallen_back.fallback_models == ["hailuo-2.0"]


def test_a_request_sent_twice_with_a_key_is_one_job(acme: Caller) -> None:
    ids = pictures_of(acme, 1)
    headers = {"content-type": "application/json", "idempotency-key": "one"}
    body = json.dumps({**CAMRY, "assetIds": ids})
    first, second = (acme.send("POST", PATH, body, headers) for _ in range(2))
    assert second.data["jobId"] == first.data["jobId"]
    assert second.headers["idempotent-replayed"] == "true"


def test_a_dry_run_tells_the_cost_and_leaves_nothing(acme: Caller, everything: Everything) -> None:
    ids = pictures_of(acme, 2)
    before = everything.now()
    told = acme.post(f"{PATH}?dryRun=true", {**CAMRY, "assetIds": ids})
    assert told.status == 200
    assert (told.data["kind"], told.data["totalClips"], told.data["dryRun"]) == ("listing", 2, True)
    assert told.data["estimatedCost"] > 0
    assert everything.now() == before


def test_more_pictures_than_the_words_have_time_for_are_warned_of(acme: Caller) -> None:
    (said,) = listed(acme, 8, durationSeconds=5).data["warnings"]
    assert "assetIds" in said


SAID: list[tuple[dict[str, Any], str, str]] = [
    ({"description": None}, "description", "must"),
    ({"description": "  "}, "description", "at least 1"),
    ({"title": ""}, "title", "at least 1"),
    ({"category": "spaceships"}, "category", "automotive, electronics, fashion"),
    ({"voice": "hal"}, "voice", "none, alloy"),
    ({"language": "tlh"}, "language", "must be one of en"),
    ({"price": -1}, "price", "greater than or equal to 0"),
    ({"price": "cheap"}, "price", "number"),
    ({"price": True}, "price", "number"),
    ({"currency": "dollars"}, "currency", "pattern"),
    ({"music": "polka"}, "music", "none, one of calm, upbeat, warm, tech"),
    ({"motion": "imaginary"}, "motion", "must be one of ken_burns, veo3"),
    ({"motion": "gen4_image"}, "motion", "must be one of ken_burns, veo3"),
    ({"motion": "gen3a_turbo"}, "motion", "is retired since"),
    ({"script": "word " * 4000}, "script", "to say"),
    ({"script": "word " * 400}, "script", "shown for 120 s at most"),
    ({"script": "..."}, "script", "no words"),
    ({"durationSeconds": 301}, "durationSeconds", "300"),
    ({"durationSeconds": 60, "motion": "veo3"}, "durationSeconds", "shown by veo3"),
    ({"captions": {"colour": "red"}}, "captions.colour", "#"),
    ({"captions": {"font": "comic"}}, "captions.font", "inter"),
    ({"fallbackModels": ["veo3"]}, "fallbackModels", "no model moves"),
    ({"destination": {"kind": "s3"}}, "destination", "an endpoint and a bucket"),
    ({"destination": {"kind": "r2", "prefix": "../other"}}, "destination.prefix", ".."),
]


@pytest.mark.parametrize(("wishes", "field", "words"), SAID, ids=[f"{field} {words}" for _, field, words in SAID])
def test_what_cannot_be_is_named_with_what_would_do_and_nothing_is_left(
    acme: Caller, everything: Everything, wishes: dict[str, Any], field: str, words: str
) -> None:
    ids = pictures_of(acme, 2)
    problem = everything.refused(lambda: listed(acme, assetIds=ids, **wishes), 422, field)
    assert words in problem["detail"], problem["detail"]


def test_a_missing_description_is_named(acme: Caller, everything: Everything) -> None:
    (one,) = pictures_of(acme, 1)
    everything.refused(lambda: acme.post(PATH, {"title": "A car", "assetIds": [one]}), 422, "description")


def test_a_film_needs_a_picture_and_takes_fifty(acme: Caller, everything: Everything) -> None:
    everything.refused(lambda: acme.post(PATH, CAMRY), 422, "assetIds")
    everything.refused(lambda: listed(acme, assetIds=[]), 422, "assetIds")
    urls = [f"https://pictures.invalid/{number}.png" for number in range(51)]
    assert "there are 51" in everything.refused(lambda: listed(acme, imageUrls=urls), 422, "imageUrls")["detail"]
    many = [f"{UNKNOWN[:-2]}{number:02}" for number in range(51)]
    everything.refused(lambda: listed(acme, assetIds=many), 422, "assetIds")


def test_pictures_that_are_not_there_or_no_pictures_are_named_by_their_place(
    acme: Caller, other: Caller, everything: Everything, studio: Studio
) -> None:
    campaign = a_campaign(acme)
    (one,), (theirs,) = pictures_of(acme, 1, campaign), pictures_of(other, 1)
    tune = music(acme, studio)
    for wrong in (UNKNOWN, theirs):
        everything.refused(lambda wrong=wrong: listed(acme, assetIds=[one, wrong]), 404, "assetIds.1")  # type: ignore[misc]  # bound now
    everything.refused(lambda: listed(acme, assetIds=[one, tune]), 422, "assetIds.1")
    everything.refused(lambda: listed(acme, assetIds=[one, one]), 422, "assetIds.1")
    everything.refused(lambda: listed(acme, assetIds=[one], campaignId=UNKNOWN), 404, "campaignId")


def test_a_url_that_cannot_be_fetched_is_named_and_the_others_are_not_kept(
    acme: Caller, everything: Everything
) -> None:
    (one,) = pictures_of(acme, 1)
    url = "https://127.0.0.1/a.png"
    acme.post("/api/v3/campaigns", {"name": "x"})
    everything.refused(lambda: listed(acme, assetIds=[one], imageUrls=[url]), 422, "imageUrls.0")


def test_pictures_are_fetched_in_their_order_and_one_that_is_none_is_named(acme: Caller, jobs: JobStore) -> None:
    (one,) = pictures_of(acme, 1)
    campaign = a_campaign(acme)
    with (
        stranger(response(picture())) as good,
        stranger(response(picture(80, 40))) as larger,
        stranger(response(picture(form="GIF"))) as gif,
        opening(replace(good.outside(), ports=frozenset({good.port, larger.port, gif.port}))),
    ):
        urls = [larger.url, good.url]
        listing = accepted(jobs, listed(acme, assetIds=[one], imageUrls=urls, campaignId=campaign)).listing
        assert listing
        assert [acme.get(f"/api/v3/assets/{it}").data["width"] for it in listing.asset_ids] == [64, 80, 64]
        refused = listed(acme, imageUrls=[gif.url, good.url], campaignId=a_campaign(acme))
        assert (refused.status, refused.fields) == (415, ["imageUrls.0"])
        assert "neither a JPEG nor a PNG nor a WebP" in refused.problem["detail"]
    everywhere = acme.get("/api/v3/campaigns").data["items"]
    assert [len(acme.get(f"/api/v3/assets?campaignId={it['id']}").data["items"]) for it in everywhere] == [1, 2, 0]


def test_a_budget_that_does_not_suffice_is_told_before_anything_is_fetched(
    acme: Caller, everything: Everything
) -> None:
    campaign = a_campaign(acme, budgetUsd=0.0001)
    (one,) = pictures_of(acme, 1, campaign)
    everything.refused(lambda: listed(acme, assetIds=[one]), 402, "campaignId")
    rich = a_campaign(acme)
    everything.refused(lambda: listed(acme, assetIds=[one], budgetUsd=0.0001, campaignId=rich), 402, "budgetUsd")


def test_a_picture_of_a_running_film_is_not_deleted(acme: Caller, jobs: JobStore) -> None:
    ids = pictures_of(acme, 1)
    accepted(jobs, listed(acme, assetIds=ids, campaignId=a_campaign(acme)))
    assert acme.delete(f"/api/v3/assets/{ids[0]}").status == 409


def test_a_gif_is_no_picture(acme: Caller) -> None:
    assert uploaded(acme, a_campaign(acme), picture(form="GIF")).status == 415
