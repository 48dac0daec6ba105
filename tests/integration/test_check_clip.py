from __future__ import annotations

import pytest

from functions.check_clip.check import Lookout, check_clip
from functions.studio.check_queue import CheckQueue
from functions.studio.clips import Attempt, AttemptStatus
from functions.studio.errors import NotConfigured, ProviderBusy, ProviderRefused
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.messages import CheckClip
from functions.studio.providers import Prediction
from functions.studio.workflow import Workflow
from tests.scripted import SUCCEEDED, Queue, ScriptedProvider, Tokens, a_clip, a_job, a_task, an_attempt


class Stage:
    def __init__(self, jobs: JobStore) -> None:
        self.jobs = jobs
        self.provider = ScriptedProvider()
        self.tokens = Tokens("token")
        self.queue = Queue()
        self.lookout = Lookout(
            jobs, Workflow("", self.tokens), CheckQueue("queue", [3, 5], self.queue), lambda name: self.provider
        )
        self.job = a_job()
        self.task = a_task(self.job)
        jobs.table.commit(jobs.accept(self.job))
        jobs.table.commit(jobs.new_clip(self.job.id, a_clip(self.job)))

    def put(self, **changes: object) -> None:
        self.jobs.table.commit(self.jobs.new_attempt(self.job.id, an_attempt(self.job, **changes)))

    def look(self, look: int = 0) -> None:
        check_clip(CheckClip(**self.task.model_dump(), look=look), self.lookout)

    def attempt(self) -> Attempt:
        found = self.jobs.find_attempt(self.job.id, self.task.attempt_id)
        assert found
        return found


@pytest.fixture
def stage(jobs: JobStore) -> Stage:
    return Stage(jobs)


def test_while_it_runs_a_heartbeat_is_sent_and_the_next_look_queued(stage: Stage) -> None:
    stage.put()
    stage.provider.known["p"] = Prediction(id="p")
    stage.look(look=2)
    assert stage.tokens.heartbeats == ["token"]
    assert [message["body"]["look"] for message in stage.queue.messages] == [3]


def test_an_answer_that_no_webhook_brought_is_recorded_and_the_token_released(stage: Stage) -> None:
    stage.put()
    stage.provider.ends("p", SUCCEEDED)
    stage.look()
    assert stage.attempt().status is AttemptStatus.ANSWERED
    assert stage.tokens.released == ["token"]
    assert not stage.queue.messages


def test_a_recorded_answer_whose_token_was_never_released_is_released(stage: Stage) -> None:
    stage.put(status=AttemptStatus.ANSWERED, answer=SUCCEEDED)
    stage.look()
    assert stage.tokens.released == ["token"]
    assert not stage.provider.looks


def test_an_unknown_create_is_found_by_the_mark_in_its_input(stage: Stage) -> None:
    stage.put(status=AttemptStatus.UNKNOWN, prediction_id=None)
    url = f"https://media.example/x?name={stage.job.id}.{stage.task.attempt_id}.firstFrame.jpg"
    stage.provider.known["q"] = Prediction(id="q", input={"image": url})
    stage.look()
    assert stage.attempt().status is AttemptStatus.ACCEPTED
    assert stage.attempt().prediction_id == "q"
    assert stage.jobs.clip(stage.job.id, 1).prediction_id == "q"


def test_an_unknown_create_that_has_ended_already_is_found_and_answered(stage: Stage) -> None:
    stage.put(status=AttemptStatus.UNKNOWN, prediction_id=None)
    url = f"https://media.example/x?name={stage.job.id}.{stage.task.attempt_id}.firstFrame.jpg"
    stage.provider.known["q"] = Prediction(id="q", input={"image": url}, answer=SUCCEEDED)
    stage.look()
    assert stage.attempt().status is AttemptStatus.ANSWERED
    assert stage.attempt().prediction_id == "q"


def test_an_unknown_create_that_is_not_found_waits_on(stage: Stage) -> None:
    stage.put(status=AttemptStatus.UNKNOWN, prediction_id=None)
    stage.look()
    assert stage.attempt().status is AttemptStatus.UNKNOWN
    assert len(stage.queue.messages) == 1
    assert not stage.provider.orders


@pytest.mark.parametrize("error", [ProviderBusy("later"), ProviderRefused("not found"), NotConfigured("no key")])
def test_a_provider_that_does_not_tell_is_looked_at_again_later(stage: Stage, error: Exception) -> None:
    stage.put()
    stage.provider.busy = error
    stage.look()
    assert stage.tokens.heartbeats == ["token"]
    assert len(stage.queue.messages) == 1


@pytest.mark.parametrize("status", [AttemptStatus.KEPT, AttemptStatus.FAILED, AttemptStatus.REFUSED])
def test_looking_stops_when_the_attempt_has_ended(stage: Stage, status: AttemptStatus) -> None:
    stage.put(status=status)
    stage.look()
    assert not stage.queue.messages
    assert not stage.provider.looks


def test_looking_stops_when_the_run_has_ended(stage: Stage) -> None:
    stage.put()
    stage.jobs.table.commit(stage.jobs.move_job(stage.job.id, 1, JobStatus.FAILED))
    stage.look()
    assert not stage.queue.messages
    assert not stage.provider.looks


def test_looking_stops_for_an_attempt_that_was_never_put(stage: Stage) -> None:
    stage.look()
    assert not stage.queue.messages


def test_a_prediction_that_was_given_up_is_cancelled(stage: Stage) -> None:
    stage.put(status=AttemptStatus.LOST)
    stage.provider.known["p"] = Prediction(id="p")
    stage.look()
    assert stage.provider.cancelled == ["p"]


def test_a_prediction_that_ended_after_it_was_given_up_is_left_alone(stage: Stage) -> None:
    stage.put(status=AttemptStatus.LOST)
    stage.provider.ends("p", SUCCEEDED)
    stage.look()
    assert not stage.provider.cancelled
