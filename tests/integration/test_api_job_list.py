from __future__ import annotations

from typing import Any

import pytest

from functions.api.job_list import LOOKED_AT, Wanted, page_of_jobs
from functions.api.job_views import STATUS_WORDS
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.rows import new_id
from functions.studio.table import Table
from tests.integration.api_events import Caller
from tests.integration.api_stage import UNKNOWN, a_campaign_of, asked
from tests.scripted import a_job


def accepted(jobs: JobStore, *many: Job) -> list[str]:
    """Their ids, newest first."""
    jobs.table.put_all([write for job in many for write in (_plain(jobs.accept(job)), *jobs.enlist(job))])
    return sorted((job.id for job in many), reverse=True)


def _plain(write: dict[str, Any]) -> dict[str, Any]:
    return {"Put": {"Item": write["Put"]["Item"]}}


def some(count: int, **fields: Any) -> list[Job]:
    return [a_job(id=new_id(), **fields) for _ in range(count)]


def ids(caller: Caller, query: str = "") -> list[str]:
    return [job["id"] for job in caller.get(f"/api/v3/jobs{query}").data["items"]]


def all_pages(caller: Caller, query: str) -> tuple[list[str], int]:
    """The ids of every page that the cursors lead to, and how many pages there were."""
    found: list[str] = []
    cursor, pages = "", 0
    while True:
        page = caller.get(f"/api/v3/jobs{query}{cursor}").data
        found += [job["id"] for job in page["items"]]
        pages += 1
        if page["nextCursor"] is None:
            return found, pages
        cursor = f"&cursor={page['nextCursor']}"


def test_jobs_are_listed_newest_first_each_as_its_own_page_shows_it(acme: Caller) -> None:
    campaign = a_campaign_of(acme, 2)
    one, two = (asked(acme, campaignId=campaign, numPairs=1, metadata={"n": n}).data["jobId"] for n in (1, 2))
    items = acme.get("/api/v3/jobs").data["items"]
    assert [job["id"] for job in items] == [two, one]
    shown = acme.get(f"/api/v3/jobs/{two}").data
    of_clips = {"totalClips": 1, "successfulClips": None, "failedClips": None, "actualCost": None, "lostCost": None}
    same = {name: said for name, said in shown.items() if name in items[0]}
    links = {name: shown["links"][name] for name in items[0]["links"]}
    assert items[0] == same | of_clips | {"updatedAt": items[0]["updatedAt"], "links": links}
    assert {"id", "status", "links", "metadata", "createdAt", "videoUrl", "errorMessage"} <= set(items[0])


def test_a_tenant_sees_its_own_jobs_alone(acme: Caller, other: Caller) -> None:
    job_id = asked(acme, campaignId=a_campaign_of(acme, 2)).data["jobId"]
    assert (ids(acme), ids(other)) == ([job_id], [])


def test_cursors_lead_through_all_jobs_once(acme: Caller, jobs: JobStore) -> None:
    made = accepted(jobs, *some(7))
    assert all_pages(acme, "?limit=3") == (made, 3)
    assert all_pages(acme, "?limit=7") == (made, 1)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("status=image_pair_selection", {JobStatus.PLANNING}),
        ("status=planning", {JobStatus.PLANNING}),
        ("status=sub_job_processing", {JobStatus.PROCESSING}),
        ("status=completed,failed", {JobStatus.COMPLETED, JobStatus.FAILED}),
        ("status=completed&status=failed", {JobStatus.COMPLETED, JobStatus.FAILED}),
        ("status=cancelled", set()),
    ],
)
def test_jobs_are_filtered_by_the_words_that_the_api_shows(
    acme: Caller, jobs: JobStore, query: str, wanted: set[JobStatus]
) -> None:
    there = (JobStatus.PLANNING, JobStatus.PROCESSING, JobStatus.COMBINING, JobStatus.COMPLETED, JobStatus.FAILED)
    made = [a_job(id=new_id(), status=status) for status in there]
    accepted(jobs, *made)
    assert set(ids(acme, f"?{query}")) == {job.id for job in made if job.status in wanted}


def test_every_status_word_can_be_asked_for(acme: Caller) -> None:
    assert {"image_pair_selection", *JobStatus} == set(STATUS_WORDS)
    assert ids(acme, f"?status={','.join(STATUS_WORDS)}") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=done", "status"),
        ("status=", "status"),
        ("status=completed,", "status"),
        ("kind=film", "kind"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=5&limit=6", "limit"),
        ("limit=1,2", "limit"),
        ("campaignId=a&campaignId=b", "campaignId"),
        ("cursor=nonsense", "cursor"),
        ("campaign=x", "campaign"),
    ],
)
def test_a_wish_that_cannot_be_read_is_422_and_named(acme: Caller, query: str, field: str) -> None:
    answer = acme.get(f"/api/v3/jobs?{query}")
    assert (answer.status, answer.fields) == (422, [field])
    assert field != "status" or "image_pair_selection" in answer.problem["hint"]


def test_jobs_are_filtered_by_campaign_client_and_kind(acme: Caller, jobs: JobStore) -> None:
    spring, autumn = new_id(), new_id()
    mine = a_job(id=new_id(), campaign_id=spring, client_id=UNKNOWN)
    accepted(jobs, mine, a_job(id=new_id(), campaign_id=spring), a_job(id=new_id(), campaign_id=autumn))
    assert len(ids(acme, f"?campaignId={spring}")) == 2
    assert ids(acme, f"?campaignId={spring}&clientId={UNKNOWN}&kind=image_pairs") == [mine.id]
    assert ids(acme, "?campaignId=nothing") == []


class Counted(JobStore):
    """How many rows a list reads."""

    read = 0

    def jobs(self, job_ids: Any) -> list[Job]:
        self.read += len(job_ids)
        return super().jobs(job_ids)


def test_a_rare_status_is_looked_for_within_bounds_and_found_by_the_cursors(
    acme: Caller, jobs: JobStore, table: Table
) -> None:
    """What runs is one list, whatever it does at the moment."""
    rare = a_job(id=new_id(), status=JobStatus.COMBINING)
    accepted(jobs, rare, *some(LOOKED_AT + 100, status=JobStatus.PROCESSING))
    store = Counted(table)
    found, more = page_of_jobs(store, rare.tenant, Wanted(["video_combining"]), limit=10, after=None)
    assert (found, more is None, store.read) == ([], False, LOOKED_AT)
    assert all_pages(acme, "?status=video_combining&limit=10") == ([rare.id], 2)
    store = Counted(table)
    found, more = page_of_jobs(store, rare.tenant, Wanted(["sub_job_processing"]), limit=10, after=None)
    assert (len(found), more, store.read) == (10, found[-1].id, 100)


def test_a_filtered_list_loses_nothing_at_the_edges_of_its_pages(acme: Caller, jobs: JobStore) -> None:
    made = [a_job(id=new_id(), status=status) for _ in range(9) for status in (JobStatus.FAILED, JobStatus.PLANNING)]
    accepted(jobs, *made)
    wanted = sorted((job.id for job in made if job.status is JobStatus.FAILED), reverse=True)
    for limit in (1, 2, 3, 4, 8, 9, 10):
        assert all_pages(acme, f"?status=failed&limit={limit}")[0] == wanted


def test_a_running_job_is_found_by_its_campaign_until_its_end_is_announced(jobs: JobStore) -> None:
    first, second = some(2, campaign_id="spring")
    elsewhere, ended = (
        a_job(id=new_id(), campaign_id="autumn"),
        a_job(id=new_id(), campaign_id="spring", status=JobStatus.FAILED),
    )
    accepted(jobs, first, second, elsewhere, ended)
    tenant = first.tenant
    assert [job.id for job in jobs.running(tenant, "spring")] == sorted([first.id, second.id])
    assert jobs.running("other", "spring") == []
    jobs.table.commit(*jobs.announced(ended))
    assert len(list(jobs.table.query(f"T#{tenant}", "RUNS#spring#"))) == 2
    assert jobs.job(ended.id).unfinished is None


def test_an_accepted_job_is_among_the_running_ones_of_its_campaign(acme: Caller, jobs: JobStore) -> None:
    campaign = a_campaign_of(acme, 2)
    job_id = asked(acme, campaignId=campaign).data["jobId"]
    assert [job.id for job in jobs.running("acme", campaign)] == [job_id]
