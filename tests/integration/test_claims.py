"""Whose a create is: one claim holds, its owner alone undoes it or answers for it, and a lost answer takes it from nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.studio.clips import AttemptStatus
from functions.studio.errors import NotConfigured, ProviderBusy, ProviderFailed, ProviderRefused
from functions.studio.job_store import JobStore
from functions.studio.media_store import MediaStore
from functions.studio.providers import Prediction
from functions.studio.sending import send
from functions.studio.table import Table
from tests.integration.clip_stage import ClipStage


class Lossy:
    """DynamoDB's client, where the answer of one update is lost: `meanwhile` happens, then botocore asks once more."""

    def __init__(self, client: Any, is_lost: Callable[[dict[str, Any]], bool], meanwhile: Callable[[], None]) -> None:
        self.client = client
        self.is_lost = is_lost
        self.meanwhile = meanwhile
        self.lost = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def update_item(self, **asked: Any) -> Any:
        answer = self.client.update_item(**asked)
        if self.lost or not self.is_lost(asked):
            return answer
        self.lost += 1
        self.meanwhile()
        return self.client.update_item(**asked)


def claims(asked: dict[str, Any]) -> bool:
    return _sets_postponed(asked, to=False)


def postpones(asked: dict[str, Any]) -> bool:
    return _sets_postponed(asked, to=True)


def _sets_postponed(asked: dict[str, Any], *, to: bool) -> bool:
    first = asked["UpdateExpression"].startswith("SET #postponed = :v0")
    return first and asked["ExpressionAttributeValues"][":v0"] == {"BOOL": to}


@pytest.fixture
def stage(jobs: JobStore, media: MediaStore) -> ClipStage:
    return ClipStage(jobs, media)


@pytest.fixture
def uploading(jobs: JobStore, media: MediaStore) -> ClipStage:
    return ClipStage(jobs, media, handover="upload")


def accepted_unheard(stage: ClipStage) -> None:
    """The next create is accepted and paid for, and its worker dies before it hears of it."""
    start = stage.provider.start

    def start_and_die(order):  # a Provider's start
        stage.provider.start = start
        start(order)
        raise RuntimeError("the worker died")

    stage.provider.start = start_and_die


def overtaken_while_uploading(stage: ClipStage, error: Exception) -> None:
    """Two entries have read that nobody has claimed it: while the first uploads, in vain, the second one creates."""
    upload = stage.provider.upload

    def upload_in_vain(content: bytes, name: str) -> str:
        stage.provider.upload = upload
        accepted_unheard(stage)
        with pytest.raises(RuntimeError):
            send(stage.task, stage.outbox)
        raise error

    stage.provider.upload = upload_in_vain
    stage.request()


def test_an_upload_that_was_put_off_does_not_undo_anothers_claim(uploading: ClipStage) -> None:
    overtaken_while_uploading(uploading, ProviderBusy("later", 1))
    for message in uploading.creates:
        uploading.deliver(message)
    assert list(uploading.provider.known) == ["prediction-1"]


@pytest.mark.parametrize("error", [ProviderRefused("too large"), ProviderFailed("no"), NotConfigured("no key")])
def test_a_refused_upload_does_not_answer_for_anothers_create(uploading: ClipStage, error: Exception) -> None:
    overtaken_while_uploading(uploading, error)
    assert uploading.attempt().answer is None
    assert uploading.attempt().status is AttemptStatus.ASKED
    assert not uploading.tokens.released


def test_a_refused_upload_that_nobody_overtook_is_the_answer(uploading: ClipStage) -> None:
    uploading.provider.uploads_script = [ProviderRefused("too large")]
    uploading.request()
    answer = uploading.attempt().answer
    assert answer
    assert (answer.error, answer.charged) == ("too large", False)
    assert uploading.tokens.released == ["token-1"]


def test_a_postponing_that_is_repeated_does_not_undo_the_next_claim(stage: ClipStage, table: Table) -> None:
    stage.provider.script = [ProviderBusy("later", 1)]

    def another_creates() -> None:
        accepted_unheard(stage)
        with pytest.raises(RuntimeError):
            send(stage.task, stage.outbox)

    table.client = Lossy(table.client, postpones, another_creates)
    stage.request()
    assert table.client.lost
    stage.deliver(stage.creates[0])
    assert list(stage.provider.known) == ["prediction-2"]


def test_a_claim_whose_answer_was_lost_is_known_again_and_sent(stage: ClipStage, table: Table) -> None:
    table.client = Lossy(table.client, claims, lambda: None)
    stage.request()
    assert table.client.lost
    assert stage.attempt().prediction_id == "prediction-1"


def test_a_claim_whose_answer_was_lost_until_its_time_was_over_sends_nothing(stage: ClipStage, table: Table) -> None:
    def time_is_over() -> None:
        stage.jobs.table.commit(stage.jobs.attempt_ended(stage.job.id, stage.task.attempt_id, AttemptStatus.LOST))

    table.client = Lossy(table.client, claims, time_is_over)
    stage.request()
    assert not stage.provider.orders


@pytest.mark.parametrize("status", [AttemptStatus.LOST, AttemptStatus.CANCELLED])
def test_a_prediction_that_begins_after_its_attempt_was_given_up_is_cancelled(
    stage: ClipStage, status: AttemptStatus
) -> None:
    start = stage.provider.start

    def start_while_time_runs_out(order):  # a Provider's start
        stage.jobs.table.commit(stage.jobs.attempt_ended(stage.job.id, stage.task.attempt_id, status))
        return start(order)

    stage.provider.start = start_while_time_runs_out
    stage.request()
    assert stage.provider.cancelled == ["prediction-1"]


def test_a_prediction_beside_the_one_that_is_stored_is_cancelled(stage: ClipStage) -> None:
    start = stage.provider.start

    def start_beside_another(order):  # a Provider's start
        stage.jobs.table.commit(stage.jobs.attempt_accepted(stage.job.id, stage.task.attempt_id, "another"))
        return start(order)

    stage.provider.start = start_beside_another
    stage.request()
    assert stage.provider.cancelled == ["prediction-1"]
    assert stage.attempt().prediction_id == "another"


def test_what_a_look_has_found_before_its_create_was_answered_is_left_at_work(stage: ClipStage) -> None:
    start = stage.provider.start

    def start_while_it_is_found(order):  # a Provider's start
        prediction: Prediction = start(order)
        stage.jobs.table.commit(stage.jobs.attempt_accepted(stage.job.id, stage.task.attempt_id, prediction.id))
        return prediction

    stage.provider.start = start_while_it_is_found
    stage.request()
    assert stage.provider.cancelled == []
