"""AWS that fails or takes its time, and workers that are killed."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import requests

from functions.studio.table import marshal
from tests.survival.conftest import Crews, refreshed, ways_of
from tests.survival.crew import Crew, told_by
from tests.survival.faulty_cloud import FaultyCloud, Holding, Killing, Moment, Struck, Throttling
from tests.survival.lister import Lister

Saw = Callable[[str], None]


@pytest.fixture
def crews(faulty_staff: Crews, request: pytest.FixtureRequest) -> Iterator[list[Crew]]:
    refreshed(faulty_staff.values())
    yield [faulty_staff[name] for name in ways_of(request.node)]
    cloud_of(faulty_staff["pairs"]).fault = None


def cloud_of(crew: Crew) -> FaultyCloud:
    assert isinstance(crew.cloud, FaultyCloud)
    return crew.cloud


POSTS, FEWER = 50, 10
"""At once: of the first way, and of the others."""


@pytest.mark.ways("pairs", "text", "scenes", "listings")
def test_row_20_a_request_is_sent_twice(crews: list[Crew], saw: Saw) -> None:
    """A post with an Idempotency-Key is held back just before its job is accepted, and sent again meanwhile, and once more
    afterwards. Then fifty posts (of pairs; of the others ten) at the same moment with another key, one with that key and another body, one under a third key.
    A listing's film is cancelled before it is begun."""
    *crews, lister = crews
    saw(told_by({crew: _sent_twice(crew, FEWER if turn else POSTS) for turn, crew in enumerate(crews)}))
    assert isinstance(lister, Lister)
    with lister.held_back():
        job = _sent_at_once(lister, many := Bookings(lister), FEWER)
        other = many.post(**lister.wishes(2))
        executions = lister.executions(job)
        lister.cancel(job)
    assert (other.status_code, executions) == (422, [f"{job}-1"])
    saw(f"listings: {FEWER} at once: 1 job, 1 execution; another body {other.status_code}")


def _sent_twice(crew: Crew, posts: int) -> str:
    crew.plays()
    once = Bookings(crew)
    holding = Holding(b'"JOB"')
    cloud_of(crew).fault = holding
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(once.post)
        crew.until(holding.came.is_set, "the acceptance of the first")
        meanwhile = once.post()
        holding.go.set()
        answers = [first.result(), once.post()]
    cloud_of(crew).fault = None
    assert (meanwhile.status_code, meanwhile.json()["error"]["code"]) == (409, "in_flight")
    assert [answer.status_code for answer in answers] == [202, 202]
    held = _one_job(crew, answers)
    told = f"in flight {meanwhile.status_code}, the first {answers[0].status_code}, afterwards {answers[1].status_code}: 1 job"

    job = _sent_at_once(crew, many := Bookings(crew), posts)
    other, another = many.post(**crew.wishes(2)), Bookings(crew).post()
    second = another.json()["data"]["jobId"]
    assert (other.status_code, another.status_code, len({held, job, second})) == (422, 202, 3)
    ends = {one: crew.wait(one)["status"] for one in (held, job, second)}
    assert set(ends.values()) == {"completed"}
    assert [crew.executions(one) for one in ends] == [[f"{one}-1"] for one in ends]
    assert [len(crew.creates(one)) for one in ends] == [1, 1, 1]
    rows = crew.all_rows()
    left = [one for one in rows if one["pk"].startswith("J#") and one["sk"].startswith(("CLIP#", "LEDGER#"))]
    owners = {one["pk"] for one in left if "expiresAt" not in one}
    assert owners <= {one["pk"] for one in rows if one["sk"] == "JOB"}, "rows of a job that was never accepted stay"
    return (
        f"{told}; {posts} at once: 202 with one body, {posts - 1} marked as replayed (409 in flight is asked again); 1 job, 1"
        f" execution; another body {other.status_code}, another key another job; 3 jobs, 3 predictions"
    )


def _sent_at_once(crew: Crew, bookings: Bookings, posts: int) -> str:
    """The job that all of them are told of."""
    together = Barrier(posts)

    def post(_: int) -> requests.Response:
        together.wait()
        return bookings.post()

    with ThreadPoolExecutor(posts) as pool:
        answers = list(pool.map(post, range(posts)))
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert {answer.json()["error"]["code"] for answer in waiting} <= {"in_flight"}
    answers = [answer for answer in answers if answer not in waiting] + [bookings.post() for _ in waiting]
    assert [answer.status_code for answer in answers] == [202] * posts, [answer.text for answer in answers]
    return _one_job(crew, answers)


class Bookings:
    """Posts for a job of one clip, all under one key."""

    def __init__(self, crew: Crew) -> None:
        self._url = f"{crew.url}{crew.way.path}"
        self._headers = {**crew.http.headers, "Idempotency-Key": str(uuid.uuid4())}
        self._wishes = crew.wishes(1)

    def post(self, **other: Any) -> requests.Response:
        return requests.post(self._url, json=self._wishes | other, headers=self._headers, timeout=120)


def _one_job(crew: Crew, answers: Sequence[requests.Response]) -> str:
    """That all of them are told of; all but one as a replay."""
    told = [answer.json()["data"] for answer in answers]
    assert all(one == told[0] for one in told)
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers].count("true") == len(answers) - 1
    return str(told[0]["jobId"])


JOBS, STEPS = 6, 18
"""Of a try of Assemble: reading the run, its pieces and what they were made of, fetching six files, storing poster, manifest,
film and what it is watched by, and the film's row."""


def test_row_17_lambda_ends_in_the_middle_of_making_a_film(crew: Crew, saw: Saw, tmp_path: Path) -> None:
    """Six jobs of two clips with a crossfade; between them MakePiece is killed at each of its first six steps, and Assemble
    at each of all its steps, the writing of the film's row too."""
    crew.plays()
    fade = {"kind": "crossfade", "seconds": 0.5}
    frames, tries, last = 2 * crew.way.seconds * 24 - 12, 0, set()
    for first in range(1, JOBS + 1):
        job = crew.order(2, transition=fade)
        pieces = Killing(crew.cloud.pool("make_piece"), job, [first])
        film = Killing(crew.cloud.pool("assemble"), job, list(range(first, STEPS + 1, JOBS)))

        def both(*call: Any, pieces: Killing = pieces, film: Killing = film) -> Any:
            service, target, body, carry_out = call
            return pieces(service, target, body, lambda: film(service, target, body, carry_out))

        cloud_of(crew).fault = both
        crew.until(lambda job=job: crew.jobs.job(job).ended, "the end of the job")  # asked behind the killer's back
        cloud_of(crew).fault = None
        state = crew.wait(job)
        assert (state["status"], pieces.numbers, film.numbers) == ("completed", [], [])
        tries += pieces.killed + film.killed
        last.add(film.step)
        made = crew.film_of(job, tmp_path)
        assert (made.frames, made.presented["vide"], made.plays_in_browsers) == (frames, made.presented["soun"], True)
        assert len(crew.objects(job, "combined.mp4")) == len(crew.objects(job, "manifest.json")) == 1
        assert crew.money(job) == "2 settled $1.20"
    assert last == {STEPS}, "Assemble has other steps than those at which it was killed"
    uploads = crew.cloud.client("s3").list_multipart_uploads(Bucket=crew.cloud.bucket).get("Uploads", [])
    left = [path for folder in ("make_piece", "assemble") for path in crew.cloud.pool(folder).temporary_files]
    assert (uploads, left) == ([], [])
    saw(
        f"{tries} tries killed, the jobs completed with {frames} frames each, sound as long as picture; one film object each"
    )
    saw("no upload left half done, nothing left in /tmp")


@pytest.mark.ways("pairs", "text", "scenes")
def test_row_25_dynamodb_throttles(crews: list[Crew], saw: Saw) -> None:
    """Every call of the jobs' functions to DynamoDB, reads and writes, is refused when it comes first, as throttled or as
    a conflict; every write is carried out the second time, and not answered for."""
    cloud, throttling, jobs = cloud_of(crews[0]), Throttling(), {}
    for crew in crews:
        crew.plays()
    cloud.fault = throttling
    for crew in crews:
        jobs[crew] = crew.order(2)
    for crew, job in jobs.items():
        crew.until(lambda crew=crew, job=job: crew.jobs.job(job).ended, "the end of the job")
    cloud.fault = None
    assert throttling.refused > 60
    assert throttling.unanswered > 30
    for crew, job in jobs.items():
        state = crew.wait(job)
        assert (state["status"], state["warnings"]) == ("completed", [])
        assert (state["actualCost"], state["lostCost"]) == (crew.cost(2), 0)
        assert len(crew.creates(job)) == len(crew.attempts(job)) == 2
        assert len(crew.executions(job)) == 1
    money = {crew: crew.money(job) for crew, job in jobs.items()}
    saw(told_by({crew: f"completed without a warning: 2 predictions, 2 attempts, {it}" for crew, it in money.items()}))
    saw("1 execution each; more than 60 calls refused, more than 30 writes not answered for")


CALLED = (
    Moment("plan", "write"),
    Moment("plan", "write", after=True),
    Moment("plan", "write", after=True),
    Moment("request_clip", "write"),
    Moment("request_clip", "write", after=True),
    Moment("request_clip", "SendMessage", after=True),
    Moment("callback", "read"),
    Moment("callback", "write", after=True),
    Moment("keep_clip", "PUT", after=True),
    Moment("keep_clip", "write"),
    Moment("keep_clip", "write", after=True),
    Moment("arrange", "read"),
    Moment("arrange", "write", after=True),
    Moment("assemble", "GET"),
    Moment("assemble", "PUT", after=True),
    Moment("assemble", "write", after=True),
    Moment("deliver", "write"),
    Moment("deliver", "write", after=True),
    Moment("deliver", "PutEvents", after=True),
)
PROMPTED = tuple(one for one in CALLED if one.function in ("plan", "request_clip", "callback", "keep_clip"))
"""What follows makes a film of clips, whoever asked for them and made them."""
FAILED = (
    Moment("arrange", "read"),
    Moment("close_job", "read"),
    Moment("close_job", "write"),
    Moment("close_job", "write", after=True),
    Moment("close_job", "PutEvents", after=True),
)
BEGUN = (Moment("api", "StartExecution"),)
LOOKED_FOR = (Moment("check_clip", "read"), Moment("check_clip", "write", after=True))
ATTRIBUTES: dict[str, list[str]] = json.loads((Path(__file__).parent / "attributes.json").read_text())
"""Of the rows of a job, as the version before this one wrote them."""


@pytest.mark.ways("pairs", "text", "stills", "scenes")
def test_row_30_workers_are_killed_and_code_is_replaced(crews: list[Crew], saw: Saw) -> None:
    """Workers of ten functions are killed before and after calls to AWS: in jobs that are called back, in one that is looked
    for, in one whose only clip is refused, and in the API between a job's acceptance and its start. In another job all workers
    are replaced on the way, its rows written as an older version had them, with an attribute of the next."""
    crew, *others = crews
    crew.shorten_visibility()
    begun, called, looked_for, failed = (_struck(crew, moments) for moments in (BEGUN, CALLED, LOOKED_FOR, FAILED))
    cloud_of(crew).fault = begun
    booking = Bookings(crew)
    unheard = booking.post().status_code
    cloud_of(crew).fault = None
    again = booking.post()
    assert (unheard, again.status_code, again.headers["Idempotent-Replayed"]) == (500, 202, "true")
    assert begun.is_over
    functions, sweep = crew.cloud.client("lambda"), crew.cloud.pool("sweep").function.name
    functions.put_function_concurrency(FunctionName=sweep, ReservedConcurrentExecutions=0)

    _called_back(crew, called)
    prompted = {other: _struck(other, PROMPTED) for other in others}
    for other, struck in prompted.items():
        _called_back(other, struck)
    refreshed(crews)
    crew.plays({"do": "lose_webhook", "times": 9})
    cloud_of(crew).fault = looked_for
    _is_one_film(crew, crew.order(1), looked_for)
    refreshed(crews)
    crew.plays({"do": "refuse", "times": 9})
    cloud_of(crew).fault = failed
    ended = _ended(crew, crew.order(1), failed)
    replaced = _replaced(crew)

    refreshed(crews)
    crew.plays()
    functions.delete_function_concurrency(FunctionName=sweep)
    first = again.json()["data"]["jobId"]
    swept = crew.wait(first)
    assert (swept["status"], crew.money(first), crew.executions(first)) == (
        "completed",
        "1 settled $0.60",
        [f"{first}-1"],
    )
    killed = sum(len(struck.moments) for struck in (begun, called, looked_for, failed))
    saw(
        f"pairs: {killed} workers killed: two jobs completed, 1 prediction and 1 settled $0.60 each; the refused one {ended}"
    )
    saw(
        f"the API's job, posted again: one job, started by the sweep, {swept['status']}, {crew.money(first)}; the other {replaced}"
    )
    for other, struck in prompted.items():
        each = "1 prediction" if other.way.stages == 1 else "1 prediction a stage"
        saw(f"{other.way.name}: {len(struck.moments)} workers killed: completed, {each}, {other.paid(1)}")


def _called_back(crew: Crew, struck: Struck) -> None:
    crew.holds_on()
    cloud_of(crew).fault = struck
    job = crew.order(1)
    letter = crew.letter(job, 1)
    crew.until(lambda: crew.deliver(letter) == 204, "a callback that lives")
    _is_one_film(crew, job, struck)


def _struck(crew: Crew, moments: Iterable[Moment]) -> Struck:
    return Struck(lambda folder: crew.cloud.pool(folder).kill_busy(), [replace(one) for one in moments])


def _is_one_film(crew: Crew, job: str, struck: Struck) -> None:
    """In the end, and of one prediction, though every moment has come."""
    assert _ended(crew, job, struck) == f"completed, {crew.paid(1)}"
    assert len(crew.creates(job)) == 1
    assert crew.gate.sent(f"job={job}&") == crew.way.stages
    assert len(crew.objects(job, "combined.mp4")) == 1


def _ended(crew: Crew, job: str, struck: Struck) -> str:
    crew.until(lambda: (row := crew.jobs.job(job)).announced_run == row.run, "the end of the job")
    cloud_of(crew).fault = None
    assert struck.is_over, [moment for moment in struck.moments if not moment.done]
    return f"{crew.wait(job)['status']}, {crew.money(job)}"


def _replaced(crew: Crew) -> str:
    crew.holds_on()
    job = crew.order(2)
    letters = [crew.letter(job, number) for number in (1, 2)]
    table = crew.jobs.table
    for one in table.query(f"J#{job}"):
        known = [*ATTRIBUTES[one["sk"].partition("#")[0]], "pk", "sk"]
        old = {key: value for key, value in one.items() if key in known}
        item = {key: marshal(value) for key, value in (old | {"fromTheNextVersion": {"unknown": [1]}}).items()}
        table.client.put_item(TableName=table.name, Item=item)
    for function in crew.cloud.deployment.functions.values():
        pool = crew.cloud.pool(function.handler.split(".")[-3])
        pool.kill_busy()
        pool.close()
    assert [crew.deliver(letter) for letter in letters] == [204, 204]
    state = crew.wait(job)
    assert (state["status"], len(crew.creates(job))) == ("completed", 2)
    return f"{state['status']} with its 2 predictions, {crew.money(job)}"
