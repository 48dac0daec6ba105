"""`Idempotency-Key`: the same key is the same job, or script. `IDEM#{tenant}#{key}` → ONCE.

A request takes its key before it does anything: until it is answered the same request is told so (409), another one is
refused (422). The transaction that accepts the job, or ends the script, puts the answer there; a request that is refused gives its key back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from pydantic import BaseModel

from functions.api.given import caller
from functions.studio import wiring
from functions.studio.clock import epoch
from functions.studio.errors import ConditionLost, FieldError, InFlight, InvalidRequest
from functions.studio.rows import Row, new_id, plain
from functions.studio.table import Table, Write, delete, put

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST = 255
KEPT_FOR = 2 * 24 * 3600
"""Seconds that a key is remembered."""
IN_FLIGHT_FOR = 60
"""Seconds that a key is taken without an answer: nobody who could answer runs longer."""

_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
"""A string of structured fields (RFC 9651), which the draft wants."""
_BARE = re.compile(r"[!#-~][!-~]*")
"""What most clients send."""


class Remembered(Row):
    fingerprint: str
    """Of the path and of what was asked there."""
    taken_by: str = ""
    """The request that is to answer."""
    job_id: str | None = None
    """Or of what else was made."""
    answer: dict[str, Any] | None = None
    """What the caller was told, word for word; None while the request is in flight."""
    expires_at: int
    """Epoch seconds; from then on the key is free, whether the row is gone already or not."""

    @property
    def is_over(self) -> bool:
        return self.expires_at <= epoch()


@dataclass(frozen=True)
class Once:
    """A request that may say by its key that it was sent before; without a key every request is a new one."""

    table: Table
    tenant: str
    path: str
    key: str | None
    id: str = field(default_factory=new_id)

    @contextmanager
    def taking(self, asked: BaseModel) -> Iterator[dict[str, Any] | None]:
        """What the same request was answered before; or None, and the key is this request's until the block ends.

        InvalidRequest when the key was used for another request, InFlight while the same one is not answered yet.
        """
        answered = self._take(asked) if self.key else None
        try:
            yield answered
        finally:
            if self.key and answered is None:
                self._give_back()

    def remember(self, asked: BaseModel, made: str, answer: BaseModel) -> list[Write]:
        """For the transaction that accepts the job, or makes what else was asked for: it holds only while the key is this request's."""
        if self.key is None:
            return []
        row = self._row(asked, KEPT_FOR, job_id=made, answer=answer.model_dump(by_alias=True))
        return [put(self._pk, "ONCE", row.attributes(), self._mine)]

    @property
    def _pk(self) -> str:
        return f"IDEM#{self.tenant}#{self.key}"

    @property
    def _mine(self) -> dict[str, Any]:
        return {"takenBy": self.id, "answer": None}

    def _take(self, asked: BaseModel) -> dict[str, Any] | None:
        said = self._remembered()
        if said is None or said.is_over:
            when = {"expiresAt": said.expires_at} if said else {"pk": None}
            with suppress(ConditionLost):  # to another one, or to itself where the answer was lost: the row says
                self.table.commit(put(self._pk, "ONCE", self._row(asked, IN_FLIGHT_FOR).attributes(), when))
            said = self._remembered()
        if said and said.fingerprint != self._fingerprint(asked):
            raise _refused("was used for another request before", "Use a new key for a new request.")
        if said is None or (said.answer is None and said.taken_by != self.id):
            detail = "belongs to a request that is not answered yet"
            raise InFlight(
                f"{HEADER}: {detail}", hint="Send it again in a moment.", errors=(FieldError(HEADER, detail),)
            )
        return None if said.answer is None else plain(said.answer)

    def _give_back(self) -> None:
        with suppress(ConditionLost):  # answered
            self.table.commit(delete(self._pk, "ONCE", self._mine))

    def _row(self, asked: BaseModel, seconds: int, **answer: Any) -> Remembered:
        expires_at = int(epoch()) + seconds
        return Remembered(fingerprint=self._fingerprint(asked), taken_by=self.id, expires_at=expires_at, **answer)

    def _remembered(self) -> Remembered | None:
        row = self.table.get(self._pk, "ONCE")
        return Remembered.model_validate(row) if row else None

    def _fingerprint(self, asked: BaseModel) -> str:
        """The same for 6 and 6.0, for any order of the fields, and for a field left out or given as its default."""
        said = json.loads(asked.model_dump_json(exclude_defaults=True), parse_float=Decimal, parse_int=Decimal)
        return sha256(json.dumps([self.path, plain(said)], sort_keys=True).encode()).hexdigest()


def key_of(header: str) -> str:
    """The key that a header names: `"a"` and `a` are the same one. InvalidRequest for what is none."""
    quoted = _QUOTED.fullmatch(header)
    key = re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else header
    if not (quoted or _BARE.fullmatch(header)) or not 1 <= len(key) <= LONGEST:
        detail = f"must be 1 to {LONGEST} visible ASCII characters, or a string of them in double quotes"
        raise _refused(detail, "A random UUID would do.")
    return key


def once(request: Request) -> Once:
    event = request.resolved_event
    said = event.headers.get(HEADER.lower())
    return Once(wiring.table(), caller(request).tenant, event.path, None if said is None else key_of(said))


def _refused(detail: str, hint: str) -> InvalidRequest:
    return InvalidRequest(f"{HEADER}: {detail}", hint=hint, errors=(FieldError(HEADER, detail),))


TheOnce = Annotated[Once, Depends(once)]
