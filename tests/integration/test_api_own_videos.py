"""Short videos among a campaign's assets, and among the pictures of a listing."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import requests
from PIL import Image

from functions.studio.job_store import JobStore
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from functions.studio.videos import MOST_SECONDS
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import Everything, a_campaign, picture, uploaded
from tests.integration.asset_stage import announced, objects, put
from tests.integration.listing_stage import accepted, listed
from tests.integration.test_api_music import music
from tests.media import Studio, damaged


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def sent(caller: Caller, file: Path, campaign_id: str | None = None) -> Reply:
    form = [("uploadType", "file"), ("type", "video"), ("campaignId", campaign_id or a_campaign(caller))]
    return caller.upload(form, file.read_bytes())


def test_a_video_becomes_an_asset_that_says_how_long_and_large_it_is_and_shows_its_middle(
    acme: Caller, studio: Studio, media: MediaStore
) -> None:
    file = studio.clip(seconds=3, size="180x320")
    made = sent(acme, file)
    asset = made.data
    assert (made.status, asset["type"], asset["contentType"]) == (201, "video", "video/mp4")
    assert (asset["width"], asset["height"], asset["durationSeconds"]) == (180, 320, 3)
    assert requests.get(asset["url"], timeout=5).content == file.read_bytes()
    with Image.open(io.BytesIO(requests.get(asset["thumbnailUrl"], timeout=5).content)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("JPEG", (180, 320))
    assert acme.get(f"{made.headers['location']}/thumbnail").status == 302
    assert acme.delete(made.headers["location"]).status == 204
    assert objects(media) == []


def test_a_quicktime_file_that_was_filmed_upright_is_measured_as_it_is_seen(acme: Caller, studio: Studio) -> None:
    plain = studio.clip(seconds=1, size="320x180")
    turned = studio.made(["-display_rotation", "90", "-i", plain, "-c", "copy"], "mov")
    asset = sent(acme, turned).data
    assert (asset["contentType"], asset["width"], asset["height"]) == ("video/quicktime", 180, 320)


def test_a_video_comes_presigned_too_and_may_weigh_fifty_megabytes(acme: Caller, studio: Studio) -> None:
    form = announced(acme, a_campaign(acme), type="video", contentType="video/mp4", fileName="lamp.mp4").data
    assert form["mostBytes"] == 50_000_000
    assert put(form, studio.clip(seconds=1).read_bytes()).status_code == 204
    confirmed = acme.send("POST", form["confirm"])
    assert (confirmed.status, confirmed.data["type"], confirmed.data["name"]) == (201, "video", "lamp.mp4")


def test_what_is_no_short_video_is_refused_with_what_would_do(
    acme: Caller, studio: Studio, media: MediaStore, tmp_path: Path
) -> None:
    no_video = tmp_path / "picture.mp4"
    no_video.write_bytes(picture())
    long = studio.clip(seconds=MOST_SECONDS + 1, fps="2", size="32x18", sound=False)
    no_picture = studio.made(["-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac"], "mp4")
    cut = damaged(studio.clip(seconds=2), tmp_path / "cut.mp4", keep=9000)
    for file, status, why in (
        (no_video, 415, "neither an MP4 nor a MOV"),
        (long, 422, f"{MOST_SECONDS} s is the most"),
        (no_picture, 422, "has no picture"),
        (cut, 422, "cut short"),
    ):
        refused = sent(acme, file)
        assert (refused.status, refused.fields) == (status, ["file"]), why
        assert why in refused.problem["detail"]
        assert "An MP4 or MOV of at most" in refused.problem["hint"]
    assert objects(media) == []


def test_a_listing_shows_videos_in_their_place(acme: Caller, studio: Studio, jobs: JobStore) -> None:
    campaign = a_campaign(acme)
    video = sent(acme, studio.clip(seconds=2), campaign).data["id"]
    shown = [uploaded(acme, campaign).data["id"], video]
    job = accepted(jobs, listed(acme, assetIds=shown))
    assert job.listing
    assert job.listing.asset_ids == shown
    assert job.cut.audio == "keep"
    assert acme.delete(f"/api/v3/assets/{video}").status == 409
    animated = accepted(jobs, listed(acme, assetIds=shown, motion="veo3", durationSeconds=8))
    alone = accepted(jobs, listed(acme, assetIds=shown[:1], motion="veo3", durationSeconds=8))
    assert animated.cut.audio == "strip"
    assert animated.estimated_cost < alone.estimated_cost, "a video costs nothing, and leaves the picture less to fill"


def test_videos_that_last_too_long_together_are_named(acme: Caller, studio: Studio) -> None:
    campaign = a_campaign(acme)
    half = MOST_SECONDS / 2 + 1
    videos = [studio.clip(seconds=half, fps=fps, size="32x18", sound=False) for fps in ("2", "3")]
    refused = listed(acme, assetIds=[sent(acme, one, campaign).data["id"] for one in videos])
    assert (refused.status, refused.fields) == (422, ["assetIds.1"])
    assert "of all together" in refused.problem["detail"]
    assert listed(acme, assetIds=[music(acme, studio)]).fields == ["assetIds.0"]
