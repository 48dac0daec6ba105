"""The providers, each real or stood in for: what the template, the secrets and the user are told of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from infra.settings import SETTINGS, setting
from local.checkout import CACHE
from local.settings import SettingRefused, Settings

COPIES: Final = "R2SecretArn"
"""The secret of where films are copied to holds several names, as JSON."""

CHECK_DELAYS: Final = "3,3,5,10"


@dataclass(frozen=True)
class Service:
    """`module` stands in for it, with `arguments`; the other names are of the table of settings.

    `path` is what a base URL has behind the host. `origins` of what it makes, for whom makes something; `beside` are other
    addresses of it that lie elsewhere; `fetches` pictures from here; `calls_back` by webhook."""

    title: str
    module: str
    key: str
    base_url: str
    arguments: Sequence[str] = ()
    path: str = ""
    origins: str = ""
    beside: Sequence[str] = ()
    fetches: bool = True
    calls_back: bool = False

    @property
    def secret(self) -> str:
        """The stack's output that names the secret."""
        return setting(self.key).secret


SERVICES: Final[Mapping[str, Service]] = {
    "replicate": Service(
        "Replicate",
        "local.standins.replicate",
        key="REPLICATE_API_KEY",
        base_url="REPLICATE_BASE_URL",
        arguments=("--cache", str(CACHE / "clips")),
        origins="REPLICATE_OUTPUT_ORIGINS",
        calls_back=True,
    ),
    "piapi": Service(
        "PiAPI",
        "local.standins.piapi",
        key="PIAPI_API_KEY",
        base_url="PIAPI_BASE_URL",
        arguments=("--cache", str(CACHE / "clips")),
        origins="PIAPI_OUTPUT_ORIGINS",
        beside=("PIAPI_UPLOAD_URL",),
        calls_back=True,
    ),
    "runway": Service(
        "Runway",
        "local.standins.runway",
        key="RUNWAYML_API_SECRET",
        base_url="RUNWAYML_BASE_URL",
        arguments=("--cache", str(CACHE / "clips")),
        origins="RUNWAY_OUTPUT_ORIGINS",
    ),
    "xai": Service("xAI", "local.standins.xai", key="XAI_API_KEY", base_url="XAI_BASE_URL", path="/v1"),
    "openai": Service(
        "OpenAI", "local.standins.openai", key="OPENAI_API_KEY", base_url="OPENAI_BASE_URL", path="/v1", fetches=False
    ),
}


def real_ones(settings: Settings) -> set[str]:
    """The services whose key is set. Raises SettingRefused for an address without a key: it would not be asked."""
    faults = [
        f"{one.base_url} is set, but {one.key} is not: without a key {one.title} is stood in for. Set both or neither."
        for one in SERVICES.values()
        if one.base_url in settings and one.key not in settings
    ]
    if faults:
        raise SettingRefused("\n".join(faults))
    return {name for name, one in SERVICES.items() if one.key in settings}


def parameters_of(settings: Settings, stand_ins: Mapping[str, str]) -> dict[str, str]:
    """Of the template; `stand_ins` are the roots of those that run. What is set goes before what would follow."""
    real = real_ones(settings)
    told = {"CHECK_DELAYS": CHECK_DELAYS}
    if any(SERVICES[name].fetches for name in real):  # nobody out there can fetch from this machine, or call it
        told["MEDIA_HANDOVER"] = "upload"
    for one in (SERVICES[name] for name in SERVICES if name in real):
        if one.calls_back:
            told["PUBLIC_URL"] = "none"
        if own := settings.get(one.base_url):
            told |= dict.fromkeys(one.beside, own)
            if one.origins:
                parts = urlsplit(own)
                told[one.origins] = f"{setting(one.origins).default},{parts.scheme}://{parts.netloc}"
    if stand_ins:
        told["OUTSIDE_ORIGINS"] = ",".join(stand_ins.values())
    told |= settings
    for name, url in stand_ins.items():
        one = SERVICES[name]
        told |= {one.base_url: url + one.path, **dict.fromkeys(one.beside, url)}
        if one.origins:
            told[one.origins] = url
    return {one.parameter: told[one.name] for one in SETTINGS if one.parameter and one.name in told}


def secrets_of(settings: Settings, stand_ins: Collection[str]) -> dict[str, str]:
    """The key to put into each secret, by the output that names it; a secret that is not here stays as it was made."""
    keys = {
        one.secret: settings.get(one.key, f"stand-in-{name}")
        for name, one in SERVICES.items()
        if one.key in settings or name in stand_ins
    }
    copies = {one.name: settings[one.name] for one in SETTINGS if one.secret == COPIES and one.name in settings}
    return keys | ({COPIES: json.dumps(copies)} if copies else {})


def description_of(settings: Settings, stand_ins: Collection[str]) -> Iterator[str]:
    """A line for each service, for whoever looks on; no part of a key is shown."""
    for name, one in SERVICES.items():
        if one.key in settings:
            yield f"{one.title} is real and wants to be paid: key from {settings.source(one.key)}"
        elif name in stand_ins:
            yield f"{one.title} is stood in for ({one.key} is not set)"
        else:
            yield f"{one.title} is off: it has neither a key nor a stand-in"
    url, real = settings.get("PUBLIC_URL", "none"), real_ones(settings)
    for name, one in SERVICES.items():
        if name in real and one.calls_back:
            yield f"{one.title} is asked every few seconds" if url == "none" else f"{one.title} calls back at {url}"
