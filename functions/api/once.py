"""`Idempotency-Key`: the same key is the same job. `IDEM#{tenant}#{key}` → ONCE.

The row is put by the transaction that accepts the job, so a key is never taken before its job is there: of many requests
at once one is accepted and the others find what it was answered. Nobody has to be told to wait (409), and a request that
is refused takes no key.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from pydantic import BaseModel

from functions.api.given import caller
from functions.studio import wiring
from functions.studio.clock import epoch
from functions.studio.errors import FieldError, InvalidRequest
from functions.studio.rows import Row, plain
from functions.studio.table import Table, Write, put

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST = 255
KEPT_FOR = 2 * 24 * 3600
"""Seconds that a key is remembered."""

_KEY = re.compile(rf"[!-~]{{1,{LONGEST}}}")


class Remembered(Row):
    fingerprint: str
    """Of the path and of what was asked there."""
    job_id: str
    answer: dict[str, Any]
    """What the caller was told, word for word."""
    expires_at: int
    """Epoch seconds; from then on the key is free, whether the row is gone already or not."""


@dataclass(frozen=True)
class Once:
    """A request that may say by its key that it was sent before; without a key every request is a new one."""

    table: Table
    tenant: str
    path: str
    key: str | None

    def before(self, asked: BaseModel) -> dict[str, Any] | None:
        """What the same request was answered; InvalidRequest when its key was used for another one."""
        said = self._remembered()
        if said is None or said.expires_at <= epoch():
            return None
        if said.fingerprint != self._fingerprint(asked):
            raise _refused("was used for another request before", "Use a new key for a new request.")
        answered: dict[str, Any] = plain(said.answer)
        return answered

    def remember(self, asked: BaseModel, job_id: str, answer: BaseModel) -> list[Write]:
        """For the transaction that accepts the job: it holds once for a key."""
        if self.key is None:
            return []
        row = Remembered(
            fingerprint=self._fingerprint(asked),
            job_id=job_id,
            answer=answer.model_dump(by_alias=True),
            expires_at=int(epoch()) + KEPT_FOR,
        )
        expired = self._remembered()
        when = {"expiresAt": expired.expires_at} if expired and expired.expires_at <= epoch() else {"pk": None}
        return [put(self._pk, "ONCE", row.attributes(), when)]

    @property
    def _pk(self) -> str:
        return f"IDEM#{self.tenant}#{self.key}"

    def _remembered(self) -> Remembered | None:
        row = self.table.get(self._pk, "ONCE") if self.key else None
        return Remembered.model_validate(row) if row else None

    def _fingerprint(self, asked: BaseModel) -> str:
        """The same for 6 and 6.0, for any order of the fields, and for a field left out or given as its default."""
        said = json.loads(asked.model_dump_json(exclude_defaults=True), parse_float=Decimal, parse_int=Decimal)
        return sha256(json.dumps([self.path, plain(said)], sort_keys=True).encode()).hexdigest()


def once(request: Request) -> Once:
    event = request.resolved_event
    key = event.headers.get(HEADER.lower())
    if key is not None and not _KEY.fullmatch(key):
        raise _refused(f"must be 1 to {LONGEST} visible ASCII characters", "A random UUID would do.")
    return Once(wiring.table(), caller(request).tenant, event.path, key)


def _refused(detail: str, hint: str) -> InvalidRequest:
    return InvalidRequest(f"{HEADER}: {detail}", hint=hint, errors=(FieldError(HEADER, detail),))


TheOnce = Annotated[Once, Depends(once)]
