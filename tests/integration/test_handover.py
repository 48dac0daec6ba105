"""How pictures reach the provider: by signed URL, or as uploads of its own where nobody outside can fetch from us."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import requests
from botocore.config import Config

from functions.studio.clips import AttemptStatus, Outcome
from functions.studio.errors import ProviderBusy, ProviderUnknown, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.media_store import MediaStore
from functions.studio.providers import Prediction
from functions.studio.providers.replicate import Replicate
from local.services import parameters_of
from local.settings import Settings
from local.standins.replicate import Replicate as StandIn
from tests.integration.clip_stage import ClipStage

FRAMES = ["firstFrame", "lastFrame"]


@pytest.fixture
def stage(jobs: JobStore, media: MediaStore) -> ClipStage:
    return ClipStage(jobs, media, handover="upload", public_url="none")


def test_every_frame_is_uploaded_and_named_in_the_order(stage: ClipStage) -> None:
    stage.request()
    (order,) = stage.provider.orders
    assert [content for _, content in stage.provider.uploaded] == list(stage.pictures.values())
    assert order.input["image"] == "https://provider.example/files/1"
    assert order.input["last_frame"] == "https://provider.example/files/2"


def test_an_upload_is_called_after_its_attempt_and_its_kind(stage: ClipStage) -> None:
    stage.request()
    names = [name for name, _ in stage.provider.uploaded]
    attempt = f"{stage.job.id}.{stage.task.attempt_id}."
    assert names == [f"{attempt}firstFrame.jpg", f"{attempt}lastFrame.png"]


def test_the_uploads_are_on_the_row_before_the_create(stage: ClipStage) -> None:
    seen: list[dict[str, str]] = []
    start = stage.provider.start

    def start_when_looked_at(order):  # a Provider's start
        seen.append(stage.attempt().uploads)
        return start(order)

    stage.provider.start = start_when_looked_at
    stage.request()
    assert [list(uploads) for uploads in seen] == [FRAMES]


def test_a_create_that_was_put_off_uses_the_same_uploads(stage: ClipStage) -> None:
    stage.provider.script = [ProviderBusy("later", 5)]
    stage.request()
    stage.deliver(stage.creates[0])
    first, second = stage.provider.orders
    assert first == second
    assert len(stage.provider.uploaded) == 2


def test_an_upload_that_is_put_off_goes_on_where_it_was_left(stage: ClipStage) -> None:
    stage.provider.uploads_script = [None, ProviderBusy("later", 5)]
    stage.request()
    assert not stage.provider.orders
    stage.deliver(stage.creates[0])
    assert [name.split(".")[-2] for name, _ in stage.provider.uploaded] == FRAMES
    assert len(stage.provider.orders) == 1


def test_a_crash_between_uploads_and_create_is_made_good_by_the_retry(stage: ClipStage) -> None:
    stage.provider.uploads_script = [None, RuntimeError("the worker died")]
    with pytest.raises(RuntimeError):
        stage.request("token-1")
    stage.request("token-2")
    assert len(stage.provider.uploaded) == 2
    assert len(stage.provider.orders) == 1


def test_a_job_that_is_cancelled_while_its_pictures_are_uploaded_pays_for_nothing_more(stage: ClipStage) -> None:
    upload = stage.provider.upload

    def upload_while_somebody_cancels(content: bytes, name: str) -> str:
        stage.provider.upload = upload
        stage.jobs.table.commit(stage.jobs.begin_to_cancel(stage.job, "The job was cancelled."))
        return upload(content, name)

    stage.provider.upload = upload_while_somebody_cancels
    with pytest.raises(StaleRun):
        stage.request()
    assert len(stage.provider.uploaded) == 2
    assert not stage.provider.orders
    assert stage.attempt().postponed, "whoever closes the job knows that nothing was sent"


def test_a_create_whose_answer_was_lost_is_found_by_its_uploads(stage: ClipStage) -> None:
    stage.provider.script = [ProviderUnknown("the connection broke")]
    stage.request("token-1")
    stage.provider.known["q"] = Prediction(id="q", input=stage.provider.orders[0].input)
    stage.look()
    assert stage.attempt().prediction_id == "q"
    assert len(stage.provider.orders) == 1


def test_with_a_real_key_and_a_public_address_pictures_are_uploaded_and_the_webhook_is_named_there(
    jobs: JobStore, media: MediaStore
) -> None:
    told = parameters_of(Settings({"REPLICATE_API_KEY": "r8_real", "PUBLIC_URL": "https://tunnel.example"}), {})
    stage = ClipStage(jobs, media, handover=told["MediaHandover"], public_url=told["PublicUrl"])
    stage.request()
    (order,) = stage.provider.orders
    assert order.input["image"] == "https://provider.example/files/1"
    webhook = urlsplit(order.webhook or "")
    assert (webhook.scheme, webhook.netloc, webhook.path) == ("https", "tunnel.example", "/api/v3/callbacks/replicate")
    assert parse_qs(webhook.query) == {"job": [stage.job.id], "attempt": [stage.attempt().id]}


# against the stand-in, which like the real service cannot reach this machine


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    service = StandIn(token="token", refuse_loopback=True).start()
    yield service
    service.stop()


@pytest.fixture
def alone(stage: ClipStage, stand_in: StandIn) -> ClipStage:
    """Nothing but uploads and looks can work here."""
    requests.post(f"{stand_in.url}/_reset", timeout=10).raise_for_status()
    stage.stands_in = Replicate(lambda: "token", stand_in.url)
    return stage


def until_answered(stage: ClipStage) -> None:
    end = time.monotonic() + 60
    while stage.attempt().status is not AttemptStatus.ANSWERED:
        assert time.monotonic() < end
        time.sleep(0.2)
        stage.look()


def test_a_provider_that_cannot_reach_us_makes_a_clip_of_what_was_uploaded(alone: ClipStage) -> None:
    alone.request()
    assert alone.attempt().status is AttemptStatus.ACCEPTED
    until_answered(alone)
    answer = alone.attempt().answer
    assert answer
    assert answer.output_url
    assert alone.tokens.released == ["token-1"]


def test_by_url_the_same_provider_cannot_have_the_pictures(alone: ClipStage) -> None:
    """As on a laptop: the bucket is at an address of this machine."""
    bucket = boto3.client("s3", endpoint_url="http://127.0.0.1:9", config=Config(signature_version="s3v4"))
    alone.outbox = replace(alone.outbox, media=MediaStore("media", bucket), handover="url")
    alone.request()
    until_answered(alone)
    answer = alone.attempt().answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.FAILED, False)
    assert "'image'" in (answer.error or "")


def test_there_too_an_unanswered_create_is_found_by_its_uploads(alone: ClipStage, stand_in: StandIn) -> None:
    rule = {"match": {}, "times": 1, "do": "lose_answer"}
    requests.post(f"{stand_in.url}/_script", json=[rule], timeout=10).raise_for_status()
    alone.request()
    assert alone.attempt().status is AttemptStatus.UNKNOWN
    until_answered(alone)
    assert alone.attempt().prediction_id
    created = [entry for entry in requests.get(f"{stand_in.url}/_log", timeout=10).json() if entry["method"] == "POST"]
    assert [urlsplit(entry["path"]).path.split("/")[-1] for entry in created] == ["files", "files", "predictions"]
