"""What every row is made with: its form, its ids, its times."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from functions.studio.clock import epoch


class Row(BaseModel):
    """A row's attributes, camelCase in the table as in the API."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)

    def attributes(self) -> dict[str, Any]:
        """As the table takes them: money stays Decimal, what is None is not written."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Entry(Row):
    """What a tenant keeps. `sort` begins the sort key of the kind, `word` is what people call it."""

    sort: ClassVar[str]
    word: ClassVar[str]

    id: str
    tenant: str
    created_at: str
    updated_at: str


def now() -> str:
    """UTC, milliseconds, as RFC 3339 with Z: sorts as text."""
    return in_rows(datetime.fromtimestamp(epoch(), UTC))


def in_rows(at: datetime) -> str:
    """A time of UTC in the form of `now`."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def today() -> date:
    """UTC's."""
    return datetime.fromtimestamp(epoch(), UTC).date()


def new_id() -> str:
    """A UUID version 7 (RFC 9562): sorts by the time of its making, so key order is order of creation."""
    return _version_7(int(epoch() * 1000), secrets.randbits(80))


def id_of(name: str) -> str:
    """The one that a name has for good; it sorts before all that are made."""
    return _version_7(0, int.from_bytes(sha256(name.encode()).digest()[:10]))


def _version_7(milliseconds: int, bits: int) -> str:
    value = milliseconds << 80 | bits
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return _written(value)


def _written(value: int) -> str:
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def age_of(made: str) -> float:
    """Seconds since an id of ours was made."""
    return epoch() - int(made.replace("-", "")[:12], 16) / 1000


def first_id(at: datetime) -> str:
    """The least that an id made from `at` on can be: ids compare with it as their times of making."""
    return _written(max(0, int(at.timestamp() * 1000)) << 80)


def id_before(made: str) -> str:
    """The next lower one, whether anything has it or not."""
    return _written(max(0, int(made.replace("-", ""), 16) - 1))


def reversed_id(made: str) -> str:
    """Sorts the newest first; of the reversed one, the id again."""
    return made.translate(_REVERSED)


def plain(value: Any) -> Any:
    """A value from the table with JSON's own numbers."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {key: plain(entry) for key, entry in value.items()}
        case list():
            return [plain(entry) for entry in value]
    return value


_REVERSED = str.maketrans("0123456789abcdef", "fedcba9876543210")

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id of ours: nothing else needs to be looked up."""
    return bool(_ID.fullmatch(text))
