"""The callback Lambda, entered as API Gateway enters it; its signing secret comes from the Replicate stand-in."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters

from functions.callback import handler as callback
from functions.callback.receive import MOST_BYTES
from functions.studio import wiring
from functions.studio.clips import Attempt, AttemptStatus
from functions.studio.job_store import JobStore
from functions.studio.providers import open_provider
from functions.studio.recording import mark
from functions.studio.rows import now
from local.standins.replicate import Replicate as StandIn
from tests.integration.replicate_stage import SECRET, signed
from tests.scripted import a_clip, a_job, a_task, an_attempt


class Context:
    function_name = "callback"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:1:function:callback"
    aws_request_id = "request"


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    service = StandIn(webhook_secret=SECRET).start()
    yield service
    service.stop()


def forget() -> None:
    """What a warm Lambda has in memory, another environment must not see."""
    wiring.forget()
    open_provider.cache_clear()
    parameters.clear_caches()


class Stage:
    def __init__(self, jobs: JobStore) -> None:
        self.jobs = jobs
        self.job = a_job()
        self.attempt_id = a_task(self.job).attempt_id
        jobs.table.commit(jobs.accept(self.job))
        jobs.table.commit(jobs.new_clip(self.job.id, a_clip(self.job)))

    def put(self, **changes: object) -> None:
        self.jobs.table.commit(self.jobs.new_attempt(self.job.id, an_attempt(self.job, **changes)))

    def attempt(self) -> Attempt:
        found = self.jobs.find_attempt(self.job.id, self.attempt_id)
        assert found
        return found

    def status(self) -> AttemptStatus:
        return self.attempt().status

    def call(self, text: str | None = None, /, **changes: Any) -> int:
        body = self.body() if text is None else text
        event: dict[str, Any] = {
            "pathParameters": {"provider": "replicate"},
            "queryStringParameters": {"job": self.job.id, "attempt": self.attempt_id},
            "headers": signed(body),
            "body": body,
            "isBase64Encoded": False,
        }
        return int(callback.handler({**event, **changes}, Context())["statusCode"])

    def body(self, **changes: Any) -> str:
        url = f"https://media.example/x?name={mark(self.job.id, self.attempt_id)}.firstFrame.jpg"
        given = {"id": "p", "status": "succeeded", "input": {"image": url}, "output": "https://o/1.mp4"}
        return json.dumps({**given, **changes}, ensure_ascii=False)


@pytest.fixture
def stage(jobs: JobStore, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    secret = boto3.client("secretsmanager").create_secret(Name="replicate", SecretString=" key\n")
    for name, value in {
        "TABLE_NAME": jobs.table.name,
        "REPLICATE_SECRET_ARN": secret["ARN"],
        "REPLICATE_BASE_URL": stand_in.url,
        "EVENT_BUS_NAME": boto3.client("events").create_event_bus(Name="bus")["EventBusArn"].rpartition("/")[2],
    }.items():
        monkeypatch.setenv(name, value)
    forget()
    yield Stage(jobs)
    forget()


def test_a_proven_answer_is_recorded_and_acknowledged(stage: Stage) -> None:
    stage.put()
    assert stage.call() == 204
    assert stage.status() is AttemptStatus.ANSWERED


def test_duplicates_are_acknowledged_and_change_nothing_more(stage: Stage) -> None:
    stage.put()
    headers = signed(stage.body())
    assert [stage.call(headers=headers) for _ in range(5)] == [204] * 5
    first = stage.attempt()
    other_end = stage.body(status="failed", output=None, error="no")
    assert stage.call(other_end, headers=signed(other_end, message="msg_2")) == 204
    assert stage.attempt() == first


def test_duplicates_at_the_same_moment_make_one_transition(stage: Stage) -> None:
    stage.put()
    stage.call("")  # the secret is known from here on
    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(lambda _: stage.call(), range(5))) == {204}
    assert stage.status() is AttemptStatus.ANSWERED


@pytest.mark.parametrize("status", [AttemptStatus.KEPT, AttemptStatus.LOST, AttemptStatus.CANCELLED])
def test_a_late_webhook_is_acknowledged_and_changes_neither_status_nor_clip(
    stage: Stage, status: AttemptStatus
) -> None:
    stage.put(status=status)
    before = stage.jobs.clip(stage.job.id, 1)
    assert stage.call() == 204
    assert stage.status() is status
    assert stage.jobs.clip(stage.job.id, 1) == before


def test_what_a_late_webhook_brings_is_noted_so_that_it_can_be_kept(stage: Stage) -> None:
    stage.put(status=AttemptStatus.LOST, ended_at=now())
    assert stage.call() == 204
    answer = stage.attempt().answer
    assert answer
    assert answer.output_url == "https://o/1.mp4"
    assert stage.call() == 204
    assert stage.attempt().answer == answer


def test_the_body_may_come_in_base64(stage: Stage) -> None:
    stage.put()
    body = stage.body(logs="Größe 視界")
    encoded = base64.b64encode(body.encode()).decode()
    assert stage.call(body, body=encoded, isBase64Encoded=True) == 204
    assert stage.status() is AttemptStatus.ANSWERED


def test_what_base64_hides_is_judged_by_its_bytes(stage: Stage) -> None:
    """The signature is of the bytes that were sent, not of their encoding."""
    stage.put()
    encoded = base64.b64encode(stage.body().encode()).decode()
    assert stage.call(encoded, body=encoded, isBase64Encoded=True) == 401
    assert stage.call(stage.body(), body=encoded, isBase64Encoded=False) == 401
    assert stage.status() is AttemptStatus.ACCEPTED


def test_many_byte_characters_are_verified_as_they_were_sent(stage: Stage) -> None:
    stage.put()
    assert stage.call(stage.body(logs="Größe 視界 🎬")) == 204


def test_an_early_answer_to_uploaded_pictures_is_matched_by_their_addresses(stage: Stage) -> None:
    uploads = {"firstFrame": "https://api.replicate.com/v1/files/abc"}
    stage.put(status=AttemptStatus.ASKED, prediction_id=None, uploads=uploads)
    assert stage.call(stage.body(input={"image": "https://api.replicate.com/v1/files/xyz"})) == 404
    assert stage.call(stage.body(input={"image": uploads["firstFrame"]})) == 204
    assert stage.status() is AttemptStatus.ANSWERED


def test_an_answer_before_the_prediction_was_stored_is_matched_by_its_input(stage: Stage) -> None:
    stage.put(status=AttemptStatus.ASKED, prediction_id=None)
    assert stage.call() == 204
    assert stage.status() is AttemptStatus.ANSWERED


def test_a_webhook_that_starts_nothing_is_acknowledged_and_changes_nothing(stage: Stage) -> None:
    stage.put()
    assert stage.call(stage.body(status="processing", output=None)) == 204
    assert stage.status() is AttemptStatus.ACCEPTED


def test_an_unknown_attempt_is_never_acknowledged(stage: Stage) -> None:
    assert stage.call() == 404


@pytest.mark.parametrize(
    "query",
    [
        None,
        {},
        {"job": ""},
        {"job": "x", "attempt": "y"},
        {"job": "x" * 5000, "attempt": "1.0001.video.1"},
        {"job": "019ab000-0000-7000-8000-000000000000", "attempt": "a" * 5000},
        {"job": "019ab000-0000-7000-8000-000000000000", "attempt": "1.0001.video.1#JOB"},
        {"job": "../JOB", "attempt": "\ud800"},
    ],
)
def test_a_callback_that_names_nothing_known_is_never_acknowledged(stage: Stage, query: dict[str, str] | None) -> None:
    stage.put()
    assert stage.call(queryStringParameters=query) == 404


def test_a_proven_body_of_another_prediction_does_not_answer_this_attempt(stage: Stage) -> None:
    stage.put()
    assert stage.call(stage.body(id="another")) == 404
    assert stage.status() is AttemptStatus.ACCEPTED


def test_a_proven_body_of_another_attempt_does_not_answer_one_without_prediction(stage: Stage) -> None:
    stage.put(status=AttemptStatus.UNKNOWN, prediction_id=None)
    assert stage.call(stage.body(input={"image": "https://media.example/other"})) == 404
    assert stage.status() is AttemptStatus.UNKNOWN


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {}},
        {"headers": None},
        {"headers": {"webhook-id": "msg", "webhook-timestamp": "9" * 5000, "webhook-signature": "v1," + "A" * 5000}},
        {"headers": {f"x-{number}": "x" * 100 for number in range(100)}},
        {"body": ""},
        {"body": "\ud800"},
        {"body": "null"},
        {"body": "[]"},
        {"body": "{}", "isBase64Encoded": True},
        {"headers": {"webhook-id": "msg", "webhook-timestamp": "x", "webhook-signature": "v1,%%"}},
        {"body": "tampered"},
        {"body": None},
        {"body": "%%%", "isBase64Encoded": True},
    ],
)
def test_what_proves_nothing_is_401_and_changes_nothing(stage: Stage, changes: dict[str, Any]) -> None:
    stage.put()
    assert stage.call(**changes) == 401
    assert stage.status() is AttemptStatus.ACCEPTED


def test_no_changed_byte_of_a_signature_gets_more_than_401(stage: Stage) -> None:
    stage.put()
    headers = signed(stage.body())
    said = set()
    for name, value in headers.items():
        for place, character in enumerate(value):
            changed = value[:place] + chr(ord(character) ^ 2) + value[place + 1 :]
            said.add(stage.call(headers={**headers, name: changed}))
    assert said == {401}
    assert stage.status() is AttemptStatus.ACCEPTED


@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_over_the_limit_is_413_before_any_work(
    stage: Stage, encoded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the signature asked for first, the secret could not be had: 503."""
    stage.put()
    monkeypatch.setenv("REPLICATE_BASE_URL", "http://127.0.0.1:9")
    body = stage.body(logs="x" * MOST_BYTES)
    sent = base64.b64encode(body.encode()).decode() if encoded else body
    assert stage.call(body, body=sent, isBase64Encoded=encoded) == 413
    assert stage.status() is AttemptStatus.ACCEPTED


@pytest.mark.parametrize(("over", "said"), [(0, 204), (1, 413)])
@pytest.mark.parametrize("letter", ["x", "界"])
def test_the_limit_of_a_body_counts_its_bytes(stage: Stage, over: int, said: int, letter: str) -> None:
    stage.put()
    room = MOST_BYTES + over - len(stage.body(logs="").encode())
    letters, left = divmod(room, len(letter.encode()))
    body = stage.body(logs=letter * letters + "." * left)
    assert len(body.encode()) == MOST_BYTES + over
    assert stage.call(body) == said


def test_a_provider_that_nobody_knows_is_404(stage: Stage) -> None:
    assert stage.call(pathParameters={"provider": "nobody"}) == 404


def test_when_the_secret_cannot_be_had_the_provider_is_asked_to_come_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.put()
    monkeypatch.setenv("REPLICATE_BASE_URL", "http://127.0.0.1:9")
    assert stage.call() == 503
    assert stage.status() is AttemptStatus.ACCEPTED


def test_neither_body_nor_signature_nor_token_is_logged(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.put(token="the-task-token")
    stage.call(headers={"webhook-id": "msg", "webhook-timestamp": "1", "webhook-signature": "v1,c2lnbmF0dXJl"})
    stage.call()
    said = capsys.readouterr().out
    assert said
    assert not any(word in said for word in ("c2lnbmF0dXJl", "the-task-token", "o/1.mp4", SECRET[6:]))
