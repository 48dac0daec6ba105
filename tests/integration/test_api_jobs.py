from __future__ import annotations

import json
import time
from decimal import Decimal

import boto3
import pytest

from functions.studio import wiring
from functions.studio.clips import ClipStatus
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.ledger import Ledger
from functions.studio.rows import now
from tests.integration.api_events import Caller
from tests.integration.api_stage import a_campaign_of, asked
from tests.scripted import a_kept


def test_a_job_with_num_pairs_is_accepted_with_its_clips_and_its_reservation(
    acme: Caller, jobs: JobStore, ledger: Ledger
) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 4), clipDuration=6, numPairs=5, metadata={"order": 7})
    assert answer.status == 202
    job_id = answer.data["jobId"]
    assert answer.headers["location"] == f"/api/v3/jobs/{job_id}"
    assert answer.data["id"] == job_id
    assert answer.data["status"] == "image_pair_selection"
    assert answer.data["totalPairs"] == 5
    assert answer.data["message"] == "Job created with 5 image pairs. Video generation started."
    assert answer.data["links"]["subJobs"] == f"/api/v3/jobs/{job_id}/sub-jobs"
    assert [clip.number for clip in jobs.clips(job_id)] == [1, 2, 3, 4, 5]
    assert ledger.totals(job_id).reserved == Decimal("4.50")
    assert jobs.job(job_id).estimated_cost == Decimal("4.50")


def test_clip_rows_expire_until_plan_has_put_them_again(acme: Caller, jobs: JobStore) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    [clip] = jobs.clips(job_id)
    assert clip.expires_at
    jobs.table.commit(jobs.new_clip(job_id, clip.model_copy(update={"expires_at": None})))
    assert jobs.clip(job_id, 1).expires_at is None


def test_a_job_without_num_pairs_leaves_their_number_open(acme: Caller, jobs: JobStore, ledger: Ledger) -> None:
    data = asked(acme, campaignId=a_campaign_of(acme, 2)).data
    assert data["totalPairs"] is None
    assert "selected" in data["message"]
    assert jobs.clips(data["jobId"]) == []
    assert ledger.lines(data["jobId"]) == []


def test_an_accepted_job_is_started_under_the_name_of_its_run(acme: Caller, jobs: JobStore) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2)).data["jobId"]
    arn = jobs.job(job_id).execution_arn
    assert arn
    started = boto3.client("stepfunctions").describe_execution(executionArn=arn)
    assert started["name"] == f"{job_id}-1"
    assert json.loads(started["input"]) == {"jobId": job_id, "run": 1}


def test_a_job_whose_run_cannot_be_started_stays_accepted(
    acme: Caller, jobs: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = a_campaign_of(acme, 2)
    monkeypatch.setenv("STATE_MACHINE_ARN", "arn:aws:states:us-east-1:123456789012:stateMachine:none")
    wiring.workflow.cache_clear()
    answer = asked(acme, campaignId=campaign_id, numPairs=1)
    assert answer.status == 202
    job = jobs.job(answer.data["jobId"])
    assert (job.status, job.execution_arn) == (JobStatus.PLANNING, None)
    assert [one.id for one in jobs.unfinished_jobs()] == [job.id]


def test_a_changed_duration_is_said_in_a_warning(acme: Caller) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 2), clipDuration=5.0)
    warnings = ["clipDuration 5 was changed to 4: veo3 makes clips of 4, 6, 8 seconds."]
    assert answer.data["warnings"] == warnings
    assert acme.get(answer.headers["location"]).data["warnings"] == warnings


def test_a_job_takes_the_model_it_names_or_the_deployments(acme: Caller, jobs: JobStore) -> None:
    campaign_id = a_campaign_of(acme, 2)
    named = jobs.job(asked(acme, campaignId=campaign_id, model="hailuo-2.0").data["jobId"])
    unnamed = jobs.job(asked(acme, campaignId=campaign_id).data["jobId"])
    assert (named.model, named.duration_seconds) == ("hailuo-2.0", 6)
    assert (unnamed.model, unnamed.duration_seconds) == ("veo3", 8)


def test_a_job_takes_the_campaigns_client_when_it_names_none(acme: Caller, jobs: JobStore) -> None:
    mine, another = (acme.post("/api/v3/clients", {"name": name}).data["id"] for name in "AB")
    campaign_id = a_campaign_of(acme, 2, clientId=mine)
    assert jobs.job(asked(acme, campaignId=campaign_id).data["jobId"]).client_id == mine
    assert jobs.job(asked(acme, campaignId=campaign_id, clientId=another).data["jobId"]).client_id == another


def test_a_running_job_shows_the_counts_of_its_clips(acme: Caller, jobs: JobStore) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 4), numPairs=4).data["jobId"]
    done = {"kept": a_kept().attributes(), "actualCost": Decimal("1.20"), "attemptId": "1.0001.video.1"}
    asset = {"image1AssetId": "one", "image2AssetId": "two", "predictionId": "pred1", "score": Decimal("0.9")}
    for number in (1, 2, 3):
        jobs.table.commit(jobs.move_clip(job_id, 1, number, ClipStatus.PROCESSING, asset))
    jobs.table.commit(jobs.move_clip(job_id, 1, 1, ClipStatus.COMPLETED, done))
    jobs.table.commit(
        jobs.move_clip(job_id, 1, 2, ClipStatus.FAILED, {"errorMessage": "flagged", "errorClass": "refused"})
    )
    job = acme.get(f"/api/v3/jobs/{job_id}").data
    assert job["progress"] == {
        "selected_pairs": 3,
        "total_clips": 4,
        "successful_clips": 1,
        "failed_clips": 1,
        "clip_urls": [f"/api/v3/videos/{job_id}/clips/clip_001.mp4"],
        "total_cost": 1.2,
    }
    assert (job["videoUrl"], job["actualCost"], job["estimatedCost"]) == (None, 1.2, 4.8)
    answer = acme.get(f"/api/v3/jobs/{job_id}/sub-jobs").data
    each = dict.fromkeys(("pending", "processing", "completed", "failed"), 1)
    assert answer["summary"] == {"total": 4, **each, "awaitingApproval": 0, "cancelled": 0}
    completed, failed, processing, pending = answer["subJobs"]
    assert (completed["videoUrl"], completed["progress"]) == (job["progress"]["clip_urls"][0], 1.0)
    assert completed["predictionUrl"] == "https://replicate.com/p/pred1"
    assert (completed["videoBlobId"], completed["score"]) == (f"{job_id}.1.0001.video.1", 0.9)
    assert (failed["errorMessage"], failed["errorClass"], failed["videoUrl"]) == ("flagged", "refused", None)
    assert 0.0 < processing["progress"] < 1.0
    assert pending["progress"] == 0.0
    assert acme.get(f"/api/v3/videos/{job_id}/clips/clip_002.mp4").problem["hint"] == "flagged"


def test_times_follow_each_other_and_every_change_moves_the_last_one(acme: Caller, jobs: JobStore) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 3), numPairs=2).data["jobId"]
    path = f"/api/v3/jobs/{job_id}"
    seen = [acme.get(path).data["updatedAt"]]
    done = {"kept": a_kept().attributes(), "actualCost": Decimal("1.20")}
    for write in (
        lambda: jobs.move_job(job_id, 1, JobStatus.PROCESSING, {"startedAt": now()}),
        lambda: jobs.move_clip(job_id, 1, 1, ClipStatus.PROCESSING, {"startedAt": now()}),
        lambda: jobs.move_clip(job_id, 1, 1, ClipStatus.PROCESSING, {"predictionId": "pred1"}),
        lambda: jobs.move_clip(job_id, 1, 1, ClipStatus.COMPLETED, done),
        lambda: jobs.move_clip(job_id, 1, 2, ClipStatus.FAILED, {"errorMessage": "flagged"}),
        lambda: jobs.move_job(job_id, 1, JobStatus.COMBINING),
        lambda: jobs.move_job(job_id, 1, JobStatus.COMPLETED, {"actualCost": Decimal("1.20")}),
    ):
        time.sleep(0.002)
        jobs.table.commit(write())
        seen.append(acme.get(path).data["updatedAt"])
    assert seen == sorted(set(seen))
    job = acme.get(path).data
    first, second = acme.get(f"{path}/sub-jobs").data["subJobs"]
    assert job["createdAt"] <= job["startedAt"] <= job["completedAt"] <= job["updatedAt"]
    assert first["createdAt"] <= first["startedAt"] <= first["completedAt"] == first["updatedAt"]
    assert (second["startedAt"], second["completedAt"]) == (None, second["updatedAt"])
    assert (
        job["actualCost"] == sum(clip["actualCost"] or 0 for clip in (first, second)) == job["progress"]["total_cost"]
    )


def test_a_sub_job_has_every_field_of_the_seed(acme: Caller) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2), numPairs=1).data["jobId"]
    [sub_job] = acme.get(f"/api/v3/jobs/{job_id}/sub-jobs").data["subJobs"]
    assert {
        "id", "jobId", "subJobNumber", "image1AssetId", "image2AssetId", "replicatePredictionId", "modelId", "status",
        "progress", "videoUrl", "videoBlobId", "durationSeconds", "estimatedCost", "actualCost", "errorMessage",
        "retryCount", "startedAt", "completedAt", "createdAt", "updatedAt",
    } <= set(sub_job)  # fmt: skip
    assert (sub_job["durationSeconds"], sub_job["estimatedCost"], sub_job["retryCount"]) == (8.0, 1.2, 0)


@pytest.mark.parametrize("model", ["", "sora", "VEO3"])
def test_an_unknown_model_is_called_as_it_was_given(acme: Caller, model: str) -> None:
    answer = asked(acme, campaignId=a_campaign_of(acme, 2), model=model)
    assert answer.problem["detail"] == f"There is no model {model!r} for image pairs."
