"""The rows that can strike a listing's film: the services that write, speak and listen, and the workers that plan and film it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
import requests

from functions.api.listing_request import MOST_PICTURES
from functions.studio.ledger import NARRATION, LineState
from tests.survival.conftest import Opening, refreshed
from tests.survival.crew import Crew
from tests.survival.faulty_cloud import FaultyCloud, Killing, Throttling
from tests.survival.test_requests import INSIDE
from tests.survival.ways import LISTINGS
from tests.workflow.conftest import Team

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


def test_row_19_a_job_is_cancelled_in_mid_flight(lister: Lister, saw: Saw) -> None:
    """Cancelled while it is spoken, and while its pieces are made."""
    lister.meets({"do": "slow", "seconds": 5, "match": VOICE})
    spoken = lister.order()
    lister.until(lambda: lister.asked()["voice"], "the voice to be asked")
    assert _cancel(lister, spoken) in (200, 202)
    assert lister.ends(spoken)["status"] == "cancelled"
    lister.until(lambda: lister.executions_running(spoken) == 0, "the end of the execution")
    assert (lister.asked(), lister.jobs.clips(spoken)) == ({"script": 1, "voice": 1}, [])

    refreshed([lister])
    functions, pool = lister.cloud.client("lambda"), lister.cloud.pool("make_piece")
    functions.put_function_concurrency(FunctionName=pool.function.name, ReservedConcurrentExecutions=0)
    filmed, before = lister.order(), pool.throttles
    lister.until(lambda: pool.throttles > before, "pieces that are to be made")
    assert _cancel(lister, filmed) in (200, 202)
    state = lister.ends(filmed)
    functions.delete_function_concurrency(FunctionName=pool.function.name)
    assert (state["status"], lister.lines_of(filmed)) == ("cancelled", SETTLED)
    assert lister.objects(filmed, "manifest.json") == []
    saw(f"while it is spoken: {_in_words(lister, spoken)}, no clip, nobody asked afterwards")
    saw(f"while its pieces are made: {_in_words(lister, filmed)}, no film; both cancelled")


def _cancel(lister: Lister, job: str) -> int:
    return lister.http.post(f"{lister.url}/jobs/{job}/cancel", timeout=60).status_code


def _in_words(lister: Lister, job: str) -> str:
    counts = Counter(line.state for line in lister.lines(job))
    return ", ".join(f"{counts[state]} {state.value}" for state in LineState if counts[state])


def test_row_20_a_request_is_sent_twice(lister: Lister, saw: Saw) -> None:
    """Ten posts at the same moment with one Idempotency-Key, and one with it and another body."""
    together, headers = Barrier(10), {**lister.http.headers, "Idempotency-Key": str(uuid.uuid4())}
    wishes = lister.wishes(1)

    def post(**other: Any) -> requests.Response:
        return requests.post(lister.url + LISTINGS, json=wishes | other, headers=headers, timeout=120)

    def at_once(_: int) -> requests.Response:
        together.wait()
        return post()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(at_once, range(10)))
    assert {one.json()["error"]["code"] for one in answers if one.status_code == 409} <= {"in_flight"}
    answers = [one if one.status_code == 202 else post() for one in answers]
    [job] = {one.json()["data"]["jobId"] for one in answers}
    assert post(title="Another lamp").status_code == 422
    assert lister.ends(job)["status"] == "completed"
    assert (lister.asked(), lister.lines_of(job)) == (dict.fromkeys(STEPS.values(), 1), SETTLED)
    saw("10 posts: 1 job, 3 questions, 3 settled; another body 422")


def test_row_22_a_budget_is_raced_for(lister: Lister, saw: Saw) -> None:
    """Twelve posts at the same moment in a campaign whose budget is enough for three."""
    most = Decimal(str(lister.post(f"{LISTINGS}?dryRun=true", lister.wishes(1))["estimatedCost"]))
    campaign = lister.campaign(lister.pictures[:1])
    lister.http.patch(f"{lister.url}/campaigns/{campaign}", json={"budgetUsd": float(3 * most)}, timeout=60)
    [asset] = lister.get(f"/assets?campaignId={campaign}&type=image")["items"]
    wishes, together = lister.wishes(1) | {"campaignId": campaign, "assetIds": [asset["id"]]}, Barrier(12)

    def post(_: int) -> requests.Response:
        together.wait()
        return requests.post(lister.url + LISTINGS, json=wishes, headers=lister.http.headers, timeout=120)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(post, range(12)))
    codes = Counter(one.status_code for one in answers)
    assert codes == {202: 3, 402: 9}
    jobs = [one.json()["data"]["jobId"] for one in answers if one.status_code == 202]
    assert {lister.ends(job)["status"] for job in jobs} == {"completed"}
    budget = lister.get(f"/campaigns/{campaign}")["budget"]
    settled = sum(lister.ledger.totals(job).settled for job in jobs)
    assert (budget["reserved"], budget["settled"]) == (0, float(settled))
    assert 0 < settled < 3 * most
    saw("3 accepted, 9 answered 402; in the end nothing reserved, what the three came to is settled")


def test_row_25_dynamodb_throttles(lister: Lister, saw: Saw) -> None:
    """Every call of one job's functions to DynamoDB is refused when it comes first; every write is carried out the second time,
    and not answered for."""
    throttling = Throttling()
    faulty(lister).fault = throttling
    job = lister.order()
    lister.until(lambda: lister.jobs.job(job).ended, "the end of the job")
    faulty(lister).fault = None
    state = lister.ends(job)
    assert (state["status"], state["warnings"], lister.lines_of(job)) == ("completed", [], SETTLED)
    assert lister.asked() == dict.fromkeys(STEPS.values(), 1)
    assert throttling.refused > 20
    assert throttling.unanswered > 10
    saw(
        "completed without a warning, 3 questions, 3 settled; more than 20 calls refused, more than 10 writes not answered for"
    )


def test_row_28_a_url_leads_inside(lister: Lister, saw: Saw) -> None:
    """The same twenty-two URLs are given as a listing's pictures."""
    before = lister.objects("assets")
    wishes = {key: value for key, value in lister.wishes(1).items() if key != "assetIds"}
    answers = [
        lister.http.post(lister.url + LISTINGS, json=wishes | {"imageUrls": [url]}, timeout=60) for url in INSIDE
    ]
    assert {answer.status_code for answer in answers} == {422}
    fields = {one["field"] for answer in answers for one in answer.json()["error"]["errors"]}
    assert fields == {"imageUrls.0"}
    assert (lister.objects("assets"), lister.asked()) == (before, {})
    saw(f"{len(INSIDE)} of {len(INSIDE)} answered 422 naming the field, nothing kept")


def test_row_29_more_is_asked_than_can_be(lister: Lister, saw: Saw) -> None:
    """One picture more than a listing may have."""
    wishes = lister.wishes(1)
    named = {"assetIds": [str(number) for number in range(MOST_PICTURES + 1)]}
    fetched = {"assetIds": [], "imageUrls": [f"https://pictures.example/{one}.png" for one in range(MOST_PICTURES + 1)]}
    answers = [lister.http.post(lister.url + LISTINGS, json=wishes | more, timeout=60) for more in (named, fetched)]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert [answer.json()["error"]["errors"][0]["field"] for answer in answers] == ["assetIds", "imageUrls"]
    assert lister.asked() == {}
    saw("51 pictures, named or to be fetched: 422, and nothing is fetched")


def test_row_30_workers_are_killed_and_code_is_replaced(lister: Lister, saw: Saw) -> None:
    """Plan is killed at four of its steps in each of three jobs, further each time."""
    killed, questions = 0, 0
    for steps in ((1, 3, 5, 7), (9, 10, 11, 12), (13, 14, 15, 16)):
        refreshed([lister])
        job = lister.order()
        killing = Killing(lister.cloud.pool("plan"), job, list(steps))
        faulty(lister).fault = killing
        lister.until(lambda job=job: lister.jobs.job(job).ended, "the end of the job")
        faulty(lister).fault = None
        state = lister.ends(job)
        lines = lister.lines_of(job)
        assert state["status"] == "completed", state["errorMessage"]
        assert all(states.endswith("settled") and states.count("settled") == 1 for states in lines.values()), lines
        assert all(lister.asked()[stage] <= len(states.split(", ")) for stage, states in lines.items())
        killed, questions = killed + killing.killed, questions + sum(lister.asked().values())
    assert killed >= 4
    saw("Plan killed at its steps: every job completed, each step settled once, no question without its line")


def test_row_32_a_tenant_reaches_for_another_s(lister: Lister, saw: Saw) -> None:
    """Another tenant's key is used for a listing's film, its captions, its ad, and its pictures."""
    job = lister.order(1)
    assert lister.ends(job)["status"] == "completed"
    ad = lister.post("/ads", {"jobId": job})
    other = Team(lister.cloud, "other")
    paths = [f"/jobs/{job}", f"/videos/{job}/captions.srt", f"/videos/{job}/captions.vtt", f"/ads/{ad['id']}"]
    assert [lister.http.get(lister.url + path, timeout=60).status_code for path in paths] == [200] * 4
    assert [other.http.get(other.url + path, timeout=60).status_code for path in paths] == [404] * 4
    wishes = {key: value for key, value in lister.wishes(1).items() if key != "campaignId"}
    asked = other.http.post(other.url + LISTINGS, json=wishes, timeout=60)
    assert (asked.status_code, asked.json()["error"]["errors"][0]["field"]) == (404, "assetIds.0")
    saw("job, captions and ad 404; its pictures 404 naming the field")
