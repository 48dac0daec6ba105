"""Attempts that no clip came of: whose words say so, what becomes of the money, and who is stopped."""

from __future__ import annotations

import json

import pytest

from functions.studio.clips import Answer, AttemptStatus, ClipStatus, Outcome
from functions.studio.errors import NotConfigured, ProviderBusy, ProviderFailed
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger, LineState
from functions.studio.media_store import MediaStore
from functions.studio.messages import StateError
from functions.studio.providers import Prediction
from functions.studio.recording import mark
from tests.integration.keep_stage import TIMED_OUT, Desk, a_desk
from tests.media import Studio
from tests.outputs import Outputs
from tests.scripted import seconds_ago


@pytest.fixture
def desk(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs) -> Desk:
    return a_desk(jobs, ledger, media, outputs)


@pytest.mark.parametrize(
    ("outcome", "charged", "status", "money"),
    [
        ("failed", False, AttemptStatus.FAILED, LineState.RELEASED),
        ("failed", True, AttemptStatus.FAILED, LineState.LOST),
        ("refused", False, AttemptStatus.REFUSED, LineState.RELEASED),
        ("cancelled", True, AttemptStatus.CANCELLED, LineState.LOST),
    ],
)
def test_a_provider_that_made_nothing_fails_the_clip_in_its_own_words(
    desk: Desk, outcome: str, charged: bool, status: AttemptStatus, money: LineState
) -> None:
    desk.answered(outcome=outcome, charged=charged, error="The picture shows a famous person.")

    assert desk.keep() is None

    clip = desk.clip
    assert (clip.status, clip.error_message) == (ClipStatus.FAILED, "The picture shows a famous person.")
    assert clip.error_class == outcome
    assert (desk.attempt_status, desk.money) == (status, money)


@pytest.mark.parametrize("name", ["States.Timeout", "States.HeartbeatTimeout"])
def test_a_prediction_without_an_answer_in_time_is_lost_and_cancelled(desk: Desk, name: str) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.keep(StateError(Error=name))
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)
    assert (desk.clip.error_message, desk.clip.error_class) == ("Prediction timed out", "timeout")
    assert desk.provider.cancelled == ["p1"]


def test_a_prediction_that_does_not_hear_its_cancel_ends_all_the_same(desk: Desk) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.provider.deaf = ProviderBusy("later")
    assert desk.keep(TIMED_OUT) is None
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)


def test_a_prediction_that_has_ended_is_not_cancelled(desk: Desk) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.provider.ends("p1", Answer(outcome=Outcome.FAILED, error="GPU on fire", charged=False))
    desk.keep(TIMED_OUT)
    assert desk.provider.cancelled == []


def test_a_provider_that_was_too_busy_until_the_end_took_nothing(desk: Desk) -> None:
    desk.attempt(postponed=True)
    desk.keep(TIMED_OUT)
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.CANCELLED, LineState.RELEASED)
    assert desk.clip.error_message == "Prediction timed out: the provider was too busy to accept it"
    assert desk.clip.error_class == "busy"
    assert desk.provider.cancelled == []


@pytest.mark.parametrize("name", ["States.Timeout", "States.HeartbeatTimeout"])
def test_a_prediction_that_ended_without_telling_is_found_by_a_last_look_and_kept(
    desk: Desk, studio: Studio, name: str
) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    url = desk.outputs.holds(studio.clip())
    desk.provider.ends("p1", Answer(outcome=Outcome.SUCCEEDED, output_url=url))
    desk.keep(StateError(Error=name))
    assert (desk.clip.status, desk.attempt_status, desk.money) == (
        ClipStatus.COMPLETED,
        AttemptStatus.KEPT,
        LineState.SETTLED,
    )


def test_a_failure_that_nobody_told_is_given_in_the_providers_words(desk: Desk) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.provider.ends("p1", Answer(outcome=Outcome.FAILED, error="GPU on fire", charged=False))
    desk.keep(TIMED_OUT)
    assert (desk.clip.error_message, desk.clip.error_class) == ("GPU on fire", "failed")
    assert desk.money is LineState.RELEASED


@pytest.mark.parametrize("silence", [ProviderBusy("later"), ProviderFailed("HTTP 500"), NotConfigured("no key")])
def test_a_provider_that_cannot_be_asked_a_last_time_leaves_the_timeout_as_it_is(
    desk: Desk, silence: Exception
) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.provider.busy = silence
    desk.keep(TIMED_OUT)
    assert (desk.clip.error_class, desk.money) == ("timeout", LineState.LOST)


def test_a_provider_is_looked_at_once_and_only_where_time_ran_out(desk: Desk) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.keep(TIMED_OUT)
    desk.keep(TIMED_OUT)
    assert desk.provider.looks == ["p1"]


@pytest.mark.parametrize(
    ("name", "error_class"),
    [
        ("ProviderBusy", "busy"),
        ("ProviderRefused", "refused"),
        ("ProviderFailed", "failed"),
        ("ProviderUnknown", "unknown"),
        ("Runtime.ExitError", "failed"),
    ],
)
def test_an_error_of_the_step_fails_the_clip_in_its_class_without_a_look(
    desk: Desk, name: str, error_class: str
) -> None:
    desk.attempt(status=AttemptStatus.ACCEPTED, prediction_id="p1")
    desk.keep(StateError(Error=name, Cause=json.dumps({"errorMessage": "words"})))
    assert (desk.clip.error_message, desk.clip.error_class) == ("words", error_class)
    assert desk.provider.looks == []


UNANSWERED = pytest.mark.parametrize("status", [AttemptStatus.ASKED, AttemptStatus.UNKNOWN])
OVER = seconds_ago(160)
"""When a create was claimed that nobody can be sending any more."""


@UNANSWERED
def test_money_of_a_create_that_may_still_begin_is_lost_and_never_released(desk: Desk, status: AttemptStatus) -> None:
    desk.attempt(status=status, claimed_at=seconds_ago(1))
    desk.keep(TIMED_OUT)
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)
    assert desk.clip.error_message == "Prediction timed out"


def test_money_of_an_unanswered_create_is_lost_when_nobody_can_say_what_became_of_it(desk: Desk) -> None:
    desk.attempt(status=AttemptStatus.UNKNOWN, claimed_at=OVER)
    desk.provider.busy = ProviderBusy("later")
    desk.keep(TIMED_OUT)
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)
    assert desk.clip.error_message == "Prediction timed out"


@UNANSWERED
def test_money_of_an_unanswered_create_is_released_when_the_provider_has_no_such_prediction(
    desk: Desk, status: AttemptStatus
) -> None:
    desk.attempt(status=status, claimed_at=OVER)
    desk.keep(TIMED_OUT)
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.CANCELLED, LineState.RELEASED)
    assert (desk.clip.error_message or "").startswith("Prediction timed out: the provider did not say whether")


def test_an_unanswered_create_that_the_last_look_finds_at_work_is_lost_and_cancelled(desk: Desk) -> None:
    desk.attempt(status=AttemptStatus.UNKNOWN, claimed_at=OVER)
    url = f"https://media.example/x?name={mark(desk.job.id, desk.task.attempt_id)}firstFrame.jpg"
    desk.provider.known["q"] = Prediction(id="q", input={"image": url})
    desk.keep(TIMED_OUT)
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)
    assert desk.provider.cancelled == ["q"]


def test_what_is_found_after_the_last_look_did_not_find_it_is_not_released(desk: Desk) -> None:
    """Between the look and the write a webhook stores the prediction."""
    desk.attempt(status=AttemptStatus.UNKNOWN, claimed_at=OVER)
    find = desk.provider.find

    def then_it_is_accepted(mark: str, asked_at: str) -> Prediction | None:
        desk.jobs.table.commit(desk.jobs.attempt_accepted(desk.job.id, desk.task.attempt_id, "p1"))
        return find(mark, asked_at)

    desk.provider.find = then_it_is_accepted
    desk.keep(TIMED_OUT)
    assert desk.end == (ClipStatus.FAILED, AttemptStatus.LOST, LineState.LOST)


def test_money_of_an_attempt_that_was_never_sent_is_released(desk: Desk) -> None:
    desk.keep(StateError(Error="StaleRun", Cause=json.dumps({"errorMessage": "the job has ended"})))
    assert (desk.clip.status, desk.clip.error_message) == (ClipStatus.FAILED, "the job has ended")
    assert desk.money is LineState.RELEASED


def test_money_of_an_attempt_that_the_provider_put_off_is_released(desk: Desk) -> None:
    desk.attempt(postponed=True)
    desk.keep(StateError(Error="ProviderBusy", Cause=json.dumps({"errorMessage": "come later"})))
    assert (desk.clip.error_class, desk.money) == ("busy", LineState.RELEASED)
    assert desk.attempt_status is AttemptStatus.CANCELLED
