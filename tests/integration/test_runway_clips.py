"""A clip's attempt at Runway, from RequestClip over looks to KeepClip: against the stand-in, with the SDK, over rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from functions.studio.clips import AttemptStatus, ClipStatus
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger, LineState, reservation
from functions.studio.media_store import MediaStore
from functions.studio.messages import StateError
from functions.studio.stopping import stop_attempt
from local.standins.runway import Runway as StandIn
from tests.integration.clip_stage import ClipStage
from tests.integration.runway_stage import provider_at, reset, script
from tests.standins.conftest import a_picture

IMAGE = {"mode": "image", "image2_key": None, "duration_seconds": 5}
TIMED_OUT = StateError(Error="States.Timeout", Cause="")

Staged = Callable[..., ClipStage]


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """It draws nothing until it is reset."""
    service = StandIn(token="token").start()
    ready = tmp_path / "ready.mp4"
    ready.write_bytes(b"a film, ready-made")
    script(service, {"do": "serve", "file": str(ready), "times": 100})
    yield service
    service.stop()


@pytest.fixture
def staged(jobs: JobStore, media: MediaStore, ledger: Ledger, stand_in: StandIn) -> Staged:
    def stage(**changes: Any) -> ClipStage:
        asked = {"model": "gen4_turbo", "duration_seconds": 5, "aspect_ratio": "16:9", "clip": IMAGE}
        made = ClipStage(jobs, media, handover="upload", **{**asked, **changes})
        made.stands_in = provider_at(stand_in.url)
        made.jobs.table.commit(ledger.reserve(made.job.id, reservation(made.clip(), amount=Decimal("0.25"))))
        return made

    return stage


def until(stage: ClipStage, status: AttemptStatus) -> None:
    end = time.monotonic() + 120
    while stage.attempt().status is not status:
        assert time.monotonic() < end, stage.attempt().status
        time.sleep(0.1)
        stage.look()


def created(stand_in: StandIn) -> list[Any]:
    log = requests.get(f"{stand_in.url}/_log", timeout=10).json()
    return [entry["body"] for entry in log if (entry["method"], entry["path"]) == ("POST", "/v1/image_to_video")]


def test_a_picture_becomes_a_clip_that_looks_have_found_and_an_expired_address_did_not_lose(
    staged: Staged, stand_in: StandIn, ledger: Ledger
) -> None:
    reset(stand_in)
    script(stand_in, {"do": "expire_output"})
    stage = staged()
    stage.media.put(str(stage.clip().image1_key), a_picture(1), "image/jpeg")
    stage.request()
    until(stage, AttemptStatus.ANSWERED)
    assert stage.tokens.released == ["token-1"]
    assert stage.keeper(ledger, stand_in.url).keep(stage.task, None).next is None
    clip, line = stage.clip(), ledger.line(stage.job.id, stage.task.attempt_id)
    assert (clip.status, line.state) == (ClipStatus.COMPLETED, LineState.SETTLED)
    assert clip.kept
    assert float(clip.kept.probe.picture.seconds) == 5.0
    assert (clip.actual_cost, clip.provider_reported_cost) == (Decimal("0.25"), Decimal("0.25"))
    [asked] = created(stand_in)
    assert (asked["model"], asked["ratio"], asked["duration"]) == ("gen4_turbo", "1280:720", 5)
    assert asked["promptImage"].startswith("runway://")


def test_while_it_is_throttled_it_is_looked_at_ever_later_and_nothing_is_asked_again(
    staged: Staged, stand_in: StandIn
) -> None:
    script(stand_in, {"do": "queue", "seconds": 600})
    stage = staged()
    stage.request()
    for look in (1, 2, 3):
        stage.look(look)
    assert stage.attempt().status is AttemptStatus.ACCEPTED
    assert stage.looks == [0, 2, 3, 4]
    assert stage.tokens.heartbeats == ["token-1"] * 3
    assert len(created(stand_in)) == 1


def test_a_create_whose_answer_was_lost_is_waited_for_never_sent_again_and_its_money_lost(
    staged: Staged, stand_in: StandIn, ledger: Ledger
) -> None:
    script(stand_in, {"do": "lose_answer"})
    stage = staged()
    stage.request("token-1")
    assert stage.attempt().status is AttemptStatus.UNKNOWN
    stage.look()
    stage.request("token-2")
    stage.look(1)
    assert (stage.attempt().status, len(created(stand_in))) == (AttemptStatus.UNKNOWN, 1)
    assert stage.keeper(ledger, stand_in.url).keep(stage.task, TIMED_OUT).next is None
    assert (stage.clip().status, stage.clip().error_class) == (ClipStatus.FAILED, "timeout")
    assert ledger.line(stage.job.id, stage.task.attempt_id).state is LineState.LOST
    assert len(created(stand_in)) == 1


def test_beyond_the_daily_quota_the_create_is_put_off_for_as_long_as_runway_says(
    staged: Staged, stand_in: StandIn
) -> None:
    script(stand_in, {"do": "throttle", "seconds": 30})
    stage = staged()
    stage.request()
    assert stage.attempt().postponed
    [message] = stage.creates
    assert message["DelaySeconds"] == 30
    stage.deliver(message)
    assert stage.attempt().status is AttemptStatus.ACCEPTED
    assert len(created(stand_in)) == 2


@pytest.mark.parametrize(
    ("verb", "error_class", "at_fault", "money"),
    [("fail", "failed", None, LineState.RELEASED), ("refuse", "refused", "prompt", LineState.LOST)],
)
def test_a_task_without_a_clip_ends_it_with_its_class_and_its_money(
    staged: Staged,
    stand_in: StandIn,
    ledger: Ledger,
    verb: str,
    error_class: str,
    at_fault: str | None,
    money: LineState,
) -> None:
    script(stand_in, {"do": verb})
    stage = staged()
    stage.request()
    until(stage, AttemptStatus.ANSWERED)
    assert stage.keeper(ledger, stand_in.url, limits={}).keep(stage.task, None).next is None
    clip = stage.clip()
    assert (clip.status, clip.error_class, clip.error_input) == (ClipStatus.FAILED, error_class, at_fault)
    assert ledger.line(stage.job.id, stage.task.attempt_id).state is money


def test_what_is_stopped_before_it_began_costs_nothing(staged: Staged, stand_in: StandIn) -> None:
    script(stand_in, {"do": "queue", "seconds": 600})
    stage = staged()
    stage.request()
    stop_attempt(stage.outbox.brake, stage.job.id, stage.attempt())
    answer = stage.attempt().answer
    assert answer
    assert (answer.outcome.value, answer.charged) == ("cancelled", False)
