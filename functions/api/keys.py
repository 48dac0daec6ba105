"""API keys: `KEY#{sha256}` → KEY says whose a key is, `KEYID#{id}` → KEY finds it again without it.

A key reads `rl_{id}_{secret}` and is shown once; only its SHA-256 is kept, which is enough for 256 random bits.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from functions.studio.errors import ConditionLost, FieldError, NotFound, Unauthenticated
from functions.studio.rows import Row, now
from functions.studio.table import Table, put, update

REMEMBERED = 60.0
"""Seconds that a key read once is believed: as long as a revoked one may still open."""

_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_HINT = "Send `Authorization: Bearer <key>` or `x-api-key: <key>`."


@dataclass(frozen=True)
class Caller:
    """Who asks, known from the key alone."""

    tenant: str
    tier: str
    key_id: str


class Key(Row):
    id: str
    tenant: str
    tier: str
    prefix: str
    created_at: str
    revoked_at: str | None = None


def tenant_name(text: str) -> str:
    if not _TENANT.fullmatch(text):
        raise ValueError("a tenant's name is 1 to 63 lower-case letters, digits and hyphens")
    return text


def issue_key(table: Table, tenant: str, tier: str = "pro") -> str:
    """A new key of `tenant`, which nobody can read again. The tenant's name goes into rows and object keys."""
    tenant = tenant_name(tenant)
    key_id = secrets.token_hex(6)
    key = f"rl_{key_id}_{secrets.token_urlsafe(32)}"
    row = Key(id=key_id, tenant=tenant, tier=tier, prefix=f"rl_{key_id}", created_at=now())
    table.commit(
        put(_pk(_digest(key)), "KEY", row.attributes(), {"pk": None}),
        put(f"KEYID#{key_id}", "KEY", {"hash": _digest(key)}, {"pk": None}),
    )
    return key


def revoke(table: Table, prefix_or_id: str) -> Key:
    """Ends a key by its id, its prefix or itself. What has read it lately forgets it within a minute."""
    key_id = prefix_or_id.removeprefix("rl_").split("_")[0]
    pointer = table.get(f"KEYID#{key_id}", "KEY")
    if pointer is None:
        raise NotFound(f"There is no key rl_{key_id}.")
    pk = _pk(pointer["hash"])
    with suppress(ConditionLost):  # revoked before: the row says when
        table.commit(update(pk, "KEY", {"revokedAt": now()}, {"pk": ..., "revokedAt": None}))
    return Key.model_validate(table.get(pk, "KEY"))


class Keys:
    """Knows callers by their keys; one read a key and minute."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.monotonic) -> None:
        self.table = table
        self.clock = clock
        self._known: dict[str, tuple[float, Caller]] = {}

    def authenticate(self, headers: Mapping[str, str]) -> Caller:
        key = _presented(headers)
        if not key:
            raise _refused("This call needs an API key.")
        digest = _digest(key)
        believed_until, caller = self._known.get(digest, (0.0, None))
        if caller is None or self.clock() >= believed_until:
            self._known.pop(digest, None)
            caller = self._read(digest)
            self._known[digest] = (self.clock() + REMEMBERED, caller)
        return caller

    def _read(self, digest: str) -> Caller:
        row = self.table.get(_pk(digest), "KEY")
        if row is None or row.get("revokedAt"):
            raise _refused("The API key is not valid.")
        key = Key.model_validate(row)
        return Caller(key.tenant, key.tier, key.id)


def _refused(detail: str) -> Unauthenticated:
    return Unauthenticated(detail, hint=_HINT, errors=(FieldError("Authorization", detail),))


def _pk(digest: str) -> str:
    return f"KEY#{digest}"


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def _presented(headers: Mapping[str, str]) -> str:
    scheme, _, credentials = headers.get("authorization", "").strip().partition(" ")
    if scheme:
        return credentials.strip() if scheme.lower() == "bearer" else ""
    return headers.get("x-api-key", "").strip()
