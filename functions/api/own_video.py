"""What becomes of a file that should be a short video: looked at, and kept as it came."""

from __future__ import annotations

from dataclasses import dataclass

from functions.studio.errors import BrokenMedia, FieldError, InvalidRequest, RequestError, TooLarge, UnsupportedMedia
from functions.studio.videos import BEGINNINGS, MOST_BYTES, MOST_SECONDS, MOST_SIDE, Glance, look
from functions.studio.workplace import workplace

TAKES = "An MP4 or MOV of at most {:g} MB, {} seconds and {} pixels a side is taken."
MOST_LOOKING = 20.0
"""Seconds; the API has thirty."""


@dataclass(frozen=True)
class Video:
    body: bytes
    content_type: str
    extension: str
    seen: Glance


def read_video(body: bytes, field: str = "file", most_bytes: int = MOST_BYTES) -> Video:
    """TooLarge, UnsupportedMedia or InvalidRequest, each naming `field`, for whatever is no such video; cf. `read_picture`."""

    def refused(kind: type[RequestError], detail: str) -> RequestError:
        hint = TAKES.format(most_bytes / 1e6, MOST_SECONDS, MOST_SIDE)
        return kind(detail, hint=hint, errors=(FieldError(field, detail),))

    if not body:
        raise refused(InvalidRequest, "The file is empty.")
    if len(body) > most_bytes:
        raise refused(TooLarge, f"The video has {len(body)} bytes.")
    if body[4:8] not in BEGINNINGS:
        raise refused(UnsupportedMedia, "The file is neither an MP4 nor a MOV.")
    try:
        with workplace() as folder:
            file = folder / "video"
            file.write_bytes(body)
            seen = look(file, MOST_LOOKING)
    except BrokenMedia as fault:
        words = str(fault)
        raise refused(InvalidRequest, f"{words[0].upper()}{words[1:]}.") from None
    of_apple = body[8:12] == b"qt  " or body[4:8] != b"ftyp"
    return Video(body, *(("video/quicktime", "mov") if of_apple else ("video/mp4", "mp4")), seen)
