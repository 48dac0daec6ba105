"""Who renders: one file a provider, opened by the name that the catalogue gives it."""

from __future__ import annotations

import os
from functools import cache

from functions.studio.errors import NotFound
from functions.studio.keyring import provider_key
from functions.studio.providers.protocol import Order, Prediction, Provider

__all__ = ["PROVIDERS", "Order", "Prediction", "Provider", "open_provider"]

PROVIDERS = {"replicate": "REPLICATE_API_KEY", "piapi": "PIAPI_API_KEY", "runway": "RUNWAYML_API_SECRET"}
"""Whom a deployment can ask, with which key: each has a file here, and origins of its outputs."""


@cache
def open_provider(name: str) -> Provider:
    """A client that lives as long as the Lambda's process; NotFound for a name that no file here has."""

    def key() -> str:
        return provider_key(PROVIDERS[name])

    if name == "replicate":
        from functions.studio.providers.replicate import Replicate

        return Replicate(key, os.environ["REPLICATE_BASE_URL"])
    if name == "piapi":
        from functions.studio.providers.piapi import Piapi

        return Piapi(key, os.environ["PIAPI_BASE_URL"], os.environ["PIAPI_UPLOAD_URL"])
    if name == "runway":
        from functions.studio.providers.runway import Runway

        return Runway(key, os.environ["RUNWAYML_BASE_URL"])
    raise NotFound(f"There is no provider {name!r}.")
