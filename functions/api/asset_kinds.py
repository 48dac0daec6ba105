"""The kinds of assets, as data: what each is called, what it may weigh, and who reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from functions.api import music, own_video
from functions.studio import pictures, videos
from functions.studio.library import AssetType
from functions.studio.music import MOST_BYTES as MOST_MUSIC


@dataclass(frozen=True)
class File:
    """As it is kept: a thumbnail, where there is one to be seen, is a JPEG; `facts` are the kind's own fields of the asset."""

    body: bytes
    content_type: str
    extension: str
    thumbnail: bytes | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class Kind(NamedTuple):
    word: str
    most_bytes: int
    content_types: tuple[str, ...]
    """That may be announced, or asked for: what comes is looked at."""
    read: Callable[[bytes, str, int], File]
    """The file, the field to be named and the most bytes that the way by which it came can carry; a RequestError for a
    file that is none of this kind."""


def _picture(body: bytes, field: str, most_bytes: int) -> File:
    read = pictures.read_picture(body, field, most_bytes)
    facts = {"width": read.width, "height": read.height}
    return File(read.body, read.content_type, read.extension, read.thumbnail, facts)


def _music(body: bytes, field: str, most_bytes: int) -> File:
    read = music.read_music(body, field, most_bytes)
    return File(read.body, read.content_type, read.extension, facts={"duration_seconds": read.seconds})


def _video(body: bytes, field: str, most_bytes: int) -> File:
    read = own_video.read_video(body, field, most_bytes)
    facts = {"width": read.seen.width, "height": read.seen.height, "duration_seconds": read.seen.seconds}
    return File(read.body, read.content_type, read.extension, read.seen.thumbnail, facts)


KINDS: dict[AssetType, Kind] = {
    "image": Kind("picture", pictures.MOST_BYTES, pictures.CONTENT_TYPES, _picture),
    "audio": Kind("music", MOST_MUSIC, music.CONTENT_TYPES, _music),
    "video": Kind("video", videos.MOST_BYTES, videos.CONTENT_TYPES, _video),
}
