"""Counting attempts by model: under many hands, across an hour's end, beside the clips' own transactions; probes and keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from functions.studio.clips import AttemptStatus, ClipStatus, Outcome
from functions.studio.errors import KeyUnreachable, NotConfigured
from functions.studio.health import HOUR
from functions.studio.job_store import JobStore
from functions.studio.ledger import Ledger
from functions.studio.media_store import MediaStore
from functions.studio.messages import StateError
from functions.studio.pulse import Pulse
from functions.studio.table import Table
from functions.sweep.keys import note_keys
from tests.integration.choice_stage import Lately
from tests.integration.keep_stage import TIMED_OUT, Desk, a_desk
from tests.media import Studio
from tests.outputs import Outputs
from tests.scripted import seconds_ago


def test_fifty_clips_that_end_at_once_are_all_counted(table: Table) -> None:
    def ends(number: int) -> None:
        Pulse(table).count("veo3", "pair", "failed" if number % 5 == 0 else "made", 100)

    with ThreadPoolExecutor(25) as pool:
        list(pool.map(ends, range(50)))
    told = Pulse(table).healths()["veo3", "pair"]
    assert (told.made, told.failed, told.breaker.state) == (40, 10, "closed")


def _partitions(table: Table) -> set[str]:
    rows = table.client.scan(TableName=table.name)["Items"]
    return {row["pk"]["S"] for row in rows}


def test_what_is_told_goes_back_an_hour_over_the_hours_end_and_expires(lately: Lately) -> None:
    lately.counted("veo3", "made", 3, seconds=100)
    lately.clock.on(20)
    lately.counted("veo3", "refused")
    lately.counted("veo3", "failed")
    told = lately.pulse.healths()["veo3", "text"]
    assert (told.made, told.failed, told.refused, told.failure_rate) == (3, 1, 1, 0.25)
    assert told.seconds == pytest.approx(100, rel=0.1)
    lately.clock.on(45)
    assert (lately.pulse.healths()["veo3", "text"].made, lately.pulse.healths()["veo3", "text"].failed) == (0, 1)
    rows = [row for pk in _partitions(lately.table) for row in lately.table.query(pk)]
    assert all(row["at"] + HOUR < row["expiresAt"] for row in rows)
    lately.clock.on(90)
    assert lately.pulse.healths() == {}


def test_of_thirty_jobs_at_once_one_tries_a_model_that_has_rested(lately: Lately) -> None:
    lately.failed("veo3")
    lately.clock.on(5)
    rested = lately.pulse.healths()["veo3", "text"]
    assert rested.breaker.state == "half_open"

    hands = [copy_context() for _ in range(30)]
    with ThreadPoolExecutor(30) as pool:
        taken = list(pool.map(lambda hand: hand.run(Pulse(lately.table).take_probe, rested), hands))
    assert sum(taken) == 1
    lately.clock.on(2)
    assert [lately.pulse.take_probe(rested) for _ in range(3)] == [True, False, False], "the first has not told"


# what KeepClip counts


@pytest.fixture
def desk(jobs: JobStore, ledger: Ledger, media: MediaStore, outputs: Outputs) -> Desk:
    return a_desk(jobs, ledger, media, outputs)


def counted(desk: Desk) -> tuple[int, int, int, int]:
    told = Pulse(desk.jobs.table).healths().get(("veo3", "pair"))
    return (told.made, told.failed, told.refused, told.busy) if told else (0, 0, 0, 0)


def test_a_clip_that_is_kept_counts_once_with_its_time_from_create_to_answer(desk: Desk, studio: Studio) -> None:
    url = desk.outputs.holds(studio.clip())
    answer = {"outcome": Outcome.SUCCEEDED, "output_url": url}
    times = {"claimed_at": seconds_ago(150), "answered_at": seconds_ago(50), "prediction_id": "p1"}
    desk.answered_as(times, **answer)
    assert desk.keep() is None
    assert desk.keep() is None
    assert desk.clip.status is ClipStatus.COMPLETED
    assert counted(desk) == (1, 0, 0, 0)
    assert Pulse(desk.jobs.table).healths()["veo3", "pair"].seconds == pytest.approx(100, rel=0.1)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ({"outcome": Outcome.FAILED}, (0, 1, 0, 0)),
        ({"outcome": Outcome.SUCCEEDED, "removed": True}, (0, 1, 0, 0)),
        ({"outcome": Outcome.SUCCEEDED}, (0, 1, 0, 0)),
        ({"outcome": Outcome.REFUSED, "error_class": "gone"}, (0, 1, 0, 0)),
        ({"outcome": Outcome.REFUSED}, (0, 0, 1, 0)),
        ({"outcome": Outcome.REFUSED, "error_class": "unconfigured"}, (0, 0, 0, 0)),
        ({"outcome": Outcome.CANCELLED}, (0, 0, 0, 0)),
    ],
    ids=["it failed", "it expired", "nothing usable came", "gone", "its input was refused", "no key", "cancelled"],
)
def test_an_answer_without_a_clip_counts_by_whose_fault_it_is(
    desk: Desk, answer: dict[str, Any], seen: tuple[int, int, int, int]
) -> None:
    desk.answered(**answer)
    desk.keep()
    assert desk.attempt_status not in (AttemptStatus.ANSWERED, AttemptStatus.KEPT)
    assert counted(desk) == seen


@pytest.mark.parametrize(
    ("error", "attempt", "seen"),
    [
        (TIMED_OUT, {"status": AttemptStatus.ACCEPTED, "prediction_id": "p1"}, (0, 1, 0, 0)),
        (TIMED_OUT, {"postponed": True}, (0, 0, 0, 1)),
        (StateError(Error="ProviderUnknown", Cause=""), {"status": AttemptStatus.UNKNOWN}, (0, 1, 0, 0)),
        (StateError(Error="StaleRun", Cause=""), {"postponed": True}, (0, 0, 0, 0)),
        (StateError(Error="Lambda.Unknown", Cause="crashed"), {"postponed": True}, (0, 0, 0, 0)),
    ],
    ids=[
        "it did not answer in time",
        "it was too busy",
        "nobody knows whether it was taken",
        "the run was over",
        "we crashed",
    ],
)
def test_an_attempt_without_an_answer_counts_by_whose_fault_it_is(
    desk: Desk, error: StateError, attempt: dict[str, Any], seen: tuple[int, int, int, int]
) -> None:
    desk.attempt(**attempt)
    desk.keep(error)
    assert counted(desk) == seen


class WithoutCounts:
    """DynamoDB's client, which takes nothing of the counts."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.refused = 0

    def update_item(self, **asked: Any) -> Any:
        if asked["Key"]["pk"]["S"].startswith("HEALTH#"):
            self.refused += 1
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")
        return self.client.update_item(**asked)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def test_a_count_that_is_lost_costs_nothing(desk: Desk) -> None:
    desk.answered(outcome=Outcome.FAILED, charged=False)
    refusing = WithoutCounts(desk.jobs.table.client)
    desk.jobs.table.client = cast(Any, refusing)
    assert desk.keep() is None
    assert desk.clip.status is ClipStatus.FAILED
    assert (refusing.refused, counted(desk)) == (1, (0, 0, 0, 0))


class Recording:
    """DynamoDB's client, and what its transactions hold."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.transacted: list[str] = []

    def transact_write_items(self, **asked: Any) -> Any:
        self.transacted += [str(item) for item in asked["TransactItems"]]
        return self.client.transact_write_items(**asked)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def test_counts_are_in_no_clips_transaction(desk: Desk) -> None:
    desk.answered(outcome=Outcome.FAILED, charged=False)
    recording = Recording(desk.jobs.table.client)
    desk.jobs.table.client = cast(Any, recording)
    desk.keep()
    assert any("CLIP#0001" in item for item in recording.transacted)
    assert not [item for item in recording.transacted if "HEALTH" in item]
    assert counted(desk) == (0, 1, 0, 0)


# which providers have a key


def test_the_sweep_writes_down_which_providers_have_no_key(table: Table) -> None:
    keys = {"REPLICATE_API_KEY": "r8"}
    unreachable: set[str] = set()

    def key_of(name: str) -> str:
        if name in unreachable:
            raise KeyUnreachable("just now")
        if name not in keys:
            raise NotConfigured(f"{name} not configured")
        return keys[name]

    pulse = Pulse(table)
    providers = {"replicate": "REPLICATE_API_KEY", "piapi": "PIAPI_API_KEY"}
    assert pulse.without_key() == {}
    note_keys(providers, key_of, pulse)
    assert pulse.without_key() == {"piapi": "PIAPI_API_KEY not configured"}
    unreachable.add("REPLICATE_API_KEY")
    keys["PIAPI_API_KEY"] = "p"
    note_keys(providers, key_of, pulse)
    assert pulse.without_key() == {"piapi": "PIAPI_API_KEY not configured"}, "nobody knows better"
    unreachable.clear()
    note_keys(providers, key_of, pulse)
    assert pulse.without_key() == {}
