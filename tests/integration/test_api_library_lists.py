"""Jobs and films as a library: each filter by a list of its own, dates, titles, pages; and what a page reads of many."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID  # type: ignore[attr-defined]  # re-exported without saying so
from moto.dynamodb.models import dynamodb_backends

from functions.api.job_list import LOOKED_AT
from functions.studio import wiring
from functions.studio.closing import close_failed, deliver
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, JobStatus, Purpose, RunKind
from functions.studio.ledger import Ledger
from functions.studio.listing import WITH_FILM, entry, places
from functions.studio.rows import first_id, new_id
from functions.studio.table import Table, marshal
from tests.integration.api_events import Caller
from tests.integration.test_api_job_list import accepted, all_pages, ids
from tests.scripted import a_closing, a_job

MANY = int(os.environ.get("LIBRARY", "1500"))
"""Jobs of the tenant in the test that counts; the library is to stay as it is at 100,000."""
PAGE = 50
DAY = datetime(2026, 11, 1, tzinfo=UTC)
SPRING, AUTUMN = "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"


def made_at(at: datetime) -> str:
    return first_id(at)


def a_film(run: int = 1) -> Film:
    return Film(
        run=run,
        key="film.mp4",
        poster_key="film.jpg",
        manifest_key="film.json",
        duration_seconds=8.0,
        frames=192,
        width=1280,
        height=720,
        fps=24.0,
        bytes=1,
        sha256="0",
        clips=[1],
    )


def daily(count: int, **fields: Any) -> list[Job]:
    return [a_job(id=made_at(DAY + timedelta(days=n)), **fields) for n in range(count)]


def films(caller: Caller, query: str = "") -> list[str]:
    return [film["jobId"] for film in caller.get(f"/api/v3/films{query}").data["items"]]


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("createdFrom=2026-11-03", [2, 3, 4]),
        ("createdBefore=2026-11-03", [0, 1]),
        ("createdFrom=2026-11-02&createdBefore=2026-11-04", [1, 2]),
        ("createdFrom=2026-11-02T00:00:00.001Z", [2, 3, 4]),
        ("createdFrom=2026-11-02T01:00:00%2B01:00", [1, 2, 3, 4]),
        ("createdBefore=0001-01-01", []),
        ("createdFrom=9999-12-31", []),
        ("createdFrom=2026-11-04&createdBefore=2026-11-02", []),
    ],
)
@pytest.mark.parametrize(
    "also",
    ["", f"&campaignId={SPRING}", "&kind=image_pairs", "&status=completed", "&title=film", "&status=completed,failed"],
)
def test_a_range_of_dates_narrows_every_list(
    acme: Caller, jobs: JobStore, query: str, days: list[int], also: str
) -> None:
    made = daily(5, campaign_id=SPRING, status=JobStatus.COMPLETED, title="Film")
    accepted(jobs, *made)
    wanted = [made[day].id for day in reversed(days)]
    assert ids(acme, f"?{query}{also}") == wanted
    assert all_pages(acme, f"?{query}{also}&limit=2")[0] == wanted


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("createdFrom=yesterday", "createdFrom"),
        ("createdFrom=2026-11-02T00:00:00", "createdFrom"),
        ("createdBefore=2026-13-01", "createdBefore"),
        ("createdBefore=", "createdBefore"),
        ("title=", "title"),
        (f"title={'x' * 201}", "title"),
        ("cursor=MDE5MDAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAx", "cursor"),
    ],
)
@pytest.mark.parametrize("path", ["jobs", "films"])
def test_what_cannot_be_read_is_422_and_named(acme: Caller, path: str, query: str, field: str) -> None:
    answer = acme.get(f"/api/v3/{path}?{query}")
    assert (answer.status, answer.fields) == (422, [field])


def test_titles_are_found_by_their_beginning_and_sorted(acme: Caller, jobs: JobStore) -> None:
    titles = ["Spring sale", "spring", "SPRING  Sale", "Autumn", None, "Sprint", "sp#ring", "Frühling"]
    made = [a_job(id=made_at(DAY + timedelta(days=n)), title=title) for n, title in enumerate(titles)]
    accepted(jobs, *made)

    def found(beginning: str, also: str = "") -> list[int]:
        listed = all_pages(acme, f"?title={beginning}{also}&limit=2")[0]
        assert listed == ids(acme, f"?title={beginning}{also}")
        return [[job.id for job in made].index(job_id) for job_id in listed]

    assert found("spring") == [2, 0, 1], "the newest of two that are the same goes first"
    assert found("sp") == [6, 2, 0, 1, 5]
    assert found("Spring%20S") == [2, 0]
    assert found("FRÜH") == [7]
    assert found("winter") == []
    assert found("spring", "&createdBefore=2026-11-02") == [0]


def test_a_title_of_any_length_can_be_found_by_all_of_it(acme: Caller, jobs: JobStore) -> None:
    long = "\U0001f3ac" * 200
    (job_id,) = accepted(jobs, a_job(title=long))
    accepted(jobs, a_job(title=long[:-1]))
    assert ids(acme, f"?title={long}") == [job_id]


def test_filters_that_meet_narrow_each_other(acme: Caller, jobs: JobStore) -> None:
    made = [
        a_job(id=made_at(DAY + timedelta(hours=n)), campaign_id=campaign, status=status, kind=kind, title=title)
        for n, (campaign, status, kind, title) in enumerate(
            (campaign, status, kind, title)
            for campaign in (SPRING, AUTUMN)
            for status in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.PROCESSING)
            for kind in ("image_pairs", "prompt")
            for title in ("One", "Two")
        )
    ]
    accepted(jobs, *made)
    newest_first = sorted(made, key=lambda job: job.id, reverse=True)
    for query, keep in {
        f"campaignId={SPRING}&status=failed": lambda job: (job.campaign_id, job.status) == (SPRING, JobStatus.FAILED),
        "kind=prompt&status=completed": lambda job: (job.kind, job.status) == ("prompt", JobStatus.COMPLETED),
        f"kind=prompt&campaignId={AUTUMN}": lambda job: (job.kind, job.campaign_id) == ("prompt", AUTUMN),
        "status=failed,sub_job_processing": lambda job: job.status is not JobStatus.COMPLETED,
        f"title=tw&campaignId={SPRING}&kind=prompt": lambda job: (
            (job.title, job.campaign_id, job.kind) == ("Two", SPRING, "prompt")
        ),
    }.items():
        wanted = [job.id for job in newest_first if keep(job)]
        assert wanted
        for limit in (1, 3, 50):
            assert all_pages(acme, f"?{query}&limit={limit}")[0] == wanted, query


def test_a_job_stands_where_its_status_is_through_all_of_its_runs(acme: Caller, jobs: JobStore, ledger: Ledger) -> None:
    """Its list changes in the very transaction in which its status does."""
    closing = a_closing(jobs, ledger)
    job = a_job()
    accepted(jobs, job)

    def stands() -> tuple[list[str], list[str]]:
        words = [status.value for status in JobStatus if ids(acme, f"?status={status.value}") == [job.id]]
        places = [row["sk"] for row in jobs.table.query("T#acme", "JOBS#status#")]
        assert len(places) == 1
        return words, films(acme)

    assert stands() == (["sub_job_processing"], [])
    jobs.table.commit(jobs.move_job(job.id, 1, JobStatus.COMBINING))
    jobs.table.commit(jobs.films.film_made(job.id, 1, a_film()))
    deliver(job.id, 1, closing)
    assert stands() == (["completed"], [job.id])
    deliver(job.id, 1, closing)
    assert stands() == (["completed"], [job.id])
    ended = jobs.job(job.id)
    jobs.table.commit(*jobs.next_run(ended, Purpose(kind=RunKind.RETRY, chooses=False), {}))
    assert stands() == (["planning"], [job.id])
    close_failed(job.id, 2, "No reason.", closing)
    assert stands() == (["failed"], [job.id])


def test_films_are_listed_with_their_pictures_and_addresses(acme: Caller, jobs: JobStore) -> None:
    older, newer = sorted(new_id() for _ in range(2))
    with_one = a_job(id=older, status=JobStatus.COMPLETED, film=a_film(), title="Spring", campaign_id=SPRING)
    again = a_job(id=newer, status=JobStatus.FAILED, run=2, film=a_film(), campaign_id=SPRING, kind="prompt")
    accepted(jobs, with_one, again, a_job(campaign_id=SPRING), a_job(status=JobStatus.FAILED, title="Spring"))
    for job in (with_one, again):
        jobs.table.put_all([_plain(jobs.film_delivered(job, a_film())[1])])
    newest, item = acme.get("/api/v3/films").data["items"]
    assert (newest["jobId"], newest["current"]) == (again.id, True)
    wanted = {
        "id": with_one.id,
        "jobId": with_one.id,
        "title": "Spring",
        "campaignId": SPRING,
        "kind": "image_pairs",
        "modelId": "veo3",
        "videoUrl": f"/api/v3/videos/{with_one.id}/combined?run=1",
        "thumbnailUrl": f"/api/v3/videos/{with_one.id}/thumbnail?run=1",
        "durationSeconds": 8.0,
    }
    assert {name: item[name] for name in wanted} == wanted
    for query, many in {
        f"campaignId={SPRING}": [again.id, with_one.id],
        "kind=prompt": [again.id],
        "title=SPR": [with_one.id],
        "status=failed": [again.id],
        "status=completed,failed": [again.id, with_one.id],
        "createdFrom=2100-01-01": [],
    }.items():
        assert films(acme, f"?{query}") == many, query
    shown = acme.get("/api/v3/jobs?title=spring&status=completed").data["items"]
    assert [job["thumbnailUrl"] for job in shown] == [f"/api/v3/videos/{with_one.id}/thumbnail"]


def _plain(write: dict[str, Any]) -> dict[str, Any]:
    return {"Put": {"Item": write["Put"]["Item"]}}


def kept(table: Table, *many: Job) -> None:
    """As they would be when each had been accepted and had ended, and its film delivered: put where moto keeps its rows,
    for there are very many."""
    rows = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].get_table(table.name)
    for job in many:
        listed = entry(job).attributes()
        stands = places(job) + ([WITH_FILM + job.id] if job.film else [])
        for pk, sk, attributes in [
            *((f"T#{job.tenant}", place, listed) for place in stands),
            (f"J#{job.id}", "JOB", job.attributes()),
        ]:
            rows.put_item({key: marshal(value) for key, value in {**attributes, "pk": pk, "sk": sk}.items()})


class Meter:
    """Rows that DynamoDB has read for the API's own client."""

    def __init__(self) -> None:
        self.rows = 0

    def saw(self, parsed: dict[str, Any], **_: Any) -> None:
        batches = parsed.get("Responses", {})
        self.rows += parsed.get("ScannedCount", 0) + sum(len(batch) for batch in batches.values()) + ("Item" in parsed)


@contextmanager
def metered() -> Iterator[Meter]:
    events, meter = wiring.table().client.meta.events, Meter()
    events.register("after-call.dynamodb", meter.saw)
    try:
        yield meter
    finally:
        events.unregister("after-call.dynamodb", meter.saw)


def test_a_page_reads_no_more_rows_however_many_jobs_there_are(acme: Caller, table: Table) -> None:
    """Of a tenant with so many jobs, of which few are what is asked for, and those the oldest."""
    common = {"campaign_id": SPRING, "status": JobStatus.COMPLETED, "title": "Common", "film": a_film()}
    rare = {"campaign_id": AUTUMN, "status": JobStatus.FAILED, "title": "Rare", "kind": "prompt"}
    start = datetime(2026, 1, 1, tzinfo=UTC)
    kept(
        table,
        *(
            a_job(id=made_at(start + timedelta(minutes=n)), client_id=AUTUMN, **(rare if n < PAGE else common))
            for n in range(MANY)
        ),
    )
    for path, query, found, most in [
        ("jobs", "", PAGE, 2 * PAGE + 1),
        ("jobs", f"&campaignId={SPRING}", PAGE, 2 * PAGE + 1),
        ("jobs", f"&campaignId={AUTUMN}", PAGE, 2 * PAGE + 1),
        ("jobs", "&kind=prompt", PAGE, 2 * PAGE + 1),
        ("jobs", "&status=failed", PAGE, 3 * PAGE + 1),
        ("jobs", "&title=rar", PAGE, 2 * PAGE + 1),
        ("jobs", "&createdBefore=2026-01-01T00:10:00Z", 10, 2 * PAGE + 1),
        ("jobs", f"&campaignId={AUTUMN}&createdBefore=2026-01-01T00:10:00Z", 10, 2 * PAGE + 1),
        ("films", "", PAGE, 3 * PAGE + 1),
        ("films", "&status=completed", PAGE, 2 * LOOKED_AT + 1),
        ("films", f"&campaignId={AUTUMN}", 0, 2 * LOOKED_AT + 1),
        ("jobs", f"&campaignId={SPRING}&status=failed", 0, 2 * LOOKED_AT + 1),
        ("jobs", "&status=failed,completed", PAGE, 2 * LOOKED_AT + 2),
        ("jobs", f"&clientId={SPRING}", 0, LOOKED_AT + 1),
        ("jobs", "&title=common&createdBefore=2026-01-01T01:00:00Z", 0, LOOKED_AT + 1),
    ]:
        with metered() as meter:
            page = acme.get(f"/api/v3/{path}?limit={PAGE}{query}").data
        assert len(page["items"]) == found, (path, query)
        assert 0 < meter.rows <= most + 1, (path, query, meter.rows)
        sys.stdout.write(f"{meter.rows:5} rows read of {MANY} jobs: /{path}?limit={PAGE}{query}\n")
    cursor = acme.get(f"/api/v3/jobs?limit={PAGE}").data["nextCursor"]
    with metered() as meter:
        assert len(ids(acme, f"?limit={PAGE}&cursor={cursor}")) == PAGE
    assert meter.rows <= 2 * PAGE + 3
