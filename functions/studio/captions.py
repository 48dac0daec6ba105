"""How captions look. Pure."""

from __future__ import annotations

from functions.studio.rows import Row


class CaptionStyle(Row):
    """As its caller wishes it."""
