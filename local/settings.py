"""What somebody has set on this machine: in the environment, or in `.env` in the checkout."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

from dotenv import dotenv_values

from infra.settings import SETTINGS, Setting, setting
from local.checkout import ROOT
from local.credentials import AWS_OF_NOBODY

DOTENV = ROOT / ".env"


class SettingRefused(Exception):
    """Raised with one sentence for each setting at fault."""


class Settings(Mapping[str, str]):
    """By the names of the table; what is not set, or is set to nothing, is not there."""

    def __init__(self, environment: Mapping[str, str] | None = None, dotenv: Path | None = None) -> None:
        """What the environment says goes before what the file says. Raises SettingRefused."""
        self._values: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        file = {name: value or "" for name, value in _lines(dotenv).items()}
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


def _lines(dotenv: Path | None) -> Mapping[str, str | None]:
    if dotenv is None or not dotenv.is_file():
        return {}
    return dotenv_values(dotenv, interpolate=False, encoding="utf-8-sig")


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
