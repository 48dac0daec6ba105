"""API keys: `KEY#{sha256}` → KEY says whose a key is, `KEYID#{id}` → KEY finds it again without it.

A key reads `rl_{id}_{secret}` and is shown once; only its SHA-256 is kept, which is enough for 256 random bits.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from functions.studio.errors import ConditionLost, FieldError, NotFound, Unauthenticated
from functions.studio.rows import Row, now
from functions.studio.table import Table, put, update

_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
ROLES = ("tenant", OPERATOR := "operator")
_HINT = "Send `Authorization: Bearer <key>` or `x-api-key: <key>`."


@dataclass(frozen=True)
class Caller:
    """Who asks, known from the key alone."""

    tenant: str
    tier: str
    key_id: str
    role: str = "tenant"


class Key(Row):
    id: str
    tenant: str
    tier: str
    role: str = "tenant"
    prefix: str
    created_at: str
    revoked_at: str | None = None


def tenant_name(text: str) -> str:
    if not _TENANT.fullmatch(text):
        raise ValueError("a tenant's name is 1 to 63 lower-case letters, digits and hyphens")
    return text


def issue_key(table: Table, tenant: str, tier: str = "pro", role: str = "tenant") -> str:
    """A new key of `tenant`, which nobody can read again. The tenant's name goes into rows and object keys. A key of the
    operator is one of its own tenant besides."""
    tenant = tenant_name(tenant)
    if role not in ROLES:
        raise ValueError(f"a key's role is one of {', '.join(ROLES)}, not {role!r}")
    key_id = secrets.token_hex(6)
    key = f"rl_{key_id}_{secrets.token_urlsafe(32)}"
    row = Key(id=key_id, tenant=tenant, tier=tier, role=role, prefix=f"rl_{key_id}", created_at=now())
    table.commit(
        put(_pk(_digest(key)), "KEY", row.attributes(), {"pk": None}),
        put(f"KEYID#{key_id}", "KEY", {"hash": _digest(key)}, {"pk": None}),
    )
    return key


def revoke(table: Table, prefix_or_id: str) -> Key:
    """Ends a key by its id, its prefix or itself, from the next call on."""
    key_id = prefix_or_id.removeprefix("rl_").split("_")[0]
    pointer = table.get(f"KEYID#{key_id}", "KEY")
    if pointer is None:
        raise NotFound(f"There is no key rl_{key_id}.")
    pk = _pk(pointer["hash"])
    with suppress(ConditionLost):  # revoked before: the row says when
        table.commit(update(pk, "KEY", {"revokedAt": now()}, {"pk": ..., "revokedAt": None}))
    return Key.model_validate(table.get(pk, "KEY"))


class Keys:
    """Knows callers by their keys: read at each call, so that a revoked one opens nothing more."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def authenticate(self, headers: Mapping[str, str]) -> Caller:
        key = _presented(headers)
        if not key:
            raise _refused("This call needs an API key.")
        row = self.table.get(_pk(_digest(key)), "KEY")
        if row is None or row.get("revokedAt"):
            raise _refused("The API key is not valid.")
        known = Key.model_validate(row)
        return Caller(known.tenant, known.tier, known.id, known.role)


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
