"""PiAPI's webhooks: a secret in clear proves who may make us look; what is believed is what the look finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.studio.clips import Outcome
from functions.studio.errors import NotConfigured, ProviderBusy, WebhookRejected
from functions.studio.providers.piapi import Piapi
from local.standins.piapi import Piapi as StandIn
from tests.integration.piapi_stage import TASK, an_order, enveloped, provider_at, script
from tests.integration.replicate_stage import Breaking, http
from tests.standins.conftest import Host, hosting

BODY = json.dumps({"timestamp": 1, "data": {**TASK, "status": "failed", "error": {"message": "of a forger"}}}).encode()


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    service = StandIn(token="token").start()
    yield service
    service.stop()


@pytest.fixture
def host() -> Iterator[Host]:
    """Where webhooks arrive."""
    with hosting() as here:
        yield here


def told(stand_in: StandIn, host: Host, **changes: Any) -> tuple[dict[str, str], bytes]:
    """A genuine webhook, as it has arrived."""
    host.arrivals.clear()
    provider_at(stand_in.url).start(an_order(webhook=f"{host.url}/hook", **changes))
    [arrival] = host.wait(1, 60)
    return arrival.headers, arrival.body.encode()


def secret_of(stand_in: StandIn, host: Host) -> str:
    return told(stand_in, host)[0]["x-webhook-secret"]


def rejected(provider: Piapi, headers: dict[str, str], body: bytes) -> bool:
    with pytest.raises(WebhookRejected):
        provider.read_webhook(headers, body)
    return True


def test_a_genuine_webhook_is_what_the_task_is(stand_in: StandIn, host: Host) -> None:
    prediction = provider_at(stand_in.url).read_webhook(*told(stand_in, host))
    assert prediction.answer
    assert prediction.answer.outcome is Outcome.SUCCEEDED
    assert prediction.webhook == f"{host.url}/hook"


def test_of_a_body_with_the_right_secret_nothing_is_believed_but_which_task_it_is_about(
    stand_in: StandIn,
    host: Host,
) -> None:
    headers, body = told(stand_in, host)
    document = json.loads(body)
    document["data"] |= {"status": "failed", "output": {"video_url": "https://evil.example/x.mp4"}}
    answer = provider_at(stand_in.url).read_webhook(headers, json.dumps(document).encode()).answer
    assert answer
    assert answer.outcome is Outcome.SUCCEEDED
    assert "evil" not in (answer.output_url or "")


def test_an_end_that_was_told_too_early_is_none(stand_in: StandIn, host: Host) -> None:
    secret = secret_of(stand_in, host)
    script(stand_in, {"do": "slow", "seconds": 600})
    provider = provider_at(stand_in.url)
    task = provider.start(an_order()).id
    body = json.dumps({"timestamp": 1, "data": {**TASK, "task_id": task}}).encode()
    assert provider.read_webhook({"x-webhook-secret": secret}, body).answer is None


def test_strangers_make_us_ask_nobody_anything(stand_in: StandIn, host: Host) -> None:
    secret = secret_of(stand_in, host)
    service = Breaking(http(200, enveloped(TASK)))
    provider = provider_at(service.url)
    changed = [secret[:place] + chr(ord(secret[place]) ^ 1) + secret[place + 1 :] for place in range(len(secret))]
    shorter = [secret[:place] for place in range(len(secret))]
    others = [secret + "0", f" {secret}", secret.upper(), "\u00fc\u4e16", "\ud800", "0" * 9000, "\x00"]
    assert all(rejected(provider, {"x-webhook-secret": told}, BODY) for told in [*changed, *shorter, *others])
    assert rejected(provider, {}, BODY)
    assert service.requests == 0
    assert provider.read_webhook({"x-webhook-secret": secret}, BODY).id == "t"
    service.close()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b'{"data": null}',
        b'{"data": {"task_id": 7}}',
        b'{"task_id": "t"}',
    ],
)
def test_a_body_that_is_no_task_is_rejected_even_with_the_secret(
    stand_in: StandIn,
    host: Host,
    body: bytes,
) -> None:
    assert rejected(provider_at(stand_in.url), {"x-webhook-secret": secret_of(stand_in, host)}, body)


def test_a_task_that_piapi_does_not_know_is_rejected_and_its_id_stays_within_the_path(
    stand_in: StandIn,
    host: Host,
) -> None:
    headers = {"x-webhook-secret": secret_of(stand_in, host)}
    for task in ("t", "../../_log", "a/b", "a?b", ""):
        body = json.dumps({"data": {"task_id": task}}).encode()
        assert rejected(provider_at(stand_in.url), headers, body)


def test_while_the_task_cannot_be_looked_at_its_webhook_has_to_come_again(stand_in: StandIn, host: Host) -> None:
    headers = {"x-webhook-secret": secret_of(stand_in, host)}
    for answer, error in ((http(503, {}), ProviderBusy), (http(401, {}), NotConfigured)):
        service = Breaking(answer)
        with pytest.raises(error):
            provider_at(service.url).read_webhook(headers, BODY)
        service.close()


def test_the_secret_follows_from_the_key_and_does_not_tell_it(stand_in: StandIn, host: Host) -> None:
    secret = secret_of(stand_in, host)
    assert secret == secret_of(stand_in, host)
    assert "token" not in secret
    assert rejected(provider_at(stand_in.url, "another key"), {"x-webhook-secret": secret}, BODY)
