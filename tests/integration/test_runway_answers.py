"""How Runway's tasks become ours: what came of one, whether it may be tried again, where it lies, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from functions.studio.clips import Answer, Outcome
from functions.studio.providers.protocol import Prediction
from local.standins.runway import Runway as StandIn
from tests.integration.replicate_stage import Breaking, http
from tests.integration.runway_stage import TASK, an_order, provider_at, script, until_answered


def shown(**fields: Any) -> Prediction:
    """What a look finds."""
    said = Breaking(http(200, {**TASK, **fields}))
    try:
        return provider_at(said.url).look("t")
    finally:
        said.close()


def answered(**fields: Any) -> Answer:
    answer = shown(**fields).answer
    assert answer
    return answer


@pytest.mark.parametrize("status", ["PENDING", "THROTTLED", "RUNNING", "HIBERNATING"])
def test_a_task_at_work_or_kept_waiting_has_no_answer(status: str) -> None:
    assert shown(status=status, output=None, cost=None, estimatedCost={"credits": 25}).answer is None


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("SAFETY.INPUT.TEXT", Outcome.REFUSED),
        ("SAFETY.INPUT.IMAGE", Outcome.REFUSED),
        ("SAFETY.OUTPUT.VIDEO", Outcome.REFUSED),
        ("SAFETY", Outcome.REFUSED),
        ("INPUT_PREPROCESSING.SAFETY.TEXT", Outcome.REFUSED),
        ("INPUT_PREPROCESSING.INTERNAL", Outcome.FAILED),
        ("INPUT_PREPROCESSING.INTERNAL.DEEPER", Outcome.FAILED),
        ("ASSET.INVALID", Outcome.REFUSED),
        ("INTERNAL", Outcome.FAILED),
        ("INTERNAL.BAD_OUTPUT.CODE01", Outcome.FAILED),
        ("THIRD_PARTY.UNAVAILABLE", Outcome.FAILED),
        ("SAFETYNET.NEW", Outcome.FAILED),
        ("SOMETHING.NEW", Outcome.FAILED),
        ("", Outcome.FAILED),
        (None, Outcome.FAILED),
    ],
)
def test_a_failure_code_says_whether_the_same_may_be_tried_again(code: str | None, outcome: Outcome) -> None:
    answer = answered(status="FAILED", output=None, failure="It did not work.", failureCode=code, cost={"credits": 0})
    assert (answer.outcome, answer.output_url, answer.charged) == (outcome, None, False)
    assert answer.error == ", ".join(part for part in ("It did not work.", code) if part)


@pytest.mark.parametrize(
    ("code", "at_fault"),
    [
        ("SAFETY.INPUT.TEXT", "prompt"),
        ("INPUT_PREPROCESSING.SAFETY.TEXT", "prompt"),
        ("SAFETY.INPUT.IMAGE", None),
        ("SAFETY.OUTPUT.TEXT", None),
        ("INTERNAL", None),
    ],
)
def test_of_inputs_at_fault_the_prompt_alone_is_certain(code: str, at_fault: str | None) -> None:
    assert answered(status="FAILED", failure="no", failureCode=code).input == at_fault


@pytest.mark.parametrize(
    ("status", "cost", "usd", "charged"),
    [
        ("SUCCEEDED", {"credits": 25}, "0.25", True),
        ("SUCCEEDED", {"credits": 0}, "0", False),
        ("SUCCEEDED", None, None, True),
        ("FAILED", {"credits": 0}, "0", False),
        ("FAILED", {"credits": 25}, "0.25", True),
        ("FAILED", None, None, True),
        ("CANCELLED", {"credits": 0}, "0", False),
        ("CANCELLED", {"credits": 12.5}, "0.125", True),
        ("CANCELLED", None, None, True),
    ],
)
def test_credits_are_told_in_dollars_and_released_is_only_what_is_said_to_have_cost_nothing(
    status: str, cost: Any, usd: str | None, charged: bool
) -> None:
    answer = answered(status=status, cost=cost)
    assert answer.reported_cost == (None if usd is None else Decimal(usd))
    assert answer.charged is charged


@pytest.mark.parametrize(
    ("output", "url"),
    [
        (["https://o/1.png"], "https://o/1.png"),
        (["https://o/1.png", "https://o/2.png"], "https://o/1.png"),
        (["", "https://o/2.png"], "https://o/2.png"),
        (["x" * 5000], None),
        ([], None),
        (None, None),
    ],
)
def test_what_was_made_lies_at_the_first_of_its_addresses(output: Any, url: str | None) -> None:
    answer = answered(output=output)
    assert (answer.outcome, answer.output_url, answer.removed) == (Outcome.SUCCEEDED, url, False)


@pytest.mark.parametrize(("failure", "said"), [("e" * 5000, "e" * 1000), ("", None), (None, None)])
def test_a_failed_task_says_why_where_it_does(failure: str | None, said: str | None) -> None:
    assert answered(status="FAILED", failure=failure).error == said


# the stand-in's own endings


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    service = StandIn(token="token").start()
    yield service
    service.stop()


@pytest.mark.parametrize(
    ("verb", "outcome", "charged", "at_fault"),
    [("fail", Outcome.FAILED, False, None), ("refuse", Outcome.REFUSED, True, "prompt")],
)
def test_the_stand_ins_endings_are_understood(
    stand_in: StandIn, verb: str, outcome: Outcome, charged: bool, at_fault: str | None
) -> None:
    script(stand_in, {"do": verb})
    provider = provider_at(stand_in.url)
    answer = until_answered(provider, provider.start(an_order()).id)
    assert (answer.outcome, answer.charged, answer.input) == (outcome, charged, at_fault)
