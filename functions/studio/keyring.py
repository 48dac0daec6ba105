"""The deployment's keys for other services, and its own secret, from Secrets Manager."""

from __future__ import annotations

import json
import os

from functions.studio.errors import NotConfigured

MINUTES_KEPT = 5


def provider_key(service: str) -> str:
    """The API key of `service` ("REPLICATE", "XAI"), stripped of white space; kept in memory for five minutes.

    The secret holds the key itself or, as the console of AWS writes it, a JSON object with the key under its name.
    """
    name = f"{service}_API_KEY"
    key = _named(name, _secret(service, name)).strip()
    if not key:
        raise NotConfigured(f"{name} not configured")
    return key


def player_secret() -> bytes:
    """What the tokens of players are signed with; this deployment has made it for itself. Kept in memory as keys are."""
    return _secret("PLAYER", "The secret that signs players' tokens is").encode()


def _secret(owner: str, name: str) -> str:
    from aws_lambda_powertools.utilities import parameters
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    try:
        return str(parameters.get_secret(os.environ[f"{owner}_SECRET_ARN"], max_age=MINUTES_KEPT * 60))
    except GetParameterError as error:
        raise NotConfigured(f"{name} not configured") from error


def _named(name: str, secret: str) -> str:
    """Nothing where an object does not name the key: that is what a secret holds until somebody puts a key there."""
    try:
        held = json.loads(secret)
    except ValueError:
        return secret
    return str(held.get(name) or "") if isinstance(held, dict) else secret
