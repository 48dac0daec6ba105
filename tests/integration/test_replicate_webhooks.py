"""What proves a webhook: a signature over its bytes, by one of two secrets, within five minutes. Nothing else is believed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.studio.errors import ProviderBusy, WebhookRejected
from functions.studio.providers.replicate import Replicate
from tests.integration.replicate_stage import ANOTHER, BODY, SECRET, Breaking, http, signed

FORGED = "whsec_" + base64.b64encode(b"what a stranger has").decode()


class Account:
    """Replicate as far as its signing secret goes, and a clock that a test turns."""

    def __init__(self) -> None:
        self.service = Breaking(http(200, {"key": SECRET}))
        self.time = 1000.0
        self.provider = Replicate(lambda: "token", self.service.url, clock=lambda: self.time)

    def changes_its_secret(self) -> None:
        self.service.answer = http(200, {"key": ANOTHER})

    def reads(self, headers: dict[str, str], body: bytes = BODY.encode()) -> str:
        return self.provider.read_webhook(headers, body).id

    def rejects(self, headers: dict[str, Any], body: bytes = BODY.encode()) -> bool:
        with pytest.raises(WebhookRejected):
            self.provider.read_webhook(headers, body)
        return True


@pytest.fixture
def account() -> Iterator[Account]:
    one = Account()
    yield one
    one.service.close()


def test_a_signed_webhook_is_read(account: Account) -> None:
    prediction = account.provider.read_webhook(signed(), BODY.encode())
    assert prediction.id == "p"
    assert prediction.answer
    assert prediction.answer.output_url == "https://o/1.mp4"
    assert prediction.carries("mark-1")


# key rotation


def test_after_a_change_of_the_secret_the_new_one_holds_at_once(account: Account) -> None:
    assert account.reads(signed()) == "p"
    account.changes_its_secret()
    assert account.reads(signed(BODY, ANOTHER)) == "p"


def test_after_a_change_of_the_secret_the_old_one_holds_for_what_is_on_its_way(account: Account) -> None:
    assert account.reads(signed()) == "p"
    account.changes_its_secret()
    assert account.reads(signed(BODY, ANOTHER)) == "p"
    account.time += 300
    assert account.reads(signed(BODY, SECRET)) == "p"


def test_a_secret_that_was_changed_long_ago_holds_no_more(account: Account) -> None:
    assert account.reads(signed()) == "p"
    account.changes_its_secret()
    assert account.reads(signed(BODY, ANOTHER)) == "p"
    account.time += 901
    assert account.rejects(signed(BODY, SECRET))
    assert account.reads(signed(BODY, ANOTHER)) == "p"


@pytest.mark.parametrize("secrets", [(SECRET, ANOTHER), (ANOTHER, SECRET), (FORGED, ANOTHER), (FORGED, SECRET)])
def test_a_list_of_signatures_holds_when_one_of_them_does(account: Account, secrets: tuple[str, ...]) -> None:
    assert account.reads(signed()) == "p"
    account.changes_its_secret()
    assert account.reads(signed(BODY, *secrets)) == "p"


def test_a_change_is_noticed_without_a_doubt_too(account: Account) -> None:
    assert account.reads(signed()) == "p"
    account.changes_its_secret()
    account.time += 601
    assert account.reads(signed(BODY, ANOTHER)) == "p"
    assert account.service.requests == 2


def test_strangers_make_us_ask_for_the_secret_once_a_minute_at_most(account: Account) -> None:
    assert account.reads(signed()) == "p"
    for _ in range(20):
        assert account.rejects(signed(BODY, FORGED))
    assert account.service.requests == 2
    account.time += 61
    assert account.rejects(signed(BODY, FORGED))
    assert account.service.requests == 3


def test_a_known_secret_is_good_enough_while_replicate_cannot_be_asked(account: Account) -> None:
    assert account.reads(signed()) == "p"
    account.service.answer = http(503, {})
    account.time += 601
    assert account.reads(signed()) == "p"


def test_what_a_known_secret_does_not_prove_has_to_come_again_while_replicate_cannot_be_asked(
    account: Account,
) -> None:
    assert account.reads(signed()) == "p"
    account.service.answer = http(503, {})
    with pytest.raises(ProviderBusy):
        account.reads(signed(BODY, ANOTHER))


# the clock


@pytest.mark.parametrize("seconds", [-298, -60, 0, 60, 298])
def test_a_clock_that_is_off_by_less_than_five_minutes_does_no_harm(account: Account, seconds: int) -> None:
    assert account.reads(signed(at=datetime.now(UTC) + timedelta(seconds=seconds))) == "p"


@pytest.mark.parametrize("seconds", [-86_400, -302, 302, 86_400])
def test_a_webhook_outside_of_the_window_is_rejected(account: Account, seconds: int) -> None:
    assert account.rejects(signed(at=datetime.now(UTC) + timedelta(seconds=seconds)))


# whatever else may come


def test_every_changed_byte_of_the_body_is_noticed(account: Account) -> None:
    headers, body = signed(), BODY.encode()
    for place in range(len(body)):
        assert account.rejects(headers, body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("flip", [0x01, 0x10, 0x40])
def test_every_changed_byte_of_a_header_is_noticed(account: Account, name: str, flip: int) -> None:
    headers = signed()
    for place, character in enumerate(headers[name]):
        changed = headers[name][:place] + chr(ord(character) ^ flip) + headers[name][place + 1 :]
        assert account.rejects({**headers, name: changed})


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_byte_that_is_missing_from_a_header_is_noticed(account: Account, name: str) -> None:
    headers = signed()
    for place in range(len(headers[name])):
        assert account.rejects({**headers, name: headers[name][:place] + headers[name][place + 1 :]})


SIGNATURE = signed()["webhook-signature"].removeprefix("v1,")
MALFORMED = [
    {"webhook-id": ""},
    {"webhook-id": "\u00fc\u4e16"},
    {"webhook-id": "\ud800"},
    {"webhook-id": "i" * 9000},
    {"webhook-signature": ""},
    {"webhook-signature": " "},
    {"webhook-signature": "     "},
    {"webhook-signature": "v1"},
    {"webhook-signature": "v1,"},
    {"webhook-signature": ","},
    {"webhook-signature": ",,,"},
    {"webhook-signature": "v1,%%%"},
    {"webhook-signature": "v1,a"},
    {"webhook-signature": "v1,a,b"},
    {"webhook-signature": "v1,\u00fc\u4e16"},
    {"webhook-signature": "v1,\ud800"},
    {"webhook-signature": "v1 " + "A" * 44},
    {"webhook-signature": "v1a," + "A" * 43 + "="},
    {"webhook-signature": "v2," + "A" * 43 + "="},
    {"webhook-signature": SIGNATURE},
    {"webhook-signature": " ".join(["v1," + "A" * 43 + "="] * 500)},
    {"webhook-timestamp": ""},
    {"webhook-timestamp": "yesterday"},
    {"webhook-timestamp": "1e400"},
    {"webhook-timestamp": "nan"},
    {"webhook-timestamp": "-1"},
    {"webhook-timestamp": "9" * 4000},
    {"webhook-timestamp": "\u0661\u0662\u0663"},
    {"webhook-timestamp": "2026-11-20T00:00:00Z"},
]


@pytest.mark.parametrize("changes", MALFORMED)
def test_malformed_headers_are_rejected_and_nothing_worse(account: Account, changes: dict[str, str]) -> None:
    assert account.rejects({**signed(), **changes})


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_proves_nothing(account: Account, missing: str) -> None:
    headers = signed()
    del headers[missing]
    assert account.rejects(headers)


@pytest.mark.parametrize("written", ["{}.0", " {}", "{} ", "+{}", "0x{}", "{}_0"])
def test_a_timestamp_in_another_form_than_was_signed_is_rejected(account: Account, written: str) -> None:
    headers = signed()
    assert account.rejects({**headers, "webhook-timestamp": written.format(headers["webhook-timestamp"])})


@pytest.mark.parametrize("around", ["  {}", "{}  ", "v1,%% nonsense {}", "{} v1,%%", "v2,AAAA {}", ", {} ,"])
def test_a_good_signature_among_others_and_spaces_holds(account: Account, around: str) -> None:
    headers = signed()
    headers["webhook-signature"] = around.format(headers["webhook-signature"])
    assert account.reads(headers) == "p"


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"null", b"[]", b"{}", b"{", b'"p"', b'{"id": 1}', b'{"id": "p"}', b'{"id": "p", "status": 5}'],
)
def test_a_body_that_is_no_prediction_is_rejected_even_when_it_is_signed(account: Account, body: bytes) -> None:
    assert account.rejects(signed(body.decode("utf-8", "replace")), body)


def test_a_body_nested_without_end_is_rejected_even_when_it_is_signed(account: Account) -> None:
    body = '{"id": "p", "status": "succeeded", "output": ' + "[" * 100_000 + "]" * 100_000 + "}"
    assert account.rejects(signed(body), body.encode())


def test_nobody_is_asked_for_a_secret_because_of_headers_that_prove_nothing(account: Account) -> None:
    for headers in ({}, {**signed(), "webhook-timestamp": "1"}, {**signed(), "webhook-signature": "v1,%%"}):
        assert account.rejects(headers)
    assert account.service.requests == 0
