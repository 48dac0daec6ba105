"""Recording an answer, from whichever side it comes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from functions.studio.clips import Answer, Attempt, AttemptStatus, Outcome
from functions.studio.errors import NotConfigured, ProviderBusy
from functions.studio.job_store import JobStore
from functions.studio.providers import Prediction
from functions.studio.recording import last_look, mark, mark_of, record_acceptance, record_answer, webhook_url
from functions.studio.workflow import Workflow
from tests.scripted import SUCCEEDED, ScriptedProvider, Tokens, a_clip, a_job, a_task, an_attempt, seconds_ago

ENDED = Prediction(id="p", answer=SUCCEEDED)


class Stage:
    def __init__(self, jobs: JobStore) -> None:
        self.jobs = jobs
        self.tokens = Tokens("token")
        self.workflow = Workflow("", self.tokens)
        self.job = a_job()
        self.attempt_id = a_task(self.job).attempt_id
        jobs.table.commit(jobs.accept(self.job))
        jobs.table.commit(jobs.new_clip(self.job.id, a_clip(self.job)))

    def put(self, **changes: object) -> Attempt:
        attempt = an_attempt(self.job, **changes)
        self.jobs.table.commit(self.jobs.new_attempt(self.job.id, attempt))
        return attempt

    def now(self) -> Attempt:
        found = self.jobs.find_attempt(self.job.id, self.attempt_id)
        assert found
        return found


@pytest.fixture
def stage(jobs: JobStore) -> Stage:
    return Stage(jobs)


def test_the_answer_is_recorded_before_the_token_is_released(stage: Stage) -> None:
    attempt = stage.put()
    seen: list[AttemptStatus] = []
    success = stage.tokens.send_task_success
    stage.tokens.send_task_success = lambda **sent: (seen.append(stage.now().status), success(**sent))
    record_answer(stage.jobs, stage.workflow, stage.job.id, attempt, ENDED)
    assert seen == [AttemptStatus.ANSWERED]


def test_the_same_answer_many_times_releases_once_and_changes_nothing_more(stage: Stage) -> None:
    attempt = stage.put()
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: record_answer(stage.jobs, stage.workflow, stage.job.id, attempt, ENDED), range(5)))
    assert stage.tokens.released == ["token"]
    assert stage.now().status is AttemptStatus.ANSWERED


def test_a_second_different_answer_does_not_replace_the_first(stage: Stage) -> None:
    attempt = stage.put()
    record_answer(stage.jobs, stage.workflow, stage.job.id, attempt, ENDED)
    other = Prediction(id="p", answer=Answer(outcome=Outcome.FAILED, error="no"))
    record_answer(stage.jobs, stage.workflow, stage.job.id, attempt, other)
    answer = stage.now().answer
    assert answer
    assert answer.outcome is Outcome.SUCCEEDED


def test_the_token_released_is_the_latest(stage: Stage) -> None:
    attempt = stage.put()
    stage.tokens.waiting = {"newer"}
    stage.jobs.table.commit(stage.jobs.replace_token(stage.job.id, attempt, "newer", 1))
    record_answer(stage.jobs, stage.workflow, stage.job.id, attempt, ENDED)
    assert stage.tokens.released == ["newer"]


def test_an_early_answer_stores_the_prediction_on_attempt_and_clip(stage: Stage) -> None:
    attempt = stage.put(status=AttemptStatus.ASKED, prediction_id=None)
    record_answer(stage.jobs, stage.workflow, stage.job.id, attempt, ENDED)
    assert stage.now().prediction_id == "p"
    assert stage.jobs.clip(stage.job.id, 1).prediction_id == "p"


@pytest.mark.parametrize("status", [AttemptStatus.KEPT, AttemptStatus.FAILED])
def test_an_answer_to_an_attempt_that_has_ended_changes_nothing(stage: Stage, status: AttemptStatus) -> None:
    attempt = stage.put(status=status)
    record_answer(stage.jobs, stage.workflow, stage.job.id, attempt, ENDED)
    assert stage.now() == attempt
    assert not stage.tokens.released


def test_an_answer_that_comes_after_the_attempt_was_given_up_is_noted_and_changes_nothing_else(stage: Stage) -> None:
    attempt = stage.put(status=AttemptStatus.LOST, ended_at=seconds_ago(1))
    assert record_answer(stage.jobs, stage.workflow, stage.job.id, attempt, ENDED), "it is to be kept"
    after = stage.now()
    assert (after.status, after.answer) == (AttemptStatus.LOST, SUCCEEDED)
    assert not stage.tokens.released


def test_a_failure_that_comes_after_the_attempt_was_given_up_is_nothing_to_keep(stage: Stage) -> None:
    attempt = stage.put(status=AttemptStatus.LOST, ended_at=seconds_ago(1))
    failed = Prediction(id="p", answer=Answer(outcome=Outcome.FAILED))
    assert not record_answer(stage.jobs, stage.workflow, stage.job.id, attempt, failed)


def test_a_token_that_timed_out_is_no_error(stage: Stage) -> None:
    attempt = stage.put()
    stage.tokens.waiting = set()
    record_answer(stage.jobs, stage.workflow, stage.job.id, attempt, ENDED)
    assert stage.now().status is AttemptStatus.ANSWERED


def test_an_acceptance_that_comes_after_the_attempt_was_given_up_still_names_the_prediction(stage: Stage) -> None:
    attempt = stage.put(status=AttemptStatus.LOST, prediction_id=None)
    record_acceptance(stage.jobs, stage.job.id, attempt, "p")
    assert stage.now().prediction_id == "p"
    assert stage.now().status is AttemptStatus.LOST


def test_the_last_look_records_an_answer_that_is_there_after_all(stage: Stage) -> None:
    attempt = stage.put()
    provider = ScriptedProvider()
    provider.ends("p", SUCCEEDED)
    last_look(stage.jobs, lambda name: provider, stage.job.id, attempt)
    assert stage.now().status is AttemptStatus.ANSWERED
    assert not stage.tokens.released


def test_the_last_look_finds_what_nobody_knew_was_accepted(stage: Stage) -> None:
    attempt = stage.put(status=AttemptStatus.UNKNOWN, prediction_id=None)
    provider = ScriptedProvider()
    url = f"https://media.example/x?name={mark(stage.job.id, attempt.id)}firstFrame.jpg"
    provider.known["q"] = Prediction(id="q", input={"image": url}, answer=SUCCEEDED)
    last_look(stage.jobs, lambda name: provider, stage.job.id, attempt)
    assert stage.now().status is AttemptStatus.ANSWERED
    assert stage.now().prediction_id == "q"


@pytest.mark.parametrize("error", [ProviderBusy("later"), NotConfigured("no key")])
def test_a_last_look_that_fails_changes_nothing(stage: Stage, error: Exception) -> None:
    attempt = stage.put()
    provider = ScriptedProvider()
    provider.busy = error
    assert not last_look(stage.jobs, lambda name: provider, stage.job.id, attempt)
    assert stage.now() == attempt


@pytest.mark.parametrize(
    ("changes", "claimed", "nothing_began"),
    [
        ({"status": AttemptStatus.UNKNOWN}, 160, True),
        ({"status": AttemptStatus.ASKED}, 160, True),
        ({"status": AttemptStatus.UNKNOWN}, 130, False),
        ({"status": AttemptStatus.ASKED}, 130, False),
        ({"status": AttemptStatus.ASKED, "postponed": True}, 160, False),
    ],
)
def test_only_of_an_unanswered_create_that_must_be_over_the_last_look_can_say_that_nothing_began(
    stage: Stage, changes: dict[str, Any], claimed: int, nothing_began: bool
) -> None:
    attempt = stage.put(prediction_id=None, claimed_at=seconds_ago(claimed), **changes)
    assert last_look(stage.jobs, lambda name: ScriptedProvider(), stage.job.id, attempt) is nothing_began


def test_a_prediction_carries_the_mark_of_its_attempt_or_the_address_of_its_upload(stage: Stage) -> None:
    attempt = an_attempt(stage.job)
    assert mark_of(stage.job.id, attempt) == mark(stage.job.id, attempt.id)
    uploaded = attempt.model_copy(update={"uploads": {"firstFrame": "https://provider.example/files/1"}})
    assert mark_of(stage.job.id, uploaded) == "https://provider.example/files/1"


def test_the_mark_of_the_first_attempt_is_not_that_of_the_tenth() -> None:
    assert mark("j", "1.0001.video.1") not in mark("j", "1.0001.video.10")


def test_webhooks_come_to_the_templates_route() -> None:
    url = webhook_url("https://api.example", "replicate", "j", "1.0001.video.1")
    assert url == "https://api.example/api/v3/callbacks/replicate?job=j&attempt=1.0001.video.1"


def test_without_a_public_address_no_webhook_is_named() -> None:
    assert webhook_url("none", "replicate", "j", "a") is None
