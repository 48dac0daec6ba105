"""The Runway provider over sockets, with Runway's own SDK: the stand-in for what it says, a raw socket for what breaks."""

from __future__ import annotations

import base64
import io
import socket
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
from PIL import Image

from functions.studio.clips import Outcome
from functions.studio.errors import (
    KeyUnreachable,
    ModelGone,
    NotConfigured,
    ProviderBusy,
    ProviderRefused,
    ProviderUnknown,
    WebhookRejected,
)
from functions.studio.providers.runway import Runway
from functions.studio.rows import now
from local.standins.runway import Runway as StandIn
from tests.integration.replicate_stage import Breaking, http
from tests.integration.runway_stage import (
    TASK,
    a_picture,
    an_order,
    issue,
    provider_at,
    refused,
    reset,
    script,
    still_order,
    until_answered,
)
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
def provider(stand_in: StandIn) -> Runway:
    return provider_at(stand_in.url)


def creates(stand_in: StandIn) -> list[dict[str, Any]]:
    log = requests.get(f"{stand_in.url}/_log", timeout=10).json()
    return [entry["body"] for entry in log if entry["method"] == "POST" and "_to_" in entry["path"]]


def tasks(stand_in: StandIn) -> dict[str, Any]:
    """By their ids."""
    return {one["id"]: one for one in requests.get(f"{stand_in.url}/_predictions", timeout=10).json()}


def fetched(url: str | None) -> Image.Image:
    return Image.open(io.BytesIO(requests.get(url or "", timeout=10).content))


def test_a_text_becomes_a_clip_that_tells_what_it_took(provider: Runway, stand_in: StandIn) -> None:
    started = provider.start(an_order())
    assert started.answer is None
    answer = until_answered(provider, started.id)
    assert (answer.outcome, answer.charged, answer.reported_cost) == (Outcome.SUCCEEDED, True, Decimal("0.24"))
    assert requests.get(answer.output_url or "", timeout=10).content[4:8] == b"ftyp"
    assert creates(stand_in) == [{"model": "gen4.5", **an_order().input}]


def test_it_is_asked_and_calls_nobody_back(provider: Runway, stand_in: StandIn) -> None:
    assert provider.answers_by == "poll"
    provider.start(an_order(webhook="https://api.example/hook"))
    assert "api.example" not in str(creates(stand_in))
    with pytest.raises(WebhookRejected):
        provider.read_webhook({}, b"{}")


@pytest.mark.parametrize("many", [0, 1, 3])
def test_a_still_is_made_in_the_size_that_was_asked_for_with_up_to_three_pictures(provider: Runway, many: int) -> None:
    uploads = [provider.upload(a_picture(colour), f"{colour}.jpg") for colour in ("teal", "red", "navy")[:many]]
    answer = until_answered(provider, provider.start(still_order(*uploads)).id)
    assert (answer.outcome, answer.reported_cost) == (Outcome.SUCCEEDED, Decimal("0.08"))
    picture = fetched(answer.output_url)
    assert (picture.format, picture.size) == ("PNG", (1168, 880))


def test_a_picture_within_the_request_will_do_too(provider: Runway) -> None:
    data = f"data:image/jpeg;base64,{base64.b64encode(a_picture()).decode()}"
    assert until_answered(provider, provider.start(still_order(data)).id).outcome is Outcome.SUCCEEDED


def test_an_upload_becomes_the_first_frame_where_nobody_can_fetch_from_us(provider: Runway) -> None:
    first = provider.upload(a_picture(), "job.1.0001.video.1.firstFrame.jpg")
    assert first.startswith("runway://")
    asked = {"promptImage": first, "promptText": "go", "ratio": "1104:832", "duration": 2}
    started = provider.start(an_order(slug="gen4_turbo", task_type="image_to_video", input=asked))
    assert started.carries(first)
    answer = until_answered(provider, started.id)
    assert (answer.outcome, answer.reported_cost) == (Outcome.SUCCEEDED, Decimal("0.10"))


def test_a_picture_beyond_what_may_be_uploaded_is_refused_before_it_is_sent(
    provider: Runway, stand_in: StandIn
) -> None:
    with pytest.raises(ProviderRefused, match="16 MB"):
        provider.upload(b"a" * (16 * 2**20 + 1), "one.jpg")
    assert requests.get(f"{stand_in.url}/_log", timeout=10).json() == []


def test_beyond_what_the_account_may_run_at_once_a_task_is_still_waited_for(
    provider: Runway, stand_in: StandIn
) -> None:
    script(stand_in, {"do": "queue", "seconds": 600})
    started = provider.start(an_order())
    url = f"{stand_in.url}/v1/tasks/{started.id}"
    headers = {"Authorization": "Bearer token", "X-Runway-Version": "2024-11-06"}
    assert requests.get(url, headers=headers, timeout=10).json()["status"] == "THROTTLED"
    assert provider.look(started.id).answer is None
    requests.post(f"{stand_in.url}/_hurry", timeout=10).raise_for_status()
    assert until_answered(provider, started.id).outcome is Outcome.SUCCEEDED


def test_an_address_that_has_expired_is_followed_by_a_fresh_one(provider: Runway, stand_in: StandIn) -> None:
    script(stand_in, {"do": "expire_output"})
    started = provider.start(an_order())
    first = until_answered(provider, started.id).output_url
    second = until_answered(provider, started.id).output_url
    assert first != second
    assert [requests.get(url or "", timeout=10).status_code for url in (first, second)] == [401, 200]


# cancelling


def test_a_task_that_has_not_begun_is_cancelled_and_not_charged(provider: Runway, stand_in: StandIn) -> None:
    script(stand_in, {"do": "queue", "seconds": 600})
    answer = provider.cancel(provider.start(an_order()).id).answer
    assert answer
    assert (answer.outcome, answer.charged, answer.reported_cost) == (Outcome.CANCELLED, False, Decimal(0))


def test_a_task_at_work_is_cancelled_and_charged(provider: Runway, stand_in: StandIn) -> None:
    script(stand_in, {"do": "slow", "seconds": 600})
    started = provider.start(an_order())
    wait_until(lambda: tasks(stand_in)[started.id]["startedAt"], 60)
    answer = provider.cancel(started.id).answer
    assert answer
    assert (answer.outcome, answer.charged, answer.reported_cost) == (Outcome.CANCELLED, True, Decimal("0.24"))


def test_what_has_ended_is_not_deleted_by_cancelling_it(provider: Runway) -> None:
    started = provider.start(an_order())
    until_answered(provider, started.id)
    answer = provider.cancel(started.id).answer
    assert answer
    assert answer.outcome is Outcome.SUCCEEDED
    assert requests.get(answer.output_url or "", timeout=10).status_code == 200


class Telling(Breaking):
    """Answers one request after another."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        super().__init__(b"")

    def _serve(self) -> None:
        for answer in self.answers:
            connection, _ = self._socket.accept()
            with connection:
                connection.recv(1 << 20)
                self.requests += 1
                connection.sendall(answer)


def test_what_is_not_shown_any_more_once_it_is_cancelled_counts_as_charged() -> None:
    running = {"id": "t", "status": "RUNNING", "progress": 0.5, "estimatedCost": {"credits": 24}}
    service = Telling(
        http(200, running), b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n", http(404, {"error": "not found"})
    )
    answer = provider_at(service.url).cancel("t").answer
    assert answer
    assert (answer.outcome, answer.charged, service.requests) == (Outcome.CANCELLED, True, 3)
    service.close()


def test_nobody_can_say_that_an_unanswered_create_is_not_there(provider: Runway) -> None:
    with pytest.raises(ProviderUnknown, match="nobody can tell"):
        provider.find("mark-1.", now())


# what breaks


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ProviderUnknown),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", ProviderUnknown),
        (http(408, {"error": "timeout"}), ProviderUnknown),
        (http(500, {"error": "internal"}), ProviderUnknown),
        (http(502, "bad gateway"), ProviderUnknown),
        (http(503, {}), ProviderUnknown),
        (http(200, {}), ProviderUnknown),
        (http(200, "text"), ProviderUnknown),
        (http(200, {"id": 5}), ProviderUnknown),
        (http(302, {}, Location="https://elsewhere.example"), ProviderUnknown),
        (http(429, {"error": "daily limit"}), ProviderBusy),
        (http(429, {"error": "wait"}, x_should_retry="true"), ProviderBusy),
        (http(400, refused([issue("ratio")])), ProviderRefused),
        (http(409, {"error": "conflict"}), ProviderRefused),
        (http(422, {"error": "unprocessable"}), ProviderRefused),
    ],
)
def test_a_create_is_sent_once_whatever_comes_back(answer: bytes, error: type[Exception]) -> None:
    broken = Breaking(answer)
    with pytest.raises(error):
        provider_at(broken.url).start(an_order())
    assert broken.requests == 1
    broken.close()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"error": "unauthorized"}, NotConfigured),
        (403, {"error": "forbidden"}, NotConfigured),
        (402, {"error": "pay"}, NotConfigured),
        (400, {"error": "You do not have enough credits to run this task."}, NotConfigured),
        (404, {"error": "no such route"}, ModelGone),
        (405, {"error": "no such method"}, ModelGone),
        (400, refused([issue("model", message="No matching discriminator")]), ModelGone),
    ],
)
def test_what_a_person_has_to_mend_is_said_so(status: int, body: Any, error: type[Exception]) -> None:
    said = Breaking(http(status, body))
    with pytest.raises(error) as told:
        provider_at(said.url).start(an_order())
    assert body["error"] in str(told.value)
    assert type(told.value) is error
    said.close()


@pytest.mark.parametrize(
    ("body", "at_fault"),
    [
        (refused([issue("promptImage")]), "promptImage"),
        (refused([issue("promptImage", 1, "uri"), issue("ratio")]), "promptImage.1.uri"),
        ({"error": "Invalid parameter 'promptText'"}, "promptText"),
        (refused([issue()]), None),
        (refused("nothing of use", error="No."), None),
        (["no object"], None),
    ],
)
def test_a_refusal_names_the_input_at_fault_where_it_does(body: Any, at_fault: str | None) -> None:
    said = Breaking(http(400, body))
    with pytest.raises(ProviderRefused) as told:
        provider_at(said.url).start(an_order())
    assert told.value.input == at_fault
    said.close()


@pytest.mark.parametrize(("header", "seconds"), [({"Retry_After": "30"}, 30.0), ({}, None)])
def test_a_busy_runway_says_for_how_long_where_it_does(header: dict[str, str], seconds: float | None) -> None:
    said = Breaking(http(429, {"error": "daily limit"}, **header))
    with pytest.raises(ProviderBusy, match="daily limit") as told:
        provider_at(said.url).start(an_order())
    assert told.value.seconds == seconds
    said.close()


def test_a_create_that_never_reached_anybody_may_be_sent_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for call in (lambda one: one.start(an_order()), lambda one: one.look("t")):
        with pytest.raises(ProviderBusy, match="cannot be reached"):
            call(provider_at(f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"", ProviderBusy),
        (http(500, {}), ProviderBusy),
        (http(404, {"error": "not found"}), ProviderRefused),
        (http(200, {"id": "t"}), ProviderBusy),
        (http(200, {**TASK, "output": "one"}), ProviderBusy),
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
    "answers",
    [
        [b""],
        [http(500, {})],
        [http(200, {})],
        [http(429, {})],
        [http(200, {"uploadUrl": "http://127.0.0.1:9", "fields": {}, "runwayUri": "runway://u"})],
    ],
)
def test_an_upload_that_did_not_arrive_may_be_sent_again_for_it_creates_nothing(answers: list[bytes]) -> None:
    service = Telling(*answers)
    with pytest.raises(ProviderBusy):
        provider_at(service.url).upload(b"a picture", "one.png")
    service.close()


def test_while_its_key_cannot_be_read_a_create_is_put_off_and_nothing_is_sent() -> None:
    def key() -> str:
        raise KeyUnreachable("Secrets Manager does not tell RUNWAYML_API_SECRET")

    service = Breaking(http(500, {}))
    with pytest.raises(ProviderBusy):
        Runway(key, service.url).start(an_order())
    assert service.requests == 0
    service.close()


def test_a_wrong_key_is_a_matter_of_configuration_and_a_changed_one_used_at_the_next_call(stand_in: StandIn) -> None:
    keys = ["wrong", "token"]
    provider = Runway(lambda: keys.pop(0), stand_in.url)
    with pytest.raises(NotConfigured, match="RUNWAYML_API_SECRET"):
        provider.start(an_order())
    assert provider.start(an_order()).id


def test_its_key_and_its_create_are_not_carried_where_a_redirect_leads() -> None:
    elsewhere = Breaking(http(200, {"id": "t"}))
    leading = Breaking(http(307, {}, Location=f"{elsewhere.url}/v1/text_to_video"))
    with pytest.raises(ProviderUnknown):
        provider_at(leading.url).start(an_order())
    assert elsewhere.requests == 0
    leading.close()
    elsewhere.close()


def test_the_stand_ins_own_refusal_names_the_input(provider: Runway, stand_in: StandIn) -> None:
    with pytest.raises(ProviderRefused, match="Failed to fetch asset") as told:
        provider.start(still_order("http://127.0.0.1:1/lamp.jpg"))
    assert told.value.input == "referenceImages"
    # One that a test before has not waited for may come late.
    assert "gen4_image" not in {one["model"] for one in tasks(stand_in).values()}
