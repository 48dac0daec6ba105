"""/api/video/generate in the words of seed 004: a scene's video, its task, and how it says what is wrong."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from functions.api.keys import issue_key
from functions.studio.clips import ClipStatus
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, JobStatus
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller, Reply
from tests.integration.api_stage import UNKNOWN, Everything, a_campaign, a_campaign_of, asked
from tests.integration.prompt_stage import prompted
from tests.integration.scene_stage import SCENES, a_scenario, a_scene, endow, filmed, some_scenes
from tests.scripted import a_kept

GENERATE, TASKS = "/api/video/generate", "/api/video/generate/tasks"

BEGUN = [
    "task_id",
    "status",
    "scene_id",
    "user_id",
    "message",
    "created_at",
    "progress",
    "current_step",
    "error_message",
]
TOLD = [
    "task_id",
    "status",
    "scene_id",
    "user_id",
    "progress",
    "current_step",
    "message",
    "video_url",
    "created_at",
    "updated_at",
    "error_message",
]
"""The seed's own fields."""


@pytest.fixture(autouse=True)
def some_credits(table: Table) -> None:
    endow(table, "acme", "other", "free")


@pytest.fixture
def everything(table: Table, media: MediaStore) -> Everything:
    return Everything(table, media)


def generated(caller: Caller, scene: str, **fields: Any) -> Reply:
    return caller.post(GENERATE, {"scene_id": scene, **fields})


def begun(caller: Caller) -> dict[str, Any]:
    (scene,) = some_scenes(caller, a_scenario(caller), 1)
    reply = generated(caller, scene)
    assert reply.status == 202, reply.text
    return reply.envelope


def told(caller: Caller, task: str) -> dict[str, Any]:
    reply = caller.get(f"{TASKS}/{task}")
    assert reply.status == 200, reply.text
    return reply.envelope


def refused(reply: Reply, status: int, code: str) -> dict[str, Any]:
    said = reply.envelope
    assert (reply.status, sorted(said)) == (status, ["code", "details", "error", "timestamp"])
    assert said["code"] == code
    assert datetime.fromisoformat(said["timestamp"]).tzinfo
    assert all(isinstance(value, str) and value for value in said.values())
    return said


def test_a_scene_is_taken_at_once_in_the_seeds_words(acme: Caller, jobs: JobStore) -> None:
    (scene,) = some_scenes(acme, a_scenario(acme, resolution="1280:720"), 1)
    reply = generated(acme, scene, user_id=acme.get("/api/v3/me").data["userId"])
    said = reply.envelope
    job = jobs.job(said["task_id"])
    (clip,) = jobs.clips(job.id)
    assert (reply.status, reply.headers["location"]) == (202, f"{TASKS}/{job.id}")
    assert sorted(said) == sorted(BEGUN)
    assert said == {
        "task_id": job.id,
        "status": "pending",
        "scene_id": scene,
        "user_id": "acme",
        "message": "Video generation task started",
        "created_at": job.created_at,
        "progress": 0.0,
        "current_step": "Initializing",
        "error_message": None,
    }
    assert (job.kind, job.resolution, clip.scene_id) == ("scenes", "1280:720", scene)
    assert acme.get(f"{SCENES}/{scene}").data["jobId"] == job.id


def test_a_task_is_told_in_the_seeds_words_to_a_url_that_needs_no_key(acme: Caller, jobs: JobStore) -> None:
    said = begun(acme)
    task = said["task_id"]
    first = told(acme, task)
    assert sorted(first) == sorted(TOLD)
    assert (first["status"], first["progress"], first["video_url"]) == ("pending", 15.0, None)
    jobs.table.commit(jobs.move_job(task, 1, JobStatus.PROCESSING))
    jobs.table.commit(jobs.move_clip(task, 1, 1, ClipStatus.PROCESSING, {"attemptId": "1.0001.image.1"}))
    second = told(acme, task)
    assert (second["status"], second["progress"]) == ("processing", 35.0)
    assert second["current_step"] == "Generating scene image with AI"
    kept = {"kept": a_kept().attributes(), "stage": "video"}
    jobs.table.commit(jobs.move_clip(task, 1, 1, ClipStatus.COMPLETED, kept))
    film = Film(
        key="film.mp4",
        poster_key="film.jpg",
        manifest_key="film.json",
        duration_seconds=5,
        frames=120,
        width=720,
        height=1280,
        fps=24,
        bytes=1,
        sha256="0",
        clips=[1],
    )
    jobs.table.commit(jobs.move_job(task, 1, JobStatus.COMBINING))
    assert told(acme, task)["progress"] == 95.0
    jobs.table.commit(jobs.move_job(task, 1, JobStatus.COMPLETED, {"film": film.attributes()}))
    last = told(acme, task)
    assert (last["status"], last["progress"], last["current_step"]) == ("completed", 100.0, "Completed")
    assert last["message"] == "Video generation completed successfully"
    assert last["video_url"].startswith("https://media.s3.")
    assert "/film.mp4?" in last["video_url"]
    assert "X-Amz-Signature" in last["video_url"]
    assert last["updated_at"] >= last["created_at"]


def test_a_task_that_failed_says_why(acme: Caller, jobs: JobStore) -> None:
    task = begun(acme)["task_id"]
    changes = {"errorMessage": "The only clip failed: no"}
    jobs.table.commit(jobs.move_job(task, 1, JobStatus.FAILED, changes))
    said = told(acme, task)
    assert (said["status"], said["error_message"], said["video_url"]) == ("failed", "The only clip failed: no", None)
    assert said["current_step"] == "Failed"


def test_the_status_of_a_video_answers_in_the_words_of_its_kind(acme: Caller) -> None:
    task = begun(acme)["task_id"]
    assert acme.get(f"/api/video/status/{task}").envelope == told(acme, task)


def test_tasks_are_listed_newest_first_and_are_the_callers_own(acme: Caller, other: Caller) -> None:
    prompted(acme, a_campaign(acme), model="veo3")
    ids = [begun(acme)["task_id"] for _ in range(3)][::-1]
    theirs = begun(other)["task_id"]
    page = acme.get(f"{TASKS}?per_page=2").envelope
    assert [one["task_id"] for one in page["tasks"]] == ids[:2]
    assert (page["page"], page["per_page"], page["total"], page["has_older"]) == (1, 2, 3, False)
    assert [one["task_id"] for one in acme.get(f"{TASKS}?per_page=2&page=2").envelope["tasks"]] == ids[2:]
    assert sorted(page["tasks"][0]) == sorted(TOLD)
    refused(acme.get(f"{TASKS}/{theirs}"), 404, "NOT_FOUND")


def test_a_film_of_several_scenes_is_a_task_of_no_single_one(acme: Caller) -> None:
    scenario = a_scenario(acme)
    some_scenes(acme, scenario, 2)
    task = filmed(acme, scenarioId=scenario).data["jobId"]
    assert told(acme, task)["scene_id"] is None


def test_sent_twice_with_a_key_it_is_one_task(acme: Caller) -> None:
    (scene,) = some_scenes(acme, a_scenario(acme), 1)
    headers = {"content-type": "application/json", "idempotency-key": "one"}
    body = json.dumps({"scene_id": scene})
    first, second = (acme.send("POST", GENERATE, body, headers) for _ in range(2))
    assert (second.envelope, second.headers["idempotent-replayed"]) == (first.envelope, "true")


def test_another_users_id_is_forbidden(acme: Caller, other: Caller, everything: Everything) -> None:
    (scene,) = some_scenes(acme, a_scenario(acme), 1)
    before = everything.now()
    for user in ("other", UNKNOWN, ""):
        said = refused(generated(acme, scene, user_id=user), 403, "NOT_YOURS")
        assert "GET /api/v3/me" in said["details"]
    assert everything.now() == before


def test_what_is_wrong_is_said_in_the_seeds_form(
    acme: Caller, other: Caller, table: Table, everything: Everything
) -> None:
    (theirs,) = some_scenes(other, a_scenario(other), 1)
    scenario = a_scenario(acme)
    bare = a_scene(acme, scenario, imagePrompt=None).data["id"]
    private = a_scene(acme, scenario, productReferenceImageUrl="https://127.0.0.1/a.png").data["id"]
    poor = a_scenario(acme, campaignId=a_campaign(acme, budgetUsd=0.01))
    (dear,) = some_scenes(acme, poor, 1)
    before = everything.now()
    for fields, status, code, words in [
        ({"scene_id": UNKNOWN}, 404, "NOT_FOUND", "scene_id: There is no scene"),
        ({"scene_id": theirs}, 404, "NOT_FOUND", "scene_id: There is no scene"),
        ({"scene_id": 7}, 422, "INVALID_REQUEST", "scene_id: must be"),
        ({"scene_id": bare}, 422, "INVALID_REQUEST", f"scenes.{bare}.imagePrompt: is required"),
        ({"scene_id": private}, 422, "INVALID_REQUEST", "productReferenceImageUrl: must lead to a public server"),
        ({"scene_id": dear}, 402, "OVER_BUDGET", "campaign_id: has"),
        ({"scene_id": dear, "duration": 5}, 422, "INVALID_REQUEST", "duration: is not a field"),
    ]:
        assert words in refused(acme.post(GENERATE, fields), status, code)["details"], fields
    assert everything.now() == before
    poor = Caller(issue_key(table, "poor"))
    (scene,) = some_scenes(poor, a_scenario(poor), 1)
    assert "0 credits left" in refused(generated(poor, scene), 402, "SHORT_OF_CREDITS")["details"]
    refused(acme.get(f"{TASKS}/{UNKNOWN}"), 404, "NOT_FOUND")
    refused(acme.get(f"{TASKS}/x"), 404, "NOT_FOUND")
    refused(acme.get(f"{TASKS}?page=0"), 422, "INVALID_REQUEST")
    refused(acme.delete(f"{TASKS}/{UNKNOWN}"), 405, "METHOD_NOT_ALLOWED")
    refused(generated(Caller(), bare), 401, "UNAUTHENTICATED")
    refused(Caller("rl_no").get(TASKS), 401, "UNAUTHENTICATED")


def test_a_body_of_another_dialect_is_answered_in_its_own(acme: Caller) -> None:
    for body in ({"generation_mode": "text_to_video", "scene_id": UNKNOWN}, {"generation_mode": "other"}, {}):
        answer = acme.post(GENERATE, body)
        assert (answer.status, answer.envelope["status"]) == (422, "failed")
    assert acme.send("POST", GENERATE, "{", {"content-type": "application/json"}).envelope["status"] == "failed"


def test_a_job_of_another_kind_is_no_task(acme: Caller) -> None:
    pairs = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    refused(acme.get(f"{TASKS}/{pairs}"), 404, "NOT_FOUND")
