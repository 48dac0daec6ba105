"""Sample pictures, drawn: product shots of a bottle, a watch and a lamp, each in two lights."""

import argparse
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

WIDTH, HEIGHT = 1280, 720
FLOOR = 585

Floats = NDArray[np.floating]
Colour = tuple[float, float, float]
Window = tuple[slice, slice]
EVERYWHERE = (slice(None), slice(None))

_Y, _X = (axis.astype(np.float32) for axis in np.mgrid[0:HEIGHT, 0:WIDTH])


@dataclass(frozen=True)
class Light:
    """Colours are 0..1. `side` is where the key light stands, -1 left to 1 right; `glow_at` is in pixels."""

    wall: Colour
    far: Colour
    floor: Colour
    glow: Colour
    glow_at: tuple[float, float]
    side: float
    strength: float = 1.0


LIGHTS = {
    "morning": Light((0.80, 0.71, 0.62), (0.95, 0.88, 0.79), (0.72, 0.60, 0.50), (1.0, 0.93, 0.78), (420, 250), -1),
    "noon": Light((0.60, 0.72, 0.76), (0.87, 0.92, 0.91), (0.57, 0.66, 0.68), (1.0, 1.0, 0.96), (640, 180), -0.6),
    "sunset": Light((0.56, 0.25, 0.24), (0.96, 0.60, 0.38), (0.42, 0.20, 0.20), (1.0, 0.72, 0.40), (900, 330), 1, 0.95),
    "evening": Light(
        (0.10, 0.14, 0.24), (0.27, 0.33, 0.46), (0.09, 0.11, 0.18), (0.55, 0.66, 0.95), (860, 260), 1, 0.85
    ),
    "night": Light(
        (0.05, 0.05, 0.08), (0.17, 0.13, 0.15), (0.07, 0.06, 0.07), (0.95, 0.60, 0.30), (640, 250), -0.8, 0.8
    ),
    "forest": Light(
        (0.17, 0.27, 0.22), (0.46, 0.56, 0.42), (0.16, 0.22, 0.18), (0.92, 0.96, 0.70), (380, 220), -1, 0.95
    ),
}


class Thing:
    """What is being drawn: premultiplied colour and cover, painted part by part from back to front."""

    def __init__(self, light: Light) -> None:
        self.light = light
        self.colour = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        self.cover = np.zeros((HEIGHT, WIDTH), np.float32)

    def paint(self, cover: Floats, colour: Floats | Colour, where: Window = EVERYWHERE) -> None:
        under, covered = self.colour[where], self.cover[where]
        self.colour[where] = under * (1 - cover[..., None]) + np.asarray(colour) * cover[..., None]
        self.cover[where] = covered + cover * (1 - covered)

    def turned(self, x: float, points: Sequence[tuple[float, float]], colour: Colour, gloss: float = 0.5) -> None:
        """A body turned on a lathe round `x`: `points` are (y, radius) downwards, lit as a cylinder along each row."""
        ys, radii = (np.array(column, float) for column in zip(*points, strict=True))
        where = _window(x - radii.max(), ys[0], x + radii.max(), ys[-1])
        xs, rows = _X[where], _Y[where]
        lathe = np.hanning(15)[1:-1]
        profile = np.pad(np.interp(np.arange(HEIGHT), ys, radii), 6, mode="edge")
        radius = np.convolve(profile, lathe / lathe.sum(), "valid")[where[0]][:, None]
        inside = np.clip(radius - np.abs(xs - x) + 0.5, 0, 1)
        inside *= np.clip(rows - ys[0] + 0.5, 0, 1) * np.clip(ys[-1] - rows + 0.5, 0, 1)
        self.paint(inside, self._lit(np.clip((xs - x) / np.maximum(radius, 1), -1, 1), colour, gloss), where)

    def disc(self, x: float, y: float, radius: float, colour: Floats | Colour) -> None:
        """A flat disc; a colour that varies is given for the whole picture."""
        where = _window(x - radius, y - radius, x + radius, y + radius)
        cover = np.clip(radius - np.hypot(_X[where] - x, _Y[where] - y) + 0.5, 0, 1)
        self.paint(cover, colour[where] if isinstance(colour, np.ndarray) else colour, where)

    def stroke(self, ends: tuple[float, float, float, float], width: float, colour: Colour) -> None:
        """A straight line with round ends, from (x, y) to (x, y)."""
        x0, y0, x1, y1 = ends
        where = _window(min(x0, x1) - width, min(y0, y1) - width, max(x0, x1) + width, max(y0, y1) + width)
        xs, ys = _X[where] - x0, _Y[where] - y0
        length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-9)
        along = np.clip((xs * (x1 - x0) + ys * (y1 - y0)) / length, 0, 1)
        away = np.hypot(xs - along * (x1 - x0), ys - along * (y1 - y0))
        self.paint(np.clip(width / 2 - away + 0.5, 0, 1), colour, where)

    def _lit(self, across: Floats, colour: Colour, gloss: float) -> Floats:
        side, strength = self.light.side, self.light.strength
        round_ = np.sqrt(np.clip(1 - across**2, 0, 1))
        body = (0.30 + 0.55 * round_ + 0.30 * across * side) * strength
        key = np.exp(-(((across - 0.52 * side) / 0.10) ** 2)) * gloss
        rim = np.exp(-(((across + 0.80 * side) / 0.07) ** 2)) * gloss * 0.55
        tint = 0.75 * np.asarray(colour) + 0.25 * np.asarray(colour) * np.asarray(self.light.glow)
        shine = key[..., None] * (0.4 + 0.6 * np.asarray(self.light.glow)) + rim[..., None] * np.asarray(self.light.far)
        lit: Floats = body[..., None] * tint + shine * strength
        return lit


def bottle(thing: Thing, x: float) -> None:
    f = FLOOR + 18
    glass, cap = (0.10, 0.30, 0.24), (0.80, 0.66, 0.40)
    thing.turned(
        x,
        [(168, 27), (310, 27), (340, 34), (372, 62), (402, 90), (430, 98), (f - 10, 98), (f, 88)],
        glass,
        0.75,
    )
    thing.turned(x, [(140, 31), (228, 31)], cap, 0.8)
    thing.turned(x, [(228, 33), (236, 33)], (0.62, 0.48, 0.26), 0.8)
    thing.turned(x, [(440, 98.5), (566, 98.5)], (0.95, 0.92, 0.85), 0.12)
    thing.turned(x, [(452, 98.5), (454, 98.5)], cap, 0.3)
    thing.turned(x, [(552, 98.5), (554, 98.5)], cap, 0.3)
    ink = (0.13, 0.24, 0.20)
    for turn in (math.pi * sixth / 6 for sixth in range(6)):
        dx, dy = 17 * math.cos(turn), 17 * math.sin(turn)
        thing.stroke((x - dx, 488 - dy, x + dx, 488 + dy), 3, ink)
    for row, half in ((526, 44), (538, 26)):
        thing.stroke((x - half, row, x + half, row), 4 if half > 30 else 2.5, ink)


def watch(thing: Thing, x: float) -> None:
    y, r = 350.0, 138.0
    leather = (0.36, 0.21, 0.14)
    thing.turned(x, [(70, 62), (110, 66), (250, 82)], leather, 0.18)
    thing.turned(x, [(450, 82), (560, 68), (FLOOR + 12, 62)], leather, 0.18)
    for side in (-1, 1):
        for top, bottom, inset in ((84, 236, 10), (464, FLOOR, 10)):
            edges = (66 - inset, 80 - inset) if top < y else (80 - inset, 64 - inset)
            for start in range(top, bottom - 8, 15):
                share = (start - top) / (bottom - top)
                at = x + side * (edges[0] + share * (edges[1] - edges[0]))
                thing.stroke((at, start, at, start + 7), 2.2, (0.72, 0.55, 0.38))
        thing.turned(x + side * 66, [(y - 150, 15), (y - 96, 19)], (0.75, 0.75, 0.78), 0.8)
        thing.turned(x + side * 66, [(y + 96, 19), (y + 150, 15)], (0.75, 0.75, 0.78), 0.8)
    thing.turned(x + r + 9, [(y - 15, 11), (y + 15, 11)], (0.80, 0.80, 0.83), 0.8)
    around = np.arctan2(_Y - y, _X - x)
    away = np.hypot(_X - x, _Y - y)
    light_at = np.arctan2(-0.8, thing.light.side)
    brushed = 0.58 + 0.30 * np.cos(2 * (around - light_at)) + 0.12 * np.cos(around - light_at)
    steel = np.stack([brushed, brushed, brushed * 1.03], axis=-1) * thing.light.strength
    thing.disc(x, y, r, steel)
    thing.disc(x, y, r - 9, steel * 0.45)
    thing.disc(x, y, r - 12, np.roll(steel, 40, axis=1) * 0.95 + 0.05)
    depth = np.clip(1 - away / r, 0, 1)[..., None]
    sun = (0.55 + 0.45 * np.cos(2 * (around - light_at)))[..., None] * 0.35
    thing.disc(
        x,
        y,
        r - 20,
        np.array([0.05, 0.11, 0.22]) + depth * np.array([0.06, 0.12, 0.22]) + sun * np.array([0.16, 0.26, 0.42]),
    )
    for hour in range(60):
        turn = hour * np.pi / 30
        outer, inner, width = r - 27, (r - 47 if hour % 5 == 0 else r - 32), (5.0 if hour % 5 == 0 else 1.2)
        c, s = np.sin(turn), -np.cos(turn)
        thing.stroke((x + inner * c, y + inner * s, x + outer * c, y + outer * s), width, (0.90, 0.90, 0.88))
    for turn, length, width in ((-0.96, 62, 8), (1.05, 92, 5.5)):
        c, s = np.sin(turn), -np.cos(turn)
        thing.stroke((x + 3, y + 4, x + length * c + 3, y + length * s + 4), width, (0.02, 0.04, 0.09))
        thing.stroke((x, y, x + length * c, y + length * s), width, (0.93, 0.93, 0.92))
    thing.stroke((x - 8, y + 22, x + 30, y - 96), 2, (0.87, 0.45, 0.24))
    thing.disc(x, y, 7, (0.87, 0.45, 0.24))
    glare = np.clip(1 - np.abs((_X - x) * 0.8 + (_Y - y) * thing.light.side + 40) / 40, 0, 1) * 0.10 * (away < r - 20)
    thing.paint(glare, (1.0, 1.0, 1.0))


def lamp(thing: Thing, x: float) -> None:
    metal = (0.70, 0.50, 0.30)
    thing.turned(x, [(300, 9), (560, 9), (572, 13)], metal, 0.8)
    thing.turned(x, [(566, 40), (574, 84), (586, 104), (FLOOR + 14, 104), (FLOOR + 18, 96)], metal, 0.6)
    top, bottom, wide = 148.0, 328.0, 182.0
    ys = np.linspace(top, bottom, 60)
    dome = [(float(v), float(wide * np.sqrt(max(0.0, 1 - ((bottom - v) / (bottom - top)) ** 2.2)))) for v in ys]
    thing.turned(x, dome, (0.93, 0.87, 0.78), 0.25)
    down = np.clip((_Y - top) / (bottom - top), 0, 1)
    across = np.clip(np.abs(_X - x) / wide, 0, 1)
    warm = np.clip(down**1.6 * (1 - 0.75 * across**2), 0, 1) * thing.cover * ((_Y - top > 0) & (_Y - bottom <= 0))
    thing.paint(0.85 * warm, (1.0, 0.86, 0.58))
    rim = np.clip(1.5 - np.abs(np.hypot((_X - x) / wide, (_Y - bottom) / 16) - 1) * 16, 0, 1) * (_Y - bottom > -1)
    under = np.clip((1 - np.hypot((_X - x) / wide, (_Y - bottom) / 16)) * 16, 0, 1) * (_Y - bottom > -1)
    thing.paint(under, (1.0, 0.93, 0.74))
    thing.paint(rim * 0.8, (0.78, 0.62, 0.42))
    thing.turned(x, [(top - 16, 9), (top + 4, 12)], metal, 0.8)


SUBJECTS: dict[str, Callable[[Thing, float], None]] = {"bottle": bottle, "watch": watch, "lamp": lamp}


def picture(subject: str, light: Light, *, x: float = 640, zoom: float = 1.0, seed: int = 0) -> Image.Image:
    """One product shot of 1280×720, the thing standing at `x`, seen `zoom` times as near."""
    thing = Thing(light)
    SUBJECTS[subject](thing, x)
    scene = _stage(light, seed)
    if subject == "lamp":
        scene += _glow(x, 350, 330, 250)[..., None] * np.array([1.0, 0.78, 0.45]) * 0.38
        scene += _glow(x, FLOOR + 30, 330, 46)[..., None] * np.array([1.0, 0.78, 0.45]) * 0.30
    half = 104 if subject != "watch" else 70
    for spread, weight in ((1.9, 0.34), (1.15, 0.62)):
        lean = -light.side * half * (spread - 1) * 0.7
        shade = _glow(x + lean, FLOOR + 18, half * spread * 0.62, 7 + 6 * spread)
        scene *= 1 - weight * shade[..., None]
    scene = _reflected(scene, thing)
    scene = scene * (1 - thing.cover[..., None]) + thing.colour
    if subject == "lamp":
        scene += _glow(x, 320, 130, 60)[..., None] * np.array([1.0, 0.80, 0.50]) * 0.18
    return _finished(scene, x, zoom, seed)


def imagined(text: str) -> Image.Image:
    """A product shot that the text decides: the same one for the same text, and an unpredictable one for any other."""
    which = hashlib.sha256(text.encode()).digest()
    subject, light = (
        sorted(SUBJECTS)[which[0] % len(SUBJECTS)],
        LIGHTS[sorted(LIGHTS)[which[1] % len(LIGHTS)]],
    )
    return picture(subject, light, x=480 + which[2] / 255 * 320, zoom=1 + which[3] / 255 * 0.3, seed=which[4])


def draw_samples(directory: Path) -> list[Path]:
    """Writes the six sample pictures as JPEGs, in an order that tells a day, and returns their paths."""
    shots = [
        ("bottle", "morning", 520, 1.0),
        ("watch", "noon", 640, 1.0),
        ("bottle", "forest", 760, 1.25),
        ("lamp", "sunset", 560, 1.0),
        ("watch", "evening", 720, 1.2),
        ("lamp", "night", 660, 1.15),
    ]
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (subject, light, x, zoom) in enumerate(shots, 1):
        path = directory / f"{number}-{subject}-{light}.jpg"
        picture(subject, LIGHTS[light], x=x, zoom=zoom, seed=number).save(path, "JPEG", quality=88)
        paths.append(path)
    return paths


def _stage(light: Light, seed: int) -> Floats:
    """Wall and floor: a gradient each, the light's glow on them, and a soft line where they meet."""
    far, wall, floor = (np.array(colour, np.float32) for colour in (light.far, light.wall, light.floor))
    up = np.clip(1 - _Y / FLOOR, 0, 1)[..., None] ** 0.8
    near = np.clip((_Y - FLOOR) / (HEIGHT - FLOOR), 0, 1)[..., None]
    back = far * (1 - up) + wall * up
    ground = (0.55 * far + 0.45 * floor) * (1 - near) + floor * near
    meets = 1 / (1 + np.exp(-(_Y - FLOOR + 26) / 7))[..., None]
    scene: Floats = back * (1 - meets) + ground * meets
    gx, gy = light.glow_at
    scene += _glow(gx, gy, 340, 240)[..., None] * np.array(light.glow) * 0.22
    rng = np.random.default_rng(seed)
    for _ in range(7):
        spot = _glow(rng.uniform(0, WIDTH), rng.uniform(40, 430), *([rng.uniform(26, 74)] * 2))
        scene += spot[..., None] * np.array(light.glow) * rng.uniform(0.03, 0.09)
    return scene


def _window(left: float, top: float, right: float, bottom: float) -> Window:
    return slice(max(0, int(top) - 2), max(0, int(bottom) + 3)), slice(max(0, int(left) - 2), max(0, int(right) + 3))


def _glow(x: float, y: float, wide: float, high: float) -> Floats:
    """A Gaussian spot over the whole picture, 1 in its middle."""
    across, down = np.exp(-(((_X[:1] - x) / wide) ** 2)), np.exp(-(((_Y[:, :1] - y) / high) ** 2))
    spot: Floats = down * across
    return spot


def _reflected(scene: Floats, thing: Thing) -> Floats:
    mirror = 2 * (FLOOR + 16) - np.arange(HEIGHT)
    rows = np.clip(mirror, 0, HEIGHT - 1)
    fade = np.clip(1 - (_Y - FLOOR - 10) / 110, 0, 1) ** 1.5 * (_Y > FLOOR + 10) * 0.30
    cover = thing.cover[rows] * fade
    soft = Image.fromarray((np.clip(cover, 0, 1) * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(3))
    blurred: Floats = np.asarray(soft) / 255
    with np.errstate(divide="ignore", invalid="ignore"):
        colour = np.where(thing.cover[rows][..., None] > 0.01, thing.colour[rows] / thing.cover[rows][..., None], 0)
    mixed: Floats = scene * (1 - blurred[..., None]) + colour * blurred[..., None]
    return mixed


def _finished(scene: Floats, x: float, zoom: float, seed: int) -> Image.Image:
    vignette = 1 - 0.34 * np.clip(np.hypot((_X - WIDTH / 2) / WIDTH, (_Y - HEIGHT / 2) / HEIGHT) - 0.28, 0, 1) / 0.43
    grain = np.random.default_rng(seed).normal(0, 0.008, (HEIGHT, WIDTH))
    scene = np.clip(scene * vignette[..., None] + grain[..., None], 0, 1)
    whole = Image.fromarray((scene * 255 + 0.5).astype(np.uint8))
    if zoom == 1:
        return whole
    wide, high = WIDTH / zoom, HEIGHT / zoom
    left = min(max(x - wide / 2 + (640 - x) * 0.6, 0), WIDTH - wide)
    top = min(max((HEIGHT - high) * 0.72, 0), HEIGHT - high)
    return whole.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box=(left, top, left + wide, top + high))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draws the sample pictures.")
    parser.add_argument("directory", type=Path)
    for drawn in draw_samples(parser.parse_args().directory):
        print(drawn)
