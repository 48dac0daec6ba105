"""A copy of a video for players that follow a playlist: fragmented MP4, one object, fetched by byte ranges.

The picture is copied wherever browsers can play it as it is. The sound is encoded from exact PCM without its priming, and
no edit list is written, so that clips follow each other without a hole.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from functions.studio import ffmpeg, sound
from functions.studio.boxes import read_fragments
from functions.studio.errors import BrokenMedia
from functions.studio.media import Picture, Segment, Stretch

FRAGMENTED = "+empty_moov+default_base_moof+negative_cts_offsets+skip_trailer"
FORMAT = ["-avoid_negative_ts", "disabled", "-use_editlist", "0", "-fflags", "+bitexact", "-f", "mp4"]
NO_PRIMING = ["-bsf:a", r"noise=drop=lt(n\,1)"]
"""AAC's first packet holds nothing but its lead-in."""

SMALL = "scale='trunc(min(640,iw)/2)*2':-2:flags=fast_bilinear,setsar=1,format=yuv420p"
ENCODED = ["-vf", SMALL, "-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-bf", "0", "-fps_mode", "passthrough"]
"""For what browsers cannot be relied on to play; it is to be looked at while the film is made, and small."""


def segment_clip(clip: Path, pcm: Path, picture: Picture, to: Path, key: str, *, seconds: float) -> Segment:
    """Writes the clip as one fragment, as long as its picture; `pcm` is its sound as it was kept. `seconds` is the time
    that ffmpeg is given."""
    ffmpeg.run(
        [
            *ffmpeg.media(clip),
            *["-protocol_whitelist", "file", "-f", "s16le", "-ar", str(sound.RATE), "-ac", "2", "-i", str(pcm)],
            *["-map", "0:V:0", "-map", "1:a:0", *(["-c:v", "copy"] if plays(picture) else ENCODED)],
            *[*sound.AAC, "-b:a", "128k", *NO_PRIMING, "-map_metadata", "-1"],
            *["-movflags", FRAGMENTED, "-frag_duration", "600000000", *FORMAT, str(to)],
        ],
        seconds=seconds,
    )
    fragments = read_fragments(to)
    [(size, frames), *more] = fragments.ranges
    if more or frames != picture.frames:
        raise BrokenMedia(f"its segment has {frames} of {picture.frames} frames in {1 + len(more)} fragments")
    stretch = Stretch(bytes=size, seconds=float(picture.seconds))
    return Segment(key=key, initial_bytes=fragments.initial, stretches=[stretch])


def segment_film(film: Path, fps: Fraction, frames: int, to: Path, key: str, *, seconds: float) -> Segment:
    """Copies a film of a constant rate into fragments that begin at keyframes, at least four seconds each but the last."""
    ffmpeg.run(
        [
            *[*ffmpeg.media(film), "-map", "0:V:0", "-map", "0:a:0?", "-c", "copy", *NO_PRIMING, "-map_metadata", "-1"],
            *["-movflags", f"{FRAGMENTED}+frag_keyframe", "-min_frag_duration", "4000000", *FORMAT, str(to)],
        ],
        seconds=seconds,
    )
    fragments = read_fragments(to)
    there = sum(count for _, count in fragments.ranges)
    if there != frames:
        raise BrokenMedia(f"its copy for players has {there} of {frames} frames")
    stretches = [Stretch(bytes=size, seconds=round(float(count / fps), 6)) for size, count in fragments.ranges]
    return Segment(key=key, initial_bytes=fragments.initial, stretches=stretches)


def plays(picture: Picture) -> bool:
    """Whether browsers play it as it is."""
    return picture.codec == "h264" and picture.pixel_format == "yuv420p" and picture.field_order == "progressive"
