"""The music that comes with the product: loops that have no seam, made by us (`infra/music`), in a layer. Pure."""

from __future__ import annotations

from typing import Final, Literal, get_args

Track = Literal["calm", "upbeat", "warm", "tech"]

TRACKS: Final[tuple[Track, ...]] = get_args(Track)


def file_of(track: Track) -> str:
    """Its name in the folder that `TRACKS_FOLDER` names."""
    return f"{track}.ogg"
