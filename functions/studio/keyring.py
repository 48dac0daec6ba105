"""The deployment's keys for other services, from Secrets Manager."""

from __future__ import annotations

import os

from functions.studio.errors import NotConfigured

MINUTES_KEPT = 5


def provider_key(service: str) -> str:
    """The API key of `service` ("REPLICATE", "XAI"), stripped of white space; kept in memory for five minutes."""
    from aws_lambda_powertools.utilities import parameters
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    try:
        value = parameters.get_secret(os.environ[f"{service}_SECRET_ARN"], max_age=MINUTES_KEPT * 60)
    except GetParameterError as error:
        raise NotConfigured(f"{service}_API_KEY not configured") from error
    key = str(value).strip()
    if not key:
        raise NotConfigured(f"{service}_API_KEY not configured")
    return key
