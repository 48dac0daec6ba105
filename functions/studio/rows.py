"""What every row is made with: its form, its ids, its times."""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Row(BaseModel):
    """A row's attributes, camelCase in the table as in the API."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)

    def attributes(self) -> dict[str, Any]:
        """As the table takes them: money stays Decimal, what is None is not written."""
        return self.model_dump(by_alias=True, exclude_none=True)


def now() -> str:
    """UTC, milliseconds, as RFC 3339 with Z: sorts as text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def today() -> date:
    """UTC's."""
    return datetime.now(UTC).date()


def new_id() -> str:
    """A UUID version 7 (RFC 9562): sorts by the time of its making, so key order is order of creation."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def age_of(made: str) -> float:
    """Seconds since an id of ours was made."""
    return time.time() - int(made.replace("-", "")[:12], 16) / 1000


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


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id of ours: nothing else needs to be looked up."""
    return bool(_ID.fullmatch(text))
