"""Answers that come too late, or never: in a cloud where a clip has little time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.survival.conftest import Opening, refreshed
from tests.survival.crew import FOR_EVER, PRICE, Crew, Letter
from tests.survival.gate import dropped, held, said

Saw = Callable[[str], None]

LIMIT = 90
"""Seconds that a clip may take here: three times as long as we wait for the answer to a create."""


@pytest.fixture(scope="session")
def hurried(opening: Opening) -> Crew:
    return opening(ClipTimeoutSeconds=str(LIMIT))


@pytest.fixture
def crew(hurried: Crew) -> Crew:
    return refreshed(hurried)


@pytest.fixture
def over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_row_11_the_answer_to_a_create_is_lost(crew: Crew, saw: Saw, over: threading.Event) -> None:
    """Six creates: accepted and the connection dropped; the same and no webhook; accepted and answered 503; accepted and
    never answered; answered 502 and not accepted; accepted, dropped, no webhook, and never done."""
    mark = "attempt=1.{:04}.".format
    for number in (1, 2, 6):
        crew.gate.loses(mark(number), dropped)
    crew.gate.loses(mark(3), said(503, {"title": "Service Unavailable", "detail": "upstream", "status": 503}))
    crew.gate.loses(mark(4), held(over, 60))
    crew.gate.answers(mark(5), said(502, "<html>Bad Gateway</html>"))
    crew.plays(
        {"match": {"webhook": mark(2)}, "do": "lose_webhook"},
        {"match": {"webhook": mark(6)}, "do": "lose_webhook"},
        {"match": {"webhook": mark(6)}, "do": "slow", "seconds": FOR_EVER},
    )
    job = crew.order(6)
    state = crew.wait(job)
    sent = [sum(mark(number) in webhook for webhook, _ in crew.gate.creates) for number in range(1, 7)]
    paid = [sum(mark(number) in one["webhook"] for one in crew.predictions(job)) for number in range(1, 7)]
    assert (sent, paid) == ([1] * 6, [1, 1, 1, 1, 0, 1])
    assert crew.classes(job) == {**dict.fromkeys(range(1, 5), None), 5: "timeout", 6: "timeout"}
    [orphan] = [one for one in crew.predictions(job) if mark(6) in one["webhook"]]
    crew.until(lambda: _status(crew, orphan["id"]) == "canceled", "the orphan to be cancelled")
    assert crew.attempt(job, 6).prediction_id == orphan["id"]
    assert {line.clip: line.state.value for line in crew.lines(job)}[6] == "lost"
    assert (state["status"], state["actualCost"], state["lostCost"]) == (
        "completed",
        pytest.approx(4 * PRICE),
        pytest.approx(2 * PRICE),
    )
    saw(f"6 creates sent once each, 5 predictions; 4 clips found again and kept; {crew.money(job)}")
    saw(
        "the one that never ended is known by its id, cancelled at the provider, its money lost; the one that nobody accepted too"
    )


def _status(crew: Crew, prediction: str) -> str:
    [found] = [one["status"] for one in crew.look("_predictions") if one["id"] == prediction]
    return str(found)


def test_row_04_a_webhook_comes_too_late(crew: Crew, saw: Saw) -> None:
    """The provider is deaf to whoever cancels. A webhook that says succeeded comes after its clip has timed out and its job has
    ended; after its job was cancelled; and of a first attempt, after that has failed and the second has begun; all of them once
    more in the end."""
    crew.holds_on()
    crew.gate.deaf = True
    timed_out, cancelled, again = crew.order(2), crew.order(1), crew.order(1)
    late = crew.letter(timed_out, 2)
    assert crew.deliver(crew.letter(timed_out, 1)) == 204

    stopped = crew.letter(cancelled, 1)
    assert crew.http.post(f"{crew.url}/jobs/{cancelled}/cancel", timeout=60).ok
    assert crew.wait(cancelled)["status"] == "cancelled"
    _changes_nothing(crew, cancelled, stopped)

    first = crew.letter(again, 1)
    failed = crew.letter(again, 1, status="failed", output=None, error="The model failed to generate an output.")
    assert crew.deliver(failed) == 204
    crew.accepted(again, 1, n=2)
    _changes_nothing(crew, again, first)
    assert crew.deliver(crew.letter(again, 1, n=2)) == 204
    assert crew.wait(again)["status"] == "completed"

    state = crew.wait(timed_out)
    assert crew.classes(timed_out) == {1: None, 2: "timeout"}
    _changes_nothing(crew, timed_out, late)
    kept = [_kept(crew, timed_out, 2), _kept(crew, cancelled, 1)]
    for job, letter in ((timed_out, late), (cancelled, stopped), (again, first)):
        _changes_nothing(crew, job, letter)
    saw(
        f"after a time-out: 204, job still {state['status']} with 1 clip, {crew.money(timed_out)}, {kept[0]} late clip kept;"
        f" after a cancellation: 204, {crew.money(cancelled)}, {kept[1]} late clip kept"
    )
    saw(f"after the second attempt began: 204, {crew.money(again)}; no row changed but the late attempts' own")


def _kept(crew: Crew, job: str, clip: int) -> int:
    """How many late clips of that number are there in the end."""
    crew.until(lambda: crew.attempt(job, clip).kept, "what was paid for to be kept")
    return len(crew.objects(job, f"clip_{clip:03}.mp4"))


def _changes_nothing(crew: Crew, job: str, letter: Letter) -> None:
    """Two deliveries, but for what the late attempt itself has come to."""

    def told() -> list[Any]:
        return [row for row in crew.rows(job)[1] if not row["sk"].startswith("ATT#")]

    before = told()
    assert [crew.deliver(letter), crew.deliver(letter)] == [204, 204]
    assert told() == before
