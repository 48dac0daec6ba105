"""The rows that can strike a listing's film: the services that write, speak and listen, and the workers that plan and film it.

What strikes its request alone is in the rows of the other ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.studio.ledger import LineState
from tests.survival.conftest import Crews, refreshed
from tests.survival.crew import without_room
from tests.survival.faulty_cloud import FaultyCloud, Killing, Moment, Struck, Throttling
from tests.survival.lister import CAPTIONS, ONCE, SCRIPT, SETTLED, STEPS, VOICE, Lister
from tests.survival.ways import LISTED

Saw = Callable[[str], None]

pytestmark = pytest.mark.ways(LISTED)


@pytest.fixture
def lister(faulty_staff: Crews) -> Iterator[Lister]:
    crew = faulty_staff[LISTED]
    assert isinstance(crew, Lister)
    refreshed([crew])
    yield crew
    faulty(crew).fault = None


def faulty(lister: Lister) -> FaultyCloud:
    assert isinstance(lister.cloud, FaultyCloud)
    return lister.cloud


def struck(lister: Lister, job: str) -> Any:
    """The job when it has ended, which is asked for behind the fault's back."""
    lister.until(lambda: lister.jobs.job(job).ended, "the end of the job")
    faulty(lister).fault = None
    return lister.wait(job)


def test_row_10_the_provider_or_lambda_is_busy(lister: Lister, saw: Saw) -> None:
    """Whoever writes, speaks and listens answers 429 once each, then 500."""
    lister.meets(
        *[{"do": "throttle", "match": step} for step in (SCRIPT, VOICE, CAPTIONS)],
        *[{"do": "server_error", "match": step} for step in (SCRIPT, VOICE, CAPTIONS)],
    )
    job = lister.order(2)
    state = lister.wait(job)
    assert (state["status"], state["lostCost"]) == ("completed", 0)
    assert lister.asked() == dict.fromkeys(STEPS.values(), 3)
    assert lister.lines_of(job) == dict.fromkeys(STEPS.values(), "released, released, settled")
    saw("9 questions, of which 6 were turned away: 6 released, 3 settled, nothing lost, job completed")


def test_row_11_the_answer_to_a_create_is_lost(lister: Lister, saw: Saw) -> None:
    """The answers of whoever writes, speaks and listens are lost once each, their work done; then those of the voice always,
    and the job is tried again when they come."""
    lister.meets(*[{"do": "lose_answer", "match": step} for step in (SCRIPT, VOICE, CAPTIONS)])
    first = lister.order(2)
    state = lister.wait(first)
    assert state["status"] == "completed"
    assert lister.asked() == dict.fromkeys(STEPS.values(), 2)
    assert lister.lines_of(first) == dict.fromkeys(STEPS.values(), "lost, settled")
    assert state["lostCost"] > 0

    refreshed([lister])
    lister.meets({"do": "lose_answer", "match": VOICE, "times": 50})
    second = lister.order(2)
    failed = lister.wait(second)
    assert (failed["status"], lister.asked()) == ("failed", {"script": 1, "voice": 2})
    assert lister.lines_of(second) == {"script": "settled", "voice": "lost, lost"}
    refreshed([lister])
    lister.post(f"/jobs/{second}/retry", {})
    state = lister.wait(second)
    assert (state["status"], lister.asked()) == ("completed", {"voice": 1, "captions": 1})
    assert lister.lines_of(second) == {"script": "settled", "voice": "lost, lost, settled", "captions": "settled"}
    saw("each lost once: 6 questions, 3 lost, 3 settled, job completed")
    saw(
        "the voice's always: 2 lost, job failed; tried again: the script is not written again, 2 settled, job completed"
    )


def test_row_12_a_provider_refuses_for_good(lister: Lister, saw: Saw) -> None:
    """The script is refused, and the job tried again; then whoever listens is down: for a film that may be without captions,
    for one that may not; and the voice is, for one that may be silent."""
    lister.meets({"do": "refuse", "match": SCRIPT})
    refused = lister.order(2)
    state = lister.wait(refused)
    assert (state["status"], lister.asked(), lister.lines_of(refused)) == (
        "failed",
        {"script": 1},
        {"script": "lost"},
    )
    assert "refused" in state["errorMessage"]
    lister.post(f"/jobs/{refused}/retry", {})
    assert lister.wait(refused)["status"] == "completed"
    assert lister.asked() == {"script": 2, "voice": 1, "captions": 1}

    told = []
    for step, required, lines in (
        (CAPTIONS, False, SETTLED | {"captions": "released"}),
        (CAPTIONS, True, SETTLED | {"captions": "released"}),
        (VOICE, False, {"script": "settled", "voice": "released"}),
    ):
        refreshed([lister])
        lister.meets({"do": "refuse", "match": step, "times": 50})
        job = lister.order(2, captionsRequired=required)
        state = lister.wait(job)
        assert state["status"] == ("failed" if required else "completed"), state["errorMessage"]
        assert lister.lines_of(job) == lines
        assert bool(state["warnings"]) is not required
        told.append(f"{state['status']} {lister.money(job)}")
    assert lister.lines_of(refused) == {"script": "lost, settled", "voice": "settled", "captions": "settled"}
    saw("a refused script: failed after 1 question, 1 lost; tried again: asked again, 3 settled, completed")
    saw(f"without times: {told[0]}; where captions are required: {told[1]}; without a voice: {told[2]}")


def test_row_17_lambda_ends_in_the_middle_of_making_a_film(lister: Lister, saw: Saw) -> None:
    """A film of two pictures; MakePiece is killed at three of its steps, and Assemble at four."""
    job = lister.order(2)
    pieces = Killing(lister.cloud.pool("make_piece"), job, [1, 2, 3])
    film = Killing(lister.cloud.pool("assemble"), job, [1, 4, 8, 12])

    def both(*call: Any) -> Any:
        service, target, body, carry_out = call
        return pieces(service, target, body, lambda: film(service, target, body, carry_out))

    faulty(lister).fault = both
    state = struck(lister, job)
    assert (state["status"], pieces.numbers, film.numbers) == ("completed", [], [])
    assert (lister.asked(), lister.lines_of(job)) == (ONCE, SETTLED)
    assert len(lister.objects(job, "combined.mp4")) == 1
    saw(f"{pieces.killed + film.killed} tries killed, one film, 3 questions, 3 settled")


def test_row_19_a_job_is_cancelled_in_mid_flight(lister: Lister, saw: Saw) -> None:
    """Cancelled while it is spoken, and while its pieces are made."""
    lister.meets({"do": "slow", "seconds": 60, "match": VOICE})
    spoken = lister.order(2)
    lister.until(lambda: lister.asked()["voice"], "the voice to be asked")
    lister.cancel(spoken)
    lister.until(lambda: lister.executions_running(spoken) == 0, "the end of the execution")
    assert (lister.asked(), lister.jobs.clips(spoken)) == ({"script": 1, "voice": 1}, [])
    told = _in_words(lister, spoken)
    lister.cloud.pool("plan").kill_busy()

    refreshed([lister])
    with without_room(lister, "make_piece") as pool:
        before = pool.throttles
        filmed = lister.order(2)
        lister.until(lambda: pool.throttles > before, "pieces that are to be made")
        lister.cancel(filmed)
    assert (lister.asked(), lister.lines_of(filmed)) == (ONCE, SETTLED)
    assert (lister.objects(filmed, "manifest.json"), lister.executions_running(filmed)) == ([], 0)
    saw(f"while it is spoken: {told}, no clip, nobody asked afterwards")
    saw(f"while its pieces are made: {_in_words(lister, filmed)}, no film")


def _in_words(lister: Lister, job: str) -> str:
    counts = Counter(line.state for line in lister.lines(job))
    return ", ".join(f"{counts[state]} {state.value}" for state in LineState if counts[state])


def test_row_25_dynamodb_throttles(lister: Lister, saw: Saw) -> None:
    """Every call of one job's functions to DynamoDB is refused when it comes first; every write is carried out the second time,
    and not answered for."""
    faulty(lister).fault = throttling = Throttling()
    job = lister.order(2)
    state = struck(lister, job)
    assert (state["status"], state["warnings"]) == ("completed", [])
    assert (lister.asked(), lister.lines_of(job)) == (ONCE, SETTLED)
    assert throttling.refused > 20
    assert throttling.unanswered > 10
    saw(
        "completed without a warning, 3 questions, 3 settled; more than 20 calls refused, more than 10 writes not answered for"
    )


def test_row_30_workers_are_killed_and_code_is_replaced(lister: Lister, saw: Saw) -> None:
    """Plan is killed when it has begun, before the script that it was answered is kept, and when one is kept."""
    pool = lister.cloud.pool("plan")
    killing = Struck(
        lambda folder: lister.cloud.pool(folder).kill_busy(),
        [Moment("plan", "write", after=True), Moment("plan", "PUT"), Moment("plan", "PUT", after=True)],
    )
    with lister.held_back():
        job = lister.order(2)
        faulty(lister).fault = killing
    state = struck(lister, job)
    assert (state["status"], killing.is_over, pool.busy) == ("completed", True, 0), state["errorMessage"]
    assert lister.asked() == {**ONCE, "script": 2}
    assert lister.lines_of(job) == {**SETTLED, "script": "lost, settled"}
    saw(
        f"{len(killing.moments)} tries killed: {_in_words(lister, job)}, nothing that was kept is asked for again, completed"
    )
