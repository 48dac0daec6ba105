"""The catalogue in force: the release's, with what the deployment's own documents say otherwise.

Each document is an object of its own in the media bucket, newest first in the order of keys, and the newest that is usable
counts: a bad one leaves the last good one in force, in every process alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from functions.studio.catalogue import Catalogue, catalogue
from functions.studio.media_store import MediaStore
from functions.studio.overlay import overlaid
from functions.studio.telemetry import count, logger

FOLDER = "_deployment/models/"
"""No tenant's name begins like that."""

FRESH_FOR = 60.0
"""Seconds that what was read is not asked for again."""

LOOKED_AT = 10
"""Documents, the newest ones."""

_END_OF_TIME = 10**13
"""Milliseconds since 1970: in 2286."""


class Overrides:
    def __init__(self, media: MediaStore, clock: Callable[[], float] = time.monotonic) -> None:
        self.media = media
        self._clock = clock
        self._asked_at: float | None = None
        self._keys: list[str] = []
        self._in_force: Callable[[], Catalogue] = catalogue
        self._unusable: dict[str, str] = {}

    def catalogue(self) -> Catalogue:
        """Read again when it is older than `FRESH_FOR`."""
        now = self._clock()
        if self._asked_at is None or now - self._asked_at >= FRESH_FOR:
            self._refresh()
            self._asked_at = now
        return self._in_force()

    def put(self, document: bytes) -> Catalogue:
        """What is in force from now on; ValueError for a document that is unusable, or that another model stood in whose jobs
        may be running. Nothing is written then."""
        made = overlaid(document)
        if lost := self.catalogue().named() - made.named():
            name, mode = min(lost)
            raise ValueError(f"{name} (mode {mode}) is in force and would be lost: it can be retired")
        self.media.put(f"{FOLDER}{_END_OF_TIME - time.time_ns() // 1_000_000:013}.json", document, "application/json")
        return made

    @property
    def document(self) -> bytes | None:
        """The newest usable one; None where the release's catalogue stands alone."""
        self.catalogue()
        usable = (key for key in self._keys if key not in self._unusable)
        return next((self.media.read(key) for key in usable), None)

    def _refresh(self) -> None:
        """Documents never change, so they are read only when there are others."""
        keys = self.media.names(FOLDER, LOOKED_AT)
        if keys != self._keys:
            found, self._unusable = self._newest_usable(keys)
            self._keys, self._in_force = keys, lambda: found
        for key, reason in self._unusable.items():
            logger().error("the overrides of the catalogue are unusable", extra={"document": key, "reason": reason})
            count("OverridesUnusable")

    def _newest_usable(self, keys: list[str]) -> tuple[Catalogue, dict[str, str]]:
        unusable: dict[str, str] = {}
        for key in keys:
            try:
                return overlaid(self.media.read(key)), unusable
            except ValueError as error:
                unusable[key] = str(error)
        return catalogue(), unusable
