from __future__ import annotations

from functools import partial

import pytest

from functions.request_clip.request import Desk, request_clip
from functions.studio.check_queue import CheckQueue
from functions.studio.clips import Attempt, AttemptStatus, ClipStatus, Outcome
from functions.studio.errors import ProviderBusy, ProviderRefused, ProviderUnknown, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.jobs import Job, JobStatus
from functions.studio.media_store import MediaStore
from functions.studio.messages import RequestClip
from functions.studio.recording import webhook_url
from functions.studio.workflow import Workflow
from tests.scripted import SUCCEEDED, Queue, ScriptedProvider, Tokens, a_clip, a_job, a_task


class Stage:
    """A job with one clip, and everything that RequestClip stands among."""

    def __init__(self, jobs: JobStore, media: MediaStore) -> None:
        self.jobs = jobs
        self.provider = ScriptedProvider()
        self.tokens = Tokens("token-1", "token-2")
        self.queue = Queue()
        self.desk = Desk(
            jobs=jobs,
            media=media,
            workflow=Workflow("machine", self.tokens),
            checks=CheckQueue("queue", [3, 5], self.queue),
            provider=lambda name: self.provider,
            webhook_url=partial(webhook_url, "https://api.example"),
        )
        self.job = a_job()
        jobs.table.commit(jobs.accept(self.job))
        jobs.table.commit(jobs.new_clip(self.job.id, a_clip(self.job)))

    def request(self, token: str = "token-1", job: Job | None = None) -> None:
        request_clip(RequestClip(task=a_task(job or self.job), token=token), self.desk)

    def attempt(self) -> Attempt:
        found = self.jobs.find_attempt(self.job.id, a_task(self.job).attempt_id)
        assert found
        return found


@pytest.fixture
def stage(jobs: JobStore, media: MediaStore) -> Stage:
    return Stage(jobs, media)


def test_an_accepted_create_is_stored_with_its_prediction(stage: Stage) -> None:
    stage.request()
    assert stage.attempt().status is AttemptStatus.ACCEPTED
    assert stage.attempt().prediction_id == "prediction-1"
    clip = stage.jobs.clip(stage.job.id, 1)
    assert (clip.status, clip.prediction_id, clip.retry_count) == (ClipStatus.PROCESSING, "prediction-1", 0)


def test_the_order_speaks_the_models_words(stage: Stage) -> None:
    stage.request()
    (order,) = stage.provider.orders
    assert order.slug == "google/veo-3.1-fast"
    assert order.input["duration"] == 8
    assert order.input["aspect_ratio"] == "16:9"
    assert order.input["prompt"] == "Smooth transition between images"
    assert "original.jpg" in order.input["image"]
    assert "original.png" in order.input["last_frame"]


def test_webhook_and_pictures_carry_the_attempt(stage: Stage) -> None:
    stage.request()
    (order,) = stage.provider.orders
    assert order.webhook
    assert stage.attempt().id in order.webhook
    assert stage.attempt().id in order.input["image"]
    assert stage.job.id in order.input["last_frame"]


def test_the_look_is_queued_before_the_create(stage: Stage) -> None:
    stage.provider.script = [ProviderUnknown("gone")]
    stage.request()
    assert [message["body"]["look"] for message in stage.queue.messages] == [0]


def test_a_retry_of_the_state_replaces_the_token_and_creates_nothing(stage: Stage) -> None:
    stage.request("token-1")
    stage.request("token-2")
    assert len(stage.provider.orders) == 1
    assert stage.attempt().token == "token-2"


def test_a_retry_that_finds_the_answer_releases_its_token_at_once(stage: Stage) -> None:
    stage.request("token-1")
    stage.jobs.table.commit(stage.jobs.attempt_answered(stage.job.id, stage.attempt().id, "prediction-1", SUCCEEDED))
    stage.request("token-2")
    assert stage.tokens.released == ["token-2"]
    assert len(stage.provider.orders) == 1


def test_a_create_whose_answer_was_lost_is_unknown_and_never_sent_again(stage: Stage) -> None:
    stage.provider.script = [ProviderUnknown("the connection broke")]
    stage.request("token-1")
    assert stage.attempt().status is AttemptStatus.UNKNOWN
    stage.request("token-2")
    assert len(stage.provider.orders) == 1


def test_a_crash_between_put_and_create_is_reconciled_not_repeated(stage: Stage) -> None:
    stage.provider.script = [RuntimeError("the worker died")]
    with pytest.raises(RuntimeError):
        stage.request("token-1")
    stage.request("token-2")
    assert len(stage.provider.orders) == 1
    assert len(stage.queue.messages) == 2


def test_a_busy_provider_burns_no_attempt(stage: Stage) -> None:
    stage.provider.script = [ProviderBusy("later"), "prediction-9"]
    with pytest.raises(ProviderBusy):
        stage.request("token-1")
    stage.request("token-2")
    assert stage.attempt().prediction_id == "prediction-9"
    assert stage.attempt().token == "token-2"


def test_of_two_retries_after_busy_only_one_creates(stage: Stage) -> None:
    stage.provider.script = [ProviderBusy("later"), "prediction-9"]
    with pytest.raises(ProviderBusy):
        stage.request("token-1")
    stage.request("token-2")
    stage.request("token-2")
    assert len(stage.provider.orders) == 2


def test_a_refusal_is_recorded_as_the_answer_and_costs_nothing(stage: Stage) -> None:
    stage.provider.script = [ProviderRefused("duration must be one of 4, 6, 8")]
    stage.request()
    answer = stage.attempt().answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.REFUSED, False)
    assert "duration" in (answer.error or "")
    assert stage.tokens.released == ["token-1"]


def test_nothing_is_sent_for_a_job_that_has_ended(stage: Stage) -> None:
    stage.jobs.table.commit(stage.jobs.move_job(stage.job.id, 1, JobStatus.FAILED))
    with pytest.raises(StaleRun):
        stage.request()
    assert not stage.provider.orders


def test_nothing_is_sent_for_a_job_that_is_being_closed(stage: Stage) -> None:
    stage.jobs.table.commit(stage.jobs.begin_to_close(stage.job.id, 1, "stopped"))
    with pytest.raises(StaleRun):
        stage.request()
    assert not stage.provider.orders


def test_nothing_is_sent_for_an_earlier_run(stage: Stage) -> None:
    with pytest.raises(StaleRun):
        stage.request(job=stage.job.model_copy(update={"run": 2}))
    assert not stage.provider.orders


def test_nothing_is_sent_for_a_clip_that_has_ended(stage: Stage) -> None:
    stage.jobs.table.commit(stage.jobs.move_clip(stage.job.id, 1, 1, ClipStatus.FAILED))
    with pytest.raises(StaleRun):
        stage.request()
    assert not stage.provider.orders


def test_a_job_that_ends_during_the_create_has_its_prediction_cancelled(stage: Stage) -> None:
    start = stage.provider.start

    def start_while_the_job_ends(order):  # a Provider's start
        stage.jobs.table.commit(stage.jobs.move_job(stage.job.id, 1, JobStatus.FAILED))
        return start(order)

    stage.provider.start = start_while_the_job_ends
    stage.request()
    assert stage.provider.cancelled == ["prediction-1"]


def test_an_answer_that_comes_during_the_create_is_not_overwritten(stage: Stage) -> None:
    start = stage.provider.start

    def start_while_the_answer_comes(order):  # a Provider's start
        stage.jobs.table.commit(
            stage.jobs.attempt_answered(stage.job.id, stage.attempt().id, "prediction-1", SUCCEEDED)
        )
        return start(order)

    stage.provider.start = start_while_the_answer_comes
    stage.request()
    assert stage.attempt().status is AttemptStatus.ANSWERED
    assert stage.attempt().prediction_id == "prediction-1"
