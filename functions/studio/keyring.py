"""The deployment's keys for other services, and its own secret, from Secrets Manager."""

from __future__ import annotations

import json
import os

from botocore.exceptions import ClientError

from functions.studio.errors import KeyUnreachable, NotConfigured

MINUTES_KEPT = 5

FINAL = {"ResourceNotFoundException", "AccessDeniedException", "DecryptionFailure"}
"""How Secrets Manager answers for a secret that is not there, or that this function may not read."""


def provider_key(name: str) -> str:
    """The API key of that name ("REPLICATE_API_KEY", "RUNWAYML_API_SECRET"), stripped of white space; kept in memory for five
    minutes. It begins with whose it is, as the variable does that tells where it lies (`REPLICATE_SECRET_ARN`).

    The secret holds the key itself or, as the console of AWS writes it, a JSON object with the key under its name.
    NotConfigured where there is no key to be had; KeyUnreachable where Secrets Manager only does not tell it now.
    """
    owner, _, _ = name.partition("_")
    key = _named(name, _secret(owner, name)).strip()
    if not key:
        raise NotConfigured(f"{name} not configured")
    return key


def player_secret() -> bytes:
    """What the tokens of players are signed with; this deployment has made it for itself. Kept in memory as keys are."""
    return _secret("PLAYER", "PLAYER_SECRET").encode()


def _secret(owner: str, name: str) -> str:
    from aws_lambda_powertools.utilities import parameters
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    try:
        return str(parameters.get_secret(os.environ[f"{owner}_SECRET_ARN"], max_age=MINUTES_KEPT * 60))
    except GetParameterError as error:
        if _code(error.__context__) in FINAL:
            raise NotConfigured(f"{name} not configured") from error
        raise KeyUnreachable(f"Secrets Manager does not tell {name}") from error


def _code(cause: BaseException | None) -> str:
    """What AWS calls an error; empty where it did not answer."""
    return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""


def _named(name: str, secret: str) -> str:
    """Nothing where an object does not name the key: that is what a secret holds until somebody puts a key there."""
    try:
        held = json.loads(secret)
    except ValueError:
        return secret
    return str(held.get(name) or "") if isinstance(held, dict) else secret
