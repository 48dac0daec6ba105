"""Clips of PiAPI from their request to the bucket: its webhooks as they arrive, and all that can go wrong with them.

Its stand-in cannot reach this machine's bucket, so pictures are uploaded; webhooks are caught, and handed to the callback.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from functions.callback.receive import answer, receive
from functions.studio.clips import AttemptStatus, ClipStatus, Outcome
from functions.studio.events import JobEvents
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.media_store import MediaStore
from functions.studio.stopping import stop_attempt
from local.standins.piapi import Piapi as StandIn
from tests.integration.clip_stage import ClipStage
from tests.integration.piapi_stage import provider_at, reset, script
from tests.scripted import seconds_ago
from tests.standins.conftest import Arrival, Host, a_picture, hosting, wait_until

PAIR: dict[str, Any] = {"model": "piapi_luma", "duration_seconds": 5}
TEXT = {"mode": "text", "image1_key": None, "image2_key": None, "prompt": "a lamp"}
IMAGE = {"mode": "image", "image2_key": None}


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting() as here:
        yield here


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """It draws nothing until it is reset."""
    service = StandIn(token="token", webhook_repeats=()).start()
    ready = tmp_path / "ready.mp4"
    ready.write_bytes(b"a film, ready-made")
    script(service, {"do": "serve", "file": str(ready), "times": 100})
    yield service
    service.stop()


Staged = Callable[..., ClipStage]


@pytest.fixture
def staged(jobs: JobStore, media: MediaStore, stand_in: StandIn, host: Host) -> Staged:
    def stage(**changes: Any) -> ClipStage:
        made = ClipStage(jobs, media, handover="upload", public_url=host.url, **{**PAIR, **changes})
        made.stands_in = provider_at(stand_in.url)
        return made

    return stage


def call_back(stage: ClipStage, arrived: Arrival, **asked: str) -> int:
    """What the callback says to a webhook as it came, or at another address."""
    query = {name: value for name, [value] in parse_qs(urlsplit(arrived.path).query).items()}
    event = {
        "pathParameters": {"provider": "piapi"},
        "queryStringParameters": query | asked,
        "headers": arrived.headers,
        "body": arrived.body,
    }
    events = JobEvents("bus", stage.bus)
    received = answer(
        lambda: receive(event, stage.jobs, stage.outbox.workflow, lambda _: stage.outbox.provider("piapi"), events)
    )
    return int(received["statusCode"])


def last_of(host: Host) -> Arrival:
    """The webhook that tells of an end."""
    wait_until(lambda: any(one.json["data"]["status"] in ("Completed", "Failed") for one in host.arrivals), 60)
    return host.arrivals[-1]


def created(stand_in: StandIn) -> list[Any]:
    log = requests.get(f"{stand_in.url}/_log", timeout=10).json()
    return [entry["body"] for entry in log if (entry["method"], entry["path"]) == ("POST", "/api/v1/task")]


def test_a_pair_becomes_a_clip_in_our_bucket_and_its_secret_is_nowhere(
    staged: Staged, stand_in: StandIn, host: Host, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    reset(stand_in)
    stage = staged()
    for number, key in enumerate((stage.clip().image1_key, stage.clip().image2_key)):
        stage.media.put(str(key), a_picture(number, kind="PNG" if number else "JPEG"), "image/jpeg")
    stage.jobs.table.commit(ledger.reserve(stage.job.id, reservation(stage.clip(), amount=Decimal("0.20"))))
    stage.request()
    arrived = last_of(host)
    assert call_back(stage, arrived) == 204
    assert stage.tokens.released == ["token-1"]

    assert stage.keeper(ledger, stand_in.url, limits={}).keep(stage.task, None).next is None
    clip, line = stage.clip(), ledger.line(stage.job.id, stage.task.attempt_id)
    assert clip.status is ClipStatus.COMPLETED
    assert clip.kept
    assert float(clip.kept.probe.picture.seconds) == 5.0
    assert (line.state, clip.actual_cost, clip.provider_reported_cost) == (
        LineState.SETTLED,
        Decimal("0.20"),
        Decimal("0.2"),
    )
    assert line.reported_cost == Decimal("0.2")

    [task] = created(stand_in)
    secret = task["config"]["webhook_config"]["secret"]
    rows = stage.jobs.table.client.scan(TableName=stage.jobs.table.name)["Items"]
    assert arrived.headers["x-webhook-secret"] == secret
    assert secret not in repr(rows)
    assert secret not in capsys.readouterr().out


def test_an_output_from_elsewhere_is_not_fetched(staged: Staged, stand_in: StandIn, host: Host, ledger: Ledger) -> None:
    stage = staged(model="piapi_hunyuan_fast", clip=TEXT)
    stage.jobs.table.commit(ledger.reserve(stage.job.id, reservation(stage.clip())))
    stage.request()
    assert call_back(stage, last_of(host)) == 204
    keeper = stage.keeper(ledger, "https://*.theapi.app")
    assert keeper.keep(stage.task, None).next is None, "the next would lie there too"
    assert (stage.clip().status, stage.clip().error_class) == (ClipStatus.FAILED, "unconfigured")
    assert "lies at 127.0.0.1" in (stage.clip().error_message or "")
    assert ledger.line(stage.job.id, stage.task.attempt_id).reported_cost == Decimal("0.03")


@pytest.mark.parametrize(
    ("verb", "error_class", "money"),
    [
        ("fail", "failed", LineState.RELEASED),
        ("refuse", "refused", LineState.RELEASED),
        ("expire_output", "expired", LineState.LOST),
        ("truncate_output", "broken", LineState.LOST),
    ],
)
def test_what_comes_to_nothing_says_why_and_what_became_of_its_money(
    staged: Staged, stand_in: StandIn, host: Host, ledger: Ledger, verb: str, error_class: str, money: LineState
) -> None:
    script(stand_in, {"do": verb})
    stage = staged(model="piapi_hunyuan_fast", clip=TEXT)
    stage.jobs.table.commit(ledger.reserve(stage.job.id, reservation(stage.clip())))
    stage.request()
    assert call_back(stage, last_of(host)) == 204
    assert stage.keeper(ledger, stand_in.url, limits={}).keep(stage.task, None).next is None
    assert (stage.clip().status, stage.clip().error_class) == (ClipStatus.FAILED, error_class)
    assert ledger.line(stage.job.id, stage.task.attempt_id).state is money


def test_a_create_whose_answer_was_lost_is_known_by_its_webhook_even_without_a_picture(
    staged: Staged, stand_in: StandIn, host: Host
) -> None:
    script(stand_in, {"do": "lose_answer"})
    stage = staged(model="piapi_wanx_14b", clip=TEXT)
    stage.request("token-1")
    assert stage.attempt().status is AttemptStatus.UNKNOWN
    stage.look()
    stage.request("token-2")
    assert (stage.attempt().status, len(created(stand_in))) == (AttemptStatus.UNKNOWN, 1)
    arrived = last_of(host)
    assert call_back(stage, arrived) == 204
    attempt = stage.attempt()
    assert (attempt.status, attempt.prediction_id) == (AttemptStatus.ANSWERED, arrived.json["data"]["task_id"])
    assert stage.tokens.released == ["token-2"]


def test_an_early_webhook_is_taken_although_its_create_is_not_answered_yet(
    staged: Staged, stand_in: StandIn, host: Host
) -> None:
    stage = staged(model="piapi_hunyuan_fast", clip=TEXT)
    said: list[int] = []
    host.pause = lambda: said.append(call_back(stage, host.arrivals[-1]))
    script(stand_in, {"do": "early_webhook"})
    stage.request()
    assert said == [204]
    assert stage.attempt().status is AttemptStatus.ANSWERED
    assert stage.attempt().prediction_id
    assert stage.tokens.released == ["token-1"]


def test_a_webhook_at_the_address_of_another_attempt_answers_nothing(
    staged: Staged, stand_in: StandIn, host: Host
) -> None:
    script(stand_in, {"do": "lose_answer"})
    ours = staged(model="piapi_hunyuan_fast", clip=TEXT)
    ours.request()
    arrived = last_of(host)
    for other in (staged(model="piapi_hunyuan_fast", clip=TEXT), staged()):
        other.put(status=AttemptStatus.UNKNOWN, prediction_id=None, provider="piapi")
        assert call_back(other, arrived, job=other.job.id) == 404
        assert other.attempt().status is AttemptStatus.UNKNOWN
    assert call_back(ours, arrived) == 204


def test_a_forged_webhook_is_401_and_duplicates_change_nothing(staged: Staged, stand_in: StandIn, host: Host) -> None:
    script(stand_in, {"do": "forge_webhook"})
    stage = staged(model="piapi_hunyuan_fast", clip=TEXT)
    stage.request()
    forged, genuine = host.wait(2, 60)
    assert call_back(stage, forged) == 401
    assert stage.attempt().status is AttemptStatus.ACCEPTED
    assert [call_back(stage, genuine) for _ in range(3)] == [204] * 3
    first = stage.attempt()
    assert call_back(stage, forged) == 401
    assert stage.attempt() == first
    assert first.answer
    assert first.answer.outcome is Outcome.SUCCEEDED


def test_when_no_webhook_comes_a_look_finds_the_answer(staged: Staged, stand_in: StandIn, host: Host) -> None:
    script(stand_in, {"do": "lose_webhook"})
    stage = staged(model="piapi_wanx_1.3b", clip=TEXT)
    stage.request()
    end = time.monotonic() + 60
    while stage.attempt().status is not AttemptStatus.ANSWERED:
        assert time.monotonic() < end
        time.sleep(0.1)
        stage.look()
    assert stage.tokens.released == ["token-1"]
    assert host.arrivals == []


def test_without_an_address_to_call_back_none_is_named(
    staged: Staged, jobs: JobStore, media: MediaStore, stand_in: StandIn
) -> None:
    stage = ClipStage(
        jobs, media, handover="upload", public_url="none", clip=TEXT, model="piapi_luma", duration_seconds=5
    )
    stage.stands_in = provider_at(stand_in.url)
    stage.request()
    assert stage.attempt().status is AttemptStatus.ACCEPTED
    assert "config" not in created(stand_in)[0]


def test_the_smaller_wanx_films_no_picture_and_the_larger_is_offered_at_its_price(
    staged: Staged, stand_in: StandIn
) -> None:
    stage = staged(model="piapi_wanx_1.3b", clip=IMAGE)
    stage.request()
    answer = stage.attempt().answer
    assert answer
    assert (answer.outcome, answer.error_class, answer.charged) == (Outcome.REFUSED, "gone", False)
    assert "img2video-1.3b of Qubico/wanx" in (answer.error or "")
    assert "piapi_wanx_14b ($0.28 a clip)" in (answer.error or "")
    assert requests.get(f"{stand_in.url}/_predictions", timeout=10).json() == []


def test_what_is_stopped_while_it_is_pending_costs_nothing_and_what_has_begun_goes_on(
    staged: Staged, stand_in: StandIn
) -> None:
    script(stand_in, {"do": "queue", "seconds": 600}, {"do": "slow", "seconds": 600, "times": 2})
    pending, running = (staged(model="piapi_hunyuan_fast", clip=TEXT) for _ in range(2))
    for stage in (pending, running):
        stage.request()
    shown = f"{stand_in.url}/_predictions"
    wait_until(lambda: requests.get(shown, timeout=10).json()[1]["startedAt"], 60)
    for stage in (pending, running):
        assert stop_attempt(stage.outbox.brake, stage.job.id, stage.attempt()) is False
    answer = pending.attempt().answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.CANCELLED, False)
    assert running.attempt().status is AttemptStatus.ACCEPTED


def test_an_unanswered_create_that_was_given_up_is_not_asked_after_for_ever(staged: Staged) -> None:
    stage = staged(model="piapi_hunyuan_fast", clip=TEXT)
    lost = {"status": AttemptStatus.LOST, "prediction_id": None, "provider": "piapi", "claim": "us"}
    stage.put(**lost, claimed_at=seconds_ago(10), ended_at=seconds_ago(5))
    stage.look()
    assert stage.looks == [1]
    over = staged(model="piapi_hunyuan_fast", clip=TEXT)
    over.put(**lost, claimed_at=seconds_ago(1000), ended_at=seconds_ago(5))
    over.look()
    assert over.looks == []


@pytest.mark.parametrize(
    ("rule", "status", "error_class"),
    [
        ({"do": "hide_error"}, AttemptStatus.ANSWERED, "unconfigured"),
        ({"do": "server_error"}, AttemptStatus.UNKNOWN, None),
        ({"do": "throttle", "seconds": 7}, AttemptStatus.ASKED, None),
    ],
)
def test_what_was_turned_away_is_sent_once_and_waits_or_ends_as_it_should(
    staged: Staged, stand_in: StandIn, rule: dict[str, Any], status: AttemptStatus, error_class: str | None
) -> None:
    script(stand_in, rule)
    stage = staged(model="piapi_hunyuan_fast", clip=TEXT)
    stage.request()
    attempt = stage.attempt()
    assert (attempt.status, len(created(stand_in))) == (status, 1)
    assert (attempt.answer.error_class if attempt.answer else None) == error_class
    assert [one["DelaySeconds"] for one in stage.creates] == ([7] if rule["do"] == "throttle" else [])
