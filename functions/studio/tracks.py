"""The music that comes with Reelay, by its names. Pure."""

from __future__ import annotations

TRACKS = ("calm", "upbeat", "warm", "tech")
"""What a film's `music` may be called in place of an asset."""

SILENCE = "none"


def track_key(name: str) -> str:
    """Of the media bucket."""
    return f"tracks/{name}.flac"
