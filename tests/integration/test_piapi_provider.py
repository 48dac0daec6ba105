"""The PiAPI provider over sockets: the stand-in for what it says, a raw socket for what breaks."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests
from PIL import Image

from functions.studio.clips import Outcome
from functions.studio.errors import (
    KeyUnreachable,
    NotConfigured,
    ProviderBusy,
    ProviderRefused,
    ProviderUnknown,
)
from functions.studio.providers import PROVIDERS, open_provider
from functions.studio.providers.piapi import Piapi
from functions.studio.rows import now
from local.standins.piapi import Piapi as StandIn
from tests.integration.piapi_stage import (
    TASK,
    an_order,
    enveloped,
    pair_order,
    provider_at,
    reset,
    script,
    until_answered,
)
from tests.integration.replicate_stage import Breaking, http
from tests.standins.conftest import wait_until


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    standin = StandIn(token="token", refuse_loopback=True).start()
    yield standin
    standin.stop()


@pytest.fixture
def stand_in(service: StandIn) -> StandIn:
    reset(service)
    return service


@pytest.fixture
def provider(stand_in: StandIn) -> Piapi:
    return provider_at(stand_in.url)


def a_picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 36), "teal").save(out, "JPEG")
    return out.getvalue()


def test_every_provider_that_there_is_can_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("REPLICATE_BASE_URL", "PIAPI_BASE_URL", "PIAPI_UPLOAD_URL", "RUNWAYML_BASE_URL"):
        monkeypatch.setenv(variable, "https://service.example")
    open_provider.cache_clear()
    assert [open_provider(name).name for name in PROVIDERS] == list(PROVIDERS)
    open_provider.cache_clear()


def test_a_text_becomes_a_clip_that_tells_what_it_took(provider: Piapi) -> None:
    started = provider.start(an_order())
    assert started.answer is None
    answer = until_answered(provider, started.id)
    assert (answer.outcome, answer.charged, answer.reported_cost) == (Outcome.SUCCEEDED, True, Decimal("0.03"))
    assert requests.get(answer.output_url or "", timeout=10).content[4:8] == b"ftyp"
    assert answer.predict_seconds
    assert answer.predict_seconds > 0.5


def test_uploads_become_a_pair_where_nobody_can_fetch_from_us(provider: Piapi) -> None:
    first, last = (provider.upload(a_picture(), f"job.1.0001.video.1.{word}.jpg") for word in ("first", "last"))
    started = provider.start(pair_order(first, last))
    assert started.carries(first)
    assert started.carries(last)
    assert until_answered(provider, started.id).outcome is Outcome.SUCCEEDED


def test_a_picture_beyond_what_may_be_uploaded_is_refused_before_it_is_sent(provider: Piapi, stand_in: StandIn) -> None:
    with pytest.raises(ProviderRefused, match="10 MB"):
        provider.upload(b"a" * (10 * 2**20 + 1), "one.jpg")
    assert requests.get(f"{stand_in.url}/_log", timeout=10).json() == []


def test_a_pending_task_is_cancelled_and_not_charged(provider: Piapi, stand_in: StandIn) -> None:
    script(stand_in, {"do": "queue", "seconds": 600})
    started = provider.start(an_order())
    answer = provider.cancel(started.id).answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.CANCELLED, False)
    assert provider.look(started.id).answer == answer


def test_a_task_at_work_is_not_cancelled_and_that_is_no_error(provider: Piapi, stand_in: StandIn) -> None:
    script(stand_in, {"do": "slow", "seconds": 600})
    started = provider.start(an_order())
    shown = f"{stand_in.url}/_predictions"
    wait_until(lambda: requests.get(shown, timeout=10).json()[0]["startedAt"], 60)
    assert provider.cancel(started.id).answer is None
    requests.post(f"{stand_in.url}/_hurry", timeout=10).raise_for_status()
    assert until_answered(provider, started.id).outcome is Outcome.SUCCEEDED
    ended = provider.cancel(started.id).answer
    assert ended
    assert ended.outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    "shown", [http(404, enveloped(None, 404, "not found")), http(200, enveloped(TASK | {"status": "pending"}))]
)
def test_what_was_cancelled_may_be_gone_or_shown_as_before(shown: bytes) -> None:
    class Deleting(Breaking):
        """Takes the first request, which deletes, well."""

        def _serve(self) -> None:
            for answer in (http(200, enveloped(None)), shown):
                connection, _ = self._socket.accept()
                with connection:
                    connection.recv(1 << 20)
                    connection.sendall(answer)

    service = Deleting(b"")
    answer = provider_at(service.url).cancel("t").answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.CANCELLED, False)
    service.close()


def test_nobody_can_say_that_an_unanswered_create_is_not_there(provider: Piapi) -> None:
    with pytest.raises(ProviderUnknown, match="webhook"):
        provider.find("mark-1.", now())


# what breaks


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ProviderUnknown),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", ProviderUnknown),
        (http(500, enveloped(None, 500, "internal error")), ProviderUnknown),
        (http(502, "bad gateway"), ProviderUnknown),
        (http(200, {}), ProviderUnknown),
        (http(200, "text"), ProviderUnknown),
        (http(200, enveloped(None)), ProviderUnknown),
        (http(200, enveloped({"task_id": 5, "status": {}})), ProviderUnknown),
        (http(200, enveloped(None, 500, "internal error")), ProviderUnknown),
        (http(200, enveloped(None, 10000, "something")), ProviderUnknown),
        (http(302, {}, Location="https://elsewhere.example"), ProviderUnknown),
        (http(200, enveloped(None, 429, "too many requests")), ProviderBusy),
        (http(429, enveloped(None, 429, "too many requests")), ProviderBusy),
        (http(400, enveloped(None, 400, "invalid request")), ProviderRefused),
    ],
)
def test_a_create_is_sent_once_whatever_comes_back(answer: bytes, error: type[Exception]) -> None:
    broken = Breaking(answer)
    with pytest.raises(error):
        provider_at(broken.url).start(an_order())
    assert broken.requests == 1
    broken.close()


def test_an_error_that_comes_with_a_task_is_that_tasks_own() -> None:
    said = Breaking(
        http(500, enveloped({"task_id": "t", "status": "failed", "error": {"message": "no"}}, 500, "failed"))
    )
    started = provider_at(said.url).start(an_order())
    assert started.answer
    assert (started.id, started.answer.outcome, started.answer.error) == ("t", Outcome.FAILED, "no")
    said.close()


def test_a_create_that_never_reached_anybody_may_be_sent_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for call in (lambda one: one.start(an_order()), lambda one: one.look("t")):
        with pytest.raises(ProviderBusy, match="cannot be reached"):
            call(provider_at(f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize("answer", [b"", http(500, enveloped(None, 500)), http(503, {})])
def test_a_look_is_asked_twice(answer: bytes) -> None:
    broken = Breaking(answer)
    with pytest.raises(ProviderBusy):
        provider_at(broken.url).look("t")
    assert broken.requests == 2
    broken.close()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (http(404, enveloped(None, 404, "task not found")), ProviderRefused),
        (http(200, enveloped(None, 404, "task not found")), ProviderRefused),
        (http(200, enveloped({"task_id": "t"})), ProviderBusy),
        (http(200, ["no task"]), ProviderBusy),
        (http(429, {}), ProviderBusy),
    ],
)
def test_a_look_that_finds_no_sense_is_not_an_answer(said: bytes, error: type[Exception]) -> None:
    broken = Breaking(said)
    with pytest.raises(error):
        provider_at(broken.url).look("t")
    broken.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ProviderBusy),
        (http(500, {}), ProviderBusy),
        (http(200, enveloped({})), ProviderBusy),
        (http(429, {}), ProviderBusy),
        (http(400, enveloped(None, 400, "Invalid request parameters")), ProviderRefused),
        (http(403, enveloped(None, 403, "Insufficient plan level")), NotConfigured),
    ],
)
def test_an_upload_that_did_not_arrive_may_be_sent_again_for_it_creates_nothing(
    answer: bytes, error: type[Exception]
) -> None:
    broken = Breaking(answer)
    with pytest.raises(error):
        provider_at(broken.url).upload(b"a picture", "one.png")
    assert broken.requests == 1
    broken.close()


def test_while_its_key_cannot_be_read_a_create_is_put_off_and_nothing_is_sent() -> None:
    def key() -> str:
        raise KeyUnreachable("Secrets Manager does not tell PIAPI_API_KEY")

    service = Breaking(http(500, {}))
    with pytest.raises(ProviderBusy):
        Piapi(key, service.url, service.url).start(an_order(webhook="https://api.example/hook"))
    assert service.requests == 0
    service.close()


def test_a_wrong_key_is_a_matter_of_configuration_and_a_changed_one_used_at_the_next_call(stand_in: StandIn) -> None:
    keys = ["wrong", "token"]
    provider = Piapi(lambda: keys.pop(0), stand_in.url, stand_in.url)
    with pytest.raises(NotConfigured, match="PIAPI_API_KEY"):
        provider.start(an_order())
    assert provider.start(an_order()).id


def test_its_key_is_not_carried_where_a_redirect_leads() -> None:
    elsewhere = Breaking(http(200, enveloped(TASK)))
    leading = Breaking(http(307, {}, Location=f"{elsewhere.url}/api/v1/task"))
    with pytest.raises(ProviderUnknown):
        provider_at(leading.url).start(an_order())
    assert elsewhere.requests == 0
    leading.close()
    elsewhere.close()
