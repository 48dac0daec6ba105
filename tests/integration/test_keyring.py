"""The keys of services, as somebody may have put them into their secrets."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import clear_caches

from functions.studio.errors import KeyUnreachable, NotConfigured
from functions.studio.keyring import provider_key
from local.synth import synthesized
from tests.integration.replicate_stage import Breaking, http

KEY = "xai-1234567890abcdef"
NOT_CONFIGURED = "^XAI_API_KEY not configured$"

Keep = Callable[[str], None]


@pytest.fixture
def keep(cloud: None, monkeypatch: pytest.MonkeyPatch) -> Keep:
    def keep(held: str) -> None:
        made = boto3.client("secretsmanager").create_secret(Name=f"xai-{uuid.uuid4()}", SecretString=held)
        monkeypatch.setenv("XAI_SECRET_ARN", made["ARN"])

    return keep


@pytest.mark.parametrize(
    "held",
    [KEY, f" {KEY}", f"{KEY}\n", json.dumps({"XAI_API_KEY": f" {KEY} "}), json.dumps({"note": "", "XAI_API_KEY": KEY})],
    ids=["plain", "a space in front", "a line's end behind", "as the console writes it", "with a note beside it"],
)
def test_a_key_is_read_without_what_is_not_of_it(keep: Keep, held: str) -> None:
    keep(held)
    assert provider_key("XAI_API_KEY") == KEY


@pytest.mark.parametrize(
    "held",
    [
        " \n",
        json.dumps({"XAI_API_KEY": " "}),
        json.dumps({"XAI_API_KEY": None}),
        json.dumps({"REPLICATE_API_KEY": KEY}),
    ],
    ids=["white space", "an empty key", "no key", "the key for another service"],
)
def test_a_secret_without_the_key_is_not_configured(keep: Keep, held: str) -> None:
    keep(held)
    with pytest.raises(NotConfigured, match=NOT_CONFIGURED):
        provider_key("XAI_API_KEY")


def test_a_secret_that_nobody_has_touched_is_not_configured(keep: Keep) -> None:
    """It is not sent anywhere: a provider's 401 would say that the key is wrong, but there is none."""
    for resource in synthesized().template["Resources"].values():
        if resource["Type"] != "AWS::SecretsManager::Secret":
            continue
        rules = resource["Properties"]["GenerateSecretString"]
        if "SecretStringTemplate" not in rules:  # the one that we make ourselves
            continue
        noise = boto3.client("secretsmanager").get_random_password()["RandomPassword"]
        keep(json.dumps({**json.loads(rules["SecretStringTemplate"]), rules["GenerateStringKey"]: noise}))
        with pytest.raises(NotConfigured, match=NOT_CONFIGURED):
            provider_key("XAI_API_KEY")


def test_a_secret_that_is_not_there_is_not_configured(cloud: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-abcdef")
    with pytest.raises(NotConfigured, match=NOT_CONFIGURED):
        provider_key("XAI_API_KEY")


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, str], None]]:
    """Secrets Manager answers with a status and a code, or breaks off where the code is empty."""
    services: list[Breaking] = []

    def answering(status: int, code: str) -> None:
        services.append(Breaking(http(status, {"__type": code}) if code else b""))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", services[-1].url)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        monkeypatch.setenv("XAI_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:xai-abcdef")
        clear_caches()

    yield answering
    clear_caches()
    for service in services:
        service.close()


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException", "DecryptionFailure"])
def test_a_secret_that_may_not_be_read_is_not_configured(answering: Callable[[int, str], None], code: str) -> None:
    answering(400, code)
    with pytest.raises(NotConfigured, match=NOT_CONFIGURED):
        provider_key("XAI_API_KEY")


@pytest.mark.parametrize(
    ("status", "code"), [(400, "ThrottlingException"), (500, "InternalServiceError"), (503, "Unavailable"), (0, "")]
)
def test_a_secret_store_in_trouble_is_no_missing_key(
    answering: Callable[[int, str], None], status: int, code: str
) -> None:
    answering(status, code)
    with pytest.raises(KeyUnreachable, match="XAI_API_KEY"):
        provider_key("XAI_API_KEY")


def test_a_key_made_of_digits_alone_is_a_key(keep: Keep) -> None:
    keep("12345678")
    assert provider_key("XAI_API_KEY") == "12345678"
