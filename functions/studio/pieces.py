"""What a film is copied together from: one piece a row, in the order of the film."""

from __future__ import annotations

from functions.studio.jobs import Row
from functions.studio.probe import Picture


class Target(Row):
    """What a piece is conformed to: every piece of a film shares it, and so one decoder configuration."""

    width: int
    height: int
    fps: int


class Piece(Row):
    number: int
    clip: int
    """The clip's number, gaps included; pieces count without gaps."""
    source_key: str
    """The clip as it was kept."""
    key: str
    """The piece itself; the clip's own key where it is copied as it is."""
    pcm_key: str
    """The clip's sound, as long as the clip; the film cuts it to the piece's frames."""
    target: Target | None = None
    """None: the clip as it is."""
    bytes: int | None = None
    picture: Picture | None = None
    """None until the piece is made."""
