from __future__ import annotations

import pytest

from functions.studio.clips import AttemptStatus, Outcome
from functions.studio.errors import NotConfigured, ProviderBusy, ProviderRefused
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.media_store import MediaStore
from functions.studio.providers import Prediction
from tests.integration.clip_stage import ClipStage
from tests.scripted import SUCCEEDED, seconds_ago


@pytest.fixture
def stage(jobs: JobStore, media: MediaStore) -> ClipStage:
    return ClipStage(jobs, media)


def test_while_it_runs_a_heartbeat_is_sent_and_the_next_look_queued(stage: ClipStage) -> None:
    stage.put()
    stage.provider.known["p"] = Prediction(id="p")
    stage.look(look=2)
    assert stage.tokens.heartbeats == ["token"]
    assert stage.looks == [3]


def test_an_answer_that_no_webhook_brought_is_recorded_and_the_token_released(stage: ClipStage) -> None:
    stage.put()
    stage.provider.ends("p", SUCCEEDED)
    stage.look()
    assert stage.attempt().status is AttemptStatus.ANSWERED
    assert stage.tokens.released == ["token"]
    assert not stage.queue.messages


def test_a_recorded_answer_whose_token_was_never_released_is_released(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.ANSWERED, answer=SUCCEEDED)
    stage.look()
    assert stage.tokens.released == ["token"]
    assert not stage.provider.looks


def test_an_unknown_create_is_found_by_the_mark_in_its_input(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.UNKNOWN, prediction_id=None)
    stage.provider.known["q"] = Prediction(id="q", input={"image": stage.marked_url})
    stage.look()
    assert stage.attempt().status is AttemptStatus.ACCEPTED
    assert stage.attempt().prediction_id == "q"
    assert stage.clip().prediction_id == "q"


def test_an_unknown_create_that_has_ended_already_is_found_and_answered(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.UNKNOWN, prediction_id=None)
    stage.provider.known["q"] = Prediction(id="q", input={"image": stage.marked_url}, answer=SUCCEEDED)
    stage.look()
    assert stage.attempt().status is AttemptStatus.ANSWERED
    assert stage.attempt().prediction_id == "q"


def test_an_unknown_create_that_is_not_found_waits_on(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.UNKNOWN, prediction_id=None)
    stage.look()
    assert stage.attempt().status is AttemptStatus.UNKNOWN
    assert len(stage.queue.messages) == 1
    assert not stage.provider.orders


@pytest.mark.parametrize("error", [ProviderBusy("later"), ProviderRefused("not found"), NotConfigured("no key")])
def test_a_provider_that_does_not_tell_is_looked_at_again_later(stage: ClipStage, error: Exception) -> None:
    stage.put()
    stage.provider.busy = error
    stage.look()
    assert stage.tokens.heartbeats == ["token"]
    assert len(stage.queue.messages) == 1


def test_a_create_that_began_nothing_is_over_as_soon_as_that_is_sure(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.ASKED, prediction_id=None, claim="us", claimed_at=seconds_ago(1000))
    stage.look()
    answer = stage.attempt().answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.FAILED, False)
    assert stage.tokens.released == ["token"]
    assert stage.looks == []


def test_a_create_that_may_still_begin_something_is_waited_for(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.ASKED, prediction_id=None, claim="us", claimed_at=seconds_ago(5))
    stage.look()
    assert (stage.attempt().status, stage.looks) == (AttemptStatus.ASKED, [1])


def test_an_attempt_of_a_job_that_is_stopped_is_cancelled_and_its_wait_ended(stage: ClipStage) -> None:
    stage.put()
    stage.provider.known["p"] = Prediction(id="p")
    stage.jobs.table.commit(stage.jobs.begin_to_close(stage.job.id, 1, "no hope"))
    stage.look()
    assert stage.provider.cancelled == ["p"]
    assert stage.tokens.released == ["token"]
    assert stage.tokens.heartbeats == []


def test_what_was_put_off_is_let_go_when_its_job_is_stopped(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.ASKED, prediction_id=None, postponed=True)
    stage.jobs.table.commit(stage.jobs.begin_to_close(stage.job.id, 1, "no hope"))
    stage.outbox.checks.create_later(stage.task, 1, 5)
    stage.deliver(stage.creates[0])
    assert stage.tokens.released == ["token"]
    assert stage.provider.orders == []


@pytest.mark.parametrize("status", [AttemptStatus.LOST, AttemptStatus.CANCELLED])
def test_what_was_given_up_and_still_runs_is_cancelled_until_its_provider_has_heard(
    stage: ClipStage, status: AttemptStatus
) -> None:
    stage.put(status=status, ended_at=seconds_ago(5))
    stage.provider.known["p"] = Prediction(id="p")
    stage.provider.deaf = ProviderBusy("later")
    stage.look()
    assert (stage.provider.cancelled, stage.looks) == ([], [1])
    stage.provider.deaf = None
    stage.look(1)
    assert stage.provider.cancelled == ["p"]
    stage.look(2)
    assert len(stage.looks) == 2
    assert stage.attempt().status is status


def test_an_orphan_whose_create_was_never_answered_is_found_and_cancelled(stage: ClipStage) -> None:
    lost = {"prediction_id": None, "claim": "us", "claimed_at": seconds_ago(10), "ended_at": seconds_ago(5)}
    stage.put(status=AttemptStatus.LOST, **lost)
    stage.provider.known["p9"] = Prediction(id="p9", input={"image": stage.marked_url})
    stage.look()
    assert stage.provider.cancelled == ["p9"]
    assert stage.attempt().prediction_id == "p9"


def test_what_was_given_up_and_has_come_all_the_same_is_announced(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.LOST, ended_at=seconds_ago(5))
    stage.provider.known["p"] = Prediction(id="p", answer=SUCCEEDED)
    stage.look()
    assert [event["DetailType"] for event in stage.bus.events] == ["clip.late"]


@pytest.mark.parametrize("status", [AttemptStatus.KEPT, AttemptStatus.FAILED, AttemptStatus.REFUSED])
def test_looking_stops_when_the_attempt_has_ended(stage: ClipStage, status: AttemptStatus) -> None:
    stage.put(status=status)
    stage.look()
    assert not stage.queue.messages
    assert not stage.provider.looks


def test_looking_stops_when_the_run_has_ended(stage: ClipStage) -> None:
    stage.put()
    stage.jobs.table.commit(stage.jobs.move_job(stage.job.id, 1, JobStatus.FAILED))
    stage.look()
    assert not stage.queue.messages
    assert not stage.provider.looks


def test_looking_stops_for_an_attempt_that_was_never_put(stage: ClipStage) -> None:
    stage.look()
    assert not stage.queue.messages


def test_a_prediction_that_was_given_up_is_cancelled(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.LOST)
    stage.provider.known["p"] = Prediction(id="p")
    stage.look()
    assert stage.provider.cancelled == ["p"]


def test_a_prediction_that_ended_after_it_was_given_up_is_left_alone(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.LOST)
    stage.provider.ends("p", SUCCEEDED)
    stage.look()
    assert not stage.provider.cancelled


def test_a_prediction_given_up_that_the_provider_has_forgotten_leaves_nothing_to_stop(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.LOST)
    stage.provider.busy = ProviderRefused("not found")
    stage.look()
    assert (stage.provider.looks, stage.provider.cancelled, stage.queue.messages) == (["p"], [], [])


def test_a_provider_that_does_not_hear_the_cancel_does_not_break_the_look(stage: ClipStage) -> None:
    stage.put(status=AttemptStatus.LOST)
    stage.provider.known["p"] = Prediction(id="p")
    stage.provider.deaf = ProviderBusy("later")
    stage.look()
    assert stage.attempt().status is AttemptStatus.LOST


def test_an_unknown_create_of_uploaded_pictures_is_found_by_its_own_uploads(stage: ClipStage) -> None:
    uploads = {"firstFrame": "https://provider.example/files/1", "lastFrame": "https://provider.example/files/2"}
    stage.put(status=AttemptStatus.UNKNOWN, prediction_id=None, uploads=uploads)
    for name, url in {"other": "https://provider.example/files/3", "ours": uploads["firstFrame"]}.items():
        stage.provider.known[name] = Prediction(id=name, input={"image": url})
    stage.look()
    assert stage.attempt().prediction_id == "ours"
