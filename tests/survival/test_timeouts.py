"""Answers that come too late, or never: in a cloud where a clip has little time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug import Response

from tests.integration.piapi_stage import enveloped
from tests.survival.conftest import Crews, Opening, refreshed, ways_of
from tests.survival.crew import FOR_EVER, Crew, by_each
from tests.survival.gate import dropped, held, said
from tests.survival.wires import Letter

Saw = Callable[[str], None]

LIMIT = 90
"""Seconds that a clip may take here: three times as long as we wait for the answer to a create."""


@pytest.fixture(scope="session")
def hurried(opening: Opening) -> Crews:
    return opening(ClipTimeoutSeconds=str(LIMIT))


@pytest.fixture
def crews(hurried: Crews, request: pytest.FixtureRequest) -> list[Crew]:
    refreshed(hurried.values())
    return [hurried[name] for name in ways_of(request.node)]


@pytest.fixture
def over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


FAILING: Mapping[str, Callable[[], Response]] = {
    "replicate": said(503, {"title": "Service Unavailable", "detail": "upstream", "status": 503}),
    "piapi": said(200, enveloped(None, 500, "internal error")),
    "runway": said(503, {"error": "upstream"}),
}
UNANSWERED = (1, 2, 3, 4, 6)
"""The clips whose creates are accepted all the same."""


@dataclass(frozen=True)
class Findings:
    """By clip, in a way of asking: what is made of those whose create was accepted without an answer."""

    kept: tuple[int, ...]
    stopped: tuple[int, ...] = ()
    """Known by their ids in the end, and cancelled."""


BY_ITS_INPUT = Findings(kept=(1, 2, 3, 4), stopped=(6,))
BY_ITS_WEBHOOK = Findings(kept=(1, 3, 4))
BY_NOTHING = Findings(kept=())
FOUND = {
    **dict.fromkeys(("pairs", "seeded", "scenes", "stills"), BY_ITS_INPUT),
    **dict.fromkeys(("alike", "text"), BY_ITS_WEBHOOK),
    "polled": BY_NOTHING,
}
"""Pictures and seeds are one attempt's own; a text without one may be anybody's; PiAPI and Runway list no tasks, and Runway
calls nobody back."""


@pytest.mark.ways("pairs", "seeded", "alike", "text", "scenes", "stills", "polled")
def test_row_11_the_answer_to_a_create_is_lost(crews: list[Crew], saw: Saw, over: threading.Event) -> None:
    """Six creates: accepted and the connection dropped; the same and no webhook; accepted and answered 503 (by PiAPI 200 with
    500 inside); accepted and never answered; answered 502 and not accepted; accepted, dropped, no webhook, and never done."""
    saw("6 creates sent once each, 5 predictions, in every way")
    saw(by_each(crews, lambda crew: _found_again(crew, FOUND[crew.way.name], over)))
    saw("none of them is sent again; what nobody knows of is waited for until its time is over, and its money lost")


def _found_again(crew: Crew, found: Findings, over: threading.Event) -> str:
    for number in (1, 2, 6):
        crew.gate.loses(crew.of(number), dropped)
    crew.gate.loses(crew.of(3), FAILING[crew.wire.name])
    crew.gate.loses(crew.of(4), held(over, 60))
    crew.gate.answers(crew.of(5), said(502, "<html>Bad Gateway</html>"))
    unheard = ({"match": crew.of(number), "do": "lose_webhook"} for number in (2, 6) if crew.wire.calls_back)
    crew.plays(
        *unheard,
        {"match": crew.of(6), "do": "slow", "seconds": FOR_EVER},
    )
    job = crew.order(6)
    state = crew.wait(job)
    assert [crew.sent(job, number) for number in range(1, 7)] == [1] * 6
    made = {number: _prediction(crew, job, number) for number in range(1, 7)}
    if crew.wire.calls_back:
        assert [number for number, one in made.items() if one] == list(UNANSWERED)
    assert len(crew.predictions(job)) == len(UNANSWERED)
    lost = [number for number in range(1, 7) if number not in found.kept]
    assert crew.classes(job) == dict.fromkeys(found.kept) | dict.fromkeys(lost, "timeout")
    for number in found.stopped:
        orphan = made[number]["id"]
        crew.until(lambda orphan=orphan: _status(crew, orphan) == "canceled", "the orphan to be cancelled")
        assert crew.attempt(job, number).prediction_id == orphan
    assert {line.clip: line.state.value for line in crew.lines(job) if line.stage == crew.way.stage} == {
        **dict.fromkeys(found.kept, "settled"),
        **dict.fromkeys(lost, "lost"),
    }
    assert (state["status"], state["actualCost"], state["lostCost"]) == (
        "completed" if found.kept else "failed",
        crew.cost(len(found.kept), len(lost)),
        crew.lost(len(lost)),
    )
    stopped = ", the one that never ended known by its id and cancelled" if found.stopped else ""
    return f"{len(found.kept)} clips found again and kept{stopped}; {crew.money(job)}"


def _prediction(crew: Crew, job: str, clip: int) -> Any:
    """The only one of a clip, if there is one."""
    found = [one for one in crew.predictions(job) if crew.mark(job, clip) in str(one["webhook"])]
    assert len(found) <= 1
    return found[0] if found else None


def _status(crew: Crew, prediction: str) -> str:
    [found] = [one["status"] for one in crew.look("_predictions", crew.wire.name) if one["id"] == prediction]
    return str(found)


@pytest.mark.ways("pairs", "text", "scenes", "stills")
def test_row_04_a_webhook_comes_too_late(crews: list[Crew], saw: Saw) -> None:
    """The provider is deaf to whoever cancels. A webhook that says succeeded comes after its clip has timed out and its job has
    ended; after its job was cancelled; and of a first attempt, after that has failed and the second has begun; all of them once
    more in the end."""
    saw(by_each(crews, _too_late))
    saw("no row changed but the late attempts' own")


def _too_late(crew: Crew) -> str:
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
    for job, clip in ((timed_out, 2), (cancelled, 1)):
        crew.until(lambda job=job, clip=clip: crew.came(job, clip), "what was paid for to be kept")
    for job, letter in ((timed_out, late), (cancelled, stopped), (again, first)):
        _changes_nothing(crew, job, letter)
    return (
        f"after a time-out: 204, job still {state['status']} with 1 clip, {crew.money(timed_out)}, the late one kept;"
        f" after a cancellation: 204, {crew.money(cancelled)}, the late one kept; after the second attempt began: 204,"
        f" {crew.money(again)}"
    )


def _changes_nothing(crew: Crew, job: str, letter: Letter) -> None:
    """Two deliveries, but for what the late attempt itself has come to."""

    def told() -> list[Any]:
        return [row for row in crew.rows(job)[1] if not row["sk"].startswith("ATT#")]

    before = told()
    assert [crew.deliver(letter), crew.deliver(letter)] == [204, 204]
    assert told() == before
