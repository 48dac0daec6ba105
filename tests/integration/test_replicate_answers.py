"""How Replicate's endings become ours: what came of it, in whose words, and whether it cost anything."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from functions.studio.clips import Answer, Outcome
from functions.studio.errors import ProviderBusy, ProviderRefused
from functions.studio.providers.protocol import Order
from functions.studio.providers.replicate import Replicate
from local.standins.replicate import Replicate as StandIn
from tests.integration.replicate_stage import SECRET, Breaking, http, signed


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    service = StandIn(webhook_secret=SECRET, token="token").start()
    yield service
    service.stop()


@pytest.fixture
def provider(stand_in: StandIn) -> Replicate:
    return Replicate(lambda: "token", stand_in.url)


def answered(provider: Replicate, **fields: Any) -> Answer | None:
    """What a webhook with these fields says."""
    body = json.dumps({"id": "p", "status": "succeeded"} | fields)
    return provider.read_webhook(signed(body), body.encode()).answer


@pytest.mark.parametrize(
    ("status", "error", "outcome", "charged"),
    [
        ("failed", "The model crashed", Outcome.FAILED, False),
        ("failed", "No such file on a case-sensitive path", Outcome.FAILED, False),
        ("failed", "The prompt may contain sensitive information", Outcome.REFUSED, False),
        ("failed", "The input was flagged as sensitive (E005)", Outcome.REFUSED, False),
        ("failed", "Blocked by our SAFETY system", Outcome.REFUSED, False),
        ("failed", {"code": "moderation", "message": "no"}, Outcome.REFUSED, False),
        ("failed", None, Outcome.FAILED, False),
        ("canceled", None, Outcome.CANCELLED, False),
        ("aborted", None, Outcome.FAILED, False),
        ("succeeded", None, Outcome.SUCCEEDED, True),
    ],
)
def test_their_endings_become_ours(
    provider: Replicate, status: str, error: Any, outcome: Outcome, charged: bool
) -> None:
    answer = answered(provider, status=status, error=error)
    assert answer
    assert (answer.outcome, answer.charged) == (outcome, charged)


def test_an_aborted_prediction_says_that_its_deadline_passed_and_that_nothing_was_charged(provider: Replicate) -> None:
    answer = answered(provider, status="aborted")
    assert answer
    assert answer.error
    assert "deadline" in answer.error
    assert "nothing was charged" in answer.error


def test_an_aborted_prediction_is_understood_when_it_is_looked_at_too() -> None:
    said = Breaking(http(200, {"id": "p", "model": "m", "version": "hidden", "status": "aborted"}))
    answer = Replicate(lambda: "token", said.url).look("p").answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.FAILED, False)
    said.close()


@pytest.mark.parametrize("status", ["starting", "processing"])
def test_a_prediction_at_work_has_no_answer(provider: Replicate, status: str) -> None:
    assert answered(provider, status=status) is None


def test_a_status_that_nobody_knows_yet_is_no_answer(provider: Replicate) -> None:
    assert answered(provider, status="hibernating") is None


@pytest.mark.parametrize(
    ("output", "url"),
    [
        ("https://o/1.mp4", "https://o/1.mp4"),
        (["https://o/1.mp4"], "https://o/1.mp4"),
        (["https://o/1.mp4", "https://o/2.mp4"], "https://o/1.mp4"),
        ([None, "https://o/2.mp4"], "https://o/2.mp4"),
        ([], None),
        ("", None),
        (None, None),
        ({"video": "https://o/1.mp4"}, None),
        (["x" * 5000], None),
        (17, None),
    ],
)
def test_the_output_is_a_string_or_the_first_of_a_list(provider: Replicate, output: Any, url: str | None) -> None:
    answer = answered(provider, output=output)
    assert answer
    assert (answer.outcome, answer.output_url, answer.charged, answer.removed) == (
        Outcome.SUCCEEDED,
        url,
        True,
        False,
    )


def test_an_output_that_has_been_deleted_was_paid_for_all_the_same(provider: Replicate) -> None:
    answer = answered(provider, output=None, data_removed=True)
    assert answer
    assert (answer.outcome, answer.output_url, answer.charged, answer.removed) == (Outcome.SUCCEEDED, None, True, True)


@pytest.mark.parametrize(("time_told", "kept"), [(12.5, 12.5), ("long", None), (None, None), ([], None)])
def test_strange_figures_are_not_kept(provider: Replicate, time_told: Any, kept: float | None) -> None:
    answer = answered(provider, metrics={"predict_time": time_told})
    assert answer
    assert answer.predict_seconds == kept


def test_an_endless_error_is_cut(provider: Replicate) -> None:
    answer = answered(provider, status="failed", error="e" * 500_000)
    assert answer
    assert answer.error == "e" * 1000


# the stand-in's own endings


def ended(provider: Replicate, stand_in: StandIn, *verbs: str, **input: Any) -> Answer:
    rules = [{"match": {}, "times": 1, "do": verb} for verb in verbs]
    requests.post(f"{stand_in.url}/_script", json=rules, timeout=10).raise_for_status()
    order = Order(slug="google/veo-3.1-fast", input={"prompt": "p", "duration": 4, "resolution": "720p", **input})
    prediction = provider.start(order).id
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if answer := provider.look(prediction).answer:
            return answer
        time.sleep(0.1)
    raise TimeoutError


@pytest.mark.parametrize(
    ("verb", "outcome", "words"),
    [
        ("fail", Outcome.FAILED, "failed to generate"),
        ("refuse", Outcome.REFUSED, "flagged as sensitive"),
        ("abort", Outcome.FAILED, "deadline"),
    ],
)
def test_a_prediction_that_comes_to_nothing_is_not_charged(
    provider: Replicate, stand_in: StandIn, verb: str, outcome: Outcome, words: str
) -> None:
    answer = ended(provider, stand_in, verb)
    assert (answer.outcome, answer.charged) == (outcome, False)
    assert words in (answer.error or "")


def test_an_output_that_expired_before_anybody_looked_is_said_to_be_deleted(
    provider: Replicate, stand_in: StandIn
) -> None:
    answer = ended(provider, stand_in, "expire_output")
    assert (answer.outcome, answer.removed, answer.charged) == (Outcome.SUCCEEDED, True, True)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (http(404, {"detail": "Prediction not found: p"}), ProviderRefused),
        (http(200, ["no prediction"]), ProviderBusy),
        (http(200, {"id": "p"}), ProviderBusy),
        (http(500, {}), ProviderBusy),
    ],
)
def test_a_look_that_finds_no_sense_is_not_an_answer(said: bytes, error: type[Exception]) -> None:
    broken = Breaking(said)
    with pytest.raises(error):
        Replicate(lambda: "token", broken.url).look("p")
    broken.close()
