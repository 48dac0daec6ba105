"""Who renders: one file a provider, opened by the name that the catalogue gives it."""

from __future__ import annotations

import os
from functools import cache

from functions.studio.errors import NotFound
from functions.studio.keyring import provider_key
from functions.studio.providers.protocol import Order, Prediction, Provider

__all__ = ["PROVIDERS", "Order", "Prediction", "Provider", "open_provider"]

PROVIDERS = ("replicate", "piapi")
"""Whom a deployment can ask: each has a file here, a key, and origins of its outputs."""


@cache
def open_provider(name: str) -> Provider:
    """A client that lives as long as the Lambda's process; NotFound for a name that no file here has."""
    if name == "replicate":
        from functions.studio.providers.replicate import Replicate

        return Replicate(lambda: provider_key("REPLICATE"), os.environ["REPLICATE_BASE_URL"])
    if name == "piapi":
        from functions.studio.providers.piapi import Piapi

        return Piapi(lambda: provider_key("PIAPI"), os.environ["PIAPI_BASE_URL"], os.environ["PIAPI_UPLOAD_URL"])
    raise NotFound(f"There is no provider {name!r}.")
