"""Seed 002 at the API: a form becomes a job, its status has the seed's words, ads, and how it says what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from functions.api.dialects.listings import MOST_BYTES, shown
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, JobStatus
from functions.studio.media_store import MediaStore
from functions.studio.narration import NarrationRef
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, picture
from tests.integration.listing_stage import CAMRY, pictures_of

GENERATE, STATUS = "/api/video/generate", "/api/video/status"
FIELDS = {**CAMRY, "price": "18500", "voice": "alloy", "music": "upbeat"}

Named = tuple[str, bytes]


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def sent(caller: Caller, *pictures: Named, headers: dict[str, str] | None = None, **fields: Any) -> Reply:
    """As a browser's FormData would: text, and a file for each picture."""
    said = {name: value for name, value in {**FIELDS, **fields}.items() if value is not None}
    parts: list[Any] = []
    for name, value in said.items():
        parts += [(name, (None, str(one))) for one in (value if isinstance(value, list) else [value])]
    parts += [("images", (name, body, "image/png")) for name, body in pictures]
    form = requests.Request("POST", "http://api/", files=parts).prepare()
    assert isinstance(form.body, bytes)
    return caller.send("POST", GENERATE, form.body, {"content-type": form.headers["Content-Type"], **(headers or {})})


def begun(caller: Caller, pictures: int = 2, **fields: Any) -> str:
    reply = sent(caller, *((f"image{number}.jpg", picture()) for number in range(pictures)), **fields)
    assert reply.status == 202, reply.text
    assert reply.envelope["success"] is True
    return str(reply.envelope["jobId"])


def told(caller: Caller, job: str) -> dict[str, Any]:
    reply = caller.get(f"{STATUS}/{job}")
    assert reply.status == 200, reply.text
    return reply.envelope


def a_film(job: str, **changes: Any) -> Film:
    facts = {
        "duration_seconds": 15,
        "frames": 450,
        "width": 720,
        "height": 1280,
        "fps": 30,
        "bytes": 1,
        "sha256": "0",
        "clips": [1],
    }
    keys = {"key": f"acme/1/videos/{job}/combined.mp4", "poster_key": "p.jpg", "manifest_key": "m.json"}
    return Film(**{**facts, **keys, **changes})


def completed(jobs: JobStore, job: str) -> None:
    narration = NarrationRef(key="n", script="Look at this car.", seconds=14.0, words=4)
    jobs.table.commit(jobs.move_job(job, 1, JobStatus.PROCESSING, {"narration": narration.attributes()}))
    jobs.table.commit(jobs.move_job(job, 1, JobStatus.COMBINING))
    jobs.table.commit(jobs.move_job(job, 1, JobStatus.COMPLETED, {"film": a_film(job).attributes()}))


def test_pictures_that_were_uploaded_before_are_named_and_come_first(acme: Caller, jobs: JobStore) -> None:
    one, two = pictures_of(acme, 2)
    for said in ([one, two], f"{one},{two}", json.dumps([one, two])):
        listing = jobs.job(begun(acme, 1, assetIds=said)).listing
        assert listing
        assert (listing.asset_ids[:2], len(listing.asset_ids)) == ([one, two], 3)


def test_a_form_may_allow_a_film_without_captions(acme: Caller, jobs: JobStore) -> None:
    for said, required in ((None, True), ("true", True), ("false", False)):
        listing = jobs.job(begun(acme, 1, captionsRequired=said)).listing
        assert listing
        assert listing.captions_required is required


def test_the_same_form_with_a_key_is_one_job_and_another_one_is_refused(acme: Caller) -> None:
    car, key = ("car.jpg", picture()), {"idempotency-key": "one"}
    first, second = (sent(acme, car, headers=key) for _ in range(2))
    assert second.envelope["jobId"] == first.envelope["jobId"]
    assert sent(acme, ("car.jpg", picture()), headers=key).status == 422
    assert sent(acme, car, headers=key, title="Another").status == 422


def test_a_job_that_failed_says_error_and_why(acme: Caller, jobs: JobStore) -> None:
    job = begun(acme)
    jobs.table.commit(jobs.move_job(job, 1, JobStatus.FAILED, {"errorMessage": "The script could not be spoken"}))
    said = told(acme, job)
    assert (said["status"], said["progress"], said["error"]) == ("error", 0, "The script could not be spoken")


@pytest.mark.parametrize("status", [JobStatus.PROCESSING, JobStatus.COMBINING, JobStatus.FAILED, JobStatus.CANCELLED])
def test_a_film_that_is_there_stays_whatever_becomes_of_a_later_run(
    acme: Caller, jobs: JobStore, status: JobStatus
) -> None:
    job = begun(acme)
    completed(jobs, job)
    later = jobs.job(job).model_copy(update={"run": 2, "status": status, "error_message": "no"})
    said = shown(later, [], [], [], lambda key: key)
    assert (said.status, said.progress, said.error) == ("complete", 100, None)
    assert (said.video_url, said.thumbnail_url) == (a_film(job).key, a_film(job).poster_key)


def test_an_unknown_job_is_not_found_in_the_seeds_words(acme: Caller, other: Caller) -> None:
    theirs = begun(other)
    for job in (UNKNOWN, theirs, "x"):
        answer = acme.get(f"{STATUS}/{job}")
        assert (answer.status, answer.envelope) == (404, {"status": "not_found"})


def refused(reply: Reply, status: int, field: str) -> dict[str, Any]:
    said = reply.envelope
    assert (reply.status, said["success"]) == (status, False), reply.text
    assert field in [one["field"] for one in said["errors"]], said
    assert said["error"]
    return said


def gif() -> bytes:
    return picture(form="GIF")


def test_bad_input_is_named_and_leaves_nothing(acme: Caller, everything: Everything) -> None:
    acme.post("/api/v3/campaigns", {"name": "x"})
    good = ("car.png", picture())
    before = everything.now()
    for reply, status, field in [
        (sent(acme, good, description=None), 422, "description"),
        (sent(acme, good, title=None), 422, "title"),
        (sent(acme), 422, "images"),
        (sent(acme, good, voice="hal"), 422, "voice"),
        (sent(acme, good, category="spaceships"), 422, "category"),
        (sent(acme, good, price="-5"), 422, "price"),
        (sent(acme, good, price="cheap"), 422, "price"),
        (sent(acme, good, price="NaN"), 422, "price"),
        (sent(acme, good, price="1e400"), 422, "price"),
        (sent(acme, good, music="polka"), 422, "music"),
        (sent(acme, good, durationSeconds="long"), 422, "durationSeconds"),
        (sent(acme, good, script="word " * 400), 422, "script"),
        (sent(acme, good, script="word " * 4000), 422, "script"),
        (sent(acme, good, captionsRequired="perhaps"), 422, "captionsRequired"),
        (sent(acme, good, colour="red"), 422, "colour"),
        (sent(acme, good, assetIds=UNKNOWN), 404, "assetIds.0"),
        (sent(acme, good, campaignId=UNKNOWN), 404, "campaignId"),
        (sent(acme, *(("p.png", b"x") for _ in range(51))), 422, "images"),
        (sent(acme, good, assetIds=[f"{UNKNOWN[:-2]}{one:02}" for one in range(50)]), 422, "images"),
        (sent(acme, assetIds=[f"{UNKNOWN[:-2]}{one:02}" for one in range(51)]), 422, "assetIds"),
        (sent(Caller(), good), 401, "Authorization"),
        (acme.send("POST", GENERATE, b"--x", {"content-type": "multipart/form-data"}), 415, "Content-Type"),
        (acme.send("POST", GENERATE, b"--x", {"content-type": "multipart/form-data; boundary=x"}), 400, "body"),
    ]:
        refused(reply, status, field)
    assert everything.now() == before


def test_a_form_that_is_too_large_names_assetids(acme: Caller, everything: Everything) -> None:
    before = everything.now()
    reply = sent(acme, ("large.png", bytes(MOST_BYTES)))
    assert "assetIds" in refused(reply, 413, "images")["hint"]
    assert everything.now() == before


def test_the_three_dialects_are_told_apart_by_their_bodies(acme: Caller) -> None:
    assert sent(acme, ("car.png", picture())).envelope["success"] is True
    film = {"generation_mode": "text_to_video", "campaign_id": a_campaign(acme), "prompt": "A cat", "provider": "veo3"}
    assert acme.post(GENERATE, film).envelope["generation_mode"] == "text_to_video"
    assert acme.post(GENERATE, {"scene_id": UNKNOWN}).envelope["code"] == "NOT_FOUND"


def test_an_ad_of_what_is_no_video_of_ones_own_is_refused(
    acme: Caller, other: Caller, jobs: JobStore, everything: Everything
) -> None:
    theirs, mine = begun(other), begun(acme)
    completed(jobs, theirs)
    words = {"title": "A car", "description": "Red", "price": 5, "category": "automotive"}
    before = everything.now()
    for said, status, field in [
        ({}, 422, "videoUrl"),
        ({"videoUrl": "https://example.com/a.mp4"}, 422, "videoUrl"),
        ({"videoUrl": f"https://media/acme/1/videos/{theirs}/combined.mp4"}, 404, "jobId"),
        ({"jobId": UNKNOWN}, 404, "jobId"),
        ({"jobId": mine}, 409, "status"),
        ({"jobId": mine, "price": "much"}, 422, "price"),
        ({"jobId": mine, "category": "spaceships"}, 422, "category"),
    ]:
        refused(acme.post("/api/ads/create", {**words, **said}), status, field)
    assert everything.now() == before
