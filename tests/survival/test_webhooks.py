"""What comes in by the door for callbacks, or does not."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import requests

from functions.studio.check_queue import read_delays
from functions.studio.clips import AttemptStatus
from functions.studio.providers.replicate import WINDOW
from infra.settings import setting
from tests.integration.replicate_stage import ANOTHER, SECRET, signed
from tests.survival.crew import Crew, by_each
from tests.survival.wires import Letter

Saw = Callable[[str], None]

STRANGER = "whsec_" + "c3RyYW5nZXI" + "x" * 20 + "="
MALFORMED = {
    "no signature at all": {"webhook-signature": ""},
    "no base64": {"webhook-signature": "v1,%%%"},
    "another version": {"webhook-signature": "v2,AAAA"},
    "no comma": {"webhook-signature": "v1"},
    "letters beyond ASCII": {"webhook-signature": "v1,\u00e9\u00e9\u00e9="},
    "a signature of 100 kB": {"webhook-signature": "v1," + "A" * 30_000},
    "a thousand entries": {"webhook-signature": " ".join(["v1,AAAA"] * 1000)},
    "no time": {"webhook-timestamp": ""},
    "time in words": {"webhook-timestamp": "now"},
    "a negative time": {"webhook-timestamp": "-1"},
    "a time beyond all clocks": {"webhook-timestamp": "9" * 400},
    "no id": {"webhook-id": ""},
}


@pytest.mark.ways("pairs", "text", "picture", "scenes", "stills")
def test_row_01_webhooks_are_lost(crews: list[Crew], saw: Saw) -> None:
    """The provider sends not one webhook for a job of four clips."""
    saw(by_each(crews, _without_webhooks))
    assert max(read_delays(setting("CHECK_DELAYS").default)) < 3600
    saw(
        "each clip looked for as its schedule says, and the longest wait of the schedule is far below the output's hour"
    )


def _without_webhooks(crew: Crew) -> str:
    crew.plays({"do": "lose_webhook", "times": 4})
    began = time.monotonic()
    job = crew.order(4)
    state = crew.wait(job)
    longest = (time.monotonic() - began) / 2 + 1
    assert crew.deliveries(job) == []
    assert (state["status"], state["progress"]["successful_clips"]) == ("completed", 4)
    looks = [crew.looks(one["id"]) for one in crew.predictions(job)]
    assert all(1 <= one <= longest for one in looks), "more looks than the schedule has"
    return f"0 webhooks; job {state['status']}, 4 of 4 outputs kept, {crew.money(job)}"


@pytest.mark.ways("pairs", "text", "scenes", "stills")
def test_row_02_a_webhook_comes_twice(crews: list[Crew], saw: Saw) -> None:
    """The webhook of clip n of five is delivered n times at the same moment, under one id, and once more after the end."""
    saw(by_each(crews, _twice))


def _twice(crew: Crew) -> str:
    crew.holds_on()
    job = crew.order(5)
    letters = {number: crew.letter(job, number) for number in range(1, 6)}

    def all_at_once(number: int) -> list[int]:
        headers, together = crew.wire.proof(letters[number]), Barrier(number)

        def post(_: int) -> int:
            together.wait()
            return crew.deliver(letters[number], headers)

        with ThreadPoolExecutor(number) as pool:
            return list(pool.map(post, range(number)))

    answers = [status for number in letters for status in all_at_once(number)]
    assert answers == [204] * 15
    state = crew.wait(job)
    ended = crew.rows(job)
    assert [crew.deliver(letter) for letter in letters.values()] == [204] * 5
    assert crew.rows(job) == ended
    assert [crew.written(job, number) for number in letters] == [1] * 5
    assert (state["status"], state["actualCost"], crew.money(job)) == ("completed", crew.cost(5), crew.paid(5))
    return (
        f"15 deliveries answered 204; {crew.money(job)}; one version of one object a clip; 5 more after the end: 204, no"
        " row changed"
    )


@pytest.mark.ways("pairs", "text", "alike", "scenes", "stills")
def test_row_03_the_webhook_comes_before_the_prediction_is_stored(crews: list[Crew], saw: Saw) -> None:
    """The provider delivers inside the create, before it answers it; then genuine webhooks name attempts that nobody
    knows."""
    saw(by_each(crews, _early))


def _early(crew: Crew) -> str:
    crew.plays({"do": "early_webhook", "times": 2})
    job = crew.order(2)
    state = crew.wait(job)
    answered = [one["answered"] for one in crew.deliveries(job)]
    assert (state["status"], answered) == ("completed", [204, 204])
    assert len(crew.predictions(job)) == len(crew.creates(job)) == 2
    letter = crew.letter(job, 1)
    named = crew.attempt_id(1)
    strangers = [
        replace(letter, url=letter.url.replace(named, crew.attempt_id(1, n=9))),
        replace(letter, url=letter.url.replace(named, crew.attempt_id(2))),
        replace(letter, url=re.sub("job=[0-9a-f-]+", "job=00000000-0000-7000-8000-000000000000", letter.url)),
        replace(letter, url=letter.url.partition("?")[0]),
    ]
    unknown = [crew.deliver(one) for one in strangers]
    assert unknown == [404] * 4
    return (
        f"both early webhooks answered 204, 2 clips {state['status']} from 2 predictions, {crew.money(job)}; 4 genuine"
        " webhooks at an unknown attempt, another's, an unknown job and none: 404 each"
    )


@pytest.mark.ways("pairs", "text", "stills")
def test_row_05_webhooks_come_out_of_order(crews: list[Crew], saw: Saw) -> None:
    """Start, output and completed of six clips, in each of their six orders; PiAPI writes its statuses in three ways."""
    saw(by_each(crews, _out_of_order))


def _out_of_order(crew: Crew) -> str:
    crew.holds_on()
    job = crew.order(6)
    answers = []
    for number, order in enumerate(itertools.permutations(("start", "output", "completed")), 1):
        completed = crew.letter(job, number)
        letters = {
            "start": crew.letter(job, number, status="processing", output=None),
            "output": crew.letter(job, number, status="processing"),
            "completed": completed,
        }
        # All three have happened when the first of them comes: so whoever looks sees the end.
        answers += [crew.deliver(replace(letters[event], shows=completed.shows)) for event in order]
    state = crew.wait(job)
    assert answers == [204] * 18
    assert {crew.attempt(job, number).status for number in range(1, 7)} == {AttemptStatus.KEPT}
    assert (state["status"], state["actualCost"]) == ("completed", crew.cost(6))
    return f"18 webhooks answered 204; job {state['status']}, 6 attempts kept, {crew.money(job)}"


@pytest.mark.ways("pairs", "stills", "text")
def test_row_06_a_signature_is_forged(crews: list[Crew], saw: Saw) -> None:
    """Every byte of the signature, the id, the time and the body of a genuine webhook is changed, one at a time; headers
    that are malformed; a stranger's secret. Of PiAPI's, which sends its secret in clear, every byte of the secret, and of a
    body that says what is not so."""
    *signed, text = crews
    saw(by_each(signed, _forged))
    saw(f"text: {_untrue(text)}")


def _changed(letter: Letter, headers: dict[str, str]) -> tuple[list[Letter], list[dict[str, str]]]:
    """Every byte of the body, and every letter of the headers."""
    bodies = [
        replace(letter, body=letter.body[:place] + bytes([byte ^ 2]) + letter.body[place + 1 :])
        for place, byte in enumerate(letter.body)
    ]
    forged = []
    for name, value in headers.items():
        for place, character in enumerate(value):
            changed = value[:place] + chr(ord(character) ^ 2) + value[place + 1 :]
            forged.append({**headers, name: changed.strip() or "-"})
    return bodies, forged


def _answers(crew: Crew, sent: list[tuple[Letter, dict[str, str]]]) -> set[int]:
    with ThreadPoolExecutor(4) as pool:
        return set(pool.map(lambda one: crew.deliver(*one), sent))


def _forged(crew: Crew) -> str:
    crew.holds_on()
    job = crew.order(1)
    letter = crew.letter(job, 1, **{field: {} for field in crew.wire.wordy})
    headers = crew.wire.proof(letter)
    bodies, proofs = _changed(letter, headers)
    forged = [*((one, headers) for one in bodies), *((letter, one) for one in proofs)]
    before = crew.rows(job)
    assert _answers(crew, forged) == {401}
    malformed = [
        crew.deliver(letter, {name: value.encode() for name, value in (headers | changes).items()})  # type: ignore[misc]  # bytes pass as they are
        for changes in MALFORMED.values()
    ]
    assert malformed == [401] * len(MALFORMED)
    bare = requests.post(letter.url, data=letter.body, timeout=30).status_code
    assert [bare, crew.deliver(letter, signed(letter.text, STRANGER))] == [401, 401]
    assert crew.rows(job) == before
    log = crew.cloud.log.read_text()
    assert "no signature over this body holds" in log, "the log does not tell of them at all"
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    expected = [signed(one.text, at=at)["webhook-signature"] for one, _ in forged if one != letter]
    assert not any(signature in log for signature in (headers["webhook-signature"], *expected))
    assert crew.deliver(letter, signed(letter.text)) == 204
    state = crew.wait(job)
    return (
        f"every changed byte: 401; {len(MALFORMED)} malformed headers, no headers, a stranger's secret: 401, never 500; no"
        f" row changed, no signature in the log; the genuine one then: 204, job {state['status']}"
    )


def _untrue(crew: Crew) -> str:
    crew.holds_on()
    job = crew.order(1)
    letter = crew.letter(job, 1, **{field: {} for field in crew.wire.wordy})
    untrue = replace(letter, shows={})  # it says that the task is completed, and the task says that it runs
    headers, before = crew.wire.proof(letter), crew.rows(job)
    bodies, secrets = _changed(untrue, headers)
    assert _answers(crew, [(untrue, one) for one in secrets]) == {401}
    said = _answers(crew, [(one, headers) for one in bodies])
    assert said == {204, 401}, "an id that is not known, or a body that is no task, and nothing else is refused"
    wrong = ["", "x" * 30_000, letter.secret + "x", letter.secret.upper(), "\u00e9"]
    malformed = [crew.deliver(untrue, {"x-webhook-secret": one.encode()}) for one in wrong]  # type: ignore[dict-item]  # bytes pass as they are
    bare = requests.post(letter.url, data=letter.body, timeout=30).status_code
    assert (malformed, bare) == ([401] * len(wrong), 401)
    failed = crew.letter(job, 1, status="failed", output=None, error="nothing of this is true")
    assert [crew.deliver(one) for one in (untrue, replace(failed, shows={}))] == [204, 204]
    assert crew.rows(job) == before
    log = crew.cloud.log.read_text()
    assert "not the secret that was given" in log, "the log does not tell of them at all"
    assert letter.secret not in log
    assert letter.secret not in json.dumps(crew.all_rows(), default=str)
    assert crew.deliver(letter) == 204
    state = crew.wait(job)
    return (
        f"every changed byte of the secret, {len(wrong)} malformed ones, none: 401; every changed byte of the body, and an end"
        " that the task itself does not show: no row changed; the secret in no row and not in the"
        f" log; when it was true: 204, job {state['status']}"
    )


@pytest.mark.ways("pairs", "stills", "text")
def test_row_07_a_webhook_is_replayed(crews: list[Crew], saw: Saw) -> None:
    """A genuine webhook is sent again: signed 301 and 299 seconds ago, 299 and 301 seconds ahead, and twice inside the
    window under its own id. PiAPI's, which has no time, twice before its task has ended, and twice after."""
    *signed, text = crews
    saw(by_each(signed, _within_the_window))
    saw(f"text: {_at_any_time(text)}")


def _within_the_window(crew: Crew) -> str:
    crew.holds_on()
    job = crew.order(1)
    letter = crew.letter(job, 1)

    def sent(seconds: int) -> int:
        """Of a webhook so many seconds off; again where the machine was too slow for it to arrive on its side."""

        def arrives() -> int:
            at = datetime.now(UTC) + timedelta(seconds=seconds)
            status = crew.deliver(letter, signed(letter.text, at=at))
            off = abs(datetime.now(UTC).timestamp() - int(at.timestamp()))
            return status if (off <= WINDOW) == (abs(seconds) <= WINDOW) else 0

        return int(crew.until(arrives, "a machine that is quick enough"))

    before = crew.rows(job)
    outside = [sent(-301), sent(302)]
    assert outside == [401, 401]
    assert crew.rows(job) == before
    assert [sent(-299), sent(299)] == [204, 204]
    state = crew.wait(job)
    _absorbs(crew, job, letter)
    return (
        f"outside of 300 s: 401, no row changed; inside: 204, job {state['status']}, {crew.money(job)}; the same id again"
        " inside the window: 204, no row changed, one version of one object"
    )


def _at_any_time(crew: Crew) -> str:
    crew.holds_on()
    job = crew.order(1)
    letter = crew.letter(job, 1)
    before = crew.rows(job)
    assert [crew.deliver(replace(letter, shows={})) for _ in range(2)] == [204, 204]
    assert crew.rows(job) == before
    assert crew.deliver(letter) == 204
    state = crew.wait(job)
    _absorbs(crew, job, letter)
    return (
        f"before its task had ended: 204, no row changed; then: 204, job {state['status']}, {crew.money(job)}; afterwards:"
        " 204, no row changed, one version of one object"
    )


def _absorbs(crew: Crew, job: str, letter: Letter) -> None:
    ended, headers = crew.rows(job), crew.wire.proof(letter)
    assert [crew.deliver(letter, headers), crew.deliver(letter, headers)] == [204, 204]
    assert crew.rows(job) == ended
    assert crew.written(job, 1) == 1


@pytest.mark.ways("pairs", "text")
def test_row_08_the_signing_secret_is_changed(crews: list[Crew], saw: Saw) -> None:
    """The provider changes its secret while four clips are made: one webhook signed with the old one before that, then
    with the new, the old and both; and one with neither. PiAPI's secret follows from our key, which is changed after the first
    of three clips."""
    pairs, text = crews
    saw(f"pairs: {_rotated(pairs)}")
    saw(f"text: {_another_key(text)}")


def _rotated(crew: Crew) -> str:
    crew.holds_on()
    job = crew.order(4)
    letters = [crew.letter(job, number) for number in range(1, 5)]
    crew.cloud.pool("callback").close()  # a worker that has read the secret before this test is not meant
    first = crew.deliver(letters[0], signed(letters[0].text, SECRET))
    crew.gate.secret = ANOTHER
    rotated = [
        crew.deliver(letters[1], signed(letters[1].text, ANOTHER)),
        crew.deliver(letters[2], signed(letters[2].text, SECRET)),
        crew.deliver(letters[3], signed(letters[3].text, SECRET, ANOTHER)),
    ]
    refused = crew.deliver(letters[3], signed(letters[3].text, STRANGER))
    state = crew.wait(job)
    crew.gate.secret = None
    crew.cloud.pool("callback").close()
    assert (first, rotated, refused) == (204, [204, 204, 204], 401)
    assert state["status"] == "completed"
    return (
        f"old {first}; after the change: new {rotated[0]}, old {rotated[1]}, both {rotated[2]}, neither {refused}; job"
        f" {state['status']}, {crew.money(job)}"
    )


def _another_key(crew: Crew) -> str:
    crew.holds_on()
    job = crew.order(3)
    letters = [crew.letter(job, number) for number in range(1, 4)]
    first = crew.deliver(letters[0])
    keys, secret = crew.cloud.client("secretsmanager"), crew.cloud.outputs["PiapiSecretArn"]
    before = keys.get_secret_value(SecretId=secret)["SecretString"]
    keys.put_secret_value(SecretId=secret, SecretString="another key")
    crew.cloud.pool("callback").close()  # keys are kept for minutes: a worker that has the new one is meant
    late = [crew.deliver(letter) for letter in letters[1:]]
    state = crew.wait(job)
    keys.put_secret_value(SecretId=secret, SecretString=before)
    crew.cloud.pool("callback").close()
    assert (first, late) == (204, [401, 401])
    assert (state["status"], len(crew.lines(job))) == ("completed", 3)
    return (
        f"before the change {first}; what was on its way then {late[0]}, and found by looks: job {state['status']},"
        f" {crew.money(job)}"
    )


def test_row_09_the_gateway_encodes_the_body(crew: Crew, saw: Saw) -> None:
    """Bodies with letters of many bytes, once as text and once as base64 in the gateway's event; then the same JSON written
    otherwise under the first signature, in both encodings."""
    crew.holds_on()
    job = crew.order(2)
    words = "Größe 視界 \N{CLAPPER BOARD} e\u0301"
    letters = [crew.letter(job, number, logs=words) for number in (1, 2)]
    kinds = ["application/json", "application/octet-stream"]
    altered = [
        crew.deliver(
            replace(letter, body=json.dumps(json.loads(letter.body)).encode()),
            signed(letter.text),
            **{"content-type": kind},
        )
        for letter in letters
        for kind in kinds
    ]
    assert altered == [401] * 4
    assert {crew.attempt(job, number).status for number in (1, 2)} == {AttemptStatus.ACCEPTED}
    genuine = [
        crew.deliver(letter, signed(letter.text), **{"content-type": kind})
        for letter, kind in zip(letters, kinds, strict=True)
    ]
    assert genuine == [204, 204]
    state = crew.wait(job)
    assert state["status"] == "completed"
    saw(f"text {genuine[0]}, base64 {genuine[1]}, job {state['status']}; written otherwise: 401 in all 4 cases")
