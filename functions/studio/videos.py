"""Short videos of a caller's own: what may be one, and what is known of it before it is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from functions.studio import ffmpeg
from functions.studio.boxes import read_movie
from functions.studio.errors import BrokenMedia
from functions.studio.media import Picture
from functions.studio.pictures import THUMBNAIL
from functions.studio.probe import read_banner

MOST_BYTES = 50_000_000
MOST_SECONDS = 60
"""Of one, and of all of a film together: what is decoded while a job is planned must be decoded in time."""
MOST_SIDE = 4096
"""Pixels."""
CONTENT_TYPES = ("video/mp4", "video/quicktime")
BEGINNINGS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
"""Of an MP4 or MOV, behind the size of its first box."""


@dataclass(frozen=True)
class Glance:
    """`width` and `height` as a viewer sees them; `thumbnail` is a JPEG of a frame in the middle."""

    seconds: float
    width: int
    height: int
    thumbnail: bytes


def look(file: Path, within: float) -> Glance:
    """BrokenMedia for what has no index, no picture, no frame in its middle, or is larger or longer than a video may be.
    Whether every frame can be decoded, is seen when a film is planned."""
    track = read_movie(file).first("vide")
    if track is None or not track.samples:
        raise BrokenMedia("the file has no picture")
    seconds = track.ticks / track.timescale
    if seconds > MOST_SECONDS:
        raise BrokenMedia(f"the video lasts {seconds:.1f} s, and {MOST_SECONDS} s is the most")
    thumbnail = file.with_name("thumbnail.jpg")
    small = f"scale='min({THUMBNAIL},iw*sar)':'min({THUMBNAIL},ih)':force_original_aspect_ratio=decrease"
    one = ["-map", "0:V:0", "-frames:v", "1", "-vf", f"{small},setsar=1,format=yuvj420p", "-q:v", "3"]
    jpeg = ["-fflags", "+bitexact", "-f", "image2", "-update", "1", str(thumbnail)]
    words = ffmpeg.run([*ffmpeg.media(file, int(seconds / 2)), *one, *jpeg], seconds=within)
    fields, _ = read_banner(words)
    known = {"timescale": track.timescale, "frames": track.samples, "span": track.ticks, "packets": ""}
    width, height = Picture.model_validate({**fields, **known}).shown
    if max(width, height) > MOST_SIDE:
        raise BrokenMedia(f"the video has {width} × {height} pixels, and {MOST_SIDE} is the most of a side")
    if not thumbnail.exists():
        raise BrokenMedia("the video has no frame in its middle")
    return Glance(round(seconds, 3), width, height, thumbnail.read_bytes())
