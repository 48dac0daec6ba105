"""What lies beside a film for those who look at it: a small moving preview, and a copy that players follow a playlist of.

Neither is the film: where one cannot be made, the film is finished without it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from functions.studio import ffmpeg, telemetry
from functions.studio.errors import BrokenMedia
from functions.studio.jobs import Film, Preview
from functions.studio.media_store import MediaStore, preview_key, ranges_key, segment_key
from functions.studio.probe import sha256
from functions.studio.segment import segment_film

PREVIEW_SECONDS = 3.0
MOST_SECONDS = 60
"""That each of the two may take: the function has 900, the film itself may need 720."""

SMALL = "fps=12,scale=320:-2:flags=bicubic"
WEBP = ["-c:v", "libwebp_anim", "-quality", "60", "-compression_level", "2", "-loop", "0", "-an", "-f", "webp"]
"""Level 6 takes 35 times as long, for a few percent."""

T = TypeVar("T")


def put_beside(
    film: Film,
    combined: Path,
    spent: Sequence[Path],
    fps: Fraction,
    media: MediaStore,
    seconds: float = MOST_SECONDS,
) -> Film:
    """The film with its preview and its copy in store. `spent` are files that nobody reads any more: there may be room
    for two films on the disk, not for three. `seconds` is what each may take."""
    for file in spent:
        file.unlink(missing_ok=True)
    preview = _unless_broken("preview", lambda: _put_preview(film, combined, media, seconds))
    if film.format != "mp4":  # players of playlists want H.264
        return film.model_copy(update={"preview": preview})
    ranges = _unless_broken("copy for players", lambda: _put_copy(film, combined, fps, media, seconds))
    return film.model_copy(update={"preview": preview, "ranges_key": ranges})


def _put_preview(film: Film, combined: Path, media: MediaStore, seconds: float) -> Preview:
    moving = combined.with_name("preview.webp")
    make_preview(combined, film.duration_seconds, moving, seconds)
    preview = Preview(key=preview_key(film.key), sha256=sha256(moving))
    media.upload(moving, preview.key, "image/webp")
    return preview


def _put_copy(film: Film, combined: Path, fps: Fraction, media: MediaStore, seconds: float) -> str:
    copy = combined.with_suffix(".m4s")
    segment = segment_film(combined, fps, film.frames, copy, segment_key(film.key), seconds=seconds)
    media.upload(copy, segment.key, "video/mp4")
    copy.unlink()
    key = ranges_key(film.key)
    media.put(key, segment.model_dump_json(by_alias=True).encode(), "application/json")
    return key


def make_preview(film: Path, lasts: float, to: Path, seconds: float = MOST_SECONDS) -> None:
    """Three seconds from the film's first third (a shorter film as a whole), 320 pixels wide, for ever."""
    start = max(0.0, (lasts - PREVIEW_SECONDS) / 3)
    excerpt = ["-ss", f"{start:.3f}", "-t", f"{PREVIEW_SECONDS:.3f}"]
    ffmpeg.run([*excerpt, *ffmpeg.media(film), "-map", "0:V:0", "-vf", SMALL, *WEBP, to], seconds=seconds)


def _unless_broken(what: str, make: Callable[[], T]) -> T | None:
    try:
        return make()
    except BrokenMedia as fault:
        telemetry.logger().warning(f"the film has no {what}", extra={"reason": str(fault)})
        telemetry.count("WatchingFailed")
        return None
