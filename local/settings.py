"""What somebody has set on this machine: in the environment, or in `.env` in the checkout."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from dotenv.parser import Binding, parse_stream

from infra.settings import SETTINGS, Setting, setting
from local.checkout import ROOT
from local.credentials import AWS_OF_NOBODY

DOTENV = ROOT / ".env"
KNOWN = [name for one in SETTINGS for name in (one.name, one.also) if name]
MISSPELT = 0.88
"""How like a setting's name one is that is none: a letter or two off. `.env` may hold other programs' lines as well."""


class SettingRefused(Exception):
    """Raised with one sentence for each setting at fault."""


class Settings(Mapping[str, str]):
    """By the names of the table; what is not set, or is set to nothing, is not there."""

    def __init__(self, environment: Mapping[str, str] | None = None, dotenv: Path | None = None) -> None:
        """What the environment says goes before what the file says. Raises SettingRefused."""
        self._values: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        file = _lines(dotenv)
        for one in SETTINGS:
            self._find(one, {"the environment": environment or {}, ".env": file})
        faults = [fault for name, value in self._values.items() if (fault := setting(name).fault(value))]
        if faults:
            raise SettingRefused("\n".join(faults))

    @classmethod
    def of_this_machine(cls) -> Self:
        return cls(os.environ, DOTENV)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name} from {source}' for name, source in self._sources.items())})"

    def source(self, name: str) -> str:
        """Which variable it is that was read, and where."""
        return self._sources[name]

    def only(self, names: Iterable[str]) -> Settings:
        return Settings({name: self[name] for name in names if name in self})

    def _find(self, one: Setting, places: Mapping[str, Mapping[str, str]]) -> None:
        for place, given in places.items():
            for name in filter(None, (one.name, one.also)):
                if value := _bare(given.get(name, "")):
                    self._values[one.name] = value
                    self._sources[one.name] = f"{name} in {place}"
                    return


def _lines(dotenv: Path | None) -> Mapping[str, str]:
    if dotenv is None or not dotenv.is_file():
        return {}
    try:
        text = dotenv.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingRefused(f".env is not text in UTF-8 (byte {error.start + 1}); save it as that.") from None
    bindings = list(parse_stream(io.StringIO(text)))
    if faults := [fault for binding in bindings if (fault := _fault(binding))]:
        raise SettingRefused("\n".join(faults))
    return {binding.key: binding.value or "" for binding in bindings if binding.key}


def _fault(line: Binding) -> str | None:
    place = f".env, line {line.original.line}:"
    if line.error or (line.key and line.value is None):
        return f"{place} this is not NAME=value, with quotes closed."
    if line.key and line.key not in KNOWN:
        meant = get_close_matches(line.key.upper(), KNOWN, 1, MISSPELT)
        return f"{place} there is no setting {line.key}; {meant[0]} is what it may mean." if meant else None
    return None


def _bare(value: str) -> str:
    """Without white space around it, nor the quotes that a shell or `.env` would have taken away."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return value


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the processes that are started here: nobody's AWS configuration, and no key of a service,
    which the local secret store alone shall know."""
    keys = {name for one in SETTINGS if one.secret for name in (one.name, one.also)}
    return {name: value for name, value in environment.items() if name not in keys} | dict(AWS_OF_NOBODY)
