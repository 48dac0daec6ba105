from __future__ import annotations

from decimal import Decimal

import pytest
import requests

from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, JobStatus
from functions.studio.media_store import MediaStore, film_key
from tests.integration.api_events import Caller
from tests.integration.api_stage import a_campaign_of, asked


def finished(jobs: JobStore, job_id: str) -> Film:
    keys = {name: film_key("acme", job_id, 1, name) for name in ("combined.mp4", "poster.jpg", "manifest.json")}
    film = Film(
        key=keys["combined.mp4"], poster_key=keys["poster.jpg"], manifest_key=keys["manifest.json"], duration_seconds=8,
        frames=192, width=1280, height=720, fps=24, bytes=1, sha256="0", clips=[1],
    )  # fmt: skip
    for status in (JobStatus.PROCESSING, JobStatus.COMBINING):
        jobs.table.commit(jobs.move_job(job_id, 1, status))
    close = {"film": film.attributes(), "actualCost": Decimal("1.20"), "successfulClips": 1}
    jobs.table.commit(jobs.move_job(job_id, 1, JobStatus.COMPLETED, close))
    return film


def test_a_completed_job_leads_to_its_film_poster_and_manifest(acme: Caller, jobs: JobStore, media: MediaStore) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    film = finished(jobs, job_id)
    media.put(film.key, b"film", "video/mp4")
    media.put(film.poster_key, b"poster", "image/jpeg")
    media.put(film.manifest_key, b'{"clips": [1]}', "application/json")
    job = acme.get(f"/api/v3/jobs/{job_id}").data
    assert (job["status"], job["videoUrl"]) == ("completed", f"/api/v3/videos/{job_id}/combined")
    assert job["completedAt"]
    there = acme.get(job["videoUrl"])
    assert (there.status, there.headers["cache-control"], there.text) == (302, "no-store", "")
    assert requests.get(there.headers["location"], timeout=5).content == b"film"
    assert acme.send("HEAD", job["videoUrl"]).status == 302
    poster = acme.get(job["links"]["thumbnail"]).headers["location"]
    assert requests.get(poster, timeout=5).content == b"poster"
    assert acme.get(job["links"]["manifest"]).data == {"clips": [1]}


def test_a_film_that_is_not_there_yet_is_404_with_the_jobs_status(acme: Caller) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    for path in (f"videos/{job_id}/combined", f"videos/{job_id}/thumbnail", f"jobs/{job_id}/manifest"):
        answer = acme.get(f"/api/v3/{path}")
        assert answer.status == 404
        assert "image_pair_selection" in answer.problem["detail"]
    assert "pending" in acme.get(f"/api/v3/videos/{job_id}/clips/clip_001.mp4").problem["detail"]


@pytest.mark.parametrize("name", ["clip_002.mp4", "clip_1.mp4", "clip_001.mov", "x", "clip_0001.mp4"])
def test_a_clip_that_the_job_does_not_have_is_404(acme: Caller, name: str) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    assert acme.get(f"/api/v3/videos/{job_id}/clips/{name}").status == 404
