"""The rows that can strike a listing's film: the services that write, speak and listen, and the workers that plan and film it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.studio.ledger import NARRATION
from tests.survival.conftest import Opening, refreshed
from tests.survival.crew import Crew
from tests.survival.faulty_cloud import FaultyCloud, Killing
from tests.survival.ways import LISTINGS

Saw = Callable[[str], None]
Rule = dict[str, Any]

STEPS = {"/v1/chat/completions": "script", "/v1/audio/speech": "voice", "/v1/audio/transcriptions": "captions"}
SCRIPT, VOICE, CAPTIONS = {"store": False}, {"voice": "alloy"}, {"filename": "speech.wav"}
"""By which scripts of the stand-in know each step."""

pytestmark = pytest.mark.ways("listings")


class Lister(Crew):
    """Asks for listings' films; what it wants of a crew's provider is nothing."""

    def wishes(self, pictures: int) -> dict[str, Any]:
        assets = self.get(f"/assets?campaignId={self.campaign_id}&type=image")["items"][:pictures]
        return {
            "title": "Aurora desk lamp",
            "description": "A lamp of brushed brass with warm light. It dims by touch.",
            "category": "home",
            "price": 79,
            "durationSeconds": 5,
            "resolution": "480p",
            "campaignId": self.campaign_id,
            "assetIds": [one["id"] for one in assets],
        }

    def order(self, clips: int = 2, **wishes: Any) -> str:
        return str(self.post(LISTINGS, self.wishes(clips) | wishes)["jobId"])

    def meets(self, *rules: Rule) -> None:
        """OpenAI's stand-in from now on."""
        self.script(*[{"times": 1, **rule} for rule in rules], service="openai")

    def asked(self) -> Counter[str]:
        return Counter(STEPS[one["path"]] for one in self.log("openai") if one["path"] in STEPS)

    def ends(self, job: str) -> Any:
        """The job when it has ended: nothing is reserved, and what it cost is what its narration was settled at."""
        self.until(lambda: (row := self.jobs.job(job)).announced_run == row.run, "the end to be published")
        state, totals = self.get(f"/jobs/{job}"), self.ledger.totals(job)
        assert (totals.reserved, self.jobs.job(job).reserved_cost) == (0, 0)
        assert (state["actualCost"], state["lostCost"]) == (float(totals.settled), float(totals.lost))
        assert sum(state["costs"].values()) == pytest.approx(float(totals.settled))
        return state

    def lines_of(self, job: str) -> dict[str, str]:
        """What became of each step's lines, in their order."""
        lines = sorted(self.lines(job), key=lambda one: (one.reserved_at, one.attempt_id))
        assert {line.clip for line in lines} <= {NARRATION}
        return {
            stage: ", ".join(line.state.value for line in lines if line.stage == stage)
            for stage in STEPS.values()
            if any(line.stage == stage for line in lines)
        }


@pytest.fixture(scope="module")
def employed_lister(opening: Opening) -> Lister:
    crew = opening(FaultyCloud)["pairs"]
    lister = object.__new__(Lister)
    lister.__dict__.update(crew.__dict__)
    return lister


@pytest.fixture
def lister(employed_lister: Lister) -> Iterator[Lister]:
    refreshed([employed_lister])
    yield employed_lister
    faulty(employed_lister).fault = None


def faulty(lister: Lister) -> FaultyCloud:
    assert isinstance(lister.cloud, FaultyCloud)
    return lister.cloud


SETTLED = dict.fromkeys(STEPS.values(), "settled")


def test_row_10_the_provider_or_lambda_is_busy(lister: Lister, saw: Saw) -> None:
    """Whoever writes, speaks and listens answers 429 once each, then 500."""
    lister.meets(
        *[{"do": "throttle", "match": step} for step in (SCRIPT, VOICE, CAPTIONS)],
        *[{"do": "server_error", "match": step} for step in (SCRIPT, VOICE, CAPTIONS)],
    )
    job = lister.order()
    state = lister.ends(job)
    assert (state["status"], state["lostCost"]) == ("completed", 0)
    assert lister.asked() == dict.fromkeys(STEPS.values(), 3)
    assert lister.lines_of(job) == dict.fromkeys(STEPS.values(), "released, released, settled")
    saw("9 questions, of which 6 were turned away: 6 released, 3 settled, nothing lost, job completed")


def test_row_11_the_answer_to_a_create_is_lost(lister: Lister, saw: Saw) -> None:
    """The answers of whoever writes, speaks and listens are lost once each, their work done; then those of the voice always,
    and the job is tried again when they come."""
    lister.meets(*[{"do": "lose_answer", "match": step} for step in (SCRIPT, VOICE, CAPTIONS)])
    first = lister.order()
    state = lister.ends(first)
    assert state["status"] == "completed"
    assert lister.asked() == dict.fromkeys(STEPS.values(), 2)
    assert lister.lines_of(first) == dict.fromkeys(STEPS.values(), "lost, settled")
    assert state["lostCost"] > 0

    refreshed([lister])
    lister.meets({"do": "lose_answer", "match": VOICE, "times": 50})
    second = lister.order()
    failed = lister.ends(second)
    assert (failed["status"], lister.asked()) == ("failed", {"script": 1, "voice": 2})
    assert lister.lines_of(second) == {"script": "settled", "voice": "lost, lost"}
    refreshed([lister])
    lister.post(f"/jobs/{second}/retry", {})
    state = lister.ends(second)
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
    refused = lister.order()
    state = lister.ends(refused)
    assert (state["status"], lister.asked(), lister.lines_of(refused)) == (
        "failed",
        {"script": 1},
        {"script": "settled"},
    )
    assert "refused" in state["errorMessage"]
    lister.post(f"/jobs/{refused}/retry", {})
    assert lister.ends(refused)["status"] == "completed"
    assert lister.asked() == {"script": 2, "voice": 1, "captions": 1}

    told = []
    for step, required, lines in (
        (CAPTIONS, False, SETTLED | {"captions": "released"}),
        (CAPTIONS, True, SETTLED | {"captions": "released"}),
        (VOICE, False, {"script": "settled", "voice": "released"}),
    ):
        refreshed([lister])
        lister.meets({"do": "refuse", "match": step, "times": 50})
        job = lister.order(captionsRequired=required)
        state = lister.ends(job)
        assert state["status"] == ("failed" if required else "completed"), state["errorMessage"]
        assert lister.lines_of(job) == lines
        assert bool(state["warnings"]) is not required
        told.append(f"{state['status']} {lister.money(job)}")
    saw("a refused script: failed after 1 question; tried again: asked again, completed")
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
    lister.until(lambda: lister.jobs.job(job).ended, "the end of the job")
    faulty(lister).fault = None
    state = lister.ends(job)
    assert (state["status"], pieces.numbers, film.numbers) == ("completed", [], [])
    assert lister.lines_of(job) == SETTLED
    assert lister.asked() == dict.fromkeys(STEPS.values(), 1)
    assert len(lister.objects(job, "combined.mp4")) == 1
    saw(f"{pieces.killed + film.killed} tries killed, one film, 3 questions, 3 settled")
