"""The Replicate provider through its real SDK, over sockets: the stand-in for what it says, a raw socket for what breaks."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image
from standardwebhooks.webhooks import Webhook

from functions.studio.clips import Outcome
from functions.studio.errors import NotConfigured, ProviderBusy, ProviderRefused, ProviderUnknown, WebhookRejected
from functions.studio.providers.protocol import Order
from functions.studio.providers.replicate import Replicate
from functions.studio.rows import now
from local.standins.replicate import Replicate as StandIn

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, not a real one").decode()


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    service = StandIn(webhook_secret=SECRET, token="token").start()
    yield service
    service.stop()


@pytest.fixture
def provider(stand_in: StandIn) -> Replicate:
    return Replicate(lambda: "token", stand_in.url)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("pictures") / "one.jpg"
    Image.new("RGB", (64, 36), "teal").save(path)
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()


def an_order(picture: str, **changes: object) -> Order:
    given = {"prompt": "p", "image": picture, "last_frame": picture, "duration": 4, "negative_prompt": "mark-1"}
    return Order(slug="google/veo-3.1-fast", input={**given, **changes})


def until_answered(provider: Replicate, prediction_id: str) -> Outcome:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if answer := provider.look(prediction_id).answer:
            return answer.outcome
        time.sleep(0.2)
    raise TimeoutError


def test_a_prediction_is_started_found_by_its_mark_and_looked_at_until_it_has_succeeded(
    provider: Replicate, picture: str
) -> None:
    asked_at = now()
    started = provider.start(an_order(picture))
    found = provider.find("mark-1", asked_at)
    assert found
    assert found.id == started.id
    assert until_answered(provider, started.id) is Outcome.SUCCEEDED
    answer = provider.look(started.id).answer
    assert answer
    assert answer.output_url
    assert answer.charged


def test_another_mark_is_not_found(provider: Replicate, picture: str) -> None:
    provider.start(an_order(picture))
    assert provider.find("mark-of-nobody", now()) is None


def test_a_cancelled_prediction_is_cancelled_and_charged(provider: Replicate, picture: str) -> None:
    started = provider.start(an_order(picture, duration=8))
    provider.cancel(started.id)
    answer = provider.look(started.id).answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.CANCELLED, True)


def test_an_input_that_the_model_does_not_take_is_refused_by_name(provider: Replicate, picture: str) -> None:
    with pytest.raises(ProviderRefused, match="duration"):
        provider.start(an_order(picture, duration=5))


def test_an_unknown_model_is_refused(provider: Replicate, picture: str) -> None:
    with pytest.raises(ProviderRefused, match="not found"):
        provider.start(an_order(picture).model_copy(update={"slug": "nobody/nothing"}))


def test_a_wrong_key_is_a_matter_of_configuration(stand_in: StandIn, picture: str) -> None:
    with pytest.raises(NotConfigured, match="REPLICATE_API_KEY"):
        Replicate(lambda: "wrong", stand_in.url).start(an_order(picture))


# what breaks


class Breaking:
    """Answers every connection with the same bytes, or none, and counts the requests."""

    def __init__(self, answer: bytes) -> None:
        self.requests = 0
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 20)
                self.requests += 1
                connection.sendall(self._answer)

    def close(self) -> None:
        self._socket.close()


def http(status: int, body: object) -> bytes:
    text = json.dumps(body).encode()
    return (
        b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        % (
            status,
            len(text),
        )
        + text
    )


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ProviderUnknown),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{", ProviderUnknown),
        (http(500, {"detail": "oops"}), ProviderUnknown),
        (http(502, {}), ProviderUnknown),
        (http(503, {}), ProviderUnknown),
        (http(201, {"id": "half"}), ProviderUnknown),
        (http(201, "text"), ProviderUnknown),
        (http(429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}), ProviderBusy),
        (http(422, {"detail": "bad"}), ProviderRefused),
    ],
)
def test_a_create_is_sent_once_whatever_comes_back(answer: bytes, error: type[Exception], picture: str) -> None:
    broken = Breaking(answer)
    with pytest.raises(error):
        Replicate(lambda: "token", broken.url).start(an_order(picture))
    assert broken.requests == 1
    broken.close()


def test_a_create_that_never_reached_anybody_may_be_sent_again(picture: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ProviderBusy):
        Replicate(lambda: "token", f"http://127.0.0.1:{port}").start(an_order(picture))


@pytest.mark.parametrize("status", [429, 503, 504])
def test_a_look_is_asked_once_too_for_whoever_looks_has_little_time(status: int) -> None:
    broken = Breaking(http(status, {}))
    with pytest.raises(ProviderBusy):
        Replicate(lambda: "token", broken.url).look("p")
    assert broken.requests == 1
    broken.close()


def test_an_aborted_prediction_is_a_failed_one_that_costs_nothing() -> None:
    said = Breaking(http(200, {"id": "p", "model": "m", "version": "hidden", "status": "aborted"}))
    answer = Replicate(lambda: "token", said.url).look("p").answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.FAILED, False)
    said.close()


def test_an_aborted_prediction_hides_no_other_from_being_found() -> None:
    others = [{"id": "a", "status": "aborted"}, {"id": "b", "status": "starting", "input": {"image": "x/mark-1.jpg"}}]
    said = Breaking(http(200, {"results": others, "next": None}))
    found = Replicate(lambda: "token", said.url).find("mark-1.", now())
    assert found
    assert found.id == "b"
    said.close()


def test_a_key_that_was_changed_is_used_at_the_next_call(stand_in: StandIn) -> None:
    keys = ["wrong", "token"]
    provider = Replicate(lambda: keys.pop(0), stand_in.url)
    with pytest.raises(NotConfigured):
        provider.find("nothing", now())
    assert provider.find("nothing", now()) is None


# webhooks

BODY = json.dumps(
    {"id": "p", "status": "succeeded", "input": {"image": "https://x/mark-1"}, "output": "https://o/1.mp4"}
)


def signed(body: str = BODY, secret: str = SECRET, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body),
    }


def test_a_signed_webhook_is_read(provider: Replicate) -> None:
    prediction = provider.read_webhook(signed(), BODY.encode())
    assert prediction.id == "p"
    assert prediction.answer
    assert prediction.answer.output_url == "https://o/1.mp4"
    assert prediction.carries("mark-1")


def test_a_list_of_outputs_is_read_by_its_first(provider: Replicate) -> None:
    body = json.dumps({"id": "p", "status": "succeeded", "output": ["https://o/1.mp4", "https://o/2.mp4"]})
    answer = provider.read_webhook(signed(body), body.encode()).answer
    assert answer
    assert answer.output_url == "https://o/1.mp4"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_webhook_outside_of_the_window_is_rejected(provider: Replicate, seconds: int) -> None:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    with pytest.raises(WebhookRejected):
        provider.read_webhook(signed(at=at), BODY.encode())


def test_every_changed_byte_of_the_body_is_noticed(provider: Replicate) -> None:
    headers, body = signed(), BODY.encode()
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(WebhookRejected):
            provider.read_webhook(headers, changed)


def test_nobody_is_asked_for_a_secret_because_of_headers_that_prove_nothing() -> None:
    nowhere = Replicate(lambda: "token", "http://127.0.0.1:9")
    for headers in ({}, {**signed(), "webhook-timestamp": "1"}, {**signed(), "webhook-signature": "v1,%%"}):
        with pytest.raises(WebhookRejected):
            nowhere.read_webhook(headers, BODY.encode())


MALFORMED = [
    {},
    {"webhook-id": "x"},
    {"webhook-signature": ""},
    {"webhook-signature": "v1"},
    {"webhook-signature": "v1,"},
    {"webhook-signature": "v1,%%%"},
    {"webhook-signature": "v1,a,b"},
    {"webhook-signature": "v2," + "A" * 44},
    {"webhook-timestamp": "yesterday"},
    {"webhook-timestamp": "1e400"},
    {"webhook-timestamp": "nan"},
]


@pytest.mark.parametrize("changes", MALFORMED)
def test_malformed_headers_are_rejected_and_nothing_else(provider: Replicate, changes: dict[str, str]) -> None:
    headers = {**signed(secret="whsec_" + base64.b64encode(b"another").decode()), **changes} if changes else {}
    with pytest.raises(WebhookRejected):
        provider.read_webhook(headers, BODY.encode())


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"null", b"[]", b"{}", b"{", b'{"id": 1}'])
def test_a_body_that_is_no_prediction_is_rejected_even_when_it_is_signed(provider: Replicate, body: bytes) -> None:
    headers = signed(body.decode("utf-8", "replace"))
    with pytest.raises(WebhookRejected):
        provider.read_webhook(headers, body)


def test_a_good_signature_behind_a_malformed_one_holds(provider: Replicate) -> None:
    headers = signed()
    headers["webhook-signature"] = f"v1,%% nonsense {headers['webhook-signature']}"
    assert provider.read_webhook(headers, BODY.encode()).id == "p"


@pytest.mark.parametrize(
    ("status", "error", "outcome", "charged"),
    [
        ("failed", "The model crashed", Outcome.FAILED, False),
        ("failed", "The input was flagged as sensitive (E005)", Outcome.REFUSED, False),
        ("canceled", None, Outcome.CANCELLED, True),
        ("aborted", None, Outcome.FAILED, False),
        ("succeeded", None, Outcome.FAILED, True),
    ],
)
def test_their_endings_become_ours(
    provider: Replicate, status: str, error: str | None, outcome: Outcome, charged: bool
) -> None:
    body = json.dumps({"id": "p", "status": status, "error": error, "output": None})
    answer = provider.read_webhook(signed(body), body.encode()).answer
    assert answer
    assert (answer.outcome, answer.charged) == (outcome, charged)


@pytest.mark.parametrize("status", ["starting", "processing"])
def test_a_prediction_at_work_has_no_answer(provider: Replicate, status: str) -> None:
    body = json.dumps({"id": "p", "status": status})
    assert provider.read_webhook(signed(body), body.encode()).answer is None
