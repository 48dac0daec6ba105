"""Any pictures into the film's form: one encoder, pinned, so that all pieces share one decoder configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from functions.make_piece.burning import Burn
from functions.make_piece.filters import graph, late
from functions.make_piece.slides import drawn
from functions.studio import ffmpeg
from functions.studio.cut import Cut, Format, Quality
from functions.studio.errors import BrokenMedia
from functions.studio.media import Piece, Probe, Target
from functions.studio.pictures import upright
from functions.studio.probe import examine
from functions.studio.visible import piece_faults

MOST_SECONDS = 600
"""For the encoder; the function has 900."""

CRF: dict[Format, dict[Quality, int]] = {
    "mp4": {"economy": 23, "balanced": 18, "premium": 15},
    "hevc": {"economy": 27, "balanced": 22, "premium": 19},
    "webm": {"economy": 38, "balanced": 32, "premium": 27},
}
"""The preset is no choice: another one writes another decoder configuration."""

ENCODER = (
    "stitchable=1:open-gop=0:keyint={keyint}:min-keyint=1:ref=2:bframes=0:weightp=1:rc-lookahead=20:threads=2:"
    "lookahead-threads=1:sliced-threads=0:colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off:chromaloc=0"
)

X265 = (
    "open-gop=0:keyint={keyint}:min-keyint=1:bframes=0:rc-lookahead=20:pools=2:frame-threads=1:info=0:repeat-headers=0"
)

VP9 = ["-deadline", "good", "-cpu-used", "5", "-row-mt", "1", "-threads", "2", "-auto-alt-ref", "0"]
"""Without alternate reference frames every packet is a frame that is seen."""
UNPLACED = ["-chroma_sample_location", "unspecified"]
"""Where colours are sampled is lost as the pieces are joined, and would be another configuration."""

TIMESCALES = {24: 12_288, 25: 12_800, 30: 15_360}
"""Ticks a second of a piece: 512 a frame, as ffmpeg's own muxer chooses."""


def encoder(target: Target, cut: Cut) -> list[str]:
    """ffmpeg's arguments between the filters and the file.

    `-bf 0`: pieces of one frame have no reordering either. `-r`: behind `setpts` ffmpeg would assume 25 frames a second.
    """
    return [
        *["-an", "-sn", "-dn", *codec(target, cut), *weighed(cut)],
        *["-r", str(target.fps), "-pix_fmt", "yuv420p", "-flags", "+cgop+global_header"],
        *["-video_track_timescale", str(TIMESCALES[target.fps]), "-map_metadata", "-1", "-fflags", "+bitexact"],
        *["-movflags", "+faststart", "-f", "mp4"],
    ]


def piped(target: Target, slides: int) -> list[str]:
    """The arguments that open what `drawn` yields."""
    size = f"{target.width}x{slides * target.height}"
    raw = ["-f", "rawvideo", "-pixel_format", "yuv420p", "-video_size", size, "-framerate", str(target.fps)]
    return [*ffmpeg.STRICT, "-protocol_whitelist", "pipe", *raw, "-i", "pipe:0"]


def codec(target: Target, cut: Cut) -> list[str]:
    keyint = 2 * target.fps
    match cut.format:
        case "mp4":
            pinned = ["-preset", "veryfast", "-profile:v", "high", "-level:v", "4.1", "-bf", "0", "-a53cc", "0"]
            return ["-c:v", "libx264", *pinned, "-x264-params", ENCODER.format(keyint=keyint)]
        case "hevc":
            pinned = ["-preset", "veryfast", "-profile:v", "main", "-tag:v", "hvc1"]
            return ["-c:v", "libx265", *pinned, "-x265-params", X265.format(keyint=keyint)]
        case "webm":
            return ["-c:v", "libvpx-vp9", *VP9, *UNPLACED, "-profile:v", "0", "-g", str(keyint)]


def weighed(cut: Cut) -> list[str]:
    """By quality, or by a bitrate that is kept over two seconds."""
    if cut.bitrate:
        kilobits = {"-b:v": 1, "-maxrate": 1, "-bufsize": 2}
        return [argument for name, times in kilobits.items() for argument in (name, f"{times * cut.bitrate}k")]
    crf = ["-crf", str(CRF[cut.format][cut.quality])]
    return [*crf, "-b:v", "0"] if cut.format == "webm" else crf


def conform(
    piece: Piece, target: Target, cut: Cut, sources: Sequence[Path], made: Path, burn: Burn | None = None
) -> Probe:
    """Writes the piece and proves it: decoded whole, of the planned size, rate and number of frames.

    `sources` are the clips and the pictures of the piece's shots, or its card; then the watermark, where the cut has one.
    `burn` is what is written into its pictures.
    """
    shots = list(zip(piece.shots, sources, strict=False))
    slides = [(shot, source) for shot, source in shots if shot.slide]
    inputs = [
        *(ffmpeg.media(source, late(shot, target)) for shot, source in shots if shot.slide is None),
        *([piped(target, len(slides))] if slides else []),
        *map(ffmpeg.picture, sources[len(shots) :]),
    ]
    arguments = [argument for opened in inputs for argument in opened]
    arguments += ["-filter_complex", graph(piece, target, cut, burn.filter if burn else ""), "-map", "[film]"]
    arguments += [*encoder(target, cut), str(made)]
    pictures = [upright(source.read_bytes()) for _, source in slides]
    frames = drawn([shot for shot, _ in slides], pictures, target) if slides else ()
    ffmpeg.run(arguments, seconds=MOST_SECONDS, stdin=frames, environment=burn.environment if burn else None)
    probe = examine(made)
    picture = probe.picture
    planned = f"{target.width}x{target.height}, {piece.frames} frames at {target.fps}"
    found = f"{picture.width}x{picture.height}, {picture.frames} frames at {picture.fps}"
    if found != planned or picture.seam is None:
        raise BrokenMedia(f"the piece came out as {found}, not {planned}")
    for fault in piece_faults(picture, piece.shots, target.fps) if piece.shots else ():
        raise BrokenMedia(fault)
    return probe
