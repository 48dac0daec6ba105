"""The Replicate provider through its real SDK, over sockets: the stand-in for what it says, a raw socket for what breaks."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Iterator

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
from functions.studio.providers.protocol import Order, fingerprint
from functions.studio.providers.replicate import MOST_PAGES, Replicate
from functions.studio.rows import now
from local.standins.replicate import Replicate as StandIn
from tests.integration.replicate_stage import Breaking, http
from tests.standins.conftest import wait_until


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    service = StandIn(token="token").start()
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


def script(stand_in: StandIn, *rules: dict[str, object]) -> None:
    requests.post(f"{stand_in.url}/_script", json=list(rules), timeout=10).raise_for_status()


def is_running(stand_in: StandIn, prediction_id: str) -> bool:
    shown = requests.get(f"{stand_in.url}/_predictions", timeout=10).json()
    return any(one["id"] == prediction_id and one["startedAt"] for one in shown)


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


def test_a_prediction_that_is_cancelled_while_it_runs_is_charged(
    provider: Replicate, stand_in: StandIn, picture: str
) -> None:
    script(stand_in, {"do": "slow", "seconds": 60})
    started = provider.start(an_order(picture, duration=8))
    wait_until(lambda: is_running(stand_in, started.id), 60)
    answer = provider.cancel(started.id).answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.CANCELLED, True)
    assert provider.look(started.id).answer == answer


def test_a_prediction_that_has_ended_is_shown_as_it_ended_when_it_is_cancelled(
    provider: Replicate, stand_in: StandIn, picture: str
) -> None:
    script(stand_in, {"do": "fail"})
    started = provider.start(an_order(picture, duration=8))
    wait_until(lambda: provider.look(started.id).answer is not None, 60)
    answer = provider.cancel(started.id).answer
    assert answer
    assert (answer.outcome, answer.charged) == (Outcome.FAILED, False)


def test_an_input_that_the_model_does_not_take_is_refused_by_name(provider: Replicate, picture: str) -> None:
    with pytest.raises(ProviderRefused, match="duration") as refused:
        provider.start(an_order(picture, duration=5))
    assert refused.value.input == "duration"


def test_a_wrong_key_is_a_matter_of_configuration(stand_in: StandIn, picture: str) -> None:
    with pytest.raises(NotConfigured, match="REPLICATE_API_KEY"):
        Replicate(lambda: "wrong", stand_in.url).start(an_order(picture))


# what breaks


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
        (http(504, {}), ProviderUnknown),
        (http(201, {"id": None, "model": 5, "version": [], "status": {}}), ProviderUnknown),
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


def test_an_aborted_prediction_hides_no_other_from_being_found() -> None:
    others = [{"id": "a", "status": "aborted"}, {"id": "b", "status": "starting", "input": {"image": "x/mark-1.jpg"}}]
    said = Breaking(http(200, {"results": others, "next": None}))
    found = Replicate(lambda: "token", said.url).find("mark-1.", now())
    assert found
    assert found.id == "b"
    said.close()


def test_while_a_prediction_of_that_time_has_lost_its_input_nobody_can_say_that_another_is_not_there() -> None:
    removed = {"id": "a", "status": "succeeded", "created_at": now(), "data_removed": True}
    said = Breaking(http(200, {"results": [removed], "next": None}))
    with pytest.raises(ProviderUnknown):
        Replicate(lambda: "token", said.url).find("mark-1.", now())
    said.close()


def test_a_prediction_is_found_behind_one_that_has_lost_its_input() -> None:
    listed = [{"id": "a", "status": "succeeded", "data_removed": True}]
    listed += [{"id": "b", "status": "starting", "input": {"image": "x/mark-1.jpg"}}]
    said = Breaking(http(200, {"results": listed, "next": None}))
    found = Replicate(lambda: "token", said.url).find("mark-1.", now())
    assert found
    assert found.id == "b"
    said.close()


def test_what_lost_its_input_before_that_time_is_nobodys_concern() -> None:
    removed = {"id": "a", "status": "succeeded", "created_at": "2026-01-01T00:00:00Z", "data_removed": True}
    said = Breaking(http(200, {"results": [removed], "next": None}))
    assert Replicate(lambda: "token", said.url).find("mark-1.", now()) is None
    said.close()


def test_a_list_without_an_end_is_not_searched_for_ever() -> None:
    endless = Breaking(http(200, {"results": [], "next": "/v1/predictions?cursor=again"}))
    with pytest.raises(ProviderUnknown):
        Replicate(lambda: "token", endless.url).find("mark-1.", now())
    assert endless.requests == MOST_PAGES
    endless.close()


def test_while_its_key_cannot_be_read_a_create_is_put_off_and_nothing_is_sent(picture: str) -> None:
    def key() -> str:
        raise KeyUnreachable("Secrets Manager does not tell REPLICATE_API_KEY")

    service = Breaking(http(500, {}))
    with pytest.raises(ProviderBusy):
        Replicate(key, service.url).start(an_order(picture))
    assert service.requests == 0
    service.close()


def test_a_key_that_was_changed_is_used_at_the_next_call(stand_in: StandIn) -> None:
    keys = ["wrong", "token"]
    provider = Replicate(lambda: keys.pop(0), stand_in.url)
    with pytest.raises(NotConfigured):
        provider.find("nothing", now())
    assert provider.find("nothing", now()) is None


def test_an_upload_is_kept_under_its_name_at_an_address_for_inputs(provider: Replicate, stand_in: StandIn) -> None:
    url = provider.upload(b"a picture", "one.png")
    assert url.startswith(f"{stand_in.url}/v1/files/")
    kept = requests.get(url, headers={"Authorization": "Bearer token"}, timeout=10).json()
    assert (kept["name"], kept["content_type"], kept["size"]) == ("one.png", "image/png", 9)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ProviderBusy),
        (http(500, {}), ProviderBusy),
        (http(201, {"id": "f"}), ProviderBusy),
        (http(429, {}), ProviderBusy),
        (http(413, {"detail": "The file is larger than 100 MB"}), ProviderRefused),
        (http(401, {}), NotConfigured),
    ],
)
def test_an_upload_that_did_not_arrive_may_be_sent_again_for_it_creates_nothing(
    answer: bytes, error: type[Exception]
) -> None:
    broken = Breaking(answer)
    with pytest.raises(error):
        Replicate(lambda: "token", broken.url).upload(b"a picture", "one.png")
    broken.close()


def test_what_was_asked_without_a_picture_is_found_by_all_of_it_unless_another_may_have_asked_the_same(
    provider: Replicate,
) -> None:
    asked = {"prompt": "A cat", "duration": 4, "seed": 7}
    started = provider.start(Order(slug="google/veo-3.1-fast", input=asked))
    found = provider.find(fingerprint(asked, unique=True), now())
    assert found
    assert found.id == started.id
    assert provider.find(fingerprint({**asked, "seed": 8}, unique=True), now()) is None
    assert provider.find(fingerprint({**asked, "seed": 8}, unique=False), now()) is None
    with pytest.raises(ProviderUnknown):
        provider.find(fingerprint(asked, unique=False), now())
