"""How PiAPI's tasks become ours: what came of one, in whose words, where it lies, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from functions.studio.clips import Answer, Outcome
from functions.studio.providers.protocol import Prediction
from local.standins.piapi import Piapi as StandIn
from tests.integration.piapi_stage import TASK, an_order, enveloped, provider_at, script, until_answered
from tests.integration.replicate_stage import Breaking, http


def shown(**fields: Any) -> Prediction:
    """What a look finds."""
    said = Breaking(http(200, enveloped({**TASK, **fields})))
    try:
        return provider_at(said.url).look("t")
    finally:
        said.close()


def answered(**fields: Any) -> Answer:
    answer = shown(**fields).answer
    assert answer
    return answer


@pytest.mark.parametrize(
    ("status", "message", "outcome", "charged"),
    [
        ("failed", "The model crashed", Outcome.FAILED, False),
        ("Failed", "No such file on a case-sensitive path", Outcome.FAILED, False),
        ("FAILED", "Sensitive content", Outcome.REFUSED, False),
        ("failed", "the image did not pass moderation", Outcome.REFUSED, False),
        ("failed", "flagged as NSFW", Outcome.REFUSED, False),
        ("failed", "task has been canceled", Outcome.CANCELLED, False),
        ("Cancelled", "", Outcome.CANCELLED, False),
        ("completed", "", Outcome.SUCCEEDED, True),
        ("Completed", "", Outcome.SUCCEEDED, True),
        (" COMPLETED ", "a warning", Outcome.SUCCEEDED, True),
    ],
)
def test_their_endings_become_ours_in_whichever_case(
    status: str, message: str, outcome: Outcome, charged: bool
) -> None:
    answer = answered(status=status, error={"code": 10000, "message": message})
    assert (answer.outcome, answer.charged) == (outcome, charged)


@pytest.mark.parametrize(
    "status", ["pending", "Pending", "processing", "Processing", "staged", "Staged", "hibernating"]
)
def test_a_task_at_work_has_no_answer(status: str) -> None:
    assert shown(status=status).answer is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"code": 1, "message": "no", "raw_message": "raw"}, "no"),
        ({"code": 1, "message": "", "raw_message": "raw"}, "raw"),
        ({"code": 1, "message": "e" * 5000}, "e" * 1000),
        ("no", "no"),
        ({"code": 1}, None),
        (None, None),
        ([], None),
    ],
)
def test_a_failed_task_says_why_where_it_does(error: Any, said: str | None) -> None:
    assert answered(status="failed", error=error).error == said


@pytest.mark.parametrize(
    ("output", "url"),
    [
        ({"video_url": "https://o/1.mp4"}, "https://o/1.mp4"),
        ({"video_url": "", "download_url": "https://o/2.mp4"}, "https://o/2.mp4"),
        ({"video": "https://o/1.mp4", "thumbnail": {"url": "https://o/t.jpg"}}, "https://o/1.mp4"),
        ({"thumbnail": {"url": "https://o/t.jpg"}, "video": {"url": "https://o/1.mp4", "width": 1}}, "https://o/1.mp4"),
        ({"video": None, "video_raw": {"url": "https://o/raw.mp4"}}, "https://o/raw.mp4"),
        (
            {"works": [{"cover": {"resource": "https://o/c.jpg"}, "video": {"resource": "https://o/1.mp4"}}]},
            "https://o/1.mp4",
        ),
        (
            {"works": [{"video": {"resource": "https://o/mark.mp4", "resource_without_watermark": "https://o/1.mp4"}}]},
            "https://o/1.mp4",
        ),
        (
            {"generation": {"video": {"url": "https://o/mark.mp4", "download_url": "https://o/1.mp4"}}},
            "https://o/1.mp4",
        ),
        ({"percent": 100}, None),
        ({"video_url": 7, "works": "none"}, "none"),
        ({"video_url": "x" * 5000}, None),
        ({"works": []}, None),
    ],
)
def test_the_clip_lies_where_its_family_of_models_says(output: Any, url: str | None) -> None:
    answer = answered(output=output)
    assert (answer.outcome, answer.output_url, answer.charged, answer.removed) == (Outcome.SUCCEEDED, url, True, False)


@pytest.mark.parametrize("output", [None, {}, ""])
def test_an_output_that_has_been_deleted_was_paid_for_all_the_same(output: Any) -> None:
    answer = answered(output=output, input={})
    assert (answer.outcome, answer.output_url, answer.charged, answer.removed) == (Outcome.SUCCEEDED, None, True, True)


@pytest.mark.parametrize(
    ("status", "usage", "usd", "charged"),
    [
        ("completed", {"type": "point", "frozen": 0, "consume": 2_000_000}, "0.2", True),
        ("completed", {"type": "point", "frozen": 300_000, "consume": 0}, "0", True),
        ("failed", {"type": "point", "frozen": 0, "consume": 0}, "0", False),
        ("failed", {"type": "point", "frozen": 0, "consume": 1_200_000}, "0.12", True),
        ("completed", {"type": "token", "consume": 5}, None, True),
        ("completed", {"type": "point", "consume": "much"}, None, True),
        ("completed", None, None, True),
        ("failed", None, None, False),
    ],
)
def test_points_are_told_in_dollars_and_a_failure_that_consumed_some_was_charged(
    status: str, usage: Any, usd: str | None, charged: bool
) -> None:
    answer = answered(status=status, meta={"usage": usage})
    assert answer.reported_cost == (None if usd is None else Decimal(usd))
    assert answer.charged is charged


@pytest.mark.parametrize(
    ("began", "ended", "seconds"),
    [
        ("2026-11-20T10:00:00Z", "2026-11-20T10:01:30.5Z", 90.5),
        ("0001-01-01T00:00:00Z", "2026-11-20T10:01:30Z", None),
        ("2026-11-20T10:00:00Z", "0001-01-01T00:00:00Z", None),
        ("2026-11-20T10:00:00", "2026-11-20T10:01:30Z", None),
        ("yesterday", None, None),
    ],
)
def test_its_time_is_told_once_it_has_begun_and_ended(began: Any, ended: Any, seconds: float | None) -> None:
    assert answered(meta={"started_at": began, "ended_at": ended}).predict_seconds == seconds


@pytest.mark.parametrize(
    ("config", "webhook"),
    [
        (
            {"webhook_config": {"endpoint": "https://a.example/hook?job=j", "secret": "s"}},
            "https://a.example/hook?job=j",
        ),
        ({"webhook_config": {"endpoint": ""}}, None),
        ({"webhook_config": None}, None),
        (None, None),
    ],
)
def test_where_it_reports_to_is_read_and_its_secret_is_not(config: Any, webhook: str | None) -> None:
    prediction = shown(config=config)
    assert prediction.webhook == webhook
    assert "secret" not in prediction.model_dump_json()


# the stand-in's own endings


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    service = StandIn(token="token").start()
    yield service
    service.stop()


@pytest.mark.parametrize(
    ("verb", "outcome", "charged", "removed"),
    [
        ("fail", Outcome.FAILED, False, False),
        ("refuse", Outcome.REFUSED, False, False),
        ("expire_output", Outcome.SUCCEEDED, True, True),
    ],
)
def test_the_stand_ins_endings_are_understood(
    stand_in: StandIn, verb: str, outcome: Outcome, charged: bool, removed: bool
) -> None:
    script(stand_in, {"do": verb})
    provider = provider_at(stand_in.url)
    answer = until_answered(provider, provider.start(an_order()).id)
    assert (answer.outcome, answer.charged, answer.removed) == (outcome, charged, removed)


@pytest.mark.parametrize("model", ["hailuo", "kling", "luma"])
def test_every_family_of_outputs_is_understood(stand_in: StandIn, model: str) -> None:
    provider = provider_at(stand_in.url)
    answer = until_answered(provider, provider.start(an_order(slug=model, task_type="video_generation")).id)
    assert answer.output_url
    assert answer.output_url.endswith(".mp4")
