"""Films copied elsewhere: what lies there, what that costs, once; and what the job says where it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from functions.copy_film.copying import Abroad, copy_film, opened
from functions.studio.budgets import Budgets
from functions.studio.closing import deliver
from functions.studio.destinations import Destination, month_of_storage
from functions.studio.errors import KeyUnreachable, NotConfigured
from functions.studio.events import COPY
from functions.studio.job_store import JobStore
from functions.studio.jobs import Film, Job, JobStatus, Subtitles
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore, film_key
from functions.studio.messages import RunRef
from tests.integration.api_events import Caller
from tests.scripted import Bus, a_closing, a_job

ABROAD = Abroad("account", "key", "secret", "vidx-videos, more", "https://s3.amazonaws.com")
"""Where moto stands in for it."""
FILES = {"combined.mp4": b"film" * 1000, "thumbnail.jpg": b"poster", "captions.srt": b"1\n", "captions.vtt": b"WEBVTT"}


@pytest.fixture
def there(cloud: None) -> Any:
    client = boto3.client("s3")
    for bucket in ("vidx-videos", "more"):
        client.create_bucket(Bucket=bucket)
    return client


def told() -> Abroad:
    return ABROAD


class Stage:
    def __init__(self, jobs: JobStore, ledger: Ledger, media: MediaStore, destination: Destination | None) -> None:
        self.jobs, self.ledger, self.media = jobs, ledger, media
        self.bus = Bus()
        job = a_job(kind="prompt", destination=destination, status=JobStatus.COMBINING)
        jobs.table.commit(jobs.accept(job))
        self.id, self.tenant = job.id, job.tenant
        for name, body in FILES.items():
            media.put(self.key(name), body, "application/octet-stream")
        jobs.table.commit(jobs.films.film_made(job.id, 1, self.film()))
        deliver(job.id, 1, a_closing(jobs, ledger, self.bus))

    def key(self, name: str) -> str:
        return film_key(self.tenant, self.id, 1, name)

    def film(self) -> Film:
        return Film(
            key=self.key("combined.mp4"),
            poster_key=self.key("thumbnail.jpg"),
            manifest_key="m",
            subtitles=Subtitles(srt_key=self.key("captions.srt"), vtt_key=self.key("captions.vtt"), language="en"),
            duration_seconds=1,
            frames=30,
            width=720,
            height=1280,
            fps=30,
            bytes=4000,
            sha256="0",
            clips=[],
        )

    @property
    def said(self) -> list[str]:
        return [event["DetailType"] for event in self.bus.events]

    @property
    def job(self) -> Job:
        return self.jobs.job(self.id)

    def copy(self, abroad: Callable[[], Abroad] = told, opener: Any = opened) -> None:
        copy_film(RunRef(job_id=self.id, run=1), self.jobs, self.ledger, self.media, abroad, opener)


Make = Callable[[Destination | None], Stage]


@pytest.fixture
def make(jobs: JobStore, ledger: Ledger, media: MediaStore) -> Make:
    return lambda destination: Stage(jobs, ledger, media, destination)


def test_a_delivered_film_is_copied_with_its_poster_and_captions(make: Make, there: Any) -> None:
    stage = make(Destination(prefix="cars/sold"))
    assert COPY in stage.said
    assert stage.job.delivery
    assert (stage.job.delivery.status, stage.job.status) == ("waiting", JobStatus.COMPLETED)
    stage.copy()
    delivery = stage.job.delivery
    assert delivery
    assert (delivery.status, delivery.bucket, delivery.endpoint) == ("delivered", "vidx-videos", ABROAD.endpoint)
    assert [one.name for one in delivery.files] == list(FILES)
    for one in delivery.files:
        assert one.key == f"{stage.tenant}/cars/sold/videos/{stage.id}/1/{one.name}"
        found = there.get_object(Bucket="vidx-videos", Key=one.key)
        assert (found["Body"].read(), one.bytes) == (FILES[one.name], len(FILES[one.name]))
    assert there.head_object(Bucket="vidx-videos", Key=delivery.files[0].key)["ContentType"] == "video/mp4"


def test_its_storage_is_paid_for_once(make: Make, there: Any, ledger: Ledger) -> None:
    stage = make(Destination())
    before = stage.job
    stage.copy()
    delivery = stage.job.delivery
    assert delivery
    cost = month_of_storage(sum(map(len, FILES.values())))
    assert cost > 0
    (line,) = [one for one in ledger.lines(stage.id) if one.stage == "storage"]
    assert (line.clip, line.state.value, line.counts) == (0, "settled", cost)
    assert stage.job.actual_cost == before.actual_cost + cost
    assert stage.job.beside_clips["storage"] == cost
    assert Budgets(stage.jobs.table).tenant(stage.tenant).settled == cost
    jobs, job = stage.jobs, stage.job
    assert job.destination
    jobs.table.commit(jobs.to_be_copied(job, delivery.model_copy(update={"status": "waiting"}), job.destination))
    stage.copy()
    assert stage.job.delivery
    assert stage.job.delivery.status == "delivered"
    assert stage.job.actual_cost == before.actual_cost + cost
    assert len([one for one in ledger.lines(stage.id) if one.stage == "storage"]) == 1


def test_another_bucket_of_the_deployment_may_be_named(make: Make, there: Any) -> None:
    stage = make(Destination(kind="s3", endpoint="https://s3.amazonaws.com", bucket="more"))
    stage.copy()
    assert stage.job.delivery
    assert stage.job.delivery.bucket == "more"


def test_a_job_without_a_destination_is_not_copied(make: Make, there: Any) -> None:
    stage = make(None)
    stage.copy()
    assert (stage.job.delivery, COPY in stage.said) == (None, False)


@pytest.mark.parametrize(
    ("destination", "words"),
    [
        (Destination(kind="s3", endpoint="https://elsewhere.example", bucket="more"), "no keys for"),
        (Destination(bucket="theirs"), "does not name the bucket theirs"),
    ],
)
def test_keys_are_sent_nowhere_else_than_where_they_belong(
    make: Make, there: Any, destination: Destination, words: str
) -> None:
    stage = make(destination)

    def never(abroad: Abroad) -> Any:
        raise AssertionError(abroad)

    stage.copy(opener=never)
    delivery = stage.job.delivery
    assert delivery
    assert (delivery.status, words in str(delivery.reason)) == ("failed", True)


def missing() -> Abroad:
    raise NotConfigured("R2_ACCOUNT_ID not configured")


def untold() -> Abroad:
    raise KeyUnreachable("Secrets Manager does not tell R2_ACCOUNT_ID")


def unreachable(abroad: Abroad) -> Any:
    raise EndpointConnectionError(endpoint_url=abroad.url)


def test_a_deployment_without_keys_says_so_and_the_film_is_not_lost(make: Make, media: MediaStore) -> None:
    stage = make(Destination())
    stage.copy(missing)
    job = stage.job
    assert job.delivery
    assert (job.status, job.delivery.reason) == (JobStatus.COMPLETED, "R2_ACCOUNT_ID not configured")
    assert job.film
    assert media.read(job.film.key) == FILES["combined.mp4"]


def test_what_may_pass_is_tried_again_and_then_told(make: Make, there: Any) -> None:
    stage = make(Destination())
    with pytest.raises(EndpointConnectionError):
        stage.copy(opener=unreachable)
    assert stage.job.delivery
    assert "cannot be reached" in str(stage.job.delivery.reason)
    with pytest.raises(KeyUnreachable):
        stage.copy(untold)
    stage.copy()
    assert stage.job.delivery.status == "delivered"


def test_a_bucket_that_is_gone_is_told_and_not_tried_again(make: Make, cloud: None) -> None:
    stage = make(Destination())
    stage.copy()
    assert stage.job.delivery
    assert stage.job.delivery.status == "failed"
    assert "NoSuchBucket" in str(stage.job.delivery.reason)


def test_deliver_has_it_copied_again(
    acme: Caller, jobs: JobStore, ledger: Ledger, media: MediaStore, there: Any
) -> None:
    stage = Stage(jobs, ledger, media, Destination())
    path = f"/api/v3/jobs/{stage.id}"
    stage.copy(missing)
    shown = acme.get(path).data
    assert (shown["deliveredTo"]["status"], shown["deliveredTo"]["reason"]) == (
        "failed",
        "R2_ACCOUNT_ID not configured",
    )
    assert "POST …/deliver" in shown["warnings"][-1]
    again = acme.send("POST", f"{path}/deliver", "", {"content-type": "application/json"})
    assert (again.status, again.data["deliveredTo"]["status"]) == (202, "waiting")
    stage.copy()
    shown = acme.get(path).data
    assert (shown["deliveredTo"]["status"], shown["warnings"]) == ("delivered", [])
    assert shown["actualCost"] == pytest.approx(float(stage.job.actual_cost))
    assert stage.job.actual_cost > Decimal(0)


def test_a_destination_may_come_later(
    acme: Caller, jobs: JobStore, ledger: Ledger, media: MediaStore, there: Any
) -> None:
    stage = Stage(jobs, ledger, media, None)
    path = f"/api/v3/jobs/{stage.id}/deliver"
    assert acme.post(path, {}).fields == ["destination"]
    assert acme.post(path, {"destination": {"kind": "r2"}}).status == 202
    stage.copy()
    assert stage.job.delivery
    assert stage.job.delivery.status == "delivered"


def test_a_job_without_a_film_has_nothing_to_copy(acme: Caller, jobs: JobStore) -> None:
    job = a_job()
    jobs.table.commit(jobs.accept(job))
    answer = acme.post(f"/api/v3/jobs/{job.id}/deliver", {"destination": {"kind": "r2"}})
    assert answer.status == 409
