"""Clips of any form that a provider might make, drawn by lot: tiny, each of one colour in which something moves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.media import Studio

COLOURS = {
    "red": (254, 0, 0),
    "lime": (0, 254, 0),
    "blue": (0, 0, 254),
    "yellow": (254, 254, 0),
    "cyan": (0, 254, 254),
    "white": (254, 254, 254),
}
X264 = ("-c:v", "libx264", "-preset", "ultrafast")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
ENCODERS: dict[str, tuple[str, ...]] = {
    "h264": (*X264, "-pix_fmt", "yuv420p"),
    "h264 with B-frames": ("-c:v", "libx264", "-preset", "veryfast", "-g", "33", "-pix_fmt", "yuv420p"),
    "h264 4:2:2 in ten bits": (*X264, "-pix_fmt", "yuv422p10le"),
    "h264 4:4:4": (*X264, "-pix_fmt", "yuv444p"),
    "h264 full range": (*X264, "-pix_fmt", "yuvj420p"),
    "hevc": (*X265, "-pix_fmt", "yuv420p"),
    "hevc in ten bits": (*X265, "-pix_fmt", "yuv420p10le"),
    "vp9": (*VP9, "-pix_fmt", "yuv420p"),
    "vp9 4:4:4": (*VP9, "-pix_fmt", "yuv444p"),
    "mpeg4": ("-c:v", "mpeg4", "-pix_fmt", "yuv420p"),
    "mjpeg": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
}
ODD = {"h264 4:4:4", "vp9 4:4:4"}
"""What takes an odd number of pixels."""
SIZES = ((64, 36), (96, 54), (36, 64), (48, 48), (80, 60), (320, 180))
RATES = ("12", "15", "24000/1001", "24", "25", "30000/1001", "30", "50", "60")
LENGTHS = (0.2, 0.5, 1.0, 1.3, 2.0, 4.0)
LONG = 12.0
LAYOUTS = ("mono", "stereo", "5.1")


@dataclass(frozen=True)
class Form:
    """What a provider might make; `repr` is what a failing test shows."""

    colour: str
    encoder: str
    size: tuple[int, int]
    rate: str
    seconds: float
    layout: str | None
    hertz: int
    sample_aspect: str = "1/1"
    rotation: int = 0
    varying: bool = False


def any_form(lot: Random, colour: str) -> Form:
    encoder = lot.choice(list(ENCODERS))
    width, height = lot.choice(SIZES)
    if encoder.startswith("hevc"):
        width = max(width, 64)  # x265 itself breaks below
    odd = encoder in ODD and lot.random() < 0.5
    return Form(
        colour=colour,
        encoder=encoder,
        size=(width + odd, height + odd),
        rate=lot.choice(RATES),
        seconds=LONG if lot.random() < 0.05 else lot.choice(LENGTHS),
        layout=lot.choice((None, *LAYOUTS)),
        hertz=lot.choice((22_050, 44_100, 48_000)),
        sample_aspect=lot.choice(("1/1", "1/1", "1/1", "4/3", "8/9")),
        rotation=lot.choice((0, 0, 0, 90, 180, 270)),
        varying=lot.random() < 0.15,
    )


def drawn(studio: Studio, form: Form) -> Path:
    width, height = form.size
    source = f"s={width}x{height}:r={form.rate}:d={form.seconds}"
    small = f"s={max(8, width // 4)}x{max(8, height // 4)}:r={form.rate}:d={form.seconds}"
    picture = f"color=c={form.colour}:{source}[a];testsrc2={small}[b];[a][b]overlay,setsar={form.sample_aspect}"
    picture += ",select='mod(n\\,5)+not(n)'" if form.varying else ""
    arguments: list[str | Path] = ["-f", "lavfi", "-i", picture]
    if form.layout:
        tone = f"sine=f=440:r={form.hertz}:d={form.seconds},volume=4,aformat=channel_layouts={form.layout}"
        arguments += ["-f", "lavfi", "-i", tone, "-c:a", "aac"]
    arguments += [*ENCODERS[form.encoder], "-fps_mode", "vfr" if form.varying else "passthrough"]
    clip = studio.made(arguments, "mp4")
    turned = ["-display_rotation", str(form.rotation), "-i", clip, "-map", "0", "-c", "copy"]
    return studio.made(turned, "mp4") if form.rotation else clip
