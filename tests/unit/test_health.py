"""How models have been of late: rates and times from counted minutes, and when one is let rest and tried again."""

from __future__ import annotations

import pytest

from functions.studio.health import (
    COUNTED_AS,
    HOUR,
    LONGEST_PAUSE,
    MINUTE,
    PAUSE,
    PROBE_EVERY,
    Breaker,
    Minute,
    breaker,
    healths,
    time_class,
)

TEN = 1_795_255_200
"""10:00 UTC of a day of November 2026."""


def at(minutes: int) -> int:
    return TEN + minutes * MINUTE


def counted(minutes: int, made: int = 0, failed: int = 0) -> Minute:
    return Minute("veo3", at(minutes), made=made, failed=failed)


@pytest.mark.parametrize(
    ("minutes", "state"),
    [
        ([], "closed"),
        ([counted(0, made=1, failed=6)], "open"),
        ([counted(0, failed=4)], "closed"),
        ([counted(0, failed=5)], "open"),
        ([counted(0, made=5, failed=5)], "open"),
        ([counted(0, made=6, failed=5)], "closed"),
        ([counted(0, failed=3), counted(2, failed=2)], "open"),
        ([counted(0, failed=3), counted(10, failed=2)], "closed"),
        ([counted(0, made=90), counted(11, failed=5)], "open"),
    ],
    ids=[
        "nothing is known",
        "nearly all fail",
        "too few to tell",
        "just enough",
        "half of them",
        "less than half",
        "over several minutes",
        "too far apart",
        "what was well before",
    ],
)
def test_a_model_is_let_rest_when_enough_of_its_clips_fail_within_ten_minutes(
    minutes: list[Minute], state: str
) -> None:
    assert breaker(minutes, minutes[-1].at + MINUTE if minutes else TEN).state == state


def test_why_and_until_when_it_rests_is_said() -> None:
    said = breaker([counted(13, made=1, failed=2), counted(14, failed=4)], at(15))
    assert said.why == "failed 6 of its last 7 clips within 10 minutes; it is asked again from 10:20 UTC"


BAD = counted(0, failed=5)
RESTED = 1 + PAUSE // MINUTE
"""Minutes after which the first rest is over."""


def test_when_its_rest_is_over_one_job_may_try_it_and_another_where_that_one_does_not_tell() -> None:
    assert breaker([BAD], at(RESTED) - 1).state == "open"
    rested = breaker([BAD], at(RESTED))
    assert rested == Breaker("half_open", "failed 5 of its last 5 clips within 10 minutes", at(RESTED))
    names = [rested.probe(at(RESTED) + after) for after in (0, PROBE_EVERY - 1, PROBE_EVERY)]
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize(
    ("then", "state"),
    [
        ([counted(RESTED, made=1)], "closed"),
        ([counted(RESTED, made=2, failed=1)], "closed"),
        ([counted(RESTED, failed=1)], "open"),
        ([counted(RESTED, made=1, failed=1)], "open"),
        ([counted(1, made=9)], "half_open"),
        ([counted(1, failed=9)], "half_open"),
        ([Minute("veo3", at(RESTED), refused=1)], "half_open"),
        ([counted(RESTED, made=1), counted(RESTED + 1, failed=4)], "closed"),
        ([counted(RESTED, made=1), counted(RESTED + 1, failed=5)], "open"),
    ],
    ids=[
        "it works again",
        "it works more often than not",
        "it fails again",
        "nobody can say",
        "a success that was asked before",
        "failures that were asked before",
        "an input that was refused",
        "what was before is forgotten",
        "and may come again",
    ],
)
def test_what_ends_after_its_rest_decides_whether_it_is_asked_again(then: list[Minute], state: str) -> None:
    assert breaker([BAD, *then], at(RESTED + 2)).state == state


def test_each_rest_without_success_is_longer_up_to_a_bound_and_says_what_began_it() -> None:
    minutes, lasted = [BAD], []
    for _ in range(4):
        resting = breaker(minutes, minutes[-1].at + MINUTE)
        lasted.append(resting.until - minutes[-1].at - MINUTE)
        minutes.append(Minute("veo3", resting.until, failed=1))
    assert lasted == [PAUSE, 2 * PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]
    why = breaker(minutes[:3], minutes[2].at + MINUTE).why or ""
    assert why.startswith("failed again when it was tried at 10:17 UTC, as it failed 5 of its last 5 clips")
    assert why.count(" as ") == 1


def test_what_is_told_is_of_the_last_hour_and_of_each_model() -> None:
    minutes = [
        Minute("veo3", TEN, failed=9),
        Minute("veo3", at(50), made=1, failed=1, refused=2, busy=3, took={time_class(100): 1}),
        Minute("veo3", at(59), made=2, took={time_class(10): 2}),
        Minute("hailuo-2.0", at(59), refused=1),
    ]
    known = healths(reversed(minutes), TEN + HOUR)
    veo, hailuo = known["veo3", "pair"], known["hailuo-2.0", "pair"]
    assert (veo.made, veo.failed, veo.refused, veo.busy, veo.failure_rate) == (3, 1, 2, 3, 0.25)
    assert (veo.is_known, hailuo.failure_rate, hailuo.seconds) == (False, None, None)
    assert veo.seconds == pytest.approx(10, rel=0.1)
    assert healths(minutes, TEN + 3 * HOUR) == {}


@pytest.mark.parametrize("seconds", [0.2, 1, 7, 45, 105, 480, 3600])
def test_the_median_is_told_within_a_tenth(seconds: float) -> None:
    others = {time_class(seconds / 3): 2, time_class(seconds): 1, time_class(seconds * 3): 2}
    known = healths([Minute("veo3", TEN, made=5, took={time_class(seconds): 5})], TEN)["veo3", "pair"]
    spread = healths([Minute("veo3", TEN, made=5, took=others)], TEN)["veo3", "pair"]
    assert known.seconds == pytest.approx(max(seconds, 1), rel=0.1)
    if seconds > 3:
        assert spread.seconds == known.seconds


def test_only_what_is_the_providers_fault_counts_as_failed() -> None:
    failed = {name for name, what in COUNTED_AS.items() if what == "failed"}
    assert failed == {"failed", "broken", "expired", "gone", "timeout", "unknown"}
    assert not COUNTED_AS.keys() & {"cancelled", "unfinished", "unconfigured"}
