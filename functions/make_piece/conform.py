"""Any picture into the film's form: one encoder, pinned, so that all pieces share one decoder configuration."""

from __future__ import annotations

from pathlib import Path

from functions.studio import ffmpeg
from functions.studio.errors import BrokenMedia
from functions.studio.media import Picture, Probe, Target
from functions.studio.probe import examine

MOST_SECONDS = 600
"""For the encoder; the function has 900."""

CRF = "18"

ENCODER = (
    "stitchable=1:open-gop=0:keyint={keyint}:min-keyint=1:ref=2:bframes=0:weightp=1:rc-lookahead=20:threads=2:"
    "lookahead-threads=1:sliced-threads=0:colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off:chromaloc=0"
)

TONE_MAP = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
)

TIMESCALES = {24: 12_288, 25: 12_800, 30: 15_360}
"""Ticks a second of a piece: 512 a frame, as ffmpeg's own muxer chooses."""


def frames(picture: Picture, target: Target) -> int:
    """The piece's length: never none."""
    return max(1, round(picture.seconds * target.fps))


def chain(picture: Picture, target: Target) -> str:
    """The filters: progressive, in standard range, square pixels, letterboxed and never stretched, at a constant rate.

    ffmpeg has turned the picture upright before.
    """
    size = f"{target.width}:{target.height}"
    steps = [
        "" if picture.field_order == "progressive" else "bwdif=mode=send_frame:deint=all",
        TONE_MAP if picture.hdr else "",
        "scale='trunc(iw*sar/2)*2':ih",
        "setsar=1",
        f"scale={size}:force_original_aspect_ratio=decrease:force_divisible_by=2:out_color_matrix=bt709:out_range=tv",
        f"pad={size}:-1:-1",
        "setsar=1",
        f"fps={target.fps}:start_time=0:round=near",
        "tpad=stop=-1:stop_mode=clone",
        f"trim=end_frame={frames(picture, target)}",
        f"setpts=N/({target.fps}*TB)",
        "format=yuv420p",
        "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709:field_mode=prog",
        "sidedata=mode=delete",
    ]
    return ",".join(step for step in steps if step)


def encoder(target: Target) -> list[str]:
    """ffmpeg's arguments between the filters and the file.

    `-bf 0`: pieces of one frame have no reordering either. `-r`: behind `setpts` ffmpeg would assume 25 frames a second.
    """
    return [
        *["-an", "-sn", "-dn", "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-level:v", "4.1"],
        *["-crf", CRF, "-r", str(target.fps), "-bf", "0", "-pix_fmt", "yuv420p"],
        *["-a53cc", "0", "-flags", "+cgop+global_header"],
        *["-x264-params", ENCODER.format(keyint=2 * target.fps)],
        *["-video_track_timescale", str(TIMESCALES[target.fps]), "-map_metadata", "-1", "-fflags", "+bitexact"],
        *["-movflags", "+faststart", "-f", "mp4"],
    ]


def conform(clip: Path, source: Picture, target: Target, made: Path) -> Probe:
    """Writes the piece and proves it: decoded whole, of the planned size, rate and number of frames."""
    arguments = [*ffmpeg.media(clip), "-map", "0:V:0", "-vf", chain(source, target), *encoder(target), str(made)]
    ffmpeg.run(arguments, seconds=MOST_SECONDS)
    probe = examine(made)
    picture = probe.picture
    planned = f"{target.width}x{target.height}, {frames(source, target)} frames at {target.fps}"
    found = f"{picture.width}x{picture.height}, {picture.frames} frames at {picture.fps}"
    if found != planned or picture.seam is None:
        raise BrokenMedia(f"the piece came out as {found}, not {planned}")
    return probe
