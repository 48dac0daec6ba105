"""/api/video in the words of seed 003: what is asked and answered, what is refused, and what of it is v3's."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from functions.api.dialects.words import COUNTED
from functions.studio.brief import Brief
from functions.studio.catalogue import catalogue
from functions.studio.clips import ClipStatus
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, JobStatus
from functions.studio.media_store import MediaStore
from functions.studio.rows import new_id, now, today
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, a_campaign_of, asked
from tests.integration.prompt_stage import prompted
from tests.integration.test_api_job_list import accepted
from tests.integration.test_prompt_pictures import a_picture_at_an_address
from tests.scripted import a_job, a_kept

GENERATE, STATUS, LIBRARY = "/api/video/generate", "/api/video/status/", "/api/video/library"
SCRIPT = "Create an engaging marketing video about our new product launch"
MODELS = ", ".join(model.name for model in catalogue().choosable("text", today()))


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def generated(caller: Caller, campaign: str | None = None, **fields: Any) -> Reply:
    body = {"generation_mode": "text_to_video", "script": SCRIPT, "campaign_id": campaign or a_campaign(caller)}
    return caller.post(GENERATE, {name: said for name, said in {**body, **fields}.items() if said is not ...})


def video(reply: Reply) -> dict[str, Any]:
    assert reply.status in (200, 202), reply.text
    return reply.envelope


def test_a_script_is_taken_at_once_in_the_seeds_words(acme: Caller, jobs: JobStore) -> None:
    reply = generated(acme, style="social", duration=10, aspect_ratio="16:9")
    said = video(reply)
    job = jobs.job(said["video_id"])
    (clip,) = jobs.clips(job.id)
    assert (reply.status, reply.headers["location"]) == (202, f"/api/video/status/{job.id}")
    wanted = {
        "video_id": job.id,
        "status": "processing",
        "duration": 5.0,
        "requested_duration": 10.0,
        "actual_duration": 5.0,
        "cost": 0.03,
        "progress": 0,
        "provider": "piapi_hunyuan_fast",
        "model_name": "hunyuan-fast",
        "generation_mode": "text_to_video",
        "created_at": job.created_at,
        "warnings": ["duration 10 was changed to 5: piapi_hunyuan_fast makes clips of 5 seconds."],
    }
    assert {name: said[name] for name in wanted} == wanted
    assert (clip.prompt or "").startswith(
        "Dynamic, eye-catching social media video optimized for mobile. Duration: 10s."
    )


@pytest.mark.parametrize(
    ("duration", "provider", "name", "cost"),
    [
        (10, "piapi_hunyuan_fast", "hunyuan-fast", 0.03),
        (11, "piapi_wanx_1.3b", "wanx-1.3b", 0.12),
        (30, "piapi_wanx_1.3b", "wanx-1.3b", 0.12),
        (60, "piapi_wanx_1.3b", "wanx-1.3b", 0.12),
        (90, "piapi_wanx_14b", "wanx-14b", 0.28),
    ],
)
def test_the_duration_chooses_the_provider_and_what_is_delivered_is_told(
    acme: Caller, duration: int, provider: str, name: str, cost: float
) -> None:
    said = video(generated(acme, duration=duration))
    assert (said["provider"], said["model_name"], said["cost"]) == (provider, name, cost)
    assert (said["requested_duration"], said["actual_duration"]) == (duration, 5)


@pytest.mark.parametrize("provider", ["piapi_hunyuan_fast", "piapi_wanx_14b", "piapi_luma", "veo3"])
def test_a_provider_can_be_forced_whatever_the_duration(acme: Caller, provider: str) -> None:
    said = video(generated(acme, duration=30, provider=provider))
    assert (said["provider"], said["requested_duration"]) == (provider, 30)
    assert said["actual_duration"] < 10


def test_a_duration_that_no_model_makes_is_still_refused_by_v3(acme: Caller) -> None:
    assert prompted(acme, script=SCRIPT, durationSeconds=30).fields == ["durationSeconds"]


def test_without_a_style_it_is_marketing_and_wanx_has_its_own_words_for_it(acme: Caller, jobs: JobStore) -> None:
    said = video(generated(acme, provider="piapi_wanx_1.3b", duration=5))
    (clip,) = jobs.clips(said["video_id"])
    style = "Professional, engaging marketing video with smooth transitions and high production value"
    assert clip.prompt == f"{style}. 5-second clip. Script: {SCRIPT}"
    assert said["style"] == "marketing"


def test_wanx_falls_back_to_16_9_and_the_film_has_that_shape(acme: Caller, jobs: JobStore) -> None:
    said = video(generated(acme, provider="piapi_wanx_1.3b", duration=5, aspect_ratio="1:1"))
    job = jobs.job(said["video_id"])
    assert (job.aspect_ratio, job.cut.aspect_ratio) == ("16:9", None)
    assert said["warnings"] == ["aspect_ratio 1:1 was changed to 16:9: piapi_wanx_1.3b makes 16:9, 9:16 only."]


def test_an_image_is_fetched_and_animated(acme: Caller, jobs: JobStore) -> None:
    with a_picture_at_an_address() as url:
        said = video(
            generated(acme, generation_mode="image_to_video", image_url=url, duration=5, provider="piapi_wanx_1.3b")
        )
    (clip,) = jobs.clips(said["video_id"])
    assert (said["generation_mode"], clip.mode, said["cost"]) == ("image_to_video", "image", 0.12)
    assert clip.image1_asset_id


def test_sent_twice_with_a_key_it_is_one_video(acme: Caller, jobs: JobStore) -> None:
    body = json.dumps({"generation_mode": "text_to_video", "script": SCRIPT, "campaign_id": a_campaign(acme)})
    headers = {"content-type": "application/json", "idempotency-key": "one"}
    first, second = (acme.send("POST", GENERATE, body, headers) for _ in range(2))
    assert (second.text, second.headers["idempotent-replayed"]) == (first.text, "true")


def delivered(jobs: JobStore, media: MediaStore, job_id: str) -> None:
    jobs.table.commit(jobs.move_clip(job_id, 1, 1, ClipStatus.PROCESSING))
    kept = a_kept().model_copy(update={"thumbnail_key": "t.jpg", "last_frame_key": "l.jpg"})
    jobs.table.commit(jobs.move_clip(job_id, 1, 1, ClipStatus.COMPLETED, {"kept": kept.attributes()}))
    film = Film(
        key="film.mp4",
        poster_key="film.jpg",
        manifest_key="film.json",
        duration_seconds=5.3125,
        frames=85,
        width=832,
        height=480,
        fps=16.0,
        bytes=1,
        sha256="0",
        clips=[1],
    )
    for status in (JobStatus.PROCESSING, JobStatus.COMBINING):
        jobs.table.commit(jobs.move_job(job_id, 1, status, {"startedAt": now()}))
    changes = {"film": film.attributes(), "actualCost": Decimal("0.12")}
    jobs.table.commit(jobs.move_job(job_id, 1, JobStatus.COMPLETED, changes))


def test_the_status_follows_the_job_to_urls_that_need_no_key(acme: Caller, jobs: JobStore, media: MediaStore) -> None:
    video_id = video(generated(acme, duration=20))["video_id"]
    said = video(acme.get(STATUS + video_id))
    assert (said["video_id"], said["status"], said["progress"], said["video_url"]) == (video_id, "processing", 0, None)
    delivered(jobs, media, video_id)
    said = video(acme.get(STATUS + video_id))
    assert (said["status"], said["progress"], said["cost"]) == ("completed", 100, 0.12)
    assert (said["duration"], said["actual_duration"], said["requested_duration"]) == (5.312, 5.312, 20)
    assert (said["video_width"], said["video_height"]) == (832, 480)
    for name, key in (("video_url", "film.mp4"), ("thumbnail_url", "film.jpg"), ("last_frame_url", "l.jpg")):
        assert said[name].startswith("https://media.s3.")
        assert f"/{key}?" in said[name]
        assert "X-Amz-Signature" in said[name]
    assert said["video_raw_url"] != said["video_url"]
    assert said["completed_at"] >= said["started_at"] >= said["created_at"]


def test_a_video_that_failed_says_why(acme: Caller, jobs: JobStore) -> None:
    video_id = video(generated(acme, duration=5))["video_id"]
    jobs.table.commit(jobs.move_clip(video_id, 1, 1, ClipStatus.FAILED, {"errorClass": "refused"}))
    jobs.table.commit(jobs.move_job(video_id, 1, JobStatus.FAILED, {"errorMessage": "The only clip failed: no"}))
    said = video(acme.get(STATUS + video_id))
    assert (said["status"], said["error_code"], said["error_message"]) == (
        "failed",
        "refused",
        "The only clip failed: no",
    )
    assert (said["cost"], said["video_url"]) == (0, None)


@pytest.mark.parametrize("unknown", [UNKNOWN, "1", "x" * 300, "%20"])
def test_an_id_that_nothing_has_is_not_found(acme: Caller, unknown: str) -> None:
    answer = acme.get(STATUS + unknown)
    assert (answer.status, answer.envelope) == (404, {"status": "not_found"})


def test_anothers_video_and_a_job_of_another_kind_are_not_found(acme: Caller, other: Caller) -> None:
    theirs = video(generated(other))["video_id"]
    pairs = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    for video_id in (theirs, pairs):
        assert acme.get(STATUS + video_id).envelope == {"status": "not_found"}
    assert acme.get(LIBRARY).envelope["videos"] == []


def test_the_library_shows_videos_by_pages_newest_first(acme: Caller) -> None:
    campaign = a_campaign(acme)
    asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1)
    ids = [video(generated(acme, campaign))["video_id"] for _ in range(5)][::-1]
    first = acme.get(f"{LIBRARY}?page=1&per_page=2").envelope
    assert [one["id"] for one in first["videos"]] == [one["video_id"] for one in first["videos"]] == ids[:2]
    assert {name: first[name] for name in ("page", "per_page", "total", "has_older")} == {
        "page": 1,
        "per_page": 2,
        "total": 5,
        "has_older": False,
    }
    assert [one["id"] for one in acme.get(f"{LIBRARY}?page=3&per_page=2").envelope["videos"]] == ids[4:]
    assert acme.get(f"{LIBRARY}?page=4&per_page=2").envelope["videos"] == []
    assert first["videos"][0] == video(acme.get(STATUS + ids[0]))
    assert acme.get(LIBRARY).envelope["per_page"] == 20


def test_the_library_counts_and_pages_through_so_many_and_says_where_the_others_are(
    acme: Caller, jobs: JobStore
) -> None:
    brief = Brief(mode="text", script=SCRIPT)
    many: list[Job] = [a_job(id=new_id(), kind="prompt", brief=brief) for _ in range(COUNTED + 5)]
    ids = accepted(jobs, *many)
    last = acme.get(f"{LIBRARY}?page=50&per_page=20").envelope
    assert [one["id"] for one in last["videos"]] == ids[COUNTED - 20 : COUNTED]
    assert (last["total"], last["has_older"]) == (COUNTED, True)
    beyond = acme.get(f"{LIBRARY}?page=51&per_page=20")
    assert (beyond.status, beyond.fields) == (422, ["page"])
    assert "/api/v3/films" in beyond.problem["hint"]


WRONG: list[tuple[dict[str, Any], int, str, str]] = [
    ({"generation_mode": ...}, 422, "generation_mode", "is required"),
    ({"generation_mode": "video_to_video"}, 422, "generation_mode", "text_to_video"),
    ({"generation_mode": None}, 422, "generation_mode", "text_to_video"),
    ({"script": ...}, 422, "script", "is required"),
    ({"script": " "}, 422, "script", "at least 1"),
    ({"script": "x" * 10_001}, 422, "script", "at most 10000"),
    ({"script": None}, 422, "script", "is required"),
    ({"prompt": "A lamp"}, 422, "prompt", "script"),
    ({"style": "baroque"}, 422, "style", "marketing, educational, social"),
    ({"aspect_ratio": "5:7"}, 422, "aspect_ratio", "16:9"),
    ({"provider": "sora"}, 422, "provider", MODELS),
    ({"provider": "gen3a_turbo"}, 422, "provider", "must be one of"),
    ({"duration": 0}, 422, "duration", "greater than or equal to 1"),
    ({"duration": "10"}, 422, "duration", "valid number"),
    ({"duration": 3601}, 422, "duration", "3600"),
    ({"campaign_id": ...}, 422, "campaign_id", "is required"),
    ({"campaign_id": 123}, 422, "campaign_id", "valid string"),
    ({"campaign_id": UNKNOWN}, 404, "campaign_id", "There is no campaign"),
    ({"image_url": "https://example.com/a.png"}, 422, "image_url", "must be left out with text_to_video"),
    ({"generation_mode": "image_to_video"}, 422, "image_url", "is required"),
    ({"generation_mode": "image_to_video", "image_url": "http://example.com/a.png"}, 422, "image_url", "https"),
    ({"generation_mode": "image_to_video", "image_url": "https://127.0.0.1/a.png"}, 422, "image_url", "public"),
    ({"colour": "red"}, 422, "colour", "is not a field"),
]


@pytest.mark.parametrize(
    ("fields", "status", "field", "words"), WRONG, ids=[f"{case[2]}-{number}" for number, case in enumerate(WRONG)]
)
def test_what_is_wrong_is_named_in_the_seeds_words_and_nothing_is_made(
    acme: Caller, everything: Everything, fields: dict[str, Any], status: int, field: str, words: str
) -> None:
    campaign = a_campaign(acme)
    before = everything.now()
    answer = generated(acme, campaign, **fields)
    said = answer.envelope
    code = {404: "not_found", 422: "invalid_request"}[status]
    assert (answer.status, said["status"], said["error_code"]) == (status, "failed", code), answer.text
    assert answer.fields == [field], answer.text
    assert words in said["errors"][0]["detail"] + said["error_message"]
    assert everything.now() == before


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        ("{", "application/json", 400, "bad_request"),
        ("[]", "application/json", 422, "invalid_request"),
        (b"\xff", "application/json", 400, "bad_request"),
        ("script=a", "application/x-www-form-urlencoded", 415, "unsupported_media"),
        ('{"script": "a", "script": "b"}', "application/json", 422, "invalid_request"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    acme: Caller, body: str | bytes, content_type: str, status: int, code: str
) -> None:
    answer = acme.send("POST", GENERATE, body, {"content-type": content_type})
    assert (answer.status, answer.envelope["error_code"]) == (status, code)


def test_a_budget_is_kept_here_too(acme: Caller, everything: Everything) -> None:
    poor = a_campaign(acme, budgetUsd=0.01)
    answer = generated(acme, poor, duration=5)
    assert (answer.status, answer.envelope["error_code"]) == (402, "over_budget")


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=0", "per_page=101", "limit=5"])
def test_a_page_that_cannot_be_is_refused_by_its_name(acme: Caller, query: str) -> None:
    answer = acme.get(f"{LIBRARY}?{query}")
    assert (answer.status, answer.fields) == (422, [query.split("=")[0]])


@pytest.mark.parametrize("call", [("POST", GENERATE), ("GET", f"{STATUS}{UNKNOWN}"), ("GET", LIBRARY)])
def test_without_a_key_nothing_is_answered_and_either_header_will_do(acme: Caller, call: tuple[str, str]) -> None:
    answer = Caller().send(*call)
    assert (answer.status, answer.envelope["error_code"]) == (401, "unauthenticated")
    assert Caller().send(*call, headers={"x-api-key": acme.key or ""}).status != 401


def test_a_video_is_a_job_of_v3_and_the_other_way_round(acme: Caller) -> None:
    here = video(generated(acme, duration=5))["video_id"]
    assert acme.get(f"/api/v3/jobs/{here}").data["brief"]["script"] == SCRIPT
    there = prompted(acme, prompt="A lamp", model="veo3", durationSeconds=6).data["jobId"]
    said = video(acme.get(STATUS + there))
    assert (said["provider"], said["model_name"], said["prompt"], said["actual_duration"]) == (
        "veo3",
        "veo3",
        "A lamp",
        6,
    )
