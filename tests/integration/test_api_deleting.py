"""Deleting respects what runs: no job loses a picture, a campaign or a client that it still needs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.studio.clips import ClipStatus
from functions.studio.errors import NotFound
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.library import Asset, Library
from functions.studio.media_store import MediaStore
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import a_campaign, a_campaign_of, asked, uploaded
from tests.integration.asset_stage import objects, rows
from tests.scripted import a_clip, a_job


def pictures(caller: Caller, campaign_id: str) -> list[str]:
    return [asset["id"] for asset in caller.get(f"/api/v3/assets?campaignId={campaign_id}").data["items"]]


def a_running_job(jobs: JobStore, campaign_id: str, pair: Sequence[str], clip: ClipStatus, **changes: object) -> Job:
    """With one clip, in that status, of that pair of pictures."""
    job = a_job(**{"campaign_id": campaign_id, **changes})
    one = a_clip(job, image1_asset_id=pair[0], image2_asset_id=pair[1], status=clip)
    jobs.table.commit(jobs.accept(job), *jobs.enlist(job), jobs.new_clip(job.id, one))
    return job


def ended(jobs: JobStore, job: Job) -> None:
    jobs.table.commit(jobs.move_job(job.id, job.run, JobStatus.FAILED))
    jobs.table.commit(*jobs.announced(jobs.job(job.id)))


def test_while_a_job_chooses_none_of_its_campaigns_pictures_can_be_deleted(acme: Caller, media: MediaStore) -> None:
    campaign_id = a_campaign_of(acme, 3)
    job_id = asked(acme, campaignId=campaign_id, numPairs=1).data["jobId"]
    before = objects(media)
    for asset_id in pictures(acme, campaign_id):
        answer = acme.delete(f"/api/v3/assets/{asset_id}")
        assert (answer.status, answer.problem["code"]) == (409, "conflict")
        assert job_id in answer.problem["detail"]
        assert "ended" in answer.problem["hint"]
    assert objects(media) == before
    assert len(pictures(acme, campaign_id)) == 3


@pytest.mark.parametrize("status", [ClipStatus.PENDING, ClipStatus.PROCESSING])
def test_a_picture_of_an_open_clip_cannot_be_deleted_and_others_can(
    acme: Caller, jobs: JobStore, status: ClipStatus
) -> None:
    campaign_id = a_campaign_of(acme, 3)
    first, second, third = pictures(acme, campaign_id)
    job = a_running_job(jobs, campaign_id, (first, second), status)
    for needed in (first, second):
        answer = acme.delete(f"/api/v3/assets/{needed}")
        assert (answer.status, job.id in answer.problem["detail"]) == (409, True)
    assert acme.delete(f"/api/v3/assets/{third}").status == 204
    assert pictures(acme, campaign_id) == [first, second]


@pytest.mark.parametrize("status", [ClipStatus.COMPLETED, ClipStatus.FAILED, ClipStatus.CANCELLED])
def test_a_picture_whose_clips_have_ended_can_be_deleted(acme: Caller, jobs: JobStore, status: ClipStatus) -> None:
    campaign_id = a_campaign_of(acme, 2)
    first, second = pictures(acme, campaign_id)
    a_running_job(jobs, campaign_id, (first, second), status)
    assert acme.delete(f"/api/v3/assets/{first}").status == 204


def test_when_the_job_has_ended_everything_can_be_deleted(acme: Caller, jobs: JobStore) -> None:
    client_id = acme.post("/api/v3/clients", {"name": "Aurora"}).data["id"]
    campaign_id = a_campaign_of(acme, 2, clientId=client_id)
    first, second = pictures(acme, campaign_id)
    job = a_running_job(jobs, campaign_id, (first, second), ClipStatus.PENDING, client_id=client_id)
    assert acme.delete(f"/api/v3/assets/{first}").status == 409
    ended(jobs, job)
    for path in (f"assets/{first}", f"assets/{second}", f"campaigns/{campaign_id}", f"clients/{client_id}"):
        assert acme.delete(f"/api/v3/{path}").status == 204
        assert acme.delete(f"/api/v3/{path}").status == 404


def test_a_campaign_with_a_running_job_cannot_be_deleted(acme: Caller, jobs: JobStore) -> None:
    campaign_id = a_campaign(acme)
    job = a_running_job(jobs, campaign_id, ("gone", "too"), ClipStatus.PENDING)
    answer = acme.delete(f"/api/v3/campaigns/{campaign_id}")
    assert (answer.status, job.id in answer.problem["detail"]) == (409, True)
    assert acme.get(f"/api/v3/campaigns/{campaign_id}").status == 200
    ended(jobs, job)
    assert acme.delete(f"/api/v3/campaigns/{campaign_id}").status == 204


def test_a_client_whose_job_runs_cannot_be_deleted_though_it_has_no_campaign(acme: Caller, jobs: JobStore) -> None:
    """A job may be for another client than its campaign's."""
    client_id = acme.post("/api/v3/clients", {"name": "Aurora"}).data["id"]
    idle = acme.post("/api/v3/clients", {"name": "Borealis"}).data["id"]
    job = a_running_job(jobs, a_campaign(acme), ("one", "two"), ClipStatus.PENDING, client_id=client_id)
    answer = acme.delete(f"/api/v3/clients/{client_id}")
    assert (answer.status, job.id in answer.problem["detail"]) == (409, True)
    assert acme.delete(f"/api/v3/clients/{idle}").status == 204
    ended(jobs, job)
    assert acme.delete(f"/api/v3/clients/{client_id}").status == 204


def test_another_tenants_job_is_in_nobodys_way(acme: Caller, other: Caller, jobs: JobStore) -> None:
    campaign_id = a_campaign_of(acme, 2)
    first, second = pictures(acme, campaign_id)
    a_running_job(jobs, campaign_id, (first, second), ClipStatus.PENDING, tenant="other")
    assert acme.delete(f"/api/v3/assets/{first}").status == 204


def test_deleting_at_once_deletes_once(acme: Caller, table: Table) -> None:
    asset = Library(table).get(Asset, "acme", uploaded(acme, a_campaign(acme)).data["id"])

    def deleted(_: int) -> bool:
        try:
            Library(table).remove_asset(asset)
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(deleted, range(4)))
    assert sorted(answers) == [False, False, False, True]
    assert rows(table) == []
