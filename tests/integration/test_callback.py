"""The callback Lambda, entered as API Gateway enters it; its signing secret comes from the Replicate stand-in."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters
from standardwebhooks.webhooks import Webhook

from functions.callback import handler as callback
from functions.studio import wiring
from functions.studio.clips import AttemptStatus
from functions.studio.job_store import JobStore
from functions.studio.providers import open_provider
from functions.studio.recording import mark
from local.standins.replicate import Replicate as StandIn
from tests.scripted import a_clip, a_job, a_task, an_attempt

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, not a real one").decode()


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

    def status(self) -> AttemptStatus:
        found = self.jobs.find_attempt(self.job.id, self.attempt_id)
        assert found
        return found.status

    def call(self, text: str | None = None, /, **changes: Any) -> int:
        body = self.body() if text is None else text
        at = datetime.now(UTC)
        event: dict[str, Any] = {
            "pathParameters": {"provider": "replicate"},
            "queryStringParameters": {"job": self.job.id, "attempt": self.attempt_id},
            "headers": {
                "webhook-id": "msg",
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": Webhook(SECRET).sign("msg", at, body),
            },
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
    }.items():
        monkeypatch.setenv(name, value)
    forget()
    yield Stage(jobs)
    forget()


def test_a_proven_answer_is_recorded_and_acknowledged(stage: Stage) -> None:
    stage.put()
    assert stage.call() == 204
    assert stage.status() is AttemptStatus.ANSWERED


def test_a_duplicate_is_acknowledged_too(stage: Stage) -> None:
    stage.put()
    assert [stage.call(), stage.call()] == [204, 204]


def test_the_body_may_come_in_base64(stage: Stage) -> None:
    stage.put()
    body = stage.body(logs="Größe 視界")
    encoded = base64.b64encode(body.encode()).decode()
    assert stage.call(body, body=encoded, isBase64Encoded=True) == 204
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


@pytest.mark.parametrize("query", [None, {}, {"job": ""}, {"job": "x", "attempt": "y"}])
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
