"""Clips drawn from pictures: real H.264 and AAC, from the first picture to the last, moving all the way."""

import hashlib
import math
import os
import shlex
import subprocess
import tempfile
import threading
import wave
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image, ImageOps

from local.standins.clip_cache import ClipCache

# Drawn at this short side at most, colour at a quarter of it, and scaled up by ffmpeg: a third of the work.
DRAWN_SIDE = 432
RATE = 48_000
# The partials of the sound under a clip, as multiples of its root.
CHORD = (1, 1.5, 2, 2.5, 3, 4.5)
# ultrafast turns off what makes a stream High (8x8dct); bt709 is what players assume of HD.
_H264 = shlex.split(
    "-c:v libx264 -preset ultrafast -crf 23 -profile:v high -threads 1"
    " -x264-params 8x8dct=1:cabac=1:colorprim=bt709:transfer=bt709:colormatrix=bt709:fullrange=off"
    " -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv"
)
_AAC = shlex.split("-c:a aac -b:a 128k")

Planes = tuple[Image.Image, Image.Image, Image.Image]


class DrawingError(Exception):
    """ffmpeg could not make the clip."""


@dataclass(frozen=True)
class Shot:
    """What a clip is drawn from. Sizes are pixels and even; without `last` the clip moves on within `first`."""

    first: Image.Image
    last: Image.Image | None
    width: int
    height: int
    fps: int
    frames: int
    sound: bool

    def key(self) -> str:
        """The same for shots that come out the same."""
        text = f"{_edition()} {self.width}x{self.height} {self.fps} {self.frames} {self.sound}"
        parts = [text.encode(), *(_digest(picture) for picture in (self.first, self.last) if picture)]
        return hashlib.sha256(b"".join(parts)).hexdigest()


class Drawer:
    """Draws as many clips at once as there are processors, each shot once, and has them as files in `directory`. What
    `kept` has already is not drawn."""

    def __init__(self, directory: Path, kept: ClipCache | None = None) -> None:
        self._directory = directory
        self._kept = kept
        directory.mkdir(parents=True, exist_ok=True)
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="draw")
        self._drawn: dict[str, Future[Path]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def clip(self, shot: Shot) -> Future[Path]:
        key = shot.key()
        with self._lock:
            drawn = self._drawn.get(key)
            if drawn is None or (drawn.done() and drawn.exception()):
                drawn = self._drawn[key] = self._pool.submit(self._draw, key, shot)
            return drawn

    def stop(self) -> None:
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)

    def _draw(self, key: str, shot: Shot) -> Path:
        path = self._directory / f"{key}.mp4"
        if self._kept and self._kept.fetch(key, path):
            return path
        with tempfile.TemporaryDirectory(dir=self._directory) as scratch:
            draw(shot, Path(scratch), self._stopped).replace(path)
        if self._kept:
            self._kept.keep(key, path)
        return path


def draw(shot: Shot, scratch: Path, stopped: threading.Event) -> Path:
    """Makes one clip in `scratch`: H.264 High yuv420p of exactly `frames`, and AAC as long as the picture if there is
    sound. Raises DrawingError, also soon after `stopped` is set."""
    clip = scratch / "clip.mp4"
    shrink = min(1.0, DRAWN_SIDE / min(shot.width, shot.height))
    width, height = (max(4, round(side * shrink / 4) * 4) for side in (shot.width, shot.height))
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *shlex.split("-v error -y -filter_threads 1")]
    command += shlex.split("-f rawvideo -pix_fmt yuv410p -color_range tv -colorspace bt709")
    command += ["-s", f"{width}x{height}", "-r", str(shot.fps), "-i", "pipe:0"]
    if shot.sound:
        command += ["-i", str(_write_sound(shot, scratch / "sound.wav")), *_AAC]
    command += ["-vf", f"scale={shot.width}:{shot.height}:flags=bilinear,setsar=1,format=yuv420p"]
    command += [*_H264, "-movflags", "+faststart", str(clip)]
    with (
        tempfile.TemporaryFile(dir=scratch) as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors) as process,
    ):
        assert process.stdin is not None
        try:
            for planes in _frames(shot, width, height):
                if stopped.is_set():
                    raise DrawingError("stopped while drawing")
                for plane in planes:
                    process.stdin.write(plane.tobytes())
            process.stdin.close()
        except BrokenPipeError:
            pass  # ffmpeg has ended before its time: its exit status and words follow
        if process.wait() != 0:
            errors.seek(0)
            raise DrawingError(errors.read().decode("utf-8", "replace").strip())
    return clip


def still(first: Image.Image, width: int, height: int) -> Image.Image:
    """A picture filled into a frame, its middle kept."""
    return ImageOps.fit(first, (width, height), Image.Resampling.LANCZOS)


def _frames(shot: Shot, width: int, height: int) -> Iterator[Planes]:
    first = _planes(still(shot.first, width, height))
    if shot.last is None:
        for number in range(shot.frames):
            yield _moved(first, _ease(number / shot.frames), _drift(shot.first))
        return
    last = _planes(still(shot.last, width, height))
    fade = min(shot.fps, shot.frames // 3)
    half = (shot.frames + fade) // 2
    for number in range(shot.frames):
        before = _moved(first, _ease(number / half), _drift(shot.first)) if number < half else None
        after_starts = half - fade
        if number < after_starts:
            assert before is not None
            yield before
            continue
        after = _moved(last, _ease((shot.frames - 1 - number) / half), _drift(shot.last))
        if before is None:
            yield after
            continue
        share = _smooth((number - after_starts + 1) / (fade + 1))
        y, cb, cr = (Image.blend(a, b, share) for a, b in zip(before, after, strict=True))
        yield y, cb, cr


def _planes(picture: Image.Image) -> Planes:
    """Y, Cb, Cr as BT.709 has them in video range, colour at a quarter of the size each way."""
    rgb = np.asarray(picture, np.float32)
    y = rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    cb, cr = (rgb[..., 2] - y) / 1.8556, (rgb[..., 0] - y) / 1.5748
    scaled = (16.5 + y * (219 / 255), 128.5 + cb * (224 / 255), 128.5 + cr * (224 / 255))
    luma, *colour = (Image.fromarray(plane.clip(0, 255).astype(np.uint8)) for plane in scaled)
    blue, red = (plane.resize((luma.width // 4, luma.height // 4), Image.Resampling.BOX) for plane in colour)
    return luma, blue, red


def _moved(planes: Planes, zoom: float, drift: tuple[float, float]) -> Planes:
    """The frame `zoom` of the way into the picture; at 0 it is the whole picture."""
    if zoom <= 0:
        return planes
    part = 1 / (1 + 0.18 * zoom)
    left, top = (1 - part) / 2 * (1 + drift[0]), (1 - part) / 2 * (1 + drift[1])
    y, cb, cr = (
        plane.resize(
            plane.size,
            Image.Resampling.BILINEAR,
            box=(
                left * plane.width,
                top * plane.height,
                (left + part) * plane.width,
                (top + part) * plane.height,
            ),
        )
        for plane in planes
    )
    return y, cb, cr


def _drift(picture: Image.Image) -> tuple[float, float]:
    """Where in a picture the camera goes, from -1 to 1 each way, as the picture itself decides."""
    a, b = _digest(picture)[:2]
    return (a / 255 - 0.5) * 1.6, (b / 255 - 0.5) * 1.0


def _ease(t: float) -> float:
    return t * t * (2 - t)


def _smooth(t: float) -> float:
    return t * t * (3 - 2 * t)


@cache
def _edition() -> str:
    """Another one as soon as the same shot may come out as other bytes."""
    program = Path(imageio_ffmpeg.get_ffmpeg_exe()).name
    return f"{program} {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}"


def _digest(picture: Image.Image) -> bytes:
    # A small copy tells pictures apart as surely as the whole one does, for a tenth of the work.
    small = picture.resize((256, 256), Image.Resampling.BOX)
    return hashlib.sha256(f"{picture.size}".encode() + small.tobytes()).digest()


def _write_sound(shot: Shot, path: Path) -> Path:
    """A soft chord that swells and sinks, its key chosen by the picture."""
    samples = round(shot.frames / shot.fps * RATE)
    t = (np.arange(samples) / RATE).astype(np.float32)
    root = 2 * math.pi * 110 * 2 ** (_digest(shot.first)[2] % 12 / 12)
    sides = np.zeros((2, samples), np.float32)
    for number, ratio in enumerate(CHORD):
        swell = (0.75 + 0.25 * np.sin((0.7 + 0.3 * number) * t + number)) / (number + 1.5)
        for side, detune in zip(sides, (0.9985, 1.0015), strict=True):
            side += swell * np.sin(root * ratio * detune * t)
    ramp = min(0.8, samples / RATE / 4)
    sides *= (np.clip(np.minimum(t, t[-1] - t) / ramp, 0, 1) ** 1.5) * 0.25 / np.abs(sides).max()
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((sides.T * 32767).astype("<i2").tobytes())
    return path
