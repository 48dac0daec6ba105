"""What callers send: twice, at once, from where nobody should, and too much."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
import requests
from PIL import Image

from functions.api.clip_failure import MOST_FALLBACKS
from functions.api.film_options import MOST_CLIPS
from functions.api.listing_request import MOST_PICTURES, MOST_SECONDS
from functions.api.prompt_request import LONGEST_FILM
from functions.api.variants import MOST_VARIANTS
from functions.callback.receive import MOST_BYTES as MOST_CALLBACK_BYTES
from functions.studio.attempts import LIMITS
from functions.studio.errors import AddressRefused, AddressUnreachable, AnswerTooLarge, FilmTooLarge
from functions.studio.media import Piece
from functions.studio.messages import ClipTasks
from functions.studio.pictures import MOST_BYTES as MOST_PICTURE_BYTES
from functions.studio.pictures import MOST_PIXELS
from functions.studio.room import MOST_BYTES as MOST_ROOM
from functions.studio.room import MOST_PIECES, check_room
from infra.workflow import DEFINITION
from tests.scripted import a_job, a_task
from tests.strangers import response, stranger
from tests.survival.crew import Crew
from tests.survival.wires import Letter

Saw = Callable[[str], None]

INSIDE = (
    "http://pictures.example/a.png",
    "file:///etc/passwd",
    "ftp://pictures.example/a.png",
    "data:image/png;base64,AAAA",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "https://127.0.0.1/a.png",
    "https://localhost/a.png",
    "https://2130706433/a.png",
    "https://0x7f.1/a.png",
    "https://[::1]/a.png",
    "https://[::ffff:169.254.169.254]/latest/meta-data/",
    "https://[64:ff9b::a9fe:a9fe]/latest/meta-data/",
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.170.2/v2/credentials",
    "https://10.0.0.1/a.png",
    "https://172.16.0.1/a.png",
    "https://192.168.0.1/a.png",
    "https://100.64.0.1/a.png",
    "https://0.0.0.0/a.png",
    "https://224.0.0.1/a.png",
    "https://me:secret@pictures.example/a.png",
    "https://pictures.example:8080/a.png",
)


@pytest.mark.ways("pairs", "text", "listings")
def test_row_28_a_url_leads_inside(crews: list[Crew], saw: Saw) -> None:
    """Twenty-two URLs that lead inside, or are not https, are given as a picture's, as the one that a film is to begin with,
    and as a listing's; then, at the door itself: a name that is inside at the second look, a redirect to the metadata service, ten
    gigabytes, an endless answer."""
    crew, prompting, lister = crews
    upload, begun, listing = (
        {"uploadType": "url", "campaignId": crew.campaign_id},
        prompting.wishes(1),
        lister.wishes(0),
    )
    before = (crew.objects("assets"), _kept(crew))
    for url in INSIDE:
        for path, asked, field in (
            ("/assets/upload", upload | {"url": url}, "url"),
            (prompting.way.path, begun | {"imageUrl": url}, "imageUrl"),
            (lister.way.path, listing | {"imageUrls": [url]}, "imageUrls.0"),
        ):
            answer = crew.http.post(crew.url + path, json=asked, timeout=60)
            assert (answer.status_code, answer.json()["error"]["errors"][0]["field"]) == (422, field), url
    assert (crew.objects("assets"), _kept(crew)) == before
    saw(f"{len(INSIDE)} of {len(INSIDE)} URLs answered 422 naming the field, each time, nothing kept; {_at_the_door()}")


def _kept(crew: Crew) -> int:
    """Rows but those that go by themselves: what is counted of models, of jobs that were never accepted."""
    return sum("expiresAt" not in one for one in crew.all_rows())


def _upload(crew: Crew, body: dict[str, Any]) -> requests.Response:
    return crew.http.post(f"{crew.url}/assets/upload", json=body, timeout=60)


def _at_the_door() -> str:
    looks: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        looks.append(host)
        return ["127.0.0.1"] if len(looks) == 1 else ["10.0.0.1"]

    with stranger(response(b"picture")) as there:
        door = there.outside()
        rebound = replace(door, resolve=rebinding)
        assert (rebound.get(there.url, most_bytes=100), len(looks), there.connections) == (b"picture", 1, 1)
        half = replace(door, resolve=lambda *_: ["127.0.0.1", "10.0.0.1"])
        with pytest.raises(AddressRefused):
            half.get(there.url, most_bytes=100)
        assert there.connections == 1
    with (
        stranger(response(b"", "302 Found", Location="https://169.254.169.254/")) as there,
        pytest.raises(AddressUnreachable, match="redirect"),
    ):
        there.outside().get(there.url, most_bytes=100)
    with stranger(response(b"", Content_Length=str(10 * 10**9))) as there, pytest.raises(AnswerTooLarge):
        there.outside().get(there.url, most_bytes=20_000_000)
    sent = []

    def endless(connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
        with suppress(OSError):
            while True:
                connection.sendall(b"x" * 65536)
                sent.append(65536)

    with stranger(endless) as there, pytest.raises(AnswerTooLarge):
        there.outside().get(there.url, most_bytes=1_000_000)
    assert sum(sent) < 10 * 10**9
    return "a name is looked up once and a second answer never asked for, a redirect is not followed, 10 GB and an endless answer are too large"


@pytest.mark.ways("pairs", "text", "listings")
def test_row_29_more_is_asked_than_can_be(crews: list[Crew], saw: Saw) -> None:
    """At one below, at, and one above each limit: pairs that the pictures make, clips, letters of a prompt, variants of a shot,
    seconds of a film, shots of ten variants, a listing's pictures, its description and its seconds, letters of a name and of an idempotency key, pixels, bytes announced, bytes in the store, a callback's body, takes of a film, its pieces and their bytes; then a picture
    that says it has 3.6 billion pixels, 10,000 takes, and what the largest job leaves in a state and in a history."""
    crew, prompting, lister = crews
    crew.plays()
    around = (-1, 0, 1)
    jobs: list[str] = []
    pictures = lister.wishes(5)["assetIds"]
    bodies = [_padded(MOST_CALLBACK_BYTES + turn) for turn in around]
    callback = f"{crew.cloud.url}/api/v3/callbacks/replicate?job={UNKNOWN}&attempt=1.0001.video.1"
    seen: dict[str, list[int | str]] = {
        "pairs": [_pairs(crew, 10 + turn, jobs) for turn in around],
        "clips": [_why(crew, MOST_CLIPS + turn) for turn in around],
        "prompt": [_tried(prompting, prompt="p" * (MOST_LETTERS + turn)) for turn in around],
        "variants": [_tried(prompting, count=MOST_VARIANTS + turn) for turn in around],
        "seconds": [_tried(prompting, durationSeconds=LONGEST_FILM + turn) for turn in around],
        "shots": [
            _tried(prompting, durationSeconds=5 * (MOST_CLIPS // MOST_VARIANTS + turn), count=MOST_VARIANTS)
            for turn in around
        ],
        "a listing's pictures": [_tried(lister, assetIds=_nobody_s(MOST_PICTURES + turn)) for turn in around],
        "its description": [_tried(lister, description="d" * (MOST_TOLD + turn)) for turn in around],
        "its seconds": [_tried(lister, durationSeconds=MOST_SECONDS + turn, assetIds=pictures) for turn in around],
        "name": [_named(crew, 200 + turn) for turn in around],
        "key": [_keyed(crew, 255 + turn) for turn in around],
        "pixels": [_pixels(crew, turn) for turn in around],
        "bytes announced": [_announced(crew, MOST_PICTURE_BYTES + turn).status_code for turn in around],
        "bytes in the store": [_stored(crew, turn) for turn in around],
        "callback": [crew.deliver(Letter(callback, body)) for body in bodies],
        "pieces": [_fits([1] * (MOST_PIECES + turn)) for turn in around],
        "bytes of a film": [_fits([MOST_ROOM // 2 + turn]) for turn in around],
    }
    assert seen == {
        "pairs": [202, 202, 422],
        "clips": ["at most 10", "at most 10", "at most 1000"],
        **{
            name: [402, 402, 422]
            for name in ("prompt", "variants", "seconds", "shots", "its description", "its seconds")
        },
        "a listing's pictures": [404, 404, 422],
        "name": [201, 201, 422],
        "key": ["numPairs", "numPairs", "Idempotency-Key"],
        "pixels": [201, 201, 413],
        "bytes announced": [201, 201, 422],
        "bytes in the store": [204, 204, 400],
        "callback": [404, 404, 413],
        "pieces": ["fits", "fits", "refused"],
        "bytes of a film": ["fits", "fits", "refused"],
    }
    assert [crew.wait(job)["progress"]["successful_clips"] for job in jobs] == [9, 10]
    takes = [_taken(crew, jobs[0], MOST_CLIPS + turn) for turn in (*around, 10_000 - MOST_CLIPS)]
    bomb = _upload_file(crew, _bomb(60_000), "image/png")
    assert (takes, bomb) == (["clips.0.subJobNumber", "clips.0.subJobNumber", "clips", "clips"], 413)
    state, history = _largest_state(), _longest_history()
    assert (state < STATE, history < HISTORY) == (True, True)
    saw(", ".join(f"{name} {'/'.join(map(str, found))}" for name, found in seen.items()))
    saw(f"what was accepted was made; takes refused for {' / '.join(takes)}, the last of 10,000; the bomb {bomb}")
    saw(
        f"the tasks of {MOST_CLIPS} clips are {state} of {STATE} bytes, a clip's history has at most {history} of {HISTORY} events"
    )


MOST_LETTERS = 1000
"""Of a prompt of hunyuan's."""
MOST_TOLD = 5000
"""Letters of a listing's description."""


def _nobody_s(number: int) -> list[str]:
    """Ids of so many assets that there are not."""
    return [f"{one:032x}" for one in range(number)]


def _tried(crew: Crew, **wishes: Any) -> int:
    """What is answered to who can pay for nothing: 402 says that nothing else is wrong."""
    asked = crew.wishes(1) | {"budgetUsd": 0.001} | wishes
    return crew.http.post(f"{crew.url}{crew.way.path}", json=asked, timeout=60).status_code


STATE, HISTORY = 256 * 1024, 25_000
UNKNOWN = "00000000-0000-7000-8000-000000000000"


def _padded(size: int) -> bytes:
    body = b'{"id": "p", "status": "succeeded", "logs": ""}'
    return body[:-2] + b"x" * (size - len(body)) + body[-2:]


def _asked(crew: Crew, pairs: int, **headers: str) -> requests.Response:
    wishes = {"campaignId": crew.campaign_id, "numPairs": pairs, "clipDuration": 4}
    named = {**crew.http.headers, **headers}
    return requests.post(f"{crew.url}/jobs/from-image-pairs", json=wishes, headers=named, timeout=120)


def _pairs(crew: Crew, pairs: int, jobs: list[str]) -> int:
    answer = _asked(crew, pairs)
    if answer.ok:
        jobs.append(answer.json()["data"]["jobId"])
    return answer.status_code


def _why(crew: Crew, pairs: int) -> str:
    """The limit that is named: the pictures' own, or that of all jobs."""
    [fault] = _asked(crew, pairs).json()["error"]["errors"]
    return (
        "at most 10"
        if "pictures make no more pairs" in fault["detail"]
        else f"at most {re.findall('[0-9]+', fault['detail'])[-1]}"
    )


def _named(crew: Crew, letters: int) -> int:
    return crew.http.post(f"{crew.url}/clients", json={"name": "n" * letters}, timeout=30).status_code


def _keyed(crew: Crew, letters: int) -> str:
    """The field at fault of a request for too many pairs, under a key of so many letters."""
    [fault] = _asked(crew, 11, **{"Idempotency-Key": "k" * letters}).json()["error"]["errors"]
    return str(fault["field"])


def _pixels(crew: Crew, turn: int) -> int:
    height = 5000
    file = BytesIO()
    Image.new("RGB", (MOST_PIXELS // height + turn, height), (turn + 1, 90, 160)).save(file, "JPEG")
    return _upload_file(crew, file.getvalue(), "image/jpeg")


def _bomb(side: int) -> bytes:
    """A PNG of a hundred bytes that says it is a square of so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    head = side.to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def _upload_file(crew: Crew, content: bytes, kind: str) -> int:
    form = {"uploadType": "file", "name": "plain", "type": "image", "campaignId": _aside(crew)}
    files = {"file": ("plain", content, kind)}
    return crew.http.post(f"{crew.url}/assets/upload", data=form, files=files, timeout=60).status_code


def _taken(crew: Crew, job: str, takes: int) -> str:
    """The first field at fault of a recut of so many takes, all of a clip that there is not."""
    wishes = {"clips": [{"subJobNumber": MOST_CLIPS}] * takes}
    answer = crew.http.post(f"{crew.url}/jobs/{job}/recut", json=wishes, timeout=60)
    assert answer.status_code == 422, answer.text
    return str(answer.json()["error"]["errors"][0]["field"])


def _aside(crew: Crew) -> str:
    """Another campaign, so that the pictures of the first make as many pairs as before."""
    return str(crew.post("/campaigns", {"name": "Aside", "goal": "None"})["id"])


def _announced(crew: Crew, size: int) -> requests.Response:
    return _upload(crew, {"uploadType": "presigned", "campaignId": _aside(crew), "bytes": size})


def _stored(crew: Crew, turn: int) -> int:
    form = _announced(crew, 1000).json()["data"]
    body = b"x" * (1000 + turn)
    return requests.post(form["url"], data=form["fields"], files={"file": ("picture", body)}, timeout=30).status_code


def _fits(weights: list[int]) -> str:
    """Pieces of so many bytes."""
    try:
        check_room([Piece(number=1, kind="clip", key="k", frames=1, bytes=weight) for weight in weights])
    except FilmTooLarge:
        return "refused"
    return "fits"


def _largest_state() -> int:
    job = a_job(total_clips=MOST_CLIPS)
    tasks = ClipTasks(tasks=[a_task(job, number) for number in range(1, MOST_CLIPS + 1)])
    state = {"jobId": job.id, "run": 1, "clips": tasks.wire()}
    return len(json.dumps(state).encode())


def _longest_history() -> int:
    """Events of a clip whose every step fails as often as it may, with as many models as a job may name."""
    states = json.loads(DEFINITION.read_text())["States"]["MakeClips"]["ItemProcessor"]["States"]
    tries = [1 + sum(one["MaxAttempts"] for one in state.get("Retry", [])) for state in states.values()]
    attempts = max(LIMITS.values()) * (1 + MOST_FALLBACKS)
    return attempts * sum(2 + 4 * one for one in tries)  # entered, exited; scheduled, started, submitted, failed
