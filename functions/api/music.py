"""What becomes of a file that should be music: decoded whole, and kept as it came."""

from __future__ import annotations

from dataclasses import dataclass

from functions.studio.errors import BrokenMedia, FieldError, InvalidRequest, RequestError, TooLarge, UnsupportedMedia
from functions.studio.music import MOST_BYTES, MOST_SECONDS, listen
from functions.studio.tunes import form_of
from functions.studio.workplace import workplace

CONTENT_TYPES = (
    "audio/mpeg",
    "audio/mp4",
    "audio/x-m4a",
    "audio/aac",
    "audio/wav",
    "audio/x-wav",
    "audio/ogg",
    "audio/flac",
)
TAKES = "An MP3, M4A, AAC, WAV, Ogg or FLAC of at most {:g} MB and {:g} minutes is taken."
MOST_DECODING = 20.0
"""Seconds; the API has thirty."""


@dataclass(frozen=True)
class Music:
    body: bytes
    content_type: str
    extension: str
    seconds: float


def read_music(body: bytes, field: str = "file", most_bytes: int = MOST_BYTES) -> Music:
    """TooLarge, UnsupportedMedia or InvalidRequest, each naming `field`, for whatever is no such music; cf. `read_picture`."""

    def refused(kind: type[RequestError], detail: str) -> RequestError:
        hint = TAKES.format(most_bytes / 1e6, MOST_SECONDS / 60)
        return kind(detail, hint=hint, errors=(FieldError(field, detail),))

    if not body:
        raise refused(InvalidRequest, "The file is empty.")
    if len(body) > most_bytes:
        raise refused(TooLarge, f"The music has {len(body)} bytes.")
    if form_of(body[:16]) is None:
        raise refused(UnsupportedMedia, "The file is neither MP3, AAC, M4A, WAV, FLAC nor Ogg.")
    try:
        with workplace() as folder:
            file = folder / "music"
            file.write_bytes(body)
            tune = listen(file, within=MOST_DECODING)
    except BrokenMedia as fault:
        words = str(fault)
        raise refused(InvalidRequest, f"{words[0].upper()}{words[1:]}.") from None
    return Music(body, tune.form.content_type, tune.form.extension, round(float(tune.seconds), 3))
