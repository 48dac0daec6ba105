from __future__ import annotations

import pytest

from functions.studio.clips import AttemptStatus, ClipStatus, Outcome
from functions.studio.errors import ModelGone, NotConfigured, ProviderBusy, ProviderRefused, ProviderUnknown, StaleRun
from functions.studio.job_store import JobStore
from functions.studio.jobs import JobStatus
from functions.studio.media_store import MediaStore
from tests.integration.clip_stage import ClipStage
from tests.scripted import SUCCEEDED


@pytest.fixture
def stage(jobs: JobStore, media: MediaStore) -> ClipStage:
    return ClipStage(jobs, media)


def test_an_accepted_create_is_stored_with_its_prediction(stage: ClipStage) -> None:
    stage.request()
    assert stage.attempt().status is AttemptStatus.ACCEPTED
    assert stage.attempt().prediction_id == "prediction-1"
    clip = stage.clip()
    assert (clip.status, clip.prediction_id, clip.retry_count) == (ClipStatus.PROCESSING, "prediction-1", 0)


def test_the_order_speaks_the_models_words(stage: ClipStage) -> None:
    stage.request()
    (order,) = stage.provider.orders
    assert order.slug == "google/veo-3.1-fast"
    assert order.input["duration"] == 8
    assert order.input["aspect_ratio"] == "16:9"
    assert order.input["prompt"] == "Smooth transition between images"
    assert "original.jpg" in order.input["image"]
    assert "original.png" in order.input["last_frame"]


def test_webhook_and_pictures_carry_the_attempt(stage: ClipStage) -> None:
    stage.request()
    (order,) = stage.provider.orders
    assert order.webhook
    assert stage.attempt().id in order.webhook
    assert stage.attempt().id in order.input["image"]
    assert stage.job.id in order.input["last_frame"]


def test_the_look_is_queued_before_the_create(stage: ClipStage) -> None:
    stage.provider.script = [ProviderUnknown("gone")]
    stage.request()
    assert stage.looks == [0]


def test_a_retry_of_the_state_replaces_the_token_and_creates_nothing(stage: ClipStage) -> None:
    stage.request("token-1")
    stage.request("token-2")
    assert len(stage.provider.orders) == 1
    assert stage.attempt().token == "token-2"


def test_a_retry_that_finds_the_answer_releases_its_token_at_once(stage: ClipStage) -> None:
    stage.request("token-1")
    stage.jobs.table.commit(stage.jobs.attempt_answered(stage.job.id, stage.attempt().id, "prediction-1", SUCCEEDED))
    stage.request("token-2")
    assert stage.tokens.released == ["token-2"]
    assert len(stage.provider.orders) == 1


def test_a_create_whose_answer_was_lost_is_unknown_and_never_sent_again(stage: ClipStage) -> None:
    stage.provider.script = [ProviderUnknown("the connection broke")]
    stage.request("token-1")
    assert stage.attempt().status is AttemptStatus.UNKNOWN
    stage.request("token-2")
    assert len(stage.provider.orders) == 1


def test_a_crash_between_put_and_create_is_reconciled_not_repeated(stage: ClipStage) -> None:
    stage.provider.script = [RuntimeError("the worker died")]
    with pytest.raises(RuntimeError):
        stage.request("token-1")
    stage.request("token-2")
    assert len(stage.provider.orders) == 1
    assert len(stage.queue.messages) == 2


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ProviderRefused("duration must be one of 4, 6, 8"), Outcome.REFUSED),
        (NotConfigured("REPLICATE_API_KEY not configured"), Outcome.FAILED),
    ],
)
def test_what_will_never_be_accepted_is_recorded_as_the_answer_and_costs_nothing(
    stage: ClipStage, error: Exception, outcome: Outcome
) -> None:
    stage.provider.script = [error]
    stage.request()
    answer = stage.attempt().answer
    assert answer
    assert (answer.outcome, answer.charged) == (outcome, False)
    assert (answer.error or "").startswith(str(error))
    assert stage.tokens.released == ["token-1"]


def test_in_place_of_a_model_that_is_gone_its_successor_is_offered_with_its_price(stage: ClipStage) -> None:
    stage.provider.script = [ModelGone("Replicate does not have the model google/veo-3.1-fast")]
    stage.request()
    answer = stage.attempt().answer
    assert answer
    assert (answer.outcome, answer.error_class, answer.charged) == (Outcome.REFUSED, "gone", False)
    assert answer.error == (
        "Replicate does not have the model google/veo-3.1-fast. "
        "Such clips can be had of veo-3.1 ($3.20 a clip), where the job names it"
    )


def test_a_crash_before_the_create_was_claimed_costs_no_clip(stage: ClipStage) -> None:
    send = stage.queue.send_message

    def broken(**message: object) -> None:
        stage.queue.send_message = send
        raise ConnectionError("the queue is away")

    stage.queue.send_message = broken
    with pytest.raises(ConnectionError):
        stage.request("token-1")
    assert not stage.provider.orders
    stage.request("token-2")
    assert len(stage.provider.orders) == 1
    assert stage.attempt().status is AttemptStatus.ACCEPTED


def test_without_a_public_address_no_webhook_is_named_and_the_looks_do_it_all(
    jobs: JobStore, media: MediaStore
) -> None:
    stage = ClipStage(jobs, media, public_url="none")
    stage.request()
    assert stage.provider.orders[0].webhook is None
    stage.provider.ends("prediction-1", SUCCEEDED)
    stage.look()
    assert stage.tokens.released == ["token-1"]


def test_an_attempt_that_is_given_up_during_its_create_has_its_prediction_cancelled(stage: ClipStage) -> None:
    start = stage.provider.start

    def start_while_time_runs_out(order):  # a Provider's start
        stage.jobs.table.commit(stage.jobs.attempt_ended(stage.job.id, stage.task.attempt_id, AttemptStatus.LOST))
        return start(order)

    stage.provider.start = start_while_time_runs_out
    stage.request()
    assert stage.provider.cancelled == ["prediction-1"]
    assert stage.attempt().prediction_id == "prediction-1"


def test_a_cancel_that_is_not_heard_does_not_repeat_the_create(stage: ClipStage) -> None:
    start = stage.provider.start

    def start_while_the_job_ends(order):  # a Provider's start
        stage.jobs.table.commit(stage.jobs.move_job(stage.job.id, 1, JobStatus.FAILED))
        return start(order)

    stage.provider.start = start_while_the_job_ends
    stage.provider.deaf = ProviderBusy("later")
    stage.request()
    assert stage.attempt().prediction_id == "prediction-1"


def test_nothing_is_sent_for_a_job_that_has_ended(stage: ClipStage) -> None:
    stage.jobs.table.commit(stage.jobs.move_job(stage.job.id, 1, JobStatus.FAILED))
    with pytest.raises(StaleRun):
        stage.request()
    assert not stage.provider.orders


def test_nothing_is_sent_for_a_job_that_is_being_closed(stage: ClipStage) -> None:
    stage.jobs.table.commit(stage.jobs.begin_to_close(stage.job.id, 1, "stopped"))
    with pytest.raises(StaleRun):
        stage.request()
    assert not stage.provider.orders


def test_nothing_is_sent_for_an_earlier_run(stage: ClipStage) -> None:
    with pytest.raises(StaleRun):
        stage.request(job=stage.job.model_copy(update={"run": 2}))
    assert not stage.provider.orders


def test_nothing_is_sent_for_a_clip_that_has_ended(stage: ClipStage) -> None:
    stage.jobs.table.commit(stage.jobs.move_clip(stage.job.id, 1, 1, ClipStatus.FAILED))
    with pytest.raises(StaleRun):
        stage.request()
    assert not stage.provider.orders


def test_a_job_that_ends_during_the_create_has_its_prediction_cancelled(stage: ClipStage) -> None:
    start = stage.provider.start

    def start_while_the_job_ends(order):  # a Provider's start
        stage.jobs.table.commit(stage.jobs.move_job(stage.job.id, 1, JobStatus.FAILED))
        return start(order)

    stage.provider.start = start_while_the_job_ends
    stage.request()
    assert stage.provider.cancelled == ["prediction-1"]


def test_an_answer_that_comes_during_the_create_is_not_overwritten(stage: ClipStage) -> None:
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


def test_the_input_at_fault_is_said_in_our_word_for_it(stage: ClipStage) -> None:
    stage.provider.script = [
        ProviderRefused("Replicate refused the request: - last_frame: not a picture", "last_frame")
    ]
    stage.request()
    answer = stage.attempt().answer
    assert answer
    assert (answer.error_class, answer.input, answer.charged) == ("refused", "lastFrame", False)
