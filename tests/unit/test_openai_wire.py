from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from functions.studio.errors import (
    ModelGone,
    NotConfigured,
    ProviderBusy,
    ProviderFailed,
    ProviderRefused,
    ReelayError,
)
from functions.studio.openai_wire import fit_to_be_told, translated


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "Image of a: cannot be fetched", ProviderRefused),
        (400, "Incorrect API key provided: xa***ab. You can obtain an API key from the console.", NotConfigured),
        (401, "No API key", NotConfigured),
        (402, "No credits are left", NotConfigured),
        (403, "Access to the chat endpoint is denied.", NotConfigured),
        (403, "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO", ProviderRefused),
        (404, "The model grok-3 does not exist or your team does not have access to it.", ModelGone),
        (408, "", ProviderFailed),
        (410, "", ModelGone),
        (413, "", ProviderRefused),
        (422, "", ProviderRefused),
        (429, "", ProviderBusy),
        (500, "", ProviderFailed),
        (502, "", ProviderFailed),
        (503, "", ProviderFailed),
    ],
)
def test_what_a_status_of_the_service_means_to_us(status: int, words: str, kind: type[ReelayError]) -> None:
    assert type(translated(status, words, {})) is kind


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "7", 7.0),
        (429, "0.5", 0.5),
        (429, "-3", None),
        (429, "soon", None),
        (429, "inf", None),
        (429, "Thu, 01 Jan 1970 00:00:00 GMT", None),
        (503, "20", 20.0),
    ],
)
def test_how_long_the_service_asks_to_wait(status: int, header: str, seconds: float | None) -> None:
    error = translated(status, "", {"retry-after": header})
    assert isinstance(error, ProviderBusy)
    assert error.seconds == seconds


def test_a_date_is_waited_for() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    error = translated(429, "", {"retry-after": date})
    assert isinstance(error, ProviderBusy)
    assert error.seconds is not None
    assert 60 < error.seconds <= 90


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "cannot fetch https://b.s3.amazonaws.com/k.jpg?X-Amz-Signature=c0ffee now",
            "cannot fetch https://b.s3.amazonaws.com/k.jpg now",
        ),
        ("bad image data:image/jpeg;base64,/9j/4AAQ at 3", "bad image a data URI at 3"),
        ("Incorrect API key provided: xai-abc***z9.", "Incorrect API key provided: …."),
        ("Content violates. Team: 1f-2b, API key ID: 0a-9c, Model: grok-4.3", "Content violates. Model: grok-4.3"),
    ],
)
def test_the_services_words_are_told_without_what_is_secret(words: str, told: str) -> None:
    assert fit_to_be_told(words) == told


def test_words_without_an_end_are_cut() -> None:
    assert len(fit_to_be_told("<html>" * 1000)) == 301
