"""What Replicate says instead of accepting a create, and what becomes of it: waited for, refused, or for the owner to see to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests

from functions.studio.errors import ModelGone, NotConfigured, ProviderBusy, ProviderRefused
from functions.studio.providers.protocol import Order
from functions.studio.providers.replicate import Replicate
from local.standins.replicate import Replicate as StandIn
from tests.integration.replicate_stage import Breaking, http

ORDER = Order(slug="google/veo-3.1-fast", input={"prompt": "p"})


@pytest.fixture
def saying() -> Iterator[Callable[[bytes], Replicate]]:
    """A provider whose every call is answered with these bytes."""
    open_ones: list[Breaking] = []

    def said(answer: bytes) -> Replicate:
        open_ones.append(Breaking(answer))
        return Replicate(lambda: "token", open_ones[-1].url)

    yield said
    for one in open_ones:
        one.close()


Saying = Callable[[bytes], Replicate]


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        ({"detail": "Request was throttled. Your rate limit resets in ~30s."}, {}, 30),
        ({"detail": "Request was throttled.", "retry_after": 7}, {}, 7),
        ({"detail": "Request was throttled.", "retry_after": 0.5}, {}, 0.5),
        ({"detail": "Request was throttled."}, {"Retry_After": "12"}, 12),
        ({"detail": "Your rate limit resets in ~30s.", "retry_after": 7}, {"Retry_After": "12"}, 12),
        ({"detail": "Your rate limit resets in ~30s.", "retry_after": 7}, {}, 7),
        ({"detail": "Your rate limit resets in ~30s.", "retry_after": 7}, {"Retry_After": "soon"}, 7),
        ({"detail": "Your rate limit resets in ~30s.", "retry_after": None}, {}, 30),
        ({"detail": "Request was throttled."}, {}, None),
        ({"detail": None}, {}, None),
        ({"detail": "Request was throttled.", "retry_after": -3}, {"Retry_After": "nan"}, None),
        ({"retry_after": "inf"}, {"Retry_After": "0"}, None),
        (["throttled"], {}, None),
        ("throttled", {}, None),
    ],
)
def test_a_throttled_create_tells_how_long_to_wait_where_replicate_says_it(
    saying: Saying, body: Any, headers: dict[str, str], seconds: float | None
) -> None:
    with pytest.raises(ProviderBusy) as busy:
        saying(http(429, body, **headers)).start(ORDER)
    assert busy.value.seconds == seconds


def test_a_date_to_come_again_is_understood(saying: Saying) -> None:
    with pytest.raises(ProviderBusy) as busy:
        saying(http(429, {}, Retry_After=in_seconds(60))).start(ORDER)
    assert busy.value.seconds == pytest.approx(60, abs=5)


def test_a_date_that_has_passed_is_no_hint(saying: Saying) -> None:
    with pytest.raises(ProviderBusy) as busy:
        saying(http(429, {}, Retry_After=in_seconds(-60))).start(ORDER)
    assert busy.value.seconds is None


@pytest.mark.parametrize(
    "answer",
    [
        http(404, {"title": "Not Found", "detail": "Model not found: google/veo-3.1-fast", "status": 404}),
        http(410, {"title": "Gone", "detail": "This model has been retired", "status": 410}),
        http(
            422,
            {
                "title": "Invalid version or not permitted",
                "detail": "The specified version does not exist (or perhaps you don't have permission to use it?)",
                "status": 422,
            },
        ),
    ],
)
def test_a_retired_model_is_refused_by_name_and_the_catalogue_has_to_change(saying: Saying, answer: bytes) -> None:
    with pytest.raises(ModelGone) as gone:
        saying(answer).start(ORDER)
    assert "google/veo-3.1-fast" in str(gone.value)
    assert "catalogue.json must change" in str(gone.value)


def test_an_input_at_fault_is_no_matter_of_the_model(saying: Saying) -> None:
    problem = {"title": "Input validation failed", "detail": "- input.duration: Must be one of 4, 6, 8", "status": 422}
    with pytest.raises(ProviderRefused, match="duration") as refused:
        saying(http(422, problem)).start(ORDER)
    assert not isinstance(refused.value, ModelGone)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not accept REPLICATE_API_KEY"),
        (402, "wants to be paid first; see to the billing of REPLICATE_API_KEY: You have insufficient credit"),
        (403, "does not accept REPLICATE_API_KEY"),
    ],
)
def test_what_only_the_owner_of_the_deployment_can_mend_is_said_to_them(
    saying: Saying, status: int, words: str
) -> None:
    with pytest.raises(NotConfigured, match=words):
        saying(http(status, {"detail": "You have insufficient credit", "status": status})).start(ORDER)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    service = StandIn(token="token").start()
    yield service
    service.stop()


def test_the_stand_in_has_no_retired_model_either(stand_in: StandIn) -> None:
    with pytest.raises(ModelGone, match="nobody/nothing"):
        Replicate(lambda: "token", stand_in.url).start(ORDER.model_copy(update={"slug": "nobody/nothing"}))


@pytest.mark.parametrize(("rule", "seconds"), [({"seconds": 3}, 3), ({}, None)])
def test_the_stand_in_throttles_with_and_without_a_hint(
    stand_in: StandIn, rule: dict[str, Any], seconds: float | None
) -> None:
    script = [{"match": {}, "times": 1, "do": "throttle", **rule}]
    requests.post(f"{stand_in.url}/_script", json=script, timeout=10).raise_for_status()
    order = Order(slug="google/veo-3.1-fast", input={"prompt": "p", "duration": 4})
    with pytest.raises(ProviderBusy) as busy:
        Replicate(lambda: "token", stand_in.url).start(order)
    assert busy.value.seconds == seconds
