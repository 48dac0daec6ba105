"""Image pairs to a combined video: the whole way, through the real template, state machine, handlers, SDKs and ffmpeg."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from functions.studio.job_store import JobStore
from functions.studio.jobs import Job
from functions.studio.rows import new_id
from functions.studio.table import Table
from local.cloud import LocalCloud
from tests.workflow.conftest import Film, Team

FilmOf = Callable[[str], Film]


def test_three_pairs_become_one_film_as_long_as_its_clips_together(
    team: Team, pictures: list[Path], film_of: FilmOf, tmp_path: Path
) -> None:
    job = team.film(team.campaign(pictures), numPairs=3, clipDuration=4)
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    assert state["progress"]["successful_clips"] == state["progress"]["total_clips"] == 3
    assert state["actualCost"] == pytest.approx(3 * 4 * 0.15)
    film = film_of(job)
    assert film.plays_in_browsers
    assert film.frames == 3 * 4 * 24
    assert film.lasts(3 * 4)
    assert film.loudest > 0
    clips = [
        Film(team.download(url, tmp_path / f"clip-{number}.mp4"))
        for number, url in enumerate(state["progress"]["clip_urls"])
    ]
    assert [clip.frames for clip in clips] == [96, 96, 96]


def test_the_manifest_tells_order_pairs_attempts_costs_and_checksums(
    team: Team, pictures: list[Path], film_of: FilmOf, tmp_path: Path
) -> None:
    job = team.film(team.campaign(pictures[:3]), numPairs=2, clipDuration=4)
    assert team.wait(job)["status"] == "completed"
    manifest, clips = team.get(f"/jobs/{job}/manifest"), team.clips(job)
    assert manifest["film"]["sha256"] == hashlib.sha256(film_of(job).bytes).hexdigest()
    for told, clip in zip(manifest["clips"], clips, strict=True):
        pair = ("image1AssetId", "image2AssetId", "prompt", "score", "reason", "modelId")
        assert {name: told[name] for name in pair} == {name: clip[name] for name in pair}
        file = team.download(clip["videoUrl"], tmp_path / told["name"])
        assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        (attempt,) = told["attempts"]
        assert attempt["predictionId"] == clip["replicatePredictionId"]
        assert (attempt["money"], attempt["amount"]) == ("settled", pytest.approx(0.60))
    assert manifest["cost"]["total"] == pytest.approx(1.20)


def test_one_failed_clip_leaves_a_film_of_the_others(team: Team, pictures: list[Path], film_of: FilmOf) -> None:
    team.script({"match": {}, "times": 1, "do": "refuse"})
    job = team.film(team.campaign(pictures), numPairs=3, clipDuration=4)
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    assert (state["progress"]["successful_clips"], state["progress"]["failed_clips"]) == (2, 1)
    assert state["actualCost"] == pytest.approx(2 * 4 * 0.15)
    assert film_of(job).frames == 2 * 4 * 24
    (failed,) = [clip for clip in team.clips(job) if clip["status"] == "failed"]
    assert state["warnings"] == [f"Clip {failed['subJobNumber']} is missing from the film: {failed['errorMessage']}"]
    assert failed["videoUrl"] is None


def test_when_every_clip_fails_the_job_fails_with_the_reason(team: Team, pictures: list[Path]) -> None:
    team.script({"match": {}, "times": 3, "do": "refuse"})
    job = team.film(team.campaign(pictures), numPairs=3, clipDuration=4)
    state = team.wait(job)
    assert state["status"] == "failed"
    assert "3 clips failed" in state["errorMessage"]
    assert state["actualCost"] == 0
    assert state["videoUrl"] is None
    assert team.http.get(f"{team.url}/videos/{job}/combined", timeout=30).status_code == 404


def test_with_every_webhook_lost_the_looks_find_all_clips(team: Team, pictures: list[Path], film_of: FilmOf) -> None:
    team.script({"match": {}, "times": 3, "do": "lose_webhook"})
    job = team.film(team.campaign(pictures), numPairs=3, clipDuration=4)
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    assert state["progress"]["successful_clips"] == 3
    assert film_of(job).frames == 3 * 4 * 24
    creates = [entry for entry in team.log() if entry["method"] == "POST" and entry["path"].endswith("/predictions")]
    assert len(creates) == 3


def test_webhooks_alone_bring_every_answer(tmp_path: Path, pictures: list[Path]) -> None:
    """No look comes before the job has ended: were the callback dead, nobody would notice otherwise."""
    with LocalCloud(out=tmp_path, parameters={"CheckDelays": "900"}) as unwatched:
        team = Team(unwatched)
        job = team.film(team.campaign(pictures[:3]), numPairs=2, clipDuration=4)
        assert team.wait(job)["status"] == "completed"
        assert not [entry for entry in team.log() if re.fullmatch("/v1/predictions/[a-z0-9]+", entry["path"])]


def test_hailuo_makes_six_seconds_at_its_own_price_and_its_silence_becomes_a_sound_track(
    team: Team, pictures: list[Path], film_of: FilmOf
) -> None:
    job = team.film(team.campaign(pictures[:3]), numPairs=2, model="hailuo-2.0")
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    assert state["modelId"] == "hailuo-2.0"
    assert state["actualCost"] == pytest.approx(0.40)
    film = film_of(job)
    assert film.plays_in_browsers
    assert film.lasts(2 * 6)
    assert {clip["durationSeconds"] for clip in team.clips(job)} == {6.0}
    (asked, *_) = [entry["body"]["input"] for entry in team.log() if entry["path"].endswith("hailuo-02/predictions")]
    assert asked["first_frame_image"] != asked["last_frame_image"]


def test_without_a_number_the_vision_model_decides_how_many_pairs(team: Team, pictures: list[Path]) -> None:
    job = team.film(team.campaign(pictures[:3]), clipDuration=4)
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    clips = team.clips(job)
    assert len(clips) == state["progress"]["total_clips"] >= 1
    assert all(clip["reason"] and 0 <= clip["score"] <= 1 for clip in clips)


def test_fifty_pairs_have_all_fifty_predictions_in_flight_at_once(
    team: Team, crowd: list[Path], film_of: FilmOf
) -> None:
    team.script({"match": {}, "times": 50, "do": "slow", "seconds": 15})
    job = team.film(team.campaign(crowd[:11]), numPairs=50, clipDuration=4)
    state = team.wait(job)
    assert state["status"] == "completed", state["errorMessage"]
    assert state["progress"]["successful_clips"] == 50
    creates = [
        entry["at"] for entry in team.log() if entry["path"].endswith("/predictions") and entry["method"] == "POST"
    ]
    ends = [clip["completedAt"] for clip in team.clips(job)]
    assert len(creates) == 50
    assert max(creates) < min(_seconds(end) for end in ends)
    assert film_of(job).frames == 50 * 4 * 24


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def test_an_execution_that_is_stopped_closes_its_job(team: Team, pictures: list[Path]) -> None:
    team.script({"match": {}, "times": 2, "do": "slow", "seconds": 60})
    job = team.film(team.campaign(pictures[:3]), numPairs=2, clipDuration=4)
    while not all(clip["replicatePredictionId"] for clip in team.clips(job)):
        time.sleep(0.2)
    arn = team.cloud.state_machine.replace(":stateMachine:", ":execution:") + f":{job}-1"
    team.cloud.client("stepfunctions").stop_execution(executionArn=arn)
    state = team.wait(job)
    assert state["status"] == "failed"
    assert "stopped" in state["errorMessage"]
    assert {clip["status"] for clip in team.clips(job)} == {"failed"}


def test_a_job_whose_execution_never_began_is_started_by_the_sweep(team: Team, pictures: list[Path]) -> None:
    """What the API leaves behind when it dies between accepting a job and starting it."""
    campaign = team.campaign(pictures[:2])
    jobs = JobStore(Table(team.cloud.table, team.cloud.client("dynamodb")))
    long_ago = "2026-01-01T00:00:00.000Z"
    job = Job(
        id=new_id(),
        tenant="demo",
        campaign_id=campaign,
        model="veo3",
        duration_seconds=4,
        num_pairs=1,
        created_at=long_ago,
        updated_at=long_ago,
    )
    jobs.table.commit(jobs.accept(job))
    sweep = next(one.name for one in team.cloud.deployment.functions.values() if ".sweep." in one.handler)
    team.cloud.client("lambda").invoke(FunctionName=sweep, Payload=b"{}")
    assert team.wait(job.id)["status"] == "completed"


def test_another_tenant_sees_nothing_of_a_job(team: Team, pictures: list[Path]) -> None:
    job = team.film(team.campaign(pictures[:2]), numPairs=1, clipDuration=4)
    assert team.wait(job)["status"] == "completed"
    other = Team(team.cloud, "other")
    for path in ("", "/sub-jobs", "/manifest"):
        assert other.http.get(f"{other.url}/jobs/{job}{path}", timeout=30).status_code == 404
    for path in ("combined", "thumbnail", "clips/clip_001.mp4"):
        assert other.http.get(f"{other.url}/videos/{job}/{path}", timeout=30).status_code == 404


def test_what_is_kept_lies_under_the_seeds_names_behind_the_tenants_own(team: Team, pictures: list[Path]) -> None:
    job = team.film(team.campaign(pictures[:2]), numPairs=1, clipDuration=4)
    assert team.wait(job)["status"] == "completed"
    objects = team.cloud.client("s3").list_objects_v2(Bucket=team.cloud.bucket, Prefix="demo/")["Contents"]
    keys = [one["Key"] for one in objects if job in one["Key"]]
    assert any(key.endswith(f"videos/{job}/clips/clip_001.mp4") for key in keys)
    assert any(key.endswith(f"videos/{job}/combined.mp4") for key in keys)
