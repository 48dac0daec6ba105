"""What PiAPI says instead of accepting a create, and what becomes of it: waited for, refused, or for the owner to see to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from functions.studio.errors import ModelGone, NotConfigured, ProviderBusy, ProviderRefused, ProviderUnknown
from functions.studio.providers.protocol import Order
from local.standins.piapi import Piapi as StandIn
from tests.integration.piapi_stage import an_order, enveloped, pair_order, provider_at, script
from tests.integration.replicate_stage import Breaking, http


def said(status: int, message: str, order: Order | None = None, *, inside: int | None = None, **headers: str) -> None:
    """A create that is answered like that."""
    answer = Breaking(http(status, enveloped(None, inside or status, message), **headers))
    try:
        provider_at(answer.url).start(order or an_order())
    finally:
        answer.close()


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry_After": "12"}, 12), ({"Retry_After": "soon"}, None), ({}, None)]
)
def test_a_throttled_create_waits_as_long_as_it_is_told(headers: dict[str, str], seconds: float | None) -> None:
    with pytest.raises(ProviderBusy) as busy:
        said(429, "too many requests", **headers)
    assert busy.value.seconds == seconds


@pytest.mark.parametrize(
    "message",
    [
        "invalid request: unknown task_type img2video-1.3b of model Qubico/wanx",
        "task type not supported",
        "invalid task_type",
        "model not found",
        "unsupported model: Qubico/wanx",
    ],
)
def test_a_task_that_is_not_there_is_refused_by_name_and_the_catalogue_has_to_change(message: str) -> None:
    order = an_order(slug="Qubico/wanx", task_type="img2video-1.3b", input={"prompt": "a", "image": "https://a.b/c"})
    for status in (400, 404):
        with pytest.raises(ModelGone) as gone:
            said(status, message, order)
        assert "img2video-1.3b of Qubico/wanx" in str(gone.value)
        assert "catalogue must change" in str(gone.value)


FRAMES = pair_order("https://a.b/c", "https://a.b/d")


@pytest.mark.parametrize(
    ("order", "message", "input"),
    [
        (an_order(), "invalid request: input.prompt: '' should be non-empty", "prompt"),
        (
            an_order(input={"prompt": "a", "aspect_ratio": "4:3"}),
            "aspect_ratio must be one of 16:9, 9:16",
            "aspect_ratio",
        ),
        (an_order(input={"prompt": "a", "aspect_ratio": "4:3"}), "invalid aspect_ratio for this model", "aspect_ratio"),
        (FRAMES, "input.key_frames.frame1.url: Does not match format 'uri'", "key_frames.frame1.url"),
        (FRAMES, "invalid key_frames.frame0", "key_frames.frame0"),
        (an_order(input={"image": "https://a.b/c"}), "the images are too large", None),
        (an_order(), "invalid request", None),
    ],
)
def test_a_refused_input_is_named_where_the_words_name_it(order: Order, message: str, input: str | None) -> None:
    for status, inside in ((400, 400), (200, 400), (422, 422)):
        with pytest.raises(ProviderRefused) as refused:
            said(status, message, order, inside=inside)
        assert not isinstance(refused.value, ModelGone)
        assert refused.value.input == input


@pytest.mark.parametrize(
    ("status", "inside", "message", "words"),
    [
        (401, 401, "Invalid API key", "does not accept PIAPI_API_KEY"),
        (200, 401, "Invalid API key", "does not accept PIAPI_API_KEY"),
        (403, 403, "forbidden", "does not accept PIAPI_API_KEY"),
        (402, 402, "payment required", "wants to be paid first"),
        (500, 500, "failed to freeze point", "wants to be paid first"),
        (200, 500, "failed to freeze point", "wants to be paid first"),
        (400, 400, "insufficient credits", "wants to be paid first"),
    ],
)
def test_what_only_the_owner_of_the_deployment_can_mend_is_said_to_them(
    status: int, inside: int, message: str, words: str
) -> None:
    with pytest.raises(NotConfigured, match=words):
        said(status, message, inside=inside)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    service = StandIn(token="token").start()
    yield service
    service.stop()


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"do": "throttle", "seconds": 3}, ProviderBusy),
        ({"do": "server_error"}, ProviderUnknown),
        ({"do": "hide_error"}, NotConfigured),
        ({"do": "lose_answer"}, ProviderUnknown),
    ],
)
def test_the_stand_in_turns_away_in_the_same_words(
    stand_in: StandIn, rule: dict[str, Any], error: type[Exception]
) -> None:
    script(stand_in, rule)
    with pytest.raises(error):
        provider_at(stand_in.url).start(an_order())


def test_the_stand_in_has_no_task_to_film_a_picture_with_the_smaller_wanx(stand_in: StandIn) -> None:
    with pytest.raises(ModelGone, match=r"img2video-1\.3b"):
        provider_at(stand_in.url).start(
            an_order(slug="Qubico/wanx", task_type="img2video-1.3b", input={"prompt": "a", "image": "https://a.b/c"})
        )


def test_the_stand_in_names_an_input_that_its_model_does_not_take(stand_in: StandIn) -> None:
    order = an_order(slug="Qubico/wanx", task_type="txt2video-14b", input={"prompt": "a", "aspect_ratio": "1:1"})
    with pytest.raises(ProviderRefused) as refused:
        provider_at(stand_in.url).start(order)
    assert refused.value.input == "aspect_ratio"
