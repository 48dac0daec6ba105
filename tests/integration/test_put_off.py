"""A provider that is too busy is waited for as it tells, for minutes, and no attempt is burnt."""

from __future__ import annotations

import pytest

from functions.studio.clips import AttemptStatus
from functions.studio.errors import ProviderBusy
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.media_store import MediaStore
from functions.studio.providers import Prediction
from tests.integration.clip_stage import ClipStage


@pytest.fixture
def stage(jobs: JobStore, media: MediaStore) -> ClipStage:
    return ClipStage(jobs, media)


def test_the_create_is_sent_again_after_as_long_as_was_told(stage: ClipStage) -> None:
    stage.provider.script = [ProviderBusy("later", 30), "prediction-9"]
    stage.request()
    (again,) = stage.creates
    assert again["DelaySeconds"] == 30
    assert stage.attempt().status is AttemptStatus.ASKED

    stage.deliver(again)

    assert (stage.attempt().status, stage.attempt().prediction_id) == (AttemptStatus.ACCEPTED, "prediction-9")
    assert stage.attempt().id == stage.task.attempt_id
    assert len(stage.provider.orders) == 2


@pytest.mark.parametrize(("told", "waited"), [(0.2, 1), (7.3, 8), (900, 900), (4000, 900)])
def test_what_was_told_is_waited_in_whole_seconds_as_far_as_the_queue_reaches(
    stage: ClipStage, told: float, waited: int
) -> None:
    stage.provider.script = [ProviderBusy("later", told)]
    stage.request()
    assert [message["DelaySeconds"] for message in stage.creates] == [waited]


@pytest.mark.parametrize("untold", [None, 0, -5])
def test_where_nothing_was_told_the_waits_double_up_to_a_minute(stage: ClipStage, untold: float | None) -> None:
    stage.provider.script = [ProviderBusy("later", untold)] * 8
    stage.request()
    while len(stage.creates) < 8:
        stage.deliver(stage.creates[-1])
    assert [message["DelaySeconds"] for message in stage.creates] == [2, 4, 8, 16, 32, 60, 60, 60]
    assert len(stage.provider.orders) == 8
    assert not stage.attempt().prediction_id


def test_while_it_is_put_off_the_looks_show_that_somebody_works(stage: ClipStage) -> None:
    stage.provider.script = [ProviderBusy("later", 600)]
    stage.request("token")
    for look in range(3):
        stage.look(look)
    assert stage.tokens.heartbeats == ["token"] * 3
    assert stage.looks == [0, 1, 2, 3]
    assert stage.provider.looks == []


def test_the_looks_never_send_a_create(stage: ClipStage) -> None:
    stage.provider.script = [ProviderBusy("later", 600)]
    stage.request()
    stage.look()
    assert len(stage.provider.orders) == 1


def test_a_message_that_is_delivered_twice_creates_once(stage: ClipStage) -> None:
    stage.provider.script = [ProviderBusy("later", 5), "prediction-9"]
    stage.request()
    stage.deliver(stage.creates[0])
    stage.deliver(stage.creates[0])
    assert len(stage.provider.orders) == 2


def test_a_retry_of_the_state_and_the_message_together_create_once(stage: ClipStage) -> None:
    stage.provider.script = [ProviderBusy("later", 5), "prediction-9"]
    stage.request("token-1")
    stage.request("token-2")
    stage.deliver(stage.creates[0])
    assert len(stage.provider.orders) == 2
    assert stage.attempt().token == "token-2"


def test_a_create_that_another_claims_in_between_is_left_to_it(jobs: JobStore, media: MediaStore) -> None:
    stage = ClipStage(jobs, media, handover="upload")
    upload = stage.provider.upload

    def while_another_claims(content: bytes, name: str) -> str:
        theirs = {"firstFrame": "theirs"}
        stage.jobs.table.commit(stage.jobs.claim_create(stage.job.id, stage.task.attempt_id, "them", theirs))
        return upload(content, name)

    stage.provider.upload = while_another_claims
    stage.request()
    assert not stage.provider.orders
    assert stage.attempt().uploads == {"firstFrame": "theirs"}


def test_nothing_is_sent_any_more_when_the_time_of_the_attempt_is_over(stage: ClipStage) -> None:
    stage.provider.script = [ProviderBusy("later", 600)]
    stage.request()
    stage.jobs.table.commit(stage.jobs.attempt_ended(stage.job.id, stage.task.attempt_id, AttemptStatus.CANCELLED))
    stage.deliver(stage.creates[0])
    assert len(stage.provider.orders) == 1


def test_nothing_is_sent_any_more_when_the_job_is_being_closed(stage: ClipStage) -> None:
    stage.provider.script = [ProviderBusy("later", 600)]
    stage.request()
    stage.jobs.table.commit(stage.jobs.begin_to_close(stage.job.id, 1, "stopped"))
    stage.deliver(stage.creates[0])
    assert len(stage.provider.orders) == 1


def test_nothing_is_sent_any_more_when_the_job_has_ended(stage: ClipStage) -> None:
    stage.provider.script = [ProviderBusy("later", 600)]
    stage.request()
    stage.jobs.table.commit(stage.jobs.move_job(stage.job.id, 1, JobStatus.FAILED))
    stage.deliver(stage.creates[0])
    assert len(stage.provider.orders) == 1


def test_a_crash_in_the_second_create_is_reconciled_not_repeated(stage: ClipStage) -> None:
    stage.provider.script = [ProviderBusy("later", 5), RuntimeError("the worker died")]
    stage.request()
    with pytest.raises(RuntimeError):
        stage.deliver(stage.creates[0])
    stage.deliver(stage.creates[0])
    assert len(stage.provider.orders) == 2
    stage.provider.known["q"] = Prediction(id="q", input={"image": stage.marked_url})
    stage.look()
    assert stage.attempt().prediction_id == "q"
